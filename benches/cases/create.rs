//! What a create costs inside the API server: a body as a client sends it is decoded, defaulted,
//! admitted, validated and stored.

use serde_json::json;
use tabernetes::api::{Body, Request, Verb};
use tabernetes::cluster::Cluster;
use tabernetes::object::GroupResource;

use super::{Clock, Figure, taken};

/// How many objects are created; each figure is of one of them.
const MANY: u32 = 2_000;

fn config_map(name: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "labels": { "app": "web" } },
        "data": { "color": "blue", "size": "7" }
    })
}

fn pod(name: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "labels": { "app": "web" } },
        "spec": { "containers": [{
            "name": "web", "image": "nginx:1.27", "ports": [{ "containerPort": 80 }],
            "resources": { "requests": { "cpu": "100m", "memory": "64Mi" } }
        }] }
    })
}

/// The mean time that one create takes.
fn each(
    clock: Clock,
    cluster: &mut Cluster,
    plural: &'static str,
    body: fn(&str) -> serde_json::Value,
) -> std::time::Duration {
    let requests = (0..MANY).map(|number| {
        let mut request = Request::new(Verb::Create, GroupResource::new("", plural));
        "default".clone_into(&mut request.namespace);
        request.body = Body::Json(body(&format!("{plural}-{number}")));
        request
    });
    let requests: Vec<Request> = requests.collect();
    let all = taken(clock, || {
        for request in requests {
            let created = cluster.call(request);
            assert!(created.is_ok(), "{created:?}");
        }
    });
    all / MANY
}

/// The case.
pub fn creates(clock: Clock) -> Vec<Figure> {
    let mut cluster = Cluster::started(1);
    vec![
        ("a ConfigMap", each(clock, &mut cluster, "configmaps", config_map)),
        ("a Pod", each(clock, &mut cluster, "pods", pod)),
    ]
}
