//! The network of the Services' addresses, and an IPAddress for each that is taken.
//! Mirrors `pkg/controlplane/controller/defaultservicecidr` and `pkg/registry/core/service/ipallocator`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{
    IPAddress, IPAddressSpec, ParentReference, ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use super::{Api, Request, Server};
use crate::base::order::Gather;
use crate::object::{GroupResource, Object, meta};
use crate::sim::Time;

/// What IPAddresses are about.
pub(super) const SERVICES: GroupResource = GroupResource::new("", "services");
const ADDRESSES: GroupResource = GroupResource::new("networking.k8s.io", "ipaddresses");

/// The network that Services have their addresses from.
pub(super) fn network(now: Time) -> Object {
    let ready = Condition {
        type_: "Ready".to_owned(),
        status: "True".to_owned(),
        message: "Kubernetes Service CIDR is ready".to_owned(),
        last_transition_time: meta::timestamp(now),
        observed_generation: None,
        reason: String::new(),
    };
    let network = ServiceCIDR {
        metadata: ObjectMeta {
            name: Some("kubernetes".to_owned()),
            finalizers: Some(vec!["networking.k8s.io/service-cidr-finalizer".to_owned()]),
            ..ObjectMeta::default()
        },
        spec: Some(ServiceCIDRSpec { cidrs: Some(vec!["10.96.0.0/12".to_owned()]) }),
        status: Some(ServiceCIDRStatus { conditions: Some(vec![ready]) }),
    };
    Object::new(network)
}

fn address(name: &str, parent: &ParentReference) -> Object {
    let labels = [
        ("ipaddress.kubernetes.io/ip-family", "IPv4"),
        ("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io"),
    ];
    let labels: BTreeMap<_, _> =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).gathered();
    Object::new(IPAddress {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        spec: IPAddressSpec { parent_ref: parent.clone() },
    })
}

impl Server {
    /// Notes which addresses a Service has; none once it `is_gone`.
    pub(super) fn note_addresses(&mut self, service: &Object, is_gone: bool) {
        let parent = ParentReference {
            group: None,
            name: service.name().to_owned(),
            namespace: Some(service.namespace().to_owned()),
            resource: "services".to_owned(),
        };
        let spec = service.get::<Service>().and_then(|service| service.spec.as_ref());
        let ips = spec.and_then(|spec| spec.cluster_ips.clone()).unwrap_or_default();
        let mut wanted: Vec<String> = ips.into_iter().filter(|ip| ip != "None").collect();
        if is_gone {
            wanted.clear();
        }
        let has = |object: &&Object| {
            object.get::<IPAddress>().is_some_and(|address| address.spec.parent_ref == parent)
        };
        let noted: Vec<Object> = self.store.list(&ADDRESSES).filter(has).cloned().collect();
        for old in &noted {
            if !wanted.iter().any(|ip| ip == old.name()) {
                // It was there a moment ago.
                let _ = self.store.remove(&old.key());
            }
        }
        wanted.retain(|ip| !noted.iter().any(|old| old.name() == ip));
        for ip in wanted {
            // Apart, so that what they draw does not change what others are called.
            let rng = self.rng.fork(&ip);
            let rng = std::mem::replace(&mut self.rng, rng);
            // An address that somebody has noted by hand stays as it is.
            let _ = self.call(Request::create(address(&ip, &parent)));
            self.rng = rng;
        }
    }
}
