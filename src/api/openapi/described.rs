//! What the schema of a custom kind says.
//! Mirrors `apiextensions-apiserver/pkg/controller/openapi/builder`.

use serde_json::{Map, Value, json};

use super::schemas::{GVK, META, described};
use crate::kinds::Kind;

const METADATA: &str = "Standard object's metadata. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The properties `apiVersion` and `kind`.
pub(super) type TypeMeta = [(&'static str, Value); 2];

/// What says of a schema that it is of `name`, a kind of the same version as `kind`.
pub(super) fn kinds(kind: &dyn Kind, name: &str) -> Value {
    let names = kind.names();
    let version = names.versions.first().copied().unwrap_or_default();
    json!([{"group": names.group, "version": version, "kind": name}])
}

/// The schema of a custom kind's objects.
pub(super) fn schema(kind: &dyn Kind, types: TypeMeta) -> Value {
    let definition = kind.version();
    let given = definition.map_or(&Value::Null, |part| &part["schema"]["openAPIV3Schema"]);
    let mut schema = json!({"type": "object"});
    if given.is_object() {
        schema = given.clone();
        embed(&mut schema, &types);
        put_meta(&mut schema, &types);
    }
    schema[GVK] = kinds(kind, kind.names().kind);
    let selectable = definition.and_then(|part| part["selectableFields"].as_array());
    if let Some(fields) = selectable.filter(|fields| !fields.is_empty()) {
        let paths = fields.iter().map(|field| {
            let path = field["jsonPath"].as_str().unwrap_or_default();
            json!({"fieldPath": path.strip_prefix('.').unwrap_or(path)})
        });
        schema["x-kubernetes-selectable-fields"] = paths.collect();
    }
    schema
}

/// What every object has.
fn put_meta(schema: &mut Value, types: &TypeMeta) {
    let mut metadata = described(&format!("{META}ObjectMeta"), METADATA);
    if let Some(map) = metadata.as_object_mut() {
        map.remove("default");
    }
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    for (field, value) in types {
        schema["properties"][*field] = value.clone();
    }
    schema["properties"]["metadata"] = metadata;
}

/// Puts in what the keywords of a structural schema stand for. Mirrors `Unfold` and
/// `addEmbeddedProperties`.
fn embed(schema: &mut Value, types: &TypeMeta) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(|inner| embed(inner, types));
    }
    for part in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(part) {
            embed(inner, types);
        }
    }
    let is = |map: &Map<String, Value>, name: &str| map.get(name) == Some(&Value::Bool(true));
    if is(map, "x-kubernetes-int-or-string") {
        let either = json!([{"type": "integer"}, {"type": "string"}]);
        map.entry("anyOf").or_insert(either);
    }
    if is(map, "x-kubernetes-embedded-resource") {
        let mut required: Vec<Value> =
            map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in ["kind", "apiVersion"].map(|name| json!(name)) {
            if !required.contains(&name) {
                required.push(name);
            }
        }
        map.insert("required".to_owned(), Value::Array(required));
        put_meta(schema, types);
    }
}
