//! Cluster addresses and node ports of services. No plugin upstream, but done at the same moment:
//! mirrors `beginCreate` and `beginUpdate` of `pkg/registry/core/service/storage`.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::base::small_map::SmallMap;
use crate::kinds::FieldError;
use crate::object::{GroupResource, Object};
use crate::sim::Rng;
use crate::store::Store;

static SERVICES: GroupResource = GroupResource::new("", "services");
/// `10.96.0.0/12`, as its first address and the number of addresses.
const NETWORK: u32 = 0x0a60_0000;
const NETWORK_SIZE: u32 = 1 << 20;
/// Addresses below are left to those who choose theirs. Mirrors `calculateRangeOffset`.
const NETWORK_RESERVED: u32 = 256;
const PORTS: std::ops::RangeInclusive<i32> = 30000..=32767;
/// The same for node ports.
const PORTS_RESERVED: u64 = 86;

pub(super) struct ServiceAddresses;

impl Plugin for ServiceAddresses {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        let is_write = write.operation != Operation::Delete && write.subresource.is_empty();
        if !is_write || write.object.get::<Service>().is_none() {
            return Ok(());
        }
        let (namespace, name) =
            (write.object.namespace().to_owned(), write.object.name().to_owned());
        let others = Others { store: write.store, namespace: &namespace, name: &name };
        let old = write.old.and_then(|old| old.get::<Service>()).and_then(|s| s.spec.as_ref());
        let Some(service) = write.object.edit::<Service>() else { return Ok(()) };
        let spec = service.spec.get_or_insert_default();
        if let Some(old) = old {
            keep(spec, old);
        }
        allocate(spec, &others, write.rng).map_err(|error| {
            let names = write.kind.names();
            Status::invalid(names.kind, names.group, &name, &[error])
        })
    }
}

/// The services other than the one that is written.
struct Others<'a> {
    store: &'a Store,
    namespace: &'a str,
    name: &'a str,
}

impl Others<'_> {
    fn specs(&self) -> impl Iterator<Item = &ServiceSpec> {
        self.store
            .list(&SERVICES)
            .filter(|other| other.name() != self.name || other.namespace() != self.namespace)
            .filter_map(Object::get::<Service>)
            .filter_map(|service| service.spec.as_ref())
    }

    fn use_address(&self, address: &str) -> bool {
        self.specs().any(|spec| spec.cluster_ip.as_deref() == Some(address))
    }

    fn use_port(&self, port: i32) -> bool {
        let mut ports = self.specs().flat_map(|spec| spec.ports.iter().flatten());
        ports.any(|other| other.node_port == Some(port))
    }
}

fn needs_address(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() != Some("ExternalName")
}

fn needs_ports(spec: &ServiceSpec) -> bool {
    match spec.type_.as_deref() {
        Some("NodePort") => true,
        Some("LoadBalancer") => spec.allocate_load_balancer_node_ports != Some(false),
        _ => false,
    }
}

/// Takes over what was allocated before, and drops what a change of type leaves without meaning.
/// Mirrors `patchAllocatedValues` and `dropTypeDependentFields`.
fn keep(new: &mut ServiceSpec, old: &ServiceSpec) {
    let is_unset = new.cluster_ip.as_deref().unwrap_or_default().is_empty();
    if needs_address(old) && needs_address(new) && is_unset {
        new.cluster_ip.clone_from(&old.cluster_ip);
        if new.cluster_ips.as_ref().is_none_or(Vec::is_empty) {
            new.cluster_ips.clone_from(&old.cluster_ips);
        }
    }
    // Mirrors `NormalizeClusterIPs`: who clears the one means the other.
    if is_unset && new.cluster_ips == old.cluster_ips && !needs_address(new) {
        new.cluster_ips = None;
    }
    if needs_address(old) && !needs_address(new) && new.cluster_ip == old.cluster_ip {
        new.cluster_ip = None;
        new.cluster_ips = None;
        new.ip_families = None;
        new.ip_family_policy = None;
    }
    for port in new.ports.iter_mut().flatten() {
        let before = old
            .ports
            .iter()
            .flatten()
            .find(|before| before.port == port.port && before.protocol == port.protocol)
            .and_then(|before| before.node_port);
        let is_unset = port.node_port.unwrap_or(0) == 0;
        match (new.type_.as_deref(), old.type_.as_deref()) {
            (Some("NodePort" | "LoadBalancer"), _) if is_unset => port.node_port = before,
            (Some("ClusterIP" | "ExternalName"), Some("NodePort" | "LoadBalancer"))
                if port.node_port == before =>
            {
                port.node_port = None;
            }
            _ => {}
        }
    }
}

fn allocate(spec: &mut ServiceSpec, others: &Others<'_>, rng: &mut Rng) -> Result<(), FieldError> {
    if needs_address(spec) {
        allocate_address(spec, others, rng)?;
        set_families(spec);
    }
    if needs_ports(spec) {
        allocate_ports(spec.ports.as_deref_mut().unwrap_or_default(), others, rng)?;
    }
    Ok(())
}

