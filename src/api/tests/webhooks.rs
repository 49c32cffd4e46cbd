//! What admission webhooks are asked, and what their answers make of a request.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::api::webhook::{Caller, Incoming, Outgoing};
use crate::base::base64::{self, Alphabet};

const GROUP: &str = "admissionregistration.k8s.io";

/// Webhooks that answer as their URLs say, and note what they were asked.
#[derive(Default)]
struct Hooks {
    asked: RefCell<Vec<Value>>,
}

impl Caller for Hooks {
    fn call(&self, request: &Outgoing) -> Result<Incoming, String> {
        let review: Value = serde_json::from_slice(&request.body).map_err(|why| why.to_string())?;
        let uid = review["request"]["uid"].clone();
        let mut noted = review["request"].clone();
        noted["url"] = request.url.clone().into();
        self.asked.borrow_mut().push(noted);
        let path = request.url.split('/').nth(3).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let patch = |operations: Value| {
            let patch = base64::encode(operations.to_string().as_bytes(), Alphabet::Standard);
            json!({"allowed": true, "patchType": "JSONPatch", "patch": patch})
        };
        let json = |code: u16, body: Value| Incoming {
            code,
            content_type: "application/json".to_owned(),
            body: body.to_string().into_bytes(),
        };
        let mut response = match path {
            "allow" => json!({"allowed": true, "warnings": ["take care"]}),
            "deny" => json!({"allowed": false}),
            "reason" => json!({"allowed": false, "status": {"reason": "labels are not set"}}),
            "code" => json!({"allowed": false, "status": {"message": "teapot", "code": 418}}),
            "other-uid" => json!({"allowed": true, "uid": "nope"}),
            "not-base64" => json!({"allowed": true, "patchType": "JSONPatch", "patch": "***"}),
            "no-type" => json!({"allowed": true, "patch": "W10="}),
            "wrong-type" => json!({"allowed": "yes"}),
            "absent" => {
                return Ok(json(
                    200,
                    json!({"apiVersion": "admission.k8s.io/v1",
                                                   "kind": "AdmissionReview"}),
                ));
            }
            "500" => {
                let (content_type, body) = ("text/plain".to_owned(), b"boom\n".to_vec());
                return Ok(Incoming { code: 500, content_type, body });
            }
            "404" => return Ok(json(404, json!("not here"))),
            "empty" => return Ok(Incoming { body: Vec::new(), ..json(200, Value::Null) }),
            "refused" => return Err("dial tcp 1.2.3.4:443: connect: connection refused".to_owned()),
            "remove" => patch(json!([{"op": "remove", "path": "/metadata/labels/absent"}])),
            letter => {
                let before =
                    review["request"]["object"]["metadata"]["annotations"]["order"].clone();
                let order = format!("{}{letter}", before.as_str().unwrap_or_default());
                patch(json!([{"op": "add", "path": "/metadata/annotations",
                              "value": {"order": order}}]))
            }
        };
        if response["uid"].is_null() {
            response["uid"] = uid;
        }
        let mut answer = json!({"response": response});
        answer["apiVersion"] = review["apiVersion"].clone();
        answer["kind"] = review["kind"].clone();
        Ok(json(200, answer))
    }
}

fn asking() -> (Server, Rc<Hooks>) {
    let (mut server, hooks) = (server(), Rc::new(Hooks::default()));
    server.set_caller(hooks.clone());
    (server, hooks)
}

/// A webhook for ConfigMaps, with some fields changed.
fn hook(path: &str, changed: &Value) -> Value {
    let mut hook = json!({"name": format!("{path}.example.com"), "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "clientConfig": {"url": format!("https://h/{path}")},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
                   "resources": ["configmaps"]}]});
    for (field, value) in changed.as_object().into_iter().flatten() {
        hook[field] = value.clone();
    }
    hook
}

fn configure(server: &mut Server, mutates: bool, name: &str, hooks: &[Value]) {
    let plural = match mutates {
        true => "mutatingwebhookconfigurations",
        false => "validatingwebhookconfigurations",
    };
    let body = json!({"metadata": {"name": name}, "webhooks": hooks});
    server.call(post(GroupResource::dynamic(GROUP, plural), "", body)).expect("accepted");
}

fn new_map(server: &mut Server, name: &str) -> Result<Reply, Status> {
    let body = json!({"metadata": {"name": name, "labels": {"a": "b"}}});
    server.call(post(CONFIG_MAPS, "default", body))
}

