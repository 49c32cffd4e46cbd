//! Exchanges with a server of one's own.

use serde_json::{Value, json};

use super::*;
use crate::api::Server;
use crate::sim::Rng;

fn server() -> Server {
    Server::new(Rng::from_seed(1))
}

fn call(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Call {
    Call {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    }
}

fn value(answer: &Answer) -> Value {
    match &answer.body {
        Content::Bytes(bytes) => crate::base::json_read::read(&String::from_utf8_lossy(bytes))
            .map_or(Value::Null, |json| json.value),
        _ => Value::Null,
    }
}

/// What a request to a server is answered with: the code and the JSON.
fn ask(server: &mut Server, method: &str, target: &str, body: &str) -> (u16, Value) {
    let answer = answer(server, Time::default(), &call(method, target, &[], body));
    (answer.code, value(&answer))
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn config_map(name: &str) -> String {
    json!({"metadata": {"name": name}, "data": {"k": "v"}}).to_string()
}

#[test]
fn a_list_goes_on_where_it_stopped_and_sees_nothing_newer() {
    let mut server = server();
    for name in ["a", "b", "d"] {
        assert_eq!(ask(&mut server, "POST", MAPS, &config_map(name)).0, 201);
    }
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|i| i["metadata"]["name"].as_str().unwrap_or("").to_owned()).collect()
    };
    let (_, first) = ask(&mut server, "GET", &format!("{MAPS}?limit=2"), "");
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    ask(&mut server, "POST", MAPS, &config_map("c"));
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = ask(&mut server, "GET", &format!("{MAPS}?limit=2&continue={token}"), "");
    assert_eq!(names(&rest), ["d"]);
    assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}

#[test]
fn requests_that_make_no_sense_are_refused_in_upstreams_words() {
    let mut server = server();
    let big = format!("{{\"data\": \"{}\"}}", "x".repeat(3 << 20));
    let cases = [
        ("POST", MAPS, "{", 400, "unexpected end of JSON input ({)"),
        ("POST", MAPS, "[]", 400, "struct { APIVersion string"),
        ("POST", MAPS, big.as_str(), 413, "Request entity too large: limit is 3145728"),
        ("PUT", MAPS, "{}", 405, "the server does not allow this method on the requested resource"),
        ("DELETE", "/api/v1/configmaps", "", 405, "the server does not allow this method"),
        ("GET", "/api/v1/nopes", "", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/configmaps?limit=x", "", 400, "strconv.ParseInt: parsing \"x\""),
        ("GET", "/api/v1/configmaps?continue=abc", "", 400, "invalid continue token"),
        ("GET", "/api/v1/configmaps?resourceVersion=99", "", 504, "Too large resource version"),
        (
            "DELETE",
            "/api/v1/namespaces/default/configmaps/x?propagationPolicy=Foo",
            "",
            422,
            "\"nil\"",
        ),
        (
            "POST",
            &format!("{MAPS}?dryRun=None"),
            "{}",
            422,
            "[\"None\"]: supported values: \"All\"",
        ),
    ];
    for (method, target, body, code, text) in cases {
        let (found, status) = ask(&mut server, method, target, body);
        let message = status["message"].as_str().unwrap_or_default();
        assert!(found == code && message.contains(text), "{method} {target}: {found} {message}");
    }
}

#[test]
fn unknown_fields_are_warned_of_refused_or_passed_over() {
    let mut server = server();
    let body = r#"{"metadata":{"name":"x"},"data":{"a":"1","a":"2"},"dota":{}}"#;
    let mut post = |level: &str| {
        let target = format!("{MAPS}?dryRun=All&fieldValidation={level}");
        answer(&mut server, Time::default(), &call("POST", &target, &[], body))
    };
    let warnings = |answer: &Answer| -> Vec<String> {
        let warnings = answer.headers.iter().filter(|(name, _)| *name == "Warning");
        warnings.map(|(_, text)| text.clone()).collect()
    };
    let warned = post("Warn");
    assert_eq!(warned.code, 201);
    assert_eq!(
        warnings(&warned),
        ["299 - \"duplicate field \\\"data.a\\\"\"", "299 - \"unknown field \\\"dota\\\"\""]
    );
    assert!(warnings(&post("Ignore")).is_empty());
    let refused = post("Strict");
    let message = value(&refused)["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.ends_with("duplicate field \"data.a\", unknown field \"dota\""), "{message}");
}

