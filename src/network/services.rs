//! From an address and a port to the pods that serve it. Mirrors kube-proxy.

use k8s_openapi::api::core::v1::{Node, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use super::names::is_loopback;
use super::{End, View};
use crate::base::order::Order as _;
use crate::base::shared_map::SharedMap;
use crate::machine::Sender;
use crate::object::{GroupResource, Object, Str, meta};
use crate::runtime::Cache;

const NODES: GroupResource = GroupResource::new("", "nodes");
const PODS: GroupResource = GroupResource::new("", "pods");
pub const SERVICES: GroupResource = GroupResource::new("", "services");
const SLICES: GroupResource = GroupResource::new("discovery.k8s.io", "endpointslices");
/// Names the Service that a slice belongs to.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Where a connection to an address and a port leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// To one of these ends; to a refusal if there is none.
    Ends {
        /// The uid of the Service between; empty for none.
        service: Str,
        /// Whether a client always reaches the same end.
        by_client: bool,
        /// The ends, sorted.
        ends: Vec<End>,
    },
    /// To nobody: packets are lost.
    Nowhere,
}

/// A port, and whether datagrams are sent there.
pub type Port = (u16, bool);

/// Finds where a connection leads.
pub fn path(view: &View<'_>, sender: &Sender, address: &str, (port, udp): Port) -> Path {
    let direct = |address: Str| to_end((address, port));
    if is_loopback(address) {
        let exposed = exposed(view, &sender.machine, address, (port, udp));
        // Within a pod of the node's own network, a loopback address is the node's.
        let is_own = || view.machines.listener(&sender.address, port, view.now).is_none();
        return match exposed.filter(|_| is_node(view, &sender.address) && is_own()) {
            Some(end) => to_end(end),
            None => direct(sender.address.clone()),
        };
    }
    for object in view.cache.list(&SERVICES) {
        let Some(service) = object.get::<Service>() else { continue };
        if has_address(service, address) {
            let wanted = |candidate: &ServicePort| {
                candidate.port == i32::from(port) && is_udp(candidate.protocol.as_deref()) == udp
            };
            return via(view.cache, object, service, wanted).unwrap_or(Path::Nowhere);
        }
    }
    let Some(host) = view.machines.host(address) else { return Path::Nowhere };
    // Only what is not a pod's address can be a node's.
    if host.containers.is_empty() || view.machines.listener(address, port, view.now).is_none() {
        let node_port = |candidate: &ServicePort| {
            candidate.node_port == Some(i32::from(port))
                && is_udp(candidate.protocol.as_deref()) == udp
        };
        let mut services = view.cache.list(&SERVICES);
        let found = services.find_map(|object| {
            let service = object.get::<Service>()?;
            via(view.cache, object, service, node_port)
        });
        if let Some(found) = found {
            return found;
        }
        let end = exposed(view, &host.machine, address, (port, udp));
        if let Some(end) = end.filter(|_| is_node(view, address)) {
            return to_end(end);
        }
    }
    direct(address.into())
}

fn to_end(end: End) -> Path {
    Path::Ends { service: "".into(), by_client: false, ends: vec![end] }
}

fn is_udp(protocol: Option<&str>) -> bool {
    protocol == Some("UDP")
}

/// Whether an address is that of a node.
fn is_node(view: &View<'_>, address: &str) -> bool {
    view.cache
        .list(&NODES)
        .filter_map(|object| object.get::<Node>()?.status.as_ref())
        .any(|status| status.addresses.iter().flatten().any(|own| own.address == address))
}