#[test]
fn an_answer_means_what_it_means_upstream() {
    let failed = |name: &str, why: &str| {
        format!("500 Internal error occurred: failed calling webhook \"{name}.example.com\": {why}")
    };
    let denied = |code: u16, name: &str, why: &str| {
        format!("{code} admission webhook \"{name}.example.com\" denied the request{why}")
    };
    let call = "failed to call webhook: ";
    let invalid = "received invalid webhook response: ";
    let cases = [
        ("deny", false, denied(400, "deny", " without explanation")),
        ("reason", false, denied(400, "reason", ": labels are not set")),
        ("code", false, denied(418, "code", ": teapot")),
        ("absent", false, failed("absent", &format!("{invalid}webhook response was absent"))),
        (
            "not-base64",
            true,
            failed("not-base64", &format!("{call}illegal base64 data at input byte 0")),
        ),
        (
            "no-type",
            true,
            failed(
                "no-type",
                &format!("{invalid}webhook returned response.patch but not response.patchType"),
            ),
        ),
        (
            "no-type",
            false,
            failed(
                "no-type",
                &format!("{invalid}validating webhook may not return response.patch"),
            ),
        ),
        (
            "wrong-type",
            false,
            failed(
                "wrong-type",
                &format!(
                    "{call}json: cannot unmarshal string into Go struct field \
                          AdmissionResponse.response.allowed of type bool"
                ),
            ),
        ),
        (
            "500",
            false,
            failed(
                "500",
                &format!(
                    "{call}an error on the server (\"boom\") has prevented the request from succeeding"
                ),
            ),
        ),
        (
            "404",
            false,
            failed("404", &format!("{call}the server could not find the requested resource")),
        ),
        (
            "empty",
            false,
            failed(
                "empty",
                &format!(
                    "{call}0-length response with status code: 200 and content type: application/json"
                ),
            ),
        ),
        (
            "refused",
            false,
            failed(
                "refused",
                &format!(
                    "{call}Post \"https://h/refused?timeout=10s\": dial tcp 1.2.3.4:443: connect: connection refused"
                ),
            ),
        ),
        (
            "remove",
            true,
            "500 Internal error occurred: error in remove for path: '/metadata/labels/absent': \
             Unable to remove nonexistent key: absent: missing value"
                .to_owned(),
        ),
    ];
    for (path, mutates, wanted) in cases {
        let (mut server, _) = asking();
        configure(&mut server, mutates, "c", &[hook(path, &json!({}))]);
        assert_eq!(refusal(new_map(&mut server, "m")), wanted);
    }
    let (mut server, hooks) = asking();
    configure(&mut server, false, "c", &[hook("other-uid", &json!({}))]);
    let why = refusal(new_map(&mut server, "m"));
    let uid = hooks.asked.borrow()[0]["uid"].clone();
    assert!(why.ends_with(&format!("expected response.uid={uid}, got \"nope\"")), "{why}");
}

#[test]
fn only_those_are_asked_whom_a_request_concerns() {
    let rule = |operation: &str, group: &str, version: &str, resource: &str, scope: &str| {
        json!({"rules": [{"operations": [operation], "apiGroups": [group], "scope": scope,
                          "apiVersions": [version], "resources": [resource]}]})
    };
    let condition = |text: &str| json!({"matchConditions": [{"name": "c", "expression": text}]});
    let cases = [
        (json!({}), true),
        (rule("*", "*", "*", "*/*", "*"), true),
        (rule("CREATE", "", "v1", "configmaps", "Namespaced"), true),
        (rule("CREATE", "", "v1", "configmaps", "Cluster"), false),
        (rule("UPDATE", "", "v1", "configmaps", "*"), false),
        (rule("CREATE", "apps", "v1", "configmaps", "*"), false),
        (rule("CREATE", "", "v2", "configmaps", "*"), false),
        (rule("CREATE", "", "v1", "configmaps/status", "*"), false),
        (json!({"objectSelector": {"matchLabels": {"a": "b"}}}), true),
        (json!({"objectSelector": {"matchLabels": {"a": "c"}}}), false),
        (
            json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "x"}}}),
            false,
        ),
        (condition("object.metadata.name == 'm'"), true),
        (condition("object.metadata.name == 'n'"), false),
    ];
    for (changed, wanted) in cases {
        let (mut server, hooks) = asking();
        configure(&mut server, false, "c", &[hook("allow", &changed)]);
        assert!(new_map(&mut server, "m").is_ok());
        assert_eq!(!hooks.asked.borrow().is_empty(), wanted, "{changed}");
        assert_eq!(server.take_warnings().is_empty(), !wanted, "{changed}");
    }
}

