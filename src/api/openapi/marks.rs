//! What the types' schemas do not say by themselves: how lists and maps are owned and patched,
//! which values a text may have, what stands where nothing was given.
//! Mirrors the `x-kubernetes-*` extensions, defaults and enumerations of `zz_generated.openapi.go`.

use serde_json::{Map, Value, json};

use crate::object::codec;

/// A type a line: its name and, each after a semicolon, a field and its marks. The field `.` is the
/// type itself.
///
/// * `atomic`, `set`, `map:KEY+KEY`: how the items of a list are owned
/// * `whole`, `granular`: a map or an object that is owned as a whole, or field by field
/// * `patch:STRATEGY+STRATEGY:KEY`: how a strategic patch treats it
/// * `enum:A|B`, `items:A|B`: the values that a text, or the items of a list, may have
/// * `optional`: a field that the types always have, but a client need not give
/// * `value`: an object that is always there; `pointer`: one that may be missing though its like may
///   not; `default:JSON`: the value where none is given
const MARKS: &str = include_str!("marks.txt");

/// Schemas that say no more than that anything may stand there.
const ANYTHING: &[&str] =
    &["JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"];

/// Brings the schemas that types give of themselves into the form of OpenAPI v3, marks and all.
pub(super) fn finish(schemas: &mut Map<String, Value>) {
    let names: Vec<String> = schemas.keys().cloned().collect();
    let is_object = |schemas: &Map<String, Value>, name: &str| {
        let found = schemas.get(name);
        found.is_some_and(|schema| schema["type"] == "object" && !is_anything(name))
    };
    for name in names {
        let Some(mut schema) = schemas.get_mut(&name).map(Value::take) else { continue };
        let marks = MARKS.lines().find_map(|line| line.strip_prefix(short(&name)));
        let marks = marks.and_then(|rest| rest.strip_prefix("; ")).unwrap_or_default();
        let mut required = schema["required"].take();
        // Every object has metadata, whether or not any was given.
        if let Some(names) = required.as_array_mut() {
            let is_asked = |name: &str| !of_field(marks, name).contains(&"optional");
            names.retain(|name| name != "metadata" && name.as_str().is_some_and(is_asked));
        }
        if required.as_array().is_some_and(Vec::is_empty) {
            required = Value::Null;
        }
        if let Some(map) = schema["properties"].as_object_mut() {
            for (field, value) in map {
                let is_required =
                    required.as_array().is_some_and(|all| all.contains(&json!(field)));
                let given = of_field(marks, field);
                property(field, value, is_required, &given, &|name| is_object(schemas, name));
            }
        }
        if of_field(marks, ".").contains(&"atomic") {
            schema["x-kubernetes-map-type"] = json!("atomic");
        }
        schema["required"] = required;
        if let Some(map) = schema.as_object_mut() {
            map.retain(|_, value| !value.is_null());
            special(&name, map);
        }
        schemas.insert(name, schema);
    }
}

/// `core.v1.Pod` of `io.k8s.api.core.v1.Pod`.
fn short(name: &str) -> &str {
    let start = name.rmatch_indices('.').nth(2).map_or(0, |(index, _)| index + 1);
    &name[start..]
}

fn is_anything(name: &str) -> bool {
    ANYTHING.contains(&name.rsplit('.').next().unwrap_or_default())
}

fn of_field<'m>(marks: &'m str, field: &str) -> Vec<&'m str> {
    let found =
        marks.split("; ").find_map(|part| part.split_once(' ').filter(|(f, _)| *f == field));
    found.map(|(_, given)| given.split(' ').collect()).unwrap_or_default()
}

/// The types that are written otherwise than they are made of.
fn special(name: &str, schema: &mut Map<String, Value>) {
    let (removed, added) = match name.rsplit('.').next().unwrap_or_default() {
        "IntOrString" => {
            let kinds = json!([{"type": "integer"}, {"type": "string"}]);
            schema.insert("format".to_owned(), json!("int-or-string"));
            ("x-kubernetes-int-or-string", Some(kinds))
        }
        "Quantity" => {
            ("x-kubernetes-int-or-string", Some(json!([{"type": "string"}, {"type": "number"}])))
        }
        "JSON" => ("type", None),
        _ if is_anything(name) => ("oneOf", None),
        _ => return,
    };
    schema.remove(removed);
    if let Some(kinds) = added {
        schema.insert("oneOf".to_owned(), kinds);
    }
}

fn property(
    field: &str,
    schema: &mut Value,
    is_required: bool,
    marks: &[&str],
    is_object: &dyn Fn(&str) -> bool,
) {
    let Some(map) = schema.as_object_mut() else { return };
    let mark = |name: &str| marks.iter().find_map(|mark| mark.strip_prefix(name));
    let is_pointer = marks.contains(&"pointer");
    let mut default = mark("default:").and_then(|text| codec::parse(text).ok());
    if map.contains_key("$ref") {
        let name = map["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let is_held = is_required || matches!(field, "metadata" | "spec" | "status");
        if is_object(name) && !is_pointer && (is_held || marks.contains(&"value")) {
            default = Some(json!({}));
        }
        if map.len() > 1 || default.is_some() {
            let reference = map.remove("$ref");
            map.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
    } else if default.is_none() && is_required && !is_pointer {
        default = match map.get("type").and_then(Value::as_str) {
            Some("string") => Some(json!("")),
            Some("integer" | "number") => Some(json!(0)),
            Some("boolean") => Some(json!(false)),
            _ => None,
        };
    }
    if let Some(default) = default {
        map.insert("default".to_owned(), default);
    }
    for mark in marks {
        extend(map, mark);
    }
}

/// Puts what one mark says into a property.
fn extend(schema: &mut Map<String, Value>, mark: &str) {
    let mut put = |name: &str, value: Value| schema.insert(name.to_owned(), value);
    match mark.split_once(':').unwrap_or((mark, "")) {
        (kind @ ("atomic" | "set"), _) => {
            put("x-kubernetes-list-type", json!(kind));
        }
        ("map", keys) => {
            put("x-kubernetes-list-type", json!("map"));
            let keys: Vec<&str> = keys.split('+').collect();
            put("x-kubernetes-list-map-keys", json!(keys));
        }
        ("whole", _) => {
            put("x-kubernetes-map-type", json!("atomic"));
        }
        ("granular", _) => {
            put("x-kubernetes-map-type", json!("granular"));
        }
        ("patch", how) => {
            let (strategy, key) = how.split_once(':').unwrap_or((how, ""));
            put("x-kubernetes-patch-strategy", json!(strategy.replace('+', ",")));
            if !key.is_empty() {
                put("x-kubernetes-patch-merge-key", json!(key));
            }
        }
        ("enum", values) => {
            let values: Vec<&str> = values.split('|').collect();
            let lines: String = values.iter().map(|value| format!("\n - `\"{value}\"`")).collect();
            put("enum", json!(values));
            let words = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            let words = format!("{words}\n\nPossible enum values:{lines}");
            schema.insert("description".to_owned(), json!(words.trim_start()));
        }
        ("items", values) => {
            if let Some(items) = schema.get_mut("items") {
                items["enum"] = json!(values.split('|').collect::<Vec<_>>());
            }
        }
        _ => {}
    }
}
