//! Custom resources: kinds that CustomResourceDefinitions define while the cluster runs.
//! Mirrors `apiextensions-apiserver/pkg/registry/customresource`.

mod embedded;
mod formats;
mod lists;
mod managed;
#[cfg(not(target_arch = "wasm32"))]
mod overload;
mod printing;
#[cfg(not(target_arch = "wasm32"))]
pub(super) mod rule_types;
mod rules;
mod scale;
/// Structural schemas.
pub mod schema;
#[cfg(test)]
mod tests;
/// Values held against their schemas.
pub mod validate;

use std::rc::Rc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use self::printing::Printer;
pub use self::rules::{Rules, cardinality, check_rule};
use self::schema::Schema;
use super::{Column, ErrorKind, FieldError, Kind, Names};
use crate::base::json_path::JsonPath;
use crate::base::order::Order as _;
use crate::object::managed::Schema as Fields;
use crate::object::{Object, Resource, Untyped, codec};
use crate::sim::Time;

/// A custom kind in one of its versions, as a definition was when it was accepted.
///
/// Everything may hold on to a kind for as long as the program runs, as it may to a built-in one:
/// kinds are few, and each is made once a change of its definition's specification.
pub struct CustomKind {
    names: &'static Names,
    list_kind: &'static str,
    api_version: &'static str,
    stored_version: &'static str,
    /// The version's part of the definition.
    version: &'static Value,
    has_defaults: bool,
    rules: Option<Rules>,
    printer: Printer,
    selectable: Vec<(&'static str, JsonPath)>,
    warning: Option<String>,
}

fn keep(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn keep_all(value: &Value) -> &'static [&'static str] {
    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    Box::leak(texts.map(keep).collect())
}

/// The kinds that a definition defines, one for each version that is served or stored, the preferred one first.
/// `names` are those that were accepted.
pub fn define(spec: &Value, names: &Value) -> Vec<&'static CustomKind> {
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().find(|version| version["storage"] == true);
    let stored = keep(stored.map_or("", |version| text(version, "name")));
    let short = keep_all(&names["shortNames"]);
    let categories = keep_all(&names["categories"]);
    let [group, kind, list_kind, plural, singular] = [
        text(spec, "group"),
        text(names, "kind"),
        text(names, "listKind"),
        text(names, "plural"),
        text(names, "singular"),
    ]
    .map(keep);
    let mut kinds: Vec<&'static CustomKind> = Vec::new();
    let is_known = |version: &&Value| version["served"] == true || version["storage"] == true;
    for version in versions.iter().filter(is_known) {
        let name = keep(text(version, "name"));
        let mut subresources = Vec::new();
        subresources.extend(version["subresources"].get("status").map(|_| "status"));
        subresources.extend(version["subresources"].get("scale").map(|_| "scale"));
        let names = Names {
            group,
            versions: Box::leak(Box::new([name])),
            kind,
            plural,
            singular,
            short,
            categories,
            namespaced: text(spec, "scope") == "Namespaced",
            subresources: Box::leak(subresources.into_boxed_slice()),
        };
        let version: &'static Value = Box::leak(Box::new(version.clone()));
        let warning = deprecation(version, versions, group, kind);
        let names = Box::leak(Box::new(names));
        let made = CustomKind::new(names, list_kind, stored, version, warning);
        kinds.push(Box::leak(Box::new(made)));
    }
    kinds.order_by(|a, b| {
        super::names::version_rank(b.version_name())
            .cmp(&super::names::version_rank(a.version_name()))
            .then_with(|| a.version_name().cmp(b.version_name()))
    });
    kinds
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// What clients of a deprecated version are told. Mirrors `defaultDeprecationWarning`.
fn deprecation(version: &Value, versions: &[Value], group: &str, kind: &str) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    if let Some(own) = version["deprecationWarning"].as_str() {
        return Some(own.to_owned());
    }
    let rank = |version: &Value| super::names::version_rank(text(version, "name"));
    let mut better: Vec<&Value> = versions
        .iter()
        .filter(|other| other["served"] == true && other["deprecated"] != true)
        .filter(|other| rank(other) > rank(version))
        .collect();
    better.order_by_key(|other| std::cmp::Reverse(rank(other)));
    let instead = better
        .first()
        .map_or_else(String::new, |other| format!("; use {group}/{} {kind}", text(other, "name")));
    Some(format!("{group}/{} {kind} is deprecated{instead}", text(version, "name")))
}

