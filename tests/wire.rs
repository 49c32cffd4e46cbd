//! HTTP requests and their answers, without a socket: what `tests/wire/*.yaml` say is sent to a
//! cluster, and each answer is held against what stands there.
#![cfg(not(target_arch = "wasm32"))]

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tabernetes::api::http::{Answer, Call, Content, answer};
use tabernetes::cluster::Cluster;

/// A cluster with what the requests are about.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new(1);
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}, {"name": "s", "image": "side"}]},
            },
        },
    });
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    for (path, object) in [
        ("/apis/apps/v1/namespaces/default/deployments", deployment),
        ("/api/v1/namespaces/default/configmaps", map),
    ] {
        let body = object.to_string().into_bytes();
        let call = Call { method: "POST".into(), target: path.into(), headers: vec![], body };
        assert_eq!(ask(&mut cluster, &call).code, 201, "{path}");
    }
    cluster
}

fn ask(cluster: &mut Cluster, call: &Call) -> Answer {
    let now = cluster.now();
    answer(cluster, now, call)
}

/// The request that an exchange tells of.
fn call(exchange: &Value) -> Call {
    let text = |name: &str| exchange[name].as_str().unwrap_or_default();
    let (method, target) = text("request").split_once(' ').expect("a method and a path");
    let headers = exchange["headers"].as_object().into_iter().flatten();
    let times = exchange["times"].as_u64().unwrap_or(1);
    Call {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
            .collect(),
        body: text("body").repeat(usize::try_from(times).expect("not too often")).into_bytes(),
    }
}

/// Plays a file; what is not as it says.
fn differences(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").join(file);
    let text = std::fs::read_to_string(&path).expect("can be read");
    let exchanges: Vec<Value> = serde_yaml::from_str(&text).expect("is a list");
    assert!(!exchanges.is_empty(), "{file} is empty");
    let mut cluster = cluster();
    let mut wrong = String::new();
    for exchange in &exchanges {
        let revision = cluster.store().revision();
        let answer = ask(&mut cluster, &call(exchange));
        let Content::Bytes(body) = answer.body else { panic!("{exchange}: a stream") };
        let status: Value = serde_json::from_slice(&body).unwrap_or_default();
        let got = json!({
            "status": answer.code, "reason": status["reason"], "message": status["message"],
        });
        let differs = |name: &&&str| {
            let said = &exchange[**name];
            !said.is_null() && *said != got[**name] && !(said == "" && got[**name].is_null())
        };
        for name in ["status", "reason", "message"].iter().filter(differs) {
            let (said, request) = (&exchange[*name], &exchange["request"]);
            let _ = writeln!(wrong, "{request}\n  {name}: {said}\n  but: {}", got[*name]);
        }
        if cluster.store().revision() != revision {
            let _ = writeln!(wrong, "{}: something was stored", exchange["request"]);
        }
    }
    wrong
}

#[test]
fn bad_input_is_refused_in_upstreams_words() {
    let wrong = differences("bad_input.yaml");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_too_long_too_deep_or_elsewhere_is_refused() {
    let wrong = differences("limits.yaml");
    assert!(wrong.is_empty(), "{wrong}");
}
