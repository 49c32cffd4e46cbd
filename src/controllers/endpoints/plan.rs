//! Which pods serve a Service, at which ports.
//! Mirrors `pkg/controller/endpoint` and `endpointslice`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort as OldPort, EndpointSubset, ObjectReference, Pod, Service,
    ServicePort,
};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::slices::Group;
use crate::base::order::Order as _;
use crate::controllers::pod;
use crate::sim::{Explain, Fact};

/// How many backends the trace names: it is told of each of thousands as they become ready.
const SHOWN_MAX: usize = 50;

/// How many addresses an Endpoints object holds. Mirrors `maxCapacity`.
const ADDRESSES_MAX: usize = 1000;

/// One pod behind a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// Its address.
    pub ip: String,
    /// Whether it may be sent requests.
    pub ready: bool,
    /// Whether it would answer, though it may be going.
    pub serving: bool,
    /// Whether it is going.
    pub terminating: bool,
    /// Its node.
    pub node: String,
    /// The pod's name and uid.
    pub pod: (String, String),
    /// Its host name, if it has one of its own under the Service's name.
    pub hostname: Option<String>,
}

/// The backends of a Service by the ports they serve.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// (name, protocol, number) of each port, and who serves exactly those.
    pub groups: BTreeMap<Vec<(String, String, i32)>, Vec<Backend>>,
}

/// Finds the backends among the pods that the Service selects.
pub fn plan(service: &Service, pods: &[&Pod]) -> Plan {
    let mut plan = Plan::default();
    let Some(spec) = &service.spec else { return plan };
    let ports = spec.ports.as_deref().unwrap_or_default();
    let publish_unready = spec.publish_not_ready_addresses == Some(true);
    for pod in pods {
        let Some(backend) = backend(service, pod, publish_unready) else { continue };
        let served = ports.iter().filter_map(|port| {
            let number = target(port, pod)?;
            let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
            Some((port.name.clone().unwrap_or_default(), protocol, number))
        });
        let served: Vec<_> = served.collect();
        // A pod that has none of the named ports is no backend; a headless Service needs none.
        if !served.is_empty() || ports.is_empty() {
            plan.groups.entry(served).or_default().push(backend);
        }
    }
    plan.groups.values_mut().for_each(|backends| backends.order());
    plan
}

/// Mirrors `ShouldPodBeInEndpoints` and `podToEndpoint`.
fn backend(service: &Service, pod: &Pod, publish_unready: bool) -> Option<Backend> {
    let ip = pod.status.as_ref()?.pod_ip.clone().filter(|ip| !ip.is_empty())?;
    if pod::is_finished(pod) {
        return None;
    }
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let serving = publish_unready || pod::is_ready(pod);
    let spec = pod.spec.as_ref()?;
    let named = spec.subdomain.is_some() && spec.subdomain == service.metadata.name;
    Some(Backend {
        ip,
        ready: publish_unready || (serving && !terminating),
        serving,
        terminating,
        node: pod::node_name(pod).to_owned(),
        pod: (
            pod.metadata.name.clone().unwrap_or_default(),
            pod.metadata.uid.clone().unwrap_or_default(),
        ),
        hostname: spec.hostname.clone().filter(|_| named),
    })
}

/// The number of a Service's target port at a pod. Mirrors `podutil.FindPort`.
fn target(port: &ServicePort, pod: &Pod) -> Option<i32> {
    let name = match port.target_port.as_ref() {
        None | Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let containers = pod.spec.as_ref()?.containers.iter();
    let mut offered = containers.flat_map(|container| container.ports.iter().flatten());
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    let found = offered.find(|offer| {
        offer.name.as_ref() == Some(name) && offer.protocol.as_deref().unwrap_or("TCP") == protocol
    });
    found.map(|offer| offer.container_port)
}

fn reference(backend: &Backend, namespace: &str) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: Some(namespace.to_owned()),
        name: Some(backend.pod.0.clone()),
        uid: Some(backend.pod.1.clone()),
        ..ObjectReference::default()
    }
}

