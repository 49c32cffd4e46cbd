//! The documents that describe what is served.

use std::collections::BTreeSet;

use super::custom::{define, older, version};
use super::*;
use crate::api::http::{self, Call, Content};
use crate::api::{discovery, openapi};
use crate::kinds::KINDS;
use crate::kinds::custom_resource_definition::RESOURCE;
use crate::object::codec;
use crate::object::managed::{Items, Type};

const GVK: &str = "x-kubernetes-group-version-kind";
const SCHEMAS: &str = "#/components/schemas/";

fn document(server: &mut Server, path: &str) -> Value {
    openapi::document(server, path).unwrap_or_else(|| panic!("{path}")).value.clone()
}

fn path_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// Every reference within a document that leads nowhere.
fn dangling(value: &Value, document: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = value["$ref"].as_str().and_then(|text| text.strip_prefix(SCHEMAS))
        && !document["components"]["schemas"][name].is_object()
    {
        found.insert(name.to_owned());
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| dangling(item, document, found)),
        Value::Object(map) => map.values().for_each(|item| dangling(item, document, found)),
        _ => {}
    }
}

/// Mirrors `queryParamVerifierV3`: what a client asks before it leaves validation to the server.
fn takes_field_validation(document: &Value, kind: &Value) -> bool {
    let paths = document["paths"].as_object().unwrap();
    paths.values().any(|item| {
        let patch = &item["patch"];
        let lists = [&item["parameters"], &patch["parameters"]];
        let mut parameters = lists.into_iter().filter_map(Value::as_array).flatten();
        patch[GVK] == *kind && parameters.any(|one| one["name"] == "fieldValidation")
    })
}

#[test]
fn every_resource_has_its_operations_and_schemas() {
    let mut server = server();
    for entry in discovery::served(&mut server) {
        let document = document(&mut server, &path_of(&entry.group, &entry.version));
        let kind = json!({"group": entry.group, "version": entry.version, "kind": entry.kind});
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let is_described = schemas
            .values()
            .any(|schema| schema[GVK].as_array().is_some_and(|all| all.contains(&kind)));
        assert!(is_described, "{kind} has a schema");
        let patched = entry.verbs.iter().any(|verb| verb == "patch");
        assert_eq!(takes_field_validation(&document, &kind), patched, "{kind}");
        let mut lost = BTreeSet::new();
        dangling(&document, &document, &mut lost);
        assert!(lost.is_empty(), "{kind}: {lost:?}");
    }
}

#[test]
fn lists_are_marked_as_server_side_apply_treats_them() {
    let mut server = server();
    let mut checked = 0;
    for kind in KINDS {
        let names = kind.names();
        let document = document(&mut server, &path_of(names.group, names.versions[0]));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, known) in &kind.schema().types {
            let ending = format!(".{name}");
            let mut found = schemas.iter().filter(|(full, _)| full.ends_with(&ending));
            // A name of two packages says nothing.
            let (Some((full, schema)), None) = (found.next(), found.next()) else { continue };
            for (field, known) in &known.fields {
                let Type::List { items, .. } = &known.of else { continue };
                let given = &schema["properties"][field.as_ref()];
                let expected = match items {
                    Items::Whole => ("atomic", Vec::new()),
                    Items::Set => ("set", Vec::new()),
                    Items::Keys(keys) => ("map", keys.iter().map(|key| json!(&**key)).collect()),
                };
                let given = (
                    given["x-kubernetes-list-type"].as_str().unwrap_or("atomic"),
                    given["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default(),
                );
                assert_eq!(given, expected, "{full}.{field}");
                checked += 1;
            }
        }
    }
    assert!(checked > 300, "{checked} lists are known");
}

#[test]
fn a_definition_publishes_its_schema_and_takes_it_back() {
    let mut server = server();
    let before = openapi::index(&mut server);
    assert!(openapi::document(&mut server, "apis/w.example.com/v1").is_none());
    define(&mut server, &version(), &older());
    assert_ne!(openapi::index(&mut server).tag, before.tag);
    let document = document(&mut server, "apis/w.example.com/v1");
    let schema = &document["components"]["schemas"]["com.example.w.v1.Toy"];
    assert_eq!(schema["properties"]["spec"]["properties"]["size"]["type"], "string");
    assert_eq!(schema["x-kubernetes-selectable-fields"], json!([{"fieldPath": "spec.size"}]));
    let meta = format!("{SCHEMAS}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    assert_eq!(schema["properties"]["metadata"]["allOf"], json!([{"$ref": meta}]));
    let item = &document["paths"]["/apis/w.example.com/v1/namespaces/{namespace}/toys/{name}"];
    assert_eq!(item["get"]["operationId"], "readWExampleComV1NamespacedToy");
    let scale = "/apis/w.example.com/v1/namespaces/{namespace}/toys/{name}/scale";
    assert_eq!(document["paths"][scale]["put"][GVK]["group"], "autoscaling");
    let mut lost = BTreeSet::new();
    dangling(&document, &document, &mut lost);
    assert!(lost.is_empty(), "{lost:?}");
    let second = openapi::second(&mut server).value;
    let spec = &second["definitions"]["com.example.w.v1.Toy"]["properties"]["spec"];
    assert_eq!(spec["properties"]["replicas"], json!({"type": "integer"}));
    let key = Key::new(RESOURCE, "", "toys.w.example.com");
    let mut going = server.call(Request::delete(&key)).expect("going").object().unwrap();
    going.meta_mut().finalizers = None;
    server.call(Request::update_status(going)).expect("gone");
    assert_eq!(openapi::index(&mut server).tag, before.tag);
}

#[test]
fn documents_are_told_apart_by_their_hash() {
    let mut server = server();
    let mut ask = |target: &str, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let call = Call { method: "GET".into(), target: target.into(), headers, body: Vec::new() };
        let answer = http::answer(&mut server, Time::default(), &call);
        let header = |name: &str| {
            let found = answer.headers.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let (tag, kind) = (header("Etag"), header("Content-Type"));
        let more = [header("Location"), header("Cache-Control")];
        let bytes = match answer.body {
            Content::Bytes(bytes) => bytes,
            _ => Vec::new(),
        };
        (answer.code, tag, kind, more, bytes)
    };
    let (_, _, _, _, index) = ask("/openapi/v3", &[]);
    let index: Value = codec::parse(&String::from_utf8_lossy(&index)).unwrap();
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
    let (code, tag, kind, [_, cached], _) = ask(&url, &[]);
    assert_eq!(
        (code, kind.as_str(), cached.as_str()),
        (200, "application/json", "public, immutable")
    );
    assert!(url.ends_with(tag.trim_matches('"')), "{url} {tag}");
    assert_eq!(ask(&url, &[("if-none-match", &tag)]).0, 304);
    let (code, _, _, [location, _], _) = ask("/openapi/v3/apis/apps/v1?hash=old", &[]);
    assert_eq!((code, location), (301, url));
    assert_eq!(ask("/openapi/v3/apis/nope/v1", &[]).0, 404);
    assert_eq!(ask("/openapi/v2", &[("accept", "text/html")]).0, 406);
    let old = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    let (code, _, kind, _, bytes) = ask("/openapi/v2", &[("accept", old)]);
    assert_eq!((code, kind), (200, old.replace('@', ".")));
    // swagger: "2.0"; then the title.
    assert!(bytes.starts_with(b"\x0a\x032.0\x12"), "{:?}", &bytes[..8]);
}
