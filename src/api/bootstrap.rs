//! What a cluster has from the start. Mirrors the post-start hooks of the API server.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace, Service, ServicePort, ServiceSpec};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::object::{Object, Resource};

/// Mirrors `SystemNamespaces`.
const NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// Mirrors `SystemPriorityClasses`.
const PRIORITY_CLASSES: [(&str, i32, &str); 2] = [
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another \
         node if necessary.",
    ),
];

/// The objects to be created before the first request is answered.
pub(super) fn objects() -> Vec<Object> {
    let namespaces = NAMESPACES.map(|name| named(Namespace::default(), name));
    let classes = PRIORITY_CLASSES.map(|(name, value, description)| {
        let class = PriorityClass {
            value: Some(value),
            description: Some(description.to_owned()),
            ..PriorityClass::default()
        };
        named(class, name)
    });
    namespaces.into_iter().chain(classes).chain([api_service()]).collect()
}

fn named<T: Resource>(mut object: T, name: &str) -> Object {
    object.meta_mut().name = Some(name.to_owned());
    Object::new(object)
}

/// `kubernetes.default`. Mirrors `pkg/controlplane/controller/kubernetesservice`.
fn api_service() -> Object {
    let labels = [("component", "apiserver"), ("provider", "kubernetes")];
    let labels: BTreeMap<_, _> =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let metadata = ObjectMeta {
        namespace: Some("default".to_owned()),
        labels: Some(labels),
        ..ObjectMeta::default()
    };
    let port = ServicePort {
        name: Some("https".to_owned()),
        port: 443,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::Int(6443)),
        ..ServicePort::default()
    };
    let spec = ServiceSpec {
        cluster_ip: Some("10.96.0.1".to_owned()),
        ports: Some(vec![port]),
        type_: Some("ClusterIP".to_owned()),
        ..ServiceSpec::default()
    };
    named(Service { metadata, spec: Some(spec), ..Service::default() }, "kubernetes")
}
