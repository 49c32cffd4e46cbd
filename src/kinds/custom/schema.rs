//! Structural schemas, as they stand in a definition, and the changes they make to a value:
//! pruning and defaulting. Mirrors `apiextensions-apiserver/pkg/apiserver/schema`.

use serde_json::{Map, Value};

/// The fields that every object has, whatever its schema says.
const META_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// A schema: a view of its JSON.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a>(&'a Value);

impl<'a> Schema<'a> {
    /// The schema that some JSON holds.
    pub const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// Its JSON.
    pub const fn value(self) -> &'a Value {
        self.0
    }

    /// A keyword's value; null where it is not given.
    pub fn get(self, name: &str) -> &'a Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// A keyword that holds a schema.
    pub fn part(self, name: &str) -> Option<Schema<'a>> {
        self.0.get(name).filter(|value| value.is_object()).map(Schema)
    }

    /// A keyword that holds a list of schemas.
    pub fn parts(self, name: &str) -> impl Iterator<Item = Schema<'a>> + use<'a> {
        self.get(name).as_array().into_iter().flatten().map(Schema)
    }

    /// The properties by name.
    pub fn properties(self) -> impl Iterator<Item = (&'a String, Schema<'a>)> + use<'a> {
        let map = self.get("properties").as_object();
        map.into_iter().flatten().map(|(name, value)| (name, Schema(value)))
    }

    /// The schema of a property.
    pub fn property(self, name: &str) -> Option<Schema<'a>> {
        self.get("properties").get(name).map(Schema)
    }

    /// The schema of a list's items.
    pub fn items(self) -> Option<Schema<'a>> {
        self.part("items")
    }

    /// The schema of what a map holds.
    pub fn additional(self) -> Option<Schema<'a>> {
        self.part("additionalProperties")
    }

    /// Whether `additionalProperties` is given, as a schema or as `true`.
    pub fn is_map(self) -> bool {
        let value = self.get("additionalProperties");
        value.is_object() || value == &Value::Bool(true)
    }

    /// A text keyword; empty where it is not given.
    pub fn text(self, name: &str) -> &'a str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// The type; empty where none is given.
    pub fn kind(self) -> &'a str {
        self.text("type")
    }

    /// A keyword that is true or false.
    pub fn is(self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or(false)
    }

    /// A keyword that holds texts.
    pub fn texts(self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.get(name).as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether unknown fields stay.
    pub fn preserves(self) -> bool {
        self.is("x-kubernetes-preserve-unknown-fields")
    }

    /// Whether it describes an object with metadata of its own.
    pub fn is_resource(self) -> bool {
        self.is("x-kubernetes-embedded-resource")
    }

    /// What stands where nothing is given.
    pub fn default(self) -> Option<&'a Value> {
        self.0.get("default").filter(|value| !value.is_null())
    }

    /// The schema of what `name` holds in an object.
    pub fn of_field(self, name: &str) -> Option<Schema<'a>> {
        self.property(name).or_else(|| self.additional())
    }

    /// Whether this schema, or one within it, is as asked. Mirrors `SchemaHas`.
    pub fn any(self, wanted: &dyn Fn(Schema<'_>) -> bool) -> bool {
        if wanted(self) {
            return true;
        }
        let named = self.properties().any(|(_, schema)| schema.any(wanted));
        let single = ["items", "additionalProperties", "not"];
        let listed = ["allOf", "anyOf", "oneOf"];
        named
            || single.iter().any(|name| self.part(name).is_some_and(|s| s.any(wanted)))
            || listed.iter().any(|name| self.parts(name).any(|schema| schema.any(wanted)))
    }
}

/// Whether a value is a null that its schema does not allow.
fn is_stray_null(value: &Value, schema: Option<Schema<'_>>) -> bool {
    value.is_null() && schema.is_some_and(|schema| !schema.is("nullable"))
}

/// Takes away the fields that the schema does not know. `root` says that the value is an object
/// with metadata, whose fields stay. Mirrors `pruning.Prune`.
pub fn prune(value: &mut Value, schema: Option<Schema<'_>>, root: bool) {
    let preserves = schema.is_some_and(Schema::preserves);
    match value {
        Value::Object(map) => {
            let keeps_meta = root || schema.is_some_and(Schema::is_resource);
            map.retain(|name, value| {
                if keeps_meta && META_FIELDS.contains(&name.as_str()) {
                    return true;
                }
                let property = schema.and_then(|schema| schema.property(name));
                let is_map = schema.is_some_and(Schema::is_map);
                match (property, schema) {
                    (Some(property), _) => prune(value, Some(property), false),
                    (None, Some(schema)) if is_map => prune(value, schema.additional(), false),
                    _ => return preserves,
                }
                true
            });
        }
        Value::Array(items) => {
            let of = schema.and_then(Schema::items);
            if of.is_some() || !preserves {
                items.iter_mut().for_each(|item| prune(item, of, false));
            }
        }
        _ => {}
    }
}

/// Takes away nulls where none may be and no default would take their place.
/// Mirrors `PruneNonNullableNullsWithoutDefaults`.
pub fn prune_nulls(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => map.retain(|name, value| {
            let Some(of) = schema.of_field(name) else { return true };
            if is_stray_null(value, Some(of)) && of.default().is_none() {
                return false;
            }
            prune_nulls(value, of);
            true
        }),
        Value::Array(items) => {
            if let Some(of) = schema.items() {
                items.iter_mut().for_each(|item| prune_nulls(item, of));
            }
        }
        _ => {}
    }
}

/// Fills in what the schema has defaults for. Mirrors `defaulting.Default`.
pub fn fill(map: &mut Map<String, Value>, schema: Schema<'_>) {
    for (name, property) in schema.properties() {
        if let Some(default) = property.default()
            && map.get(name).is_none_or(|value| is_stray_null(value, Some(property)))
        {
            map.insert(name.clone(), default.clone());
        }
    }
    for (name, value) in map.iter_mut() {
        if let Some(property) = schema.property(name) {
            fill_value(value, property);
        } else if let Some(of) = schema.additional() {
            fill_item(value, of);
        }
    }
}

fn fill_item(value: &mut Value, schema: Schema<'_>) {
    if let Some(default) = schema.default()
        && is_stray_null(value, Some(schema))
    {
        *value = default.clone();
    }
    fill_value(value, schema);
}

fn fill_value(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => fill(map, schema),
        Value::Array(items) => {
            if let Some(of) = schema.items() {
                items.iter_mut().for_each(|item| fill_item(item, of));
            }
        }
        _ => {}
    }
}
