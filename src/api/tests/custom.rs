//! Custom resources at the door.

use super::*;
use crate::kinds::custom_resource_definition::{RESOURCE, status};
use crate::object::Untyped;

/// A definition of toys in two versions; it is established, as the controllers would do it.
pub(super) fn define(server: &mut Server, version: &Value, older: &Value) -> GroupResource {
    let names = json!({"plural": "toys", "singular": "toy", "kind": "Toy", "listKind": "ToyList"});
    let body = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "toys.w.example.com"},
        "spec": {"group": "w.example.com", "scope": "Namespaced", "names": names,
            "versions": [version, older]}});
    let made = server.call(post(RESOURCE, "", body)).expect("accepted").object().unwrap();
    let mut definition = made.get::<Untyped>().unwrap().clone();
    definition.fields["status"]["acceptedNames"] = names;
    for kind in ["NamesAccepted", "Established"] {
        status::set(&mut definition, &status::Condition::new(kind, true, "x", "x"), server.now);
    }
    server.call(Request::update_status(Object::new(definition))).expect("established");
    GroupResource::dynamic("w.example.com", "toys")
}

/// A version that is served, but not stored.
pub(super) fn older() -> Value {
    json!({"name": "v1beta1", "served": true, "storage": false, "deprecated": true,
        "schema": {"openAPIV3Schema": {"type": "object"}}})
}

pub(super) fn version() -> Value {
    json!({"name": "v1", "served": true, "storage": true,
        "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas"}},
        "selectableFields": [{"jsonPath": ".spec.size"}],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "string"},
                "replicas": {"type": "integer", "default": 1}}},
            "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}}}}}})
}

fn toy(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "w.example.com/v1", "kind": "Toy", "metadata": {"name": name}, "spec": spec})
}

#[test]
fn generation_status_and_scale_follow_upstreams_rules() {
    let mut server = server();
    let toys = define(&mut server, &version(), &older());
    let made = create(&mut server, toys.clone(), toy("a", json!({"size": "S"})));
    let value = |object: &Object| object.to_value();
    assert_eq!(value(&made)["spec"], json!({"replicas": 1, "size": "S"}));
    let patch = |subresource, body| {
        let key = made.key();
        Request::patch(&key, PatchType::Merge, body).to(subresource)
    };
    let mut call = |request| server.call(request).unwrap().object().unwrap().to_value();
    let labelled =
        call(patch("", json!({"metadata": {"labels": {"a": "b"}}, "status": {"replicas": 9}})));
    assert_eq!(
        (&labelled["metadata"]["generation"], &labelled["status"]),
        (&json!(1), &json!(null))
    );
    let reported = call(patch("status", json!({"spec": {"size": "L"}, "status": {"replicas": 3}})));
    assert_eq!(
        (&reported["metadata"]["generation"], &reported["spec"]["size"], &reported["status"]),
        (&json!(1), &json!("S"), &json!({"replicas": 3}))
    );
    let scaled = call(patch("scale", json!({"spec": {"replicas": 4}})));
    assert_eq!(
        (&scaled["spec"]["replicas"], &scaled["status"]["replicas"]),
        (&json!(4), &json!(3))
    );
    let got = call(Request::get(&made.key()));
    assert_eq!((&got["metadata"]["generation"], &got["spec"]["replicas"]), (&json!(2), &json!(4)));
}

#[test]
fn versions_fields_and_patches_are_those_of_the_definition() {
    let mut server = server();
    let toys = define(&mut server, &version(), &older());
    let made = create(&mut server, toys.clone(), toy("a", json!({"size": "S"})));
    let list = |selector: &str| {
        let mut request = Request::list(toys.clone(), "default");
        selector.clone_into(&mut request.field_selector);
        request
    };
    assert_eq!(server.call(list("spec.size=S")).unwrap().items().len(), 1);
    assert_eq!(server.call(list("spec.size!=S")).unwrap().items().len(), 0);
    let found = refusal(server.call(list("spec.replicas=1")));
    assert_eq!(found, "400 field label not supported: spec.replicas");
    let strategic = Request::patch(&made.key(), PatchType::Strategic, json!({}));
    assert!(refusal(server.call(strategic)).starts_with("415 "));
    let unconditional =
        Request { version: "v1".to_owned(), ..put(toys.clone(), "a", toy("a", json!({}))) };
    let found = refusal(server.call(unconditional));
    assert_eq!(
        found,
        "422 toys.w.example.com \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must \
         be specified for an update"
    );
    let mut old = Request::get(&made.key());
    old.version = "v1beta1".to_owned();
    server.take_warnings();
    server.call(old).unwrap();
    assert_eq!(
        server.take_warnings(),
        ["w.example.com/v1beta1 Toy is deprecated; use w.example.com/v1 Toy"]
    );
    let mut other = post(toys, "default", toy("b", json!({})));
    other.version = "v1beta1".to_owned();
    let found = refusal(server.call(other));
    assert!(found.contains("does not match the expected API version (w.example.com/v1beta1)"));
}

#[test]
fn a_definition_goes_after_its_objects_and_nothing_new_comes() {
    let mut server = server();
    let toys = define(&mut server, &version(), &older());
    let key = Key::new(RESOURCE, "", "toys.w.example.com");
    let going = server.call(Request::delete(&key)).unwrap().object().unwrap();
    let definition = going.get::<Untyped>().unwrap();
    assert!(status::is_true(definition, "Terminating"));
    let found = refusal(server.call(post(toys.clone(), "default", toy("late", json!({})))));
    assert_eq!(
        found,
        "403 toys.w.example.com \"late\" is forbidden: create not allowed while custom resource \
         definition is terminating"
    );
    let mut last = going.clone();
    last.meta_mut().finalizers = None;
    server.call(Request::update_status(last)).unwrap();
    assert!(
        refusal(server.call(Request::list(toys, ""))).starts_with("404 the server could not find")
    );
}