impl Plan {
    /// The subsets of an Endpoints object; going pods are left out. Also whether they are cut
    /// short: those that are ready come first. Mirrors `truncateEndpoints`.
    pub fn subsets(&self, namespace: &str) -> (Vec<EndpointSubset>, bool) {
        let mut subsets = self.all_subsets(namespace);
        let count = |list: &Option<Vec<EndpointAddress>>| list.as_ref().map_or(0, Vec::len);
        let ready: usize = subsets.iter().map(|subset| count(&subset.addresses)).sum();
        let unready: usize = subsets.iter().map(|s| count(&s.not_ready_addresses)).sum();
        if ready + unready <= ADDRESSES_MAX {
            return (subsets, false);
        }
        // Each subset keeps its share, rounded up while there is room.
        let only_ready = ready > ADDRESSES_MAX;
        let of = if only_ready { ready } else { unready };
        let kept = if only_ready { ADDRESSES_MAX } else { ADDRESSES_MAX - ready };
        let mut room = kept;
        for subset in &mut subsets {
            let list = match only_ready {
                true => {
                    subset.not_ready_addresses = None;
                    &mut subset.addresses
                }
                false => &mut subset.not_ready_addresses,
            };
            let mut addresses = list.take().unwrap_or_default();
            addresses.truncate((addresses.len() * kept).div_ceil(of).min(room));
            room -= addresses.len();
            *list = Some(addresses).filter(|addresses| !addresses.is_empty());
        }
        (subsets, true)
    }

    fn all_subsets(&self, namespace: &str) -> Vec<EndpointSubset> {
        let subsets = self.groups.iter().filter_map(|(ports, backends)| {
            let addresses = |ready: bool| {
                let chosen =
                    backends.iter().filter(|b| b.ready == ready && (ready || !b.terminating));
                let addresses: Vec<_> = chosen
                    .map(|backend| EndpointAddress {
                        ip: backend.ip.clone(),
                        hostname: backend.hostname.clone(),
                        node_name: Some(backend.node.clone()),
                        target_ref: Some(reference(backend, namespace)),
                    })
                    .collect();
                Some(addresses).filter(|addresses| !addresses.is_empty())
            };
            let ports = ports.iter().map(|(name, protocol, port)| OldPort {
                name: Some(name.clone()).filter(|name| !name.is_empty()),
                port: *port,
                protocol: Some(protocol.clone()),
                app_protocol: None,
            });
            let (addresses, not_ready_addresses) = (addresses(true), addresses(false));
            if addresses.is_none() && not_ready_addresses.is_none() {
                return None;
            }
            let ports = Some(ports.collect::<Vec<_>>()).filter(|ports| !ports.is_empty());
            Some(EndpointSubset { addresses, not_ready_addresses, ports })
        });
        subsets.collect()
    }

    /// The endpoints of each set of ports.
    pub fn groups(&self, namespace: &str) -> Vec<Group> {
        let groups = self.groups.iter().map(|(ports, backends)| {
            let endpoints = backends.iter().map(|backend| Endpoint {
                addresses: vec![backend.ip.clone()],
                conditions: Some(EndpointConditions {
                    ready: Some(backend.ready),
                    serving: Some(backend.serving),
                    terminating: Some(backend.terminating),
                }),
                hostname: backend.hostname.clone(),
                node_name: Some(backend.node.clone()),
                target_ref: Some(reference(backend, namespace)),
                ..Endpoint::default()
            });
            let ports = ports.iter().map(|(name, protocol, port)| EndpointPort {
                name: Some(name.clone()),
                port: Some(*port),
                protocol: Some(protocol.clone()),
                app_protocol: None,
            });
            (ports.collect(), endpoints.collect())
        });
        groups.collect()
    }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let all = self.groups.values().flatten();
        let ready = all.clone().filter(|backend| backend.ready).count();
        format!("{ready} of {} pods are ready to serve", all.count())
    }

    fn facts(&self) -> Vec<Fact> {
        let all = self.groups.values().flatten();
        let more = all.clone().count().saturating_sub(SHOWN_MAX);
        let addresses = all.take(SHOWN_MAX).map(|backend| {
            format!(
                "{} {}{}",
                backend.pod.0,
                backend.ip,
                if backend.ready { "" } else { " (not ready)" }
            )
        });
        let mut value = addresses.collect::<Vec<_>>().join(", ");
        if more > 0 {
            value.push_str(&format!(" + {more} more"));
        }
        vec![Fact { name: "backends", value }]
    }
}
