//! The documents of custom kinds. Mirrors `apiextensions-apiserver/pkg/controller/openapi/builder`.

use serde_json::{Map, Value, json};

use super::operations::{Paths, Resource};
use super::types::{BUILT_IN, META, described, list_of, type_meta};
use crate::api::Custom;
use crate::api::discovery::Entry;
use crate::kinds::Kind;

const METADATA: &str = "Standard object's metadata. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The document of the custom kinds of one group and version.
pub(super) fn document(kinds: &[Custom], entries: &[Entry]) -> Value {
    let (mut paths, mut own) = (Paths::default(), Map::new());
    for Custom { kind, .. } in kinds {
        let names = kind.names();
        let version = names.versions.first().copied().unwrap_or_default();
        let found = entries.iter().find(|entry| {
            entry.group == names.group && entry.version == version && entry.plural == names.plural
        });
        let Some(entry) = found else { continue };
        let schema = model_name(names.group, version, names.kind);
        let list = model_name(names.group, version, &kind.list_kind());
        add_schemas(*kind, &schema, &list, &mut own);
        paths.add(&Resource {
            entry,
            schema,
            list,
            is_custom: true,
            others: &|group, version, kind| {
                BUILT_IN.name_of(group, version, kind).map(str::to_owned)
            },
        });
    }
    let schemas =
        super::reachable(&paths, &|name| own.get(name).or_else(|| BUILT_IN.schemas.get(name)));
    super::whole("Kubernetes CRD Swagger", paths, schemas)
}

/// `com.example.stable.v1.CronTab`. Mirrors `gvkToModelName`.
fn model_name(group: &str, version: &str, kind: &str) -> String {
    let group: Vec<&str> = group.rsplit('.').collect();
    format!("{}.{version}.{kind}", group.join("."))
}

fn add_schemas(kind: &dyn Kind, name: &str, list: &str, schemas: &mut Map<String, Value>) {
    let names = kind.names();
    let version = names.versions.first().copied().unwrap_or_default();
    let definition = kind.version();
    let gvk = |kind: &str| json!([{"group": names.group, "version": version, "kind": kind}]);
    let given = definition.map_or(&Value::Null, |part| &part["schema"]["openAPIV3Schema"]);
    let mut schema = json!({"type": "object"});
    if given.is_object() {
        schema = given.clone();
        embed(&mut schema);
        put_meta(&mut schema);
    }
    let mut listed = list_of(name, names.kind, &kind.list_kind());
    schema[super::GVK] = gvk(names.kind);
    listed[super::GVK] = gvk(&kind.list_kind());
    let selectable = definition.and_then(|part| part["selectableFields"].as_array());
    if let Some(fields) = selectable.filter(|fields| !fields.is_empty()) {
        let paths = fields.iter().map(|field| {
            let path = field["jsonPath"].as_str().unwrap_or_default();
            json!({"fieldPath": path.strip_prefix('.').unwrap_or(path)})
        });
        let paths: Value = paths.collect();
        schema["x-kubernetes-selectable-fields"] = paths.clone();
        listed["x-kubernetes-selectable-fields"] = paths;
    }
    schemas.insert(name.to_owned(), schema);
    schemas.insert(list.to_owned(), listed);
}

/// What every object has.
fn put_meta(schema: &mut Value) {
    let mut metadata = described(&format!("{META}ObjectMeta"), METADATA);
    if let Some(map) = metadata.as_object_mut() {
        map.remove("default");
    }
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    for (field, value) in type_meta() {
        schema["properties"][field] = value;
    }
    schema["properties"]["metadata"] = metadata;
}

/// Puts in what the keywords of a structural schema stand for. Mirrors `Unfold` and
/// `addEmbeddedProperties`.
fn embed(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(embed);
    }
    for part in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(part) {
            embed(inner);
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
        put_meta(schema);
    }
}
