//! What the documents of OpenAPI v3 say: schemas, and operations made of discovery.
//!
//! The built-in documents are made once, when somebody first asks for one; those of custom kinds
//! each time, since they are small and change with their definitions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::custom;
use super::operations::{self, Paths, Resource};
use super::schemas::SCHEMAS;
use super::types::BUILT_IN;
use crate::api::discovery::{self, Entry};
use crate::api::{Api, Custom};
use crate::base::sha256;

/// The version that documents say they are of.
pub(super) const VERSION: &str = "v1.36.2";

/// A document, and what it is told apart by.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// The same as JSON.
    pub text: Vec<u8>,
    /// Changes whenever the document does.
    pub tag: String,
}

impl Document {
    pub(super) fn new(value: Value) -> Self {
        let text = value.to_string().into_bytes();
        let tag = sha256::digest(&text).iter().map(|byte| format!("{byte:02X}")).collect();
        Self { value, text, tag }
    }
}

/// The documents of what is built in, by path: `api/v1`, `apis/apps/v1` …
static DOCUMENTS: LazyLock<BTreeMap<String, Document>> = LazyLock::new(|| {
    let entries = discovery::entries();
    let mut parts: BTreeMap<String, Paths> = BTreeMap::new();
    abouts(&entries, &mut parts);
    for entry in &entries {
        let root = operations::root_of(&entry.group, &entry.version);
        parts.entry(root.trim_start_matches('/').to_owned()).or_default().add(&resource(entry));
    }
    let documents = parts.into_iter().map(|(path, paths)| {
        let schemas = reachable(&paths, &|name| BUILT_IN.schemas.get(name));
        (path, Document::new(whole("Kubernetes", paths, schemas)))
    });
    documents.collect()
});

/// The documents by path, those of custom kinds too.
pub(super) fn documents(api: &mut dyn Api) -> BTreeMap<String, Cow<'static, Document>> {
    let mut all: BTreeMap<String, Cow<'static, Document>> =
        DOCUMENTS.iter().map(|(path, document)| (path.clone(), Cow::Borrowed(document))).collect();
    let mut customs: BTreeMap<String, Vec<Custom>> = BTreeMap::new();
    for custom in api.custom_kinds().into_iter().filter(|custom| custom.established) {
        let names = custom.kind.names();
        let version = names.versions.first().copied().unwrap_or_default();
        customs.entry(format!("apis/{}/{version}", names.group)).or_default().push(custom);
    }
    let entries = if customs.is_empty() { Vec::new() } else { discovery::served(api) };
    for (path, kinds) in customs {
        let document = custom::document(&kinds, &entries);
        // A definition may add to a group that is built in.
        let document = match all.remove(&path) {
            Some(built_in) => joined(&built_in.value, &document),
            None => document,
        };
        all.insert(path, Cow::Owned(Document::new(document)));
    }
    all
}

/// The document at a path, such as `apis/apps/v1`.
pub fn document(api: &mut dyn Api, path: &str) -> Option<Cow<'static, Document>> {
    let mut customs = api.custom_kinds().into_iter();
    let is_custom = customs.any(|custom| path.split('/').nth(1) == Some(custom.kind.names().group));
    if is_custom {
        return documents(api).remove(path);
    }
    DOCUMENTS.get(path).map(Cow::Borrowed)
}

/// `/openapi/v3`: where each document is.
pub fn index(api: &mut dyn Api) -> Document {
    let paths: Map<String, Value> = documents(api)
        .into_iter()
        .map(|(path, document)| {
            let url = format!("/openapi/v3/{path}?hash={}", document.tag);
            (path, json!({"serverRelativeURL": url}))
        })
        .collect();
    Document::new(json!({"paths": paths}))
}

/// What describes a resource besides discovery.
fn resource(entry: &Entry) -> Resource<'_> {
    let name = |kind: &str| {
        let found = BUILT_IN.name_of(&entry.group, &entry.version, kind);
        found.unwrap_or_default().to_owned()
    };
    Resource {
        schema: name(&entry.kind),
        list: name(&format!("{}List", entry.kind)),
        is_custom: false,
        others: &|group, version, kind| BUILT_IN.name_of(group, version, kind).map(str::to_owned),
        entry,
    }
}

/// The paths that are about no resource.
fn abouts(entries: &[Entry], parts: &mut BTreeMap<String, Paths>) {
    let mut about = |document: &str, name: &str, words: &str, schema: &str| {
        let path = format!("/{document}/");
        parts.entry(document.to_owned()).or_default().about(&path, name, words, schema);
    };
    about("api", "getAPIVersions", "get available API versions", "APIVersions");
    about("apis", "getAPIVersions", "get available API versions", "APIGroupList");
    for (group, versions) in discovery::groups(entries) {
        let path = format!("apis/{group}");
        about(&path, "getAPIGroup", "get information of a group", "APIGroup");
        for version in versions {
            let path = format!("{path}/{version}");
            about(&path, "getAPIResources", "get available resources", "APIResourceList");
        }
    }
    about("api/v1", "getAPIResources", "get available resources", "APIResourceList");
}

pub(super) fn whole(title: &str, paths: Paths, schemas: Map<String, Value>) -> Value {
    let token = json!({
        "type": "apiKey",
        "description": "Bearer Token authentication",
        "name": "authorization",
        "in": "header",
    });
    json!({
        "openapi": "3.0.0",
        "info": {"title": title, "version": VERSION},
        "paths": paths.0,
        "components": {"schemas": schemas, "securitySchemes": {"BearerToken": token}},
    })
}

/// The schemas that operations refer to, and those that these refer to.
pub(super) fn reachable<'v>(
    paths: &Paths,
    find: &dyn Fn(&str) -> Option<&'v Value>,
) -> Map<String, Value> {
    let mut open = BTreeSet::new();
    paths.0.values().for_each(|item| references(item, &mut open));
    let mut found = Map::new();
    while let Some(name) = open.pop_first() {
        let Some(schema) = find(&name) else { continue };
        let mut named = BTreeSet::new();
        references(schema, &mut named);
        found.insert(name, schema.clone());
        open.extend(named.into_iter().filter(|name| !found.contains_key(name)));
    }
    found
}

/// The schemas that a value refers to.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().and_then(|text| text.strip_prefix(SCHEMAS)) {
                    Some(name) if key == "$ref" => {
                        found.insert(name.to_owned());
                    }
                    _ => references(value, found),
                }
            }
        }
        _ => {}
    }
}

/// Two documents in one.
fn joined(one: &Value, other: &Value) -> Value {
    let mut all = one.clone();
    for place in ["/paths", "/components/schemas"] {
        let more = other.pointer(place).and_then(Value::as_object);
        if let (Some(Value::Object(map)), Some(more)) = (all.pointer_mut(place), more) {
            map.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    all
}