#[test]
fn mutating_webhooks_follow_one_another_and_see_again_what_others_changed() {
    let (mut server, hooks) = asking();
    let again = json!({"reinvocationPolicy": "IfNeeded"});
    configure(&mut server, true, "b", &[hook("b", &json!({}))]);
    configure(&mut server, true, "a", &[hook("a", &again)]);
    let made = new_map(&mut server, "m").unwrap().object().unwrap();
    assert_eq!(made.to_value()["metadata"]["annotations"]["order"], "aba");
    let asked = hooks.asked.borrow();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0]["url"], "https://h/a?timeout=10s");
    assert_eq!(asked[0]["operation"], "CREATE");
    assert_eq!(
        asked[0]["resource"],
        json!({"group": "", "version": "v1", "resource": "configmaps"})
    );
    assert_eq!(asked[0]["userInfo"]["username"], "kubernetes-admin");
    assert_eq!(asked[0]["options"]["kind"], "CreateOptions");
}

#[test]
fn what_cannot_be_asked_matters_only_where_it_is_to() {
    let ignored = json!({"failurePolicy": "Ignore", "timeoutSeconds": 1});
    let (mut server, _) = asking();
    configure(&mut server, false, "c", &[hook("refused", &ignored)]);
    assert!(new_map(&mut server, "m").is_ok());
    configure(&mut server, true, "d", &[hook("deny", &ignored)]);
    assert!(refusal(new_map(&mut server, "n")).contains("denied the request"));
    let mut alone = super::server();
    configure(&mut alone, false, "c", &[hook("allow", &json!({}))]);
    let why = refusal(new_map(&mut alone, "m"));
    assert!(why.contains("failed calling webhook \"allow.example.com\""), "{why}");
}

#[test]
fn a_service_that_is_not_there_is_told_of() {
    let service = |name: &str, port: u16| {
        json!({"clientConfig":
            {"service": {"name": name, "namespace": "default", "path": "/x", "port": port}}})
    };
    let cases = [
        (
            service("nosuch", 443),
            "https://nosuch.default.svc:443/x",
            "service \"nosuch\" not found",
        ),
        (
            service("s", 99),
            "https://s.default.svc:99/x",
            "no service port 99 found for service \"s\"",
        ),
    ];
    for (changed, url, why) in cases {
        let (mut server, _) = asking();
        let spec = json!({"ports": [{"port": 443}]});
        create(&mut server, SERVICES, json!({"metadata": {"name": "s"}, "spec": spec}));
        configure(&mut server, false, "c", &[hook("allow", &changed)]);
        let wanted = format!("failed to call webhook: Post \"{url}?timeout=10s\": {why}");
        let found = refusal(new_map(&mut server, "m"));
        assert!(found.ends_with(&wanted), "{found}");
    }
}

#[test]
fn what_a_subresource_is_given_is_asked_about_as_what_it_is() {
    let (mut server, hooks) = asking();
    create(&mut server, PODS, pod("p"));
    let rules = json!([{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods/binding", "pods/eviction", "pods/exec"]}]);
    configure(&mut server, false, "c", &[hook("allow", &json!({"rules": rules}))]);
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
    let named = |request: Request| Request { name: "p".to_owned(), ..request };
    let exec = Request {
        query: vec![("command".into(), "ls".into())],
        ..post(PODS, "default", json!({}))
    };
    let why = server.check_connection(&named(exec.to("exec"))).unwrap_err();
    assert_eq!(why.message, "pod p does not have a host assigned");
    server.call(bind("p", "node1")).expect("bound");
    server.call(named(post(PODS, "default", eviction).to("eviction"))).expect("evicted");
    let asked = hooks.asked.borrow();
    let told = asked.iter().map(|r| {
        json!([
            r["operation"],
            r["kind"]["kind"],
            r["subResource"],
            r["oldObject"],
            r["options"]["kind"]
        ])
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            json!(["CONNECT", "PodExecOptions", "exec", null, null]),
            json!(["CREATE", "Binding", "binding", null, "CreateOptions"]),
            json!(["CREATE", "Eviction", "eviction", null, "CreateOptions"]),
        ]
    );
    assert_eq!(asked[0]["object"]["command"], json!(["ls"]));
}
