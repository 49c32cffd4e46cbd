//! Bodies that are refused, in the words of a real v1.36 server.

use super::*;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

#[test]
fn a_body_of_another_kind_or_shape_is_refused() {
    let mut server = server();
    let cases = [
        (
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
            "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to \
             (core.ConfigMap): unknown conversion",
        ),
        (
            json!({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "x"}}),
            "ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is \
             registered for version \"v2\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Nope", "metadata": {"name": "x"}}),
            "Nope in version \"v1\" cannot be handled as a ConfigMap: no kind \"Nope\" is registered \
             for version \"v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            json!({"data": {"x": 5}}),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal \
             number into Go struct field ConfigMap.data of type string",
        ),
        (
            json!([]),
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get \
             version/kind; json parse error: json: cannot unmarshal array into Go value of type \
             struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
             \"json:\\\"kind,omitempty\\\"\" }",
        ),
    ];
    for (body, expected) in cases {
        let result = server.call(post(CONFIG_MAPS, "default", body));
        assert_eq!(refusal(result), format!("400 {expected}"));
    }
}

#[test]
fn strictly_read_bodies_may_have_no_unknown_fields() {
    let mut server = server();
    let mut body = pod("str");
    body["metadata"]["lables"] = json!({"a": "b"});
    body["metadata"]["creationTimestamp"] = Value::Null;
    body["spec"]["containers"][0]["imagePolicy"] = json!("x");
    body["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "nope": 1}]);
    let lenient = post(PODS, "default", body);
    let strict = Request { strict: true, ..lenient.clone() };
    assert_eq!(
        refusal(server.call(strict)),
        "400 Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown \
         field \"metadata.lables\", unknown field \"spec.containers[0].imagePolicy\", unknown \
         field \"spec.containers[0].ports[0].nope\""
    );
    assert!(server.call(lenient).is_ok());
}

#[test]
fn metadata_is_refused_in_upstream_s_words() {
    let mut server = server();
    let owner = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": format!("u-{name}"),
            "controller": true})
    };
    let cases = [
        (
            json!({"name": "Bad_Name"}),
            format!("metadata.name: Invalid value: \"Bad_Name\": {SUBDOMAIN}"),
        ),
        (
            json!({"name": "x", "labels": {"bad key": "v"}}),
            format!("metadata.labels: Invalid value: \"bad key\": {QUALIFIED}"),
        ),
        (
            json!({"name": "x", "annotations": {"bad key": "v"}}),
            format!("metadata.annotations: Invalid value: \"bad key\": {QUALIFIED}"),
        ),
        (
            json!({"name": "x", "annotations": {"k": "v".repeat(262_145)}}),
            "metadata.annotations: Too long: may not be more than 262144 bytes".to_owned(),
        ),
        (
            json!({"name": "x", "finalizers": ["nodomain"]}),
            "metadata.finalizers[0]: Invalid value: \"nodomain\": name is neither a standard \
             finalizer name nor is it fully qualified"
                .to_owned(),
        ),
        (
            json!({"name": "x", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod",
                "name": "p"}]}),
            "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty".to_owned(),
        ),
        (
            json!({"name": "x", "ownerReferences": [owner("p"), owner("q")]}),
            "metadata.ownerReferences: Invalid value: \
             [{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"u-p\",\
             \"controller\":true},{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"q\",\
             \"uid\":\"u-q\",\"controller\":true}]: Only one reference can have Controller set to \
             true. Found \"true\" in references for Pod/p and Pod/q"
                .to_owned(),
        ),
    ];
    for (meta, expected) in cases {
        let name = meta["name"].as_str().unwrap_or_default().to_owned();
        let result = server.call(post(CONFIG_MAPS, "default", json!({"metadata": meta})));
        assert_eq!(refusal(result), format!("422 ConfigMap \"{name}\" is invalid: {expected}"));
    }
    let dashed = json!({"metadata": {"generateName": "web-"}});
    assert!(server.call(post(CONFIG_MAPS, "default", dashed)).is_ok());
    let namespace = server.call(post(NAMESPACES, "", json!({"metadata": {"name": "A_B"}})));
    assert!(refusal(namespace).contains("a lowercase RFC 1123 label must consist of"));
}

#[test]
fn what_is_being_deleted_gets_no_new_finalizers() {
    let mut server = server();
    let body = json!({"metadata": {"name": "f", "finalizers": ["example.com/x"]}});
    let key = create(&mut server, CONFIG_MAPS, body).key();
    server.call(Request::delete(&key)).unwrap();
    let more = json!({"metadata": {"name": "f", "finalizers": ["example.com/x", "example.com/g"]}});
    assert_eq!(
        refusal(server.call(put(CONFIG_MAPS, "f", more))),
        "422 ConfigMap \"f\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be \
         added if the object is being deleted, found new finalizers []string{\"example.com/g\"}"
    );
}