impl CustomKind {
    fn new(
        names: &'static Names,
        list_kind: &'static str,
        stored_version: &'static str,
        version: &'static Value,
        warning: Option<String>,
    ) -> Self {
        let name = names.versions.first().copied().unwrap_or_default();
        let schema = Schema::new(&version["schema"]["openAPIV3Schema"]);
        let selectable = version["selectableFields"].as_array().into_iter().flatten();
        let selectable = selectable.filter_map(|field| {
            let path = field["jsonPath"].as_str()?;
            let read = JsonPath::parse(&format!("{{{path}}}")).ok()?.allow_missing_keys(true);
            Some((path.strip_prefix('.').unwrap_or(path), read))
        });
        Self {
            list_kind,
            api_version: keep(&format!("{}/{name}", names.group)),
            stored_version,
            version,
            has_defaults: schema.any(&|schema| schema.default().is_some()),
            rules: Rules::of(schema),
            printer: Printer::new(&version["additionalPrinterColumns"]),
            selectable: selectable.collect(),
            warning,
            names,
        }
    }

    /// Whether clients may ask for this version.
    pub fn is_served(&self) -> bool {
        self.version["served"] == true
    }

    /// Whether objects are stored in this version.
    pub fn is_stored(&self) -> bool {
        self.version["storage"] == true
    }

    fn version_name(&self) -> &'static str {
        self.names.versions.first().copied().unwrap_or_default()
    }

    fn schema(&self) -> Schema<'static> {
        Schema::new(&self.version["schema"]["openAPIV3Schema"])
    }

    fn has(&self, subresource: &str) -> bool {
        self.names.subresources.contains(&subresource)
    }

    /// An object's fields in this version, with the defaults that have come since it was stored.
    fn fields_of(&self, object: &Untyped) -> Map<String, Value> {
        let mut fields = object.fields.clone();
        if object.api_version != self.api_version {
            let mut value = Value::Object(fields);
            schema::prune(&mut value, Some(self.schema()), true);
            schema::prune_nulls(&mut value, self.schema());
            fields = match value {
                Value::Object(fields) => fields,
                _ => Map::new(),
            };
        }
        if self.has_defaults {
            schema::fill(&mut fields, self.schema());
        }
        fields
    }

    /// What is wrong with what an object says it is. Mirrors `ValidateTypeMeta`.
    fn check_kind(&self, object: &Untyped) -> Option<FieldError> {
        let written = object.fields.get("kind")?;
        let must = format!("must be {}", self.names.kind);
        Some(FieldError::invalid_text("kind", &validate::quoted(written), must))
    }

    /// What is wrong with an object; `old` is what it replaces.
    fn faults(&self, object: &Untyped, old: Option<&Untyped>) -> Vec<FieldError> {
        let schema = self.schema();
        let whole = |object: &Untyped| Value::Object(object.fields.clone());
        let (value, before) = (whole(object), old.map(whole));
        let mut errors: Vec<FieldError> = self.check_kind(object).into_iter().collect();
        if errors.is_empty() {
            errors.extend(validate::validate(&value, before.as_ref(), schema, "").errors);
            errors.extend(self.scale_faults(&value));
        }
        errors.extend(embedded::faults(&value, schema, ""));
        let mut repeated = lists::faults(&value, schema, "");
        if before.is_some_and(|before| !lists::faults(&before, schema, "").is_empty()) {
            repeated.clear();
        }
        errors.extend(repeated);
        self.check_rules(object, old, &mut errors);
        errors
    }

    /// Lets the rules look, unless something is so wrong that they could not.
    fn check_rules(&self, object: &Untyped, old: Option<&Untyped>, errors: &mut Vec<FieldError>) {
        let Some(rules) = &self.rules else { return };
        let blocks = |error: &FieldError| {
            use ErrorKind::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
            matches!(error.kind, NotSupported | Required | TooLong | TooMany | TypeInvalid)
        };
        if errors.iter().any(blocks) {
            let text = "some validation rules were not checked because the object was invalid; \
                        correct the existing errors to complete validation";
            errors.push(FieldError::invalid_text("<nil>", "null", text));
            return;
        }
        let whole = |object: &Untyped| object.to_value();
        errors.extend(rules.check(self.schema(), &whole(object), old.map(whole).as_ref()));
    }
}

fn untyped(object: &Object) -> &Untyped {
    object.get().expect("an object is stored under its own kind")
}

fn untyped_mut(object: &mut Object) -> &mut Untyped {
    object.edit().expect("an object is stored under its own kind")
}

