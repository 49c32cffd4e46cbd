//! What a cluster has from the start. Mirrors the post-start hooks of the API server.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Namespace, Service, ServicePort,
    ServiceSpec,
};
use k8s_openapi::api::discovery::v1::{self as discovery, EndpointConditions, EndpointSlice};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use serde_json::json;

use crate::base::order::Gather;
use crate::kinds;
use crate::object::{Object, Resource};

/// Where the API server listens: on the first node of a cluster, which runs the control plane.
const ADDRESS: &str = "192.168.1.11";
const PORT: i32 = 6443;

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

/// Where the Service `kubernetes` leads.
pub(super) fn endpoints() -> Vec<Object> {
    vec![api_endpoints(), api_endpoint_slice()]
}

fn named<T: Resource>(mut object: T, name: &str) -> Object {
    object.meta_mut().name = Some(name.to_owned());
    Object::new(object)
}

/// `kubernetes.default`. Mirrors `pkg/controlplane/controller/kubernetesservice`.
fn api_service() -> Object {
    let metadata = labelled(&[("component", "apiserver"), ("provider", "kubernetes")]);
    let port = ServicePort {
        name: Some("https".to_owned()),
        port: 443,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::Int(PORT)),
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

/// The metadata of an object of the default namespace.
fn labelled(labels: &[(&str, &str)]) -> ObjectMeta {
    let labels: BTreeMap<_, _> =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).gathered();
    ObjectMeta {
        namespace: Some("default".to_owned()),
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}

/// Mirrors `pkg/controlplane/reconcilers`.
fn api_endpoints() -> Object {
    let address = EndpointAddress { ip: ADDRESS.to_owned(), ..EndpointAddress::default() };
    let port = EndpointPort {
        name: Some("https".to_owned()),
        port: PORT,
        protocol: Some("TCP".to_owned()),
        ..EndpointPort::default()
    };
    let subset = EndpointSubset {
        addresses: Some(vec![address]),
        ports: Some(vec![port]),
        ..EndpointSubset::default()
    };
    let metadata = labelled(&[("endpointslice.kubernetes.io/skip-mirror", "true")]);
    named(Endpoints { metadata, subsets: Some(vec![subset]) }, "kubernetes")
}

fn api_endpoint_slice() -> Object {
    let endpoint = discovery::Endpoint {
        addresses: vec![ADDRESS.to_owned()],
        conditions: Some(EndpointConditions { ready: Some(true), ..EndpointConditions::default() }),
        ..discovery::Endpoint::default()
    };
    let port = discovery::EndpointPort {
        name: Some("https".to_owned()),
        port: Some(PORT),
        protocol: Some("TCP".to_owned()),
        ..discovery::EndpointPort::default()
    };
    let slice = EndpointSlice {
        metadata: labelled(&[("kubernetes.io/service-name", "kubernetes")]),
        address_type: "IPv4".to_owned(),
        endpoints: Some(vec![endpoint]),
        ports: Some(vec![port]),
    };
    named(slice, "kubernetes")
}

/// What the parts of the control plane are like. Mirrors `componentstatus.REST`, which asks them.
pub(super) fn components() -> Vec<Object> {
    let kind = kinds::by_kind("", "ComponentStatus");
    let component = |name: &str| {
        let condition = json!({"type": "Healthy", "status": "True", "message": "ok"});
        let value = json!({"metadata": {"name": name}, "conditions": [condition]});
        kind.and_then(|kind| kind.decode("v1", &value).ok())
    };
    ["scheduler", "controller-manager", "etcd-0"].into_iter().filter_map(component).collect()
}