#[test]
fn a_watch_tells_what_is_there_and_what_happens() {
    let mut server = server();
    ask(&mut server, "POST", MAPS, &config_map("a"));
    let target = format!(
        "{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
         &allowWatchBookmarks=true"
    );
    let opened = answer(&mut server, Time::default(), &call("GET", &target, &[], ""));
    let Content::Watch(mut watch) = opened.body else { panic!("a watch is a stream") };
    let mut poll = |server: &mut Server| -> Vec<String> {
        let frames = watch.poll(server, Time::default());
        String::from_utf8_lossy(&frames)
            .lines()
            .map(|line| {
                let frame = crate::base::json_read::read(line).unwrap().value;
                let object = &frame["object"]["metadata"];
                let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
                let ends = text(&object["annotations"]["k8s.io/initial-events-end"]);
                format!("{} {} {ends}", text(&frame["type"]), text(&object["name"]))
            })
            .collect()
    };
    assert_eq!(poll(&mut server), ["ADDED a -", "BOOKMARK - true"]);
    assert!(poll(&mut server).is_empty());
    ask(&mut server, "POST", MAPS, &config_map("b"));
    ask(&mut server, "DELETE", &format!("{MAPS}/a"), "");
    assert_eq!(poll(&mut server), ["ADDED b -", "DELETED a -"]);
}

#[test]
fn a_table_has_a_row_an_object_and_counts_as_numbers() {
    let mut server = server();
    ask(&mut server, "POST", MAPS, &config_map("a"));
    let accept = [("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let target = format!("{MAPS}/a");
    let table = value(&answer(&mut server, Time::default(), &call("GET", &target, &accept, "")));
    assert_eq!(table["rows"][0]["cells"], json!(["a", 1, "0s"]));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(table["columnDefinitions"][0]["format"], "name");
}

/// What somebody is answered who acts for another.
fn ask_as(api: &mut Server, user: &str, method: &str, target: &str, body: &str) -> (u16, Value) {
    let call = Call {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: vec![("Impersonate-User".to_owned(), user.to_owned())],
        body: body.as_bytes().to_vec(),
    };
    let answer = answer(api, Time::default(), &call);
    let Content::Bytes(bytes) = answer.body else { panic!("no watch was asked for") };
    (answer.code, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[test]
fn who_is_named_may_do_what_roles_allow() {
    let mut server = Server::new(Rng::from_seed(1));
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let (code, told) = ask_as(&mut server, "jane", "GET", MAPS, "");
    assert_eq!(code, 403);
    let why = "configmaps is forbidden: User \"jane\" cannot list resource \"configmaps\" in API \
               group \"\" in the namespace \"default\"";
    assert_eq!(told["message"], why);
    let admin = |server: &mut Server, target: &str, body: &str| {
        let call = Call {
            method: "POST".to_owned(),
            target: target.to_owned(),
            body: body.as_bytes().to_vec(),
            ..Call::default()
        };
        assert_eq!(answer(server, Time::default(), &call).code, 201, "{target}");
    };
    let role = r#"{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["configmaps"],
        "verbs":["list"]},{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],
        "verbs":["create"]}]}"#;
    admin(&mut server, &format!("{rbac}/roles"), role);
    let binding = r#"{"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
        "kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"jane",
        "apiGroup":"rbac.authorization.k8s.io"}]}"#;
    admin(&mut server, &format!("{rbac}/rolebindings"), binding);
    assert_eq!(ask_as(&mut server, "jane", "GET", MAPS, "").0, 200);
    let more = r#"{"metadata":{"name":"e"},"rules":[{"apiGroups":[""],"resources":["pods"],
        "verbs":["get"]}]}"#;
    let (code, told) = ask_as(&mut server, "jane", "POST", &format!("{rbac}/roles"), more);
    assert_eq!(code, 403);
    let held = told["message"].as_str().unwrap_or_default();
    assert!(held.ends_with("{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}"), "{held}");
}
