//! The documents of custom kinds. Mirrors `apiextensions-apiserver/pkg/controller/openapi/builder`.

use serde_json::{Map, Value};

use super::described;
use super::documents::{reachable, whole};
use super::operations::{Paths, Resource};
use super::schemas::GVK;
use super::types::{BUILT_IN, list_of, type_meta};
use crate::api::Custom;
use crate::api::discovery::Entry;
use crate::kinds::Kind;

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
    let schemas = reachable(&paths, &|name| own.get(name).or_else(|| BUILT_IN.schemas.get(name)));
    whole("Kubernetes CRD Swagger", paths, schemas)
}

/// `com.example.stable.v1.CronTab`. Mirrors `gvkToModelName`.
fn model_name(group: &str, version: &str, kind: &str) -> String {
    let group: Vec<&str> = group.rsplit('.').collect();
    format!("{}.{version}.{kind}", group.join("."))
}

fn add_schemas(kind: &dyn Kind, name: &str, list: &str, schemas: &mut Map<String, Value>) {
    let schema = described::schema(kind, type_meta());
    let mut listed = list_of(name, kind.names().kind, &kind.list_kind());
    listed[GVK] = described::kinds(kind, &kind.list_kind());
    let fields = "x-kubernetes-selectable-fields";
    if schema[fields].is_array() {
        listed[fields] = schema[fields].clone();
    }
    schemas.insert(name.to_owned(), schema);
    schemas.insert(list.to_owned(), listed);
}
