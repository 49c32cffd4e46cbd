//! Custom resources whose versions a webhook converts.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::api::webhook::{Caller, Incoming, Outgoing};
use crate::kinds::custom_resource_definition::RESOURCE as DEFINITIONS;

/// A webhook that turns `spec.hostPort` of v1beta1 into `spec.host` and `spec.port` of v1 and back,
/// unless its URL says that it does something wrong.
#[derive(Default)]
struct Webhook {
    asked: RefCell<Vec<String>>,
}

fn turned(object: &Value, wanted: &str) -> Value {
    let mut object = object.clone();
    let text = |field: &str| object["spec"][field].as_str().unwrap_or_default().to_owned();
    object["spec"] = match wanted.ends_with("/v1") {
        true => {
            let both = text("hostPort");
            let (host, port) = both.split_once(':').unwrap_or_default();
            json!({"host": host, "port": port})
        }
        false => json!({"hostPort": format!("{}:{}", text("host"), text("port"))}),
    };
    object["apiVersion"] = wanted.into();
    object
}

impl Caller for Webhook {
    fn call(&self, request: &Outgoing) -> Result<Incoming, String> {
        let review: Value = serde_json::from_slice(&request.body).map_err(|why| why.to_string())?;
        let wanted = review["request"]["desiredAPIVersion"].as_str().unwrap_or_default();
        let object = &review["request"]["objects"][0];
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        self.asked.borrow_mut().push(format!("{name} {wanted}"));
        let mut converted = turned(object, wanted);
        let mut response =
            json!({"uid": review["request"]["uid"], "result": {"status": "Success"}});
        let behaviour = request.url.split(['/', '?']).nth(3).unwrap_or_default();
        match behaviour {
            "fail" => response["result"] = json!({"status": "Failed", "message": "not today"}),
            "mute" => response["result"] = json!({"status": "Failed"}),
            "uid" => response["uid"] = "nope".into(),
            "version" => converted["apiVersion"] = "w.example.com/v7".into(),
            "name" => converted["metadata"]["name"] = "other".into(),
            "label" => converted["metadata"]["labels"] = json!({"a": "b"}),
            "number" => converted["metadata"]["labels"] = json!({"a": 1}),
            "finalizer" => converted["metadata"]["finalizers"] = json!(["w.example.com/x"]),
            _ => {}
        }
        response["convertedObjects"] = match behaviour {
            "none" => json!([]),
            _ => json!([converted]),
        };
        let mut answer = json!({"apiVersion": review["apiVersion"], "kind": "ConversionReview"});
        if behaviour != "absent" {
            answer["response"] = response;
        }
        let body = answer.to_string().into_bytes();
        Ok(Incoming { code: 200, content_type: "application/json".to_owned(), body })
    }
}

/// A server with definitions of toys in two versions, and one toy stored in the older one.
fn served() -> (Server, Rc<Webhook>, GroupResource) {
    let (mut server, webhook) = (server(), Rc::new(Webhook::default()));
    server.set_caller(webhook.clone());
    let schema = json!({"openAPIV3Schema": {"type": "object",
        "x-kubernetes-preserve-unknown-fields": true}});
    let version = |name: &str, storage: bool| {
        json!({"name": name, "served": true,
        "storage": storage, "schema": schema})
    };
    let toys = custom::define(&mut server, &version("v1", false), &version("v1beta1", true));
    convert_by(&mut server, "fine");
    let body = json!({"apiVersion": "w.example.com/v1beta1", "kind": "Toy",
        "metadata": {"name": "a"}, "spec": {"hostPort": "h:1"}});
    let mut request = post(toys.clone(), "default", body);
    request.version = "v1beta1".to_owned();
    server.call(request).expect("stored");
    webhook.asked.borrow_mut().clear();
    (server, webhook, toys)
}

fn convert_by(server: &mut Server, behaviour: &str) {
    let conversion = json!({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"],
        "clientConfig": {"url": format!("https://h/{behaviour}")}}});
    let key = Key::new(DEFINITIONS, "", "toys.w.example.com");
    let patch = json!({"spec": {"conversion": conversion}});
    server.call(Request::patch(&key, PatchType::Merge, patch)).expect("accepted");
}

fn read(server: &mut Server, toys: &GroupResource, version: &str) -> Result<Reply, Status> {
    let mut request = Request::get(&Key::new(toys.clone(), "default", "a"));
    request.version = version.to_owned();
    server.call(request)
}

#[test]
fn each_version_shows_what_the_webhook_makes_of_the_stored_one() {
    let (mut server, webhook, toys) = served();
    let spec = |reply: Result<Reply, Status>| reply.unwrap().object().unwrap().to_value();
    assert_eq!(spec(read(&mut server, &toys, "v1beta1"))["spec"], json!({"hostPort": "h:1"}));
    assert!(webhook.asked.borrow().is_empty());
    let shown = spec(read(&mut server, &toys, "v1"));
    assert_eq!(shown["apiVersion"], "w.example.com/v1");
    assert_eq!(shown["spec"], json!({"host": "h", "port": "1"}));
    let key = Key::new(toys.clone(), "default", "a");
    let mut patch = Request::patch(&key, PatchType::Merge, json!({"spec": {"port": "2"}}));
    patch.version = "v1".to_owned();
    assert_eq!(spec(server.call(patch))["spec"], json!({"host": "h", "port": "2"}));
    let stored = server.store().get(&key).unwrap().to_value();
    assert_eq!(stored["apiVersion"], "w.example.com/v1beta1");
    assert_eq!(stored["spec"], json!({"hostPort": "h:2"}));
    // Lists are read from what was made of the objects when they were written.
    webhook.asked.borrow_mut().clear();
    let mut list = Request::list(toys, "default");
    list.version = "v1".to_owned();
    let Ok(Reply::List(list)) = server.call(list) else { panic!("no list") };
    assert_eq!(list.items[0].to_value()["spec"]["port"], "2");
    assert!(webhook.asked.borrow().is_empty());
}

#[test]
fn what_a_webhook_does_wrong_is_told_in_upstreams_words() {
    let begin = "500 conversion webhook for w.example.com/v1beta1, Kind=Toy";
    let cases = [
        ("fail", "failed: not today"),
        ("mute", "failed: response.result.status was 'Failed', not 'Success'"),
        ("absent", "failed: no response provided"),
        ("none", "returned 0 objects, expected 1"),
        (
            "version",
            "returned invalid object at index 0: invalid groupVersion (expected w.example.com/v1, \
             received w.example.com/v7)",
        ),
        ("name", "returned invalid object: must have the same name: a != other"),
        (
            "number",
            "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in \
             converted object",
        ),
    ];
    let (mut server, _, toys) = served();
    for (behaviour, why) in cases {
        convert_by(&mut server, behaviour);
        assert_eq!(refusal(read(&mut server, &toys, "v1")), format!("{begin} {why}"));
        assert!(read(&mut server, &toys, "v1beta1").is_ok());
    }
    convert_by(&mut server, "uid");
    let why = refusal(read(&mut server, &toys, "v1"));
    assert!(why.ends_with(", got \"nope\""), "{why}");
    // Labels are the webhook's to change, what else there is of the metadata is not.
    convert_by(&mut server, "label");
    let shown = read(&mut server, &toys, "v1").unwrap().object().unwrap().to_value();
    assert_eq!(shown["metadata"]["labels"], json!({"a": "b"}));
    convert_by(&mut server, "finalizer");
    let shown = read(&mut server, &toys, "v1").unwrap().object().unwrap().to_value();
    assert_eq!(shown["metadata"]["finalizers"], json!(null));
}