impl Kind for CustomKind {
    fn names(&self) -> &'static Names {
        self.names
    }

    fn decode(&self, _version: &str, value: &Value) -> Result<Object, String> {
        let mut fields = value.as_object().cloned().unwrap_or_default();
        fields.remove("apiVersion");
        let written = fields.remove("kind");
        let metadata = fields.remove("metadata").unwrap_or_else(|| Value::Object(Map::new()));
        let metadata: ObjectMeta = codec::decode(&metadata)?;
        match written {
            Some(Value::String(kind)) if kind != self.names.kind => {
                fields.insert("kind".to_owned(), Value::String(kind));
            }
            _ => {
                let mut value = Value::Object(std::mem::take(&mut fields));
                schema::prune(&mut value, Some(self.schema()), true);
                schema::prune_nulls(&mut value, self.schema());
                if let Value::Object(pruned) = value {
                    fields = pruned;
                }
            }
        }
        Ok(Object::new(Untyped {
            resource: self.names.resource(),
            api_version: self.api_version,
            kind: self.names.kind,
            metadata,
            fields,
        }))
    }

    fn encode(&self, _version: &str, object: &Object) -> Value {
        let object = untyped(object);
        let mut shown = Untyped { fields: self.fields_of(object), ..object.clone() };
        shown.api_version = self.api_version;
        shown.to_value()
    }

    fn schema(&self) -> Rc<Fields> {
        Rc::new(managed::fields(self.schema(), self.names.kind))
    }

    fn default(&self, object: &mut Object) {
        let object = untyped_mut(object);
        if !object.fields.contains_key("kind") {
            schema::fill(&mut object.fields, self.schema());
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        let object = untyped_mut(object);
        if self.has("status") {
            object.fields.remove("status");
        }
        super::prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        let (new, old) = (untyped_mut(new), untyped(old));
        if self.has("status") {
            new.fields.remove("status");
            if let Some(status) = old.fields.get("status") {
                new.fields.insert("status".to_owned(), status.clone());
            }
        }
        let changed = new.fields != old.fields;
        super::prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        let (new, old) = (untyped_mut(new), untyped(old));
        let managed = new.metadata.managed_fields.take();
        let status = new.fields.remove("status");
        new.metadata = old.metadata.clone();
        new.metadata.managed_fields = managed;
        new.fields = old.fields.clone();
        new.fields.remove("status");
        if let Some(status) = status {
            new.fields.insert("status".to_owned(), status);
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        self.faults(untyped(object), None)
    }

    fn validate_replacement(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        self.faults(untyped(new), Some(untyped(old)))
    }

    fn validate_status(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        let (new, old) = (untyped(new), untyped(old));
        let mut errors: Vec<FieldError> = self.check_kind(new).into_iter().collect();
        let schema = self.schema().property("status");
        if let (Some(schema), Some(status)) = (schema, new.fields.get("status")) {
            let found = validate::validate(status, old.fields.get("status"), schema, "");
            errors.extend(found.errors.into_iter().map(|error| match error.field.as_str() {
                "<nil>" => FieldError { field: "status".to_owned(), ..error },
                field => FieldError { field: format!("status.{field}"), ..error },
            }));
        }
        errors.extend(self.scale_status_faults(&Value::Object(new.fields.clone())));
        self.check_rules(new, Some(old), &mut errors);
        errors
    }

    fn fields(&self, object: &Object) -> Vec<(&'static str, String)> {
        let value = Value::Object(untyped(object).fields.clone());
        let read = |path: &JsonPath| {
            let found = path.find(&value).ok()?;
            let first = found.first()?.first()?;
            if first.is_null() { None } else { Some(crate::base::go_text::print(first)) }
        };
        self.selectable.iter().map(|(name, path)| (*name, read(path).unwrap_or_default())).collect()
    }

    fn columns(&self) -> &'static [Column] {
        self.printer.columns()
    }

    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        self.printer.row(object.name(), &self.encode("", object), now)
    }

    fn scale(&self, object: &Object) -> Option<(i32, i32, String)> {
        self.scale_of(&Value::Object(self.fields_of(untyped(object))))
    }

    fn set_scale(&self, object: &mut Object, replicas: i32) {
        self.write_scale(&mut untyped_mut(object).fields, replicas);
    }

    fn list_kind(&self) -> String {
        self.list_kind.to_owned()
    }

    fn written(&self, object: &Object) -> String {
        let written = untyped(object).field("kind").as_str();
        written.unwrap_or(self.names.kind).to_owned()
    }

    fn is_custom(&self) -> bool {
        true
    }

    fn version(&self) -> Option<&'static Value> {
        Some(self.version)
    }

    fn needs_version(&self) -> bool {
        true
    }

    fn stored_version(&self) -> &'static str {
        self.stored_version
    }

    fn deprecation(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}
