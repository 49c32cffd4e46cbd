//! Server-side apply: two managers apply a document each, in turn, to the same object.
//! What is answered is what is stored.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tabernetes::api::{Api, Body, PatchType, Reply, Request, Verb};
use tabernetes::base::yaml;
use tabernetes::cluster::Cluster;
use tabernetes::kinds::KINDS;

thread_local! {
    static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::started(1));
}

fn request(value: &Value, manager: &str) -> Option<Request> {
    let kind = KINDS.iter().find(|kind| kind.names().kind == value["kind"])?;
    let mut request = Request::new(Verb::Patch(PatchType::Apply), kind.names().resource());
    value["metadata"]["name"].as_str()?.clone_into(&mut request.name);
    if kind.names().namespaced {
        "default".clone_into(&mut request.namespace);
    }
    manager.clone_into(&mut request.manager);
    request.force = manager == "second";
    request.body = Body::Json(value.clone());
    Some(request)
}

fuzz_target!(|text: &str| {
    let mut cluster = CLUSTER.with(|cluster| Cluster::clone(cluster));
    let documents = yaml::parse_documents(text);
    for (document, manager) in documents.iter().zip(["first", "second", "first"]) {
        let Ok(value) = &document.value else { continue };
        let Some(request) = request(value, manager) else { continue };
        let Ok(Reply::Object(answered)) = Api::call(&mut cluster, request) else { continue };
        let stored = Api::call(&mut cluster, Request::get(&answered.key()));
        let stored = stored.ok().and_then(Reply::object);
        assert_eq!(stored.map(|object| object.to_value()), Some(answered.to_value()), "{text:?}");
    }
});
