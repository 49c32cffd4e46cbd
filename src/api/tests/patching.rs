//! Patches of every kind, and how they are refused.

use super::*;

fn deployment(server: &mut Server) -> Key {
    let body = json!({"metadata": {"name": "d"}, "spec": {"replicas": 2,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}});
    create(server, DEPLOYMENTS, body).key()
}

#[test]
fn every_kind_of_patch_changes_what_it_names() {
    let mut server = server();
    let key = deployment(&mut server);
    let patches = [
        (PatchType::Merge, json!({"spec": {"replicas": 3}})),
        (PatchType::Json, json!([{"op": "replace", "path": "/spec/replicas", "value": 4}])),
        (
            PatchType::Strategic,
            json!({"spec": {"template": {"spec": {"containers": [{"name": "s", "image": "i"}]}}}}),
        ),
    ];
    for (kind, patch) in patches {
        server.call(Request::patch(&key, kind, patch)).unwrap();
    }
    let stored = server.store().get(&key).unwrap().to_value();
    assert_eq!(stored["spec"]["replicas"], 4);
    assert_eq!(stored["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);
    assert_eq!(stored["metadata"]["generation"], 4);
    let scale =
        Request::patch(&key, PatchType::Merge, json!({"spec": {"replicas": 7}})).to("scale");
    server.call(scale).unwrap();
    assert_eq!(server.store().get(&key).unwrap().to_value()["spec"]["replicas"], 7);
    let status = json!({"status": {"replicas": 1}, "spec": {"replicas": 9}});
    server.call(Request::patch(&key, PatchType::Merge, status).to("status")).unwrap();
    let stored = server.store().get(&key).unwrap().to_value();
    assert_eq!(
        (&stored["spec"]["replicas"], &stored["status"]["replicas"]),
        (&json!(7), &json!(1))
    );
}

#[test]
fn a_patch_that_changes_nothing_makes_no_new_version() {
    let mut server = server();
    let key = deployment(&mut server);
    let revision = server.store().revision();
    for kind in [PatchType::Merge, PatchType::Strategic] {
        server.call(Request::patch(&key, kind, json!({"spec": {"replicas": 2}}))).unwrap();
    }
    assert_eq!(server.store().revision(), revision);
}

#[test]
fn patches_are_refused_in_upstream_s_words() {
    let mut server = server();
    let key = deployment(&mut server);
    let rejected = "422 the server rejected our request due to an error in our request";
    let cases = [
        (PatchType::Json, json!([{"op": "test", "path": "/spec/replicas", "value": 5}]), rejected),
        (PatchType::Json, json!([{"op": "remove", "path": "/metadata/labels/nope"}]), rejected),
        (
            PatchType::Json,
            json!({"op": "add"}),
            "400 error decoding patch: json: cannot unmarshal object into Go value of type \
             []handlers.jsonPatchOp",
        ),
        (
            PatchType::Merge,
            json!([]),
            "400 error decoding patch: json: cannot unmarshal array into Go value of type \
             map[string]interface {}",
        ),
        (PatchType::Merge, Value::Null, "400 Invalid JSON Patch"),
        (
            PatchType::Strategic,
            json!([]),
            "400 json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            PatchType::Strategic,
            json!({"spec": {"replicas": "two"}}),
            "422  \"\" is invalid: patch: Invalid value: \"map[spec:map[replicas:two]]\": \
             unrecognized type: int32",
        ),
        (
            PatchType::Strategic,
            json!({"spec": {"template": {"spec": {"containers": [{"image": "noname"}]}}}}),
            "500 map: map[image:noname] does not contain declared merge key: name",
        ),
        (
            PatchType::Json,
            json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]),
            "409 Operation cannot be fulfilled on deployments.apps \"d\": the object has been \
             modified; please apply your changes to the latest version and try again",
        ),
        (
            PatchType::Merge,
            json!({"metadata": {"deletionTimestamp": "2001-01-01T00:00:00Z"}}),
            "422 Deployment.apps \"d\" is invalid: metadata.deletionTimestamp: Invalid value: \
             \"2001-01-01T00:00:00Z\": field is immutable",
        ),
        (
            PatchType::Merge,
            json!({"metadata": {"uid": "x"}}),
            "422 Deployment.apps \"d\" is invalid: metadata.uid: Invalid value: \"x\": field is \
             immutable",
        ),
    ];
    for (kind, patch, expected) in cases {
        assert_eq!(refusal(server.call(Request::patch(&key, kind, patch))), expected);
    }
    let bogus = Request::patch(&key, PatchType::Strategic, json!({"spec": {"bogus": 1}}));
    assert_eq!(
        refusal(server.call(Request { strict: true, ..bogus })),
        "422  \"\" is invalid: patch: Invalid value: \"map[spec:map[bogus:1]]\": strict decoding \
         error: unknown field \"spec.bogus\""
    );
}
