//! From an address and a port to the pods that serve it. Mirrors kube-proxy.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use super::names::is_loopback;
use super::{End, View};
use crate::base::order::Order as _;
use crate::base::shared_map::SharedMap;
use crate::machine::Sender;
use crate::object::{GroupResource, Object, Str, meta};
use crate::runtime::Cache;

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

/// Finds where a connection leads.
pub fn path(view: &View<'_>, sender: &Sender, address: &str, port: u16) -> Path {
    let direct = |address: Str| Path::Ends {
        service: "".into(),
        by_client: false,
        ends: vec![(address, port)],
    };
    if is_loopback(address) {
        return direct(sender.address.clone());
    }
    for object in view.cache.list(&SERVICES) {
        let Some(service) = object.get::<Service>() else { continue };
        if has_address(service, address) {
            let wanted = |candidate: &ServicePort| candidate.port == i32::from(port);
            return via(view.cache, object, service, wanted).unwrap_or(Path::Nowhere);
        }
    }
    let Some(host) = view.machines.host(address) else { return Path::Nowhere };
    // Only what is not a pod's address can be a node's.
    if host.containers.is_empty() || view.machines.listener(address, port, view.now).is_none() {
        let node_port = |candidate: &ServicePort| candidate.node_port == Some(i32::from(port));
        let mut services = view.cache.list(&SERVICES);
        let found = services.find_map(|object| {
            let service = object.get::<Service>()?;
            via(view.cache, object, service, node_port)
        });
        if let Some(found) = found {
            return found;
        }
    }
    direct(address.into())
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
