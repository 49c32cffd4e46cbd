//! Schemas by name and by kind, wherever they are from.

use std::collections::BTreeMap;
#[cfg(target_arch = "wasm32")]
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::described;
#[cfg(not(target_arch = "wasm32"))]
use super::types::BUILT_IN;
use crate::api::Api;
#[cfg(target_arch = "wasm32")]
use crate::object::codec;

/// What says of an operation or a schema which kind it is about.
pub(super) const GVK: &str = "x-kubernetes-group-version-kind";
/// Where a document keeps its schemas.
pub(super) const SCHEMAS: &str = "#/components/schemas/";
/// The package of the types that all kinds share.
pub(super) const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// A reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("{SCHEMAS}{name}")})
}

/// A reference with a description beside it, which OpenAPI v3.0 allows only so.
pub(super) fn described(name: &str, description: &str) -> Value {
    json!({"allOf": [reference(name)], "default": {}, "description": description})
}

/// The schemas of what a server serves in one group and version.
pub struct Schemas {
    /// Those of custom kinds, by kind.
    custom: BTreeMap<&'static str, Value>,
    built_in: &'static Map<String, Value>,
}

impl Schemas {
    /// What `api` says of a group's version; none where the schemas were not offered.
    pub fn of(api: &dyn Api, group: &str, version: &str) -> Option<Self> {
        let built_in = built_in()?;
        let types = ["apiVersion", "kind"].map(|field| {
            let status = built_in.get(&format!("{META}Status"));
            (field, status.map_or(Value::Null, |schema| schema["properties"][field].clone()))
        });
        let mut custom = BTreeMap::new();
        for found in api.custom_kinds().into_iter().filter(|custom| custom.established) {
            let names = found.kind.names();
            if names.group == group && names.versions.first() == Some(&version) {
                custom.insert(names.kind, described::schema(found.kind, types.clone()));
            }
        }
        Some(Self { custom, built_in })
    }

    /// The schema of a kind.
    pub fn of_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Value> {
        let own = self.custom.get(kind);
        own.or_else(|| self.find(|of| of_version(of, group, version) && of["kind"] == kind))
    }

    /// Whether there is any kind in a group's version.
    pub fn has_version(&self, group: &str, version: &str) -> bool {
        !self.custom.is_empty() || self.find(|of| of_version(of, group, version)).is_some()
    }

    fn find(&self, is_meant: impl Fn(&Value) -> bool) -> Option<&Value> {
        let mut all = self.built_in.values();
        all.find(|schema| schema[GVK].as_array().is_some_and(|kinds| kinds.iter().any(&is_meant)))
    }

    /// What a schema refers to; `None` where it refers to nothing that is there.
    pub fn referred(&self, schema: &Value) -> Option<&Value> {
        self.built_in.get(schema["$ref"].as_str()?.rsplit('/').next()?)
    }
}

fn of_version(kind: &Value, group: &str, version: &str) -> bool {
    kind["group"] == group && kind["version"] == version
}

#[cfg(not(target_arch = "wasm32"))]
fn built_in() -> Option<&'static Map<String, Value>> {
    Some(&BUILT_IN.schemas)
}

#[cfg(target_arch = "wasm32")]
static OFFERED: OnceLock<Map<String, Value>> = OnceLock::new();

#[cfg(target_arch = "wasm32")]
fn built_in() -> Option<&'static Map<String, Value>> {
    OFFERED.get()
}

/// Takes the schemas of what is built in, as JSON; anything else is passed over.
#[cfg(target_arch = "wasm32")]
pub fn offer(text: &str) {
    if let Ok(Value::Object(schemas)) = codec::parse(text) {
        // Who offers them again offers the same.
        let _known = OFFERED.set(schemas);
    }
}

/// Whether [`offer`] was given the schemas.
#[cfg(target_arch = "wasm32")]
pub fn is_offered() -> bool {
    OFFERED.get().is_some()
}