fn allocate_address(
    spec: &mut ServiceSpec,
    others: &Others<'_>,
    rng: &mut Rng,
) -> Result<(), FieldError> {
    let listed = spec.cluster_ips.as_ref().and_then(|list| list.first());
    let given = spec.cluster_ip.as_ref().filter(|given| !given.is_empty()).or(listed);
    let address = match given.cloned() {
        None => free_address(others, rng)?,
        Some(given) => {
            check_address(&given, others)?;
            given
        }
    };
    if spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) {
        spec.cluster_ips = Some(vec![address.clone()]);
    }
    spec.cluster_ip = Some(address);
    Ok(())
}

fn free_address(others: &Others<'_>, rng: &mut Rng) -> Result<String, FieldError> {
    // The last address is the broadcast address.
    let count = NETWORK_SIZE - NETWORK_RESERVED - 1;
    let start = u32::try_from(rng.below(u64::from(count))).unwrap_or(0);
    let candidates = (0..count).map(|step| NETWORK + NETWORK_RESERVED + (start + step) % count);
    candidates
        .map(|bits| Ipv4Addr::from(bits).to_string())
        .find(|address| !others.use_address(address))
        .ok_or_else(|| address_error("", "range is full"))
}

/// What is no address at all is left for validation to name.
fn check_address(given: &str, others: &Others<'_>) -> Result<(), FieldError> {
    let Ok(address) = given.parse::<Ipv4Addr>() else { return Ok(()) };
    let bits = u32::from(address);
    if !(NETWORK..NETWORK + NETWORK_SIZE).contains(&bits) {
        return Err(address_error(given, "the provided network does not match the current range"));
    }
    if others.use_address(given) {
        return Err(address_error(given, "provided IP is already allocated"));
    }
    Ok(())
}

fn address_error(given: &str, why: &str) -> FieldError {
    let detail = format!("failed to allocate IP {given}: {why}");
    FieldError::invalid("spec.clusterIPs", [given], detail)
}

/// Mirrors `defaultIPFamilies` for a cluster of one family.
fn set_families(spec: &mut ServiceSpec) {
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    let has_selector = spec.selector.as_ref().is_some_and(|selector| !selector.is_empty());
    let (policy, families): (_, &[&str]) = if is_headless && !has_selector {
        ("RequireDualStack", &["IPv4", "IPv6"])
    } else {
        ("SingleStack", &["IPv4"])
    };
    spec.ip_family_policy.get_or_insert_with(|| policy.to_owned());
    if spec.ip_families.as_ref().is_none_or(Vec::is_empty) {
        spec.ip_families = Some(families.iter().map(|family| (*family).to_owned()).collect());
    }
}

/// Protocols of one port share a node port. Mirrors `initNodePorts`.
fn allocate_ports(
    ports: &mut [ServicePort],
    others: &Others<'_>,
    rng: &mut Rng,
) -> Result<(), FieldError> {
    let mut allocated: SmallMap<i32, i32> = SmallMap::new();
    let mut given: Vec<i32> = ports.iter().filter_map(|port| port.node_port).collect();
    for (index, port) in ports.iter_mut().enumerate() {
        let field = format!("spec.ports[{index}].nodePort");
        let node_port = match port.node_port.filter(|number| *number != 0) {
            Some(number) => {
                check_port(&field, number, others)?;
                number
            }
            None => match allocated.get(&port.port) {
                Some(shared) => *shared,
                None => free_port(&field, &given, others, rng)?,
            },
        };
        allocated.insert(port.port, node_port);
        given.push(node_port);
        port.node_port = Some(node_port);
    }
    Ok(())
}

fn check_port(field: &str, number: i32, others: &Others<'_>) -> Result<(), FieldError> {
    if !PORTS.contains(&number) {
        let detail = "provided port is not in the valid range. The range of valid ports is \
                      30000-32767";
        return Err(FieldError::invalid(field, number, detail));
    }
    if others.use_port(number) {
        return Err(FieldError::invalid(field, number, "provided port is already allocated"));
    }
    Ok(())
}

fn free_port(
    field: &str,
    taken: &[i32],
    others: &Others<'_>,
    rng: &mut Rng,
) -> Result<i32, FieldError> {
    let all: Vec<i32> = PORTS.skip(usize::try_from(PORTS_RESERVED).unwrap_or(0)).collect();
    let start = usize::try_from(rng.below(all.len() as u64)).unwrap_or(0);
    let (before, after) = all.split_at(start);
    let mut candidates = after.iter().chain(before);
    candidates.find(|port| !taken.contains(port) && !others.use_port(**port)).copied().ok_or_else(
        || FieldError::invalid(field, 0, "failed to allocate a nodePort: range is full"),
    )
}
