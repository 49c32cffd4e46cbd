//! Requests and what the server answers.

mod admission;
#[cfg(not(target_arch = "wasm32"))]
mod conversion;
mod custom;
mod decoding;
#[cfg(not(target_arch = "wasm32"))]
mod openapi;
mod patching;
mod policies;
mod subresources;
mod verbs;
#[cfg(not(target_arch = "wasm32"))]
mod webhooks;

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use serde_json::{Value, json};

use crate::api::{
    Api, Body, Door, PatchType, Propagation, Reply, Request, Server, Status, Upstream, Verb,
};
use crate::object::{GroupResource, Key, Object};
use crate::sim::{Rng, Time};
use crate::store::ChangeKind;

const CONFIG_MAPS: GroupResource = GroupResource::new("", "configmaps");
const PODS: GroupResource = GroupResource::new("", "pods");
const NAMESPACES: GroupResource = GroupResource::new("", "namespaces");
const DEPLOYMENTS: GroupResource = GroupResource::new("apps", "deployments");
const SERVICES: GroupResource = GroupResource::new("", "services");
const CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");

fn server() -> Server {
    let mut server = Server::new(Rng::from_seed(1));
    server.set_now(Time::from_seconds(1_800_000_000));
    server
}

fn post(resource: GroupResource, namespace: &str, body: Value) -> Request {
    let mut request = Request::new(Verb::Create, resource);
    namespace.clone_into(&mut request.namespace);
    request.body = Body::Json(body);
    request
}

fn put(resource: GroupResource, name: &str, body: Value) -> Request {
    let mut request = post(resource, "default", body);
    name.clone_into(&mut request.name);
    Request { verb: Verb::Update, ..request }
}

fn create(server: &mut Server, resource: GroupResource, body: Value) -> Object {
    let reply = server.call(post(resource, "default", body));
    reply.expect("accepted").object().expect("an object")
}

fn refusal(result: Result<Reply, Status>) -> String {
    let status = result.expect_err("refused");
    format!("{} {}", status.code, status.message)
}

fn config_map(name: &str) -> Object {
    let mut object = Object::new(ConfigMap::default());
    object.meta_mut().name = Some(name.to_owned());
    object.meta_mut().namespace = Some("default".to_owned());
    object
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
}

fn bind(pod: &str, node: &str) -> Request {
    let body = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
        "target": {"kind": "Node", "name": node}});
    let request = post(PODS, "default", body).to("binding");
    Request { name: pod.to_owned(), ..request }
}