/// The end behind a port of a node that a pod there has asked for. Mirrors the `portmap` plugin.
fn exposed(view: &View<'_>, node: &str, address: &str, (port, udp): Port) -> Option<End> {
    view.cache.list(&PODS).find_map(|object| {
        let pod = object.get::<Pod>()?;
        let spec = pod.spec.as_ref().filter(|spec| spec.node_name.as_deref() == Some(node))?;
        let mut ports =
            spec.containers.iter().flat_map(|container| container.ports.iter().flatten());
        let asked = ports.find(|asked| {
            let ip = asked.host_ip.as_deref().unwrap_or_default();
            asked.host_port == Some(i32::from(port))
                && is_udp(asked.protocol.as_deref()) == udp
                && (matches!(ip, "" | "0.0.0.0") || ip == address)
        })?;
        let own = pod.status.as_ref()?.pod_ip.as_deref().filter(|ip| !ip.is_empty())?;
        Some((own.into(), u16::try_from(asked.container_port).ok()?))
    })
}

/// Whether a Service answers at an address of its own.
fn has_address(service: &Service, address: &str) -> bool {
    let Some(spec) = &service.spec else { return false };
    let external = spec.external_ips.iter().flatten().any(|ip| ip == address);
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref());
    spec.cluster_ip.as_deref() == Some(address)
        || external
        || ingress.into_iter().flatten().any(|ingress| ingress.ip.as_deref() == Some(address))
}

/// The ends behind the port of a Service that is wanted, if it has one.
fn via(
    cache: &Cache,
    object: &Object,
    service: &Service,
    wanted: impl Fn(&ServicePort) -> bool,
) -> Option<Path> {
    let spec = service.spec.as_ref()?;
    let port = spec.ports.iter().flatten().find(|port| wanted(port))?;
    let name = port.name.as_deref().unwrap_or_default();
    let mut ends: Vec<End> = endpoints(cache, object.namespace(), object.name())
        .filter(|(_, endpoint)| is_ready(endpoint))
        .flat_map(|(ports, endpoint)| {
            let served = ports.iter().find(|port| port.name.as_deref().unwrap_or_default() == name);
            let number = served.and_then(|port| u16::try_from(port.port?).ok());
            let address = endpoint.addresses.first();
            number.zip(address).map(|(number, address)| (address.as_str().into(), number))
        })
        .collect();
    ends.order();
    ends.dedup();
    let by_client = spec.session_affinity.as_deref() == Some("ClientIP");
    Some(Path::Ends { service: object.uid().into(), by_client, ends })
}

/// Who serves a Service, ready or not, with the ports they serve.
pub fn endpoints<'a>(
    cache: &'a Cache,
    namespace: &'a str,
    service: &'a str,
) -> impl Iterator<Item = (&'a [EndpointPort], &'a Endpoint)> {
    let slices = cache.list_in(&SLICES, namespace);
    let own = slices.filter(move |o| meta::label(o.meta(), SERVICE_NAME) == Some(service));
    own.filter_map(|object| object.get::<EndpointSlice>()).flat_map(|slice| {
        let ports = slice.ports.as_deref().unwrap_or_default();
        slice.endpoints.iter().flatten().map(move |endpoint| (ports, endpoint))
    })
}

/// Whether an endpoint may be sent requests.
pub fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false)
}

/// Whose turn it is behind each Service. The real one throws dice; here everyone gets his turn.
#[derive(Clone, Debug, Default)]
pub struct Turns(SharedMap<Str, usize>);

impl Turns {
    /// The end of the next connection to a Service.
    pub fn next(&mut self, service: &Str, ends: &[End]) -> Option<End> {
        if ends.len() < 2 {
            return ends.first().cloned();
        }
        let turn = self.0.get_or_default(service.clone());
        let end = ends.get(*turn % ends.len()).cloned();
        *turn = turn.wrapping_add(1);
        end
    }
}

/// The end that a client always reaches.
pub fn end_of(sender: &Sender, ends: &[End]) -> Option<End> {
    let mix = |hash: usize, byte: u8| hash.wrapping_mul(31).wrapping_add(usize::from(byte));
    let hash = sender.address.bytes().fold(0, mix);
    ends.get(hash.checked_rem(ends.len())?).cloned()
}
