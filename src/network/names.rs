//! Names to addresses: `/etc/hosts`, search domains, and the cluster's zone.
//! Mirrors CoreDNS' `kubernetes` plugin and the DNS specification of Kubernetes.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Service;

use super::services::{self, SERVICES};
use crate::base::order::Order as _;
use crate::machine::Resolver;
use crate::object::{Key, Str};
use crate::runtime::Cache;

/// The cluster's zone.
pub const DOMAIN: &str = "cluster.local";
/// A name with as many dots is tried as it is before the search domains are.
const MANY_DOTS: usize = 5;
/// A name that stands for a name that stands for a name …
const ALIASES_MAX: u32 = 8;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The whole name that was found.
    pub name: Str,
    /// Its addresses.
    pub addresses: Vec<Str>,
}

/// Whether an address is the sender's own.
pub fn is_loopback(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Looks a name up as a container's C library does.
pub fn resolve(cache: &Cache, resolver: &Resolver, name: &str) -> Option<Found> {
    let found = |addresses: Vec<Str>| Some(Found { name: name.into(), addresses });
    if name.parse::<IpAddr>().is_ok() {
        return found(vec![name.into()]);
    }
    if name == "localhost" {
        return found(vec!["127.0.0.1".into()]);
    }
    if let Some((_, address)) = resolver.names.iter().find(|(known, _)| known == name) {
        return found(vec![address.as_str().into()]);
    }
    if !resolver.cluster {
        return None;
    }
    candidates(resolver, name).into_iter().find_map(|candidate| {
        let addresses = addresses(cache, &candidate)?;
        Some(Found { name: candidate.into(), addresses })
    })
}

/// The whole names that a name may stand for, in the order in which they are tried.
pub fn candidates(resolver: &Resolver, name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let whole = lower.trim_end_matches('.').to_owned();
    let longer = resolver.search.iter().map(|domain| format!("{lower}.{domain}"));
    if lower.ends_with('.') {
        vec![whole]
    } else if lower.matches('.').count() >= MANY_DOTS {
        std::iter::once(whole).chain(longer).collect()
    } else {
        longer.chain([whole.clone()]).collect()
    }
}

/// The addresses of a whole name in the cluster's zone, followed through its aliases.
pub fn addresses(cache: &Cache, name: &str) -> Option<Vec<Str>> {
    let mut name = name;
    for _ in 0..ALIASES_MAX {
        match alias_of(cache, name) {
            Some(alias) => name = alias.trim_end_matches('.'),
            None => return own_addresses(cache, name),
        }
    }
    None
}

/// What a whole name is an alias of. Mirrors Services of type ExternalName.
pub fn alias_of<'a>(cache: &'a Cache, name: &str) -> Option<&'a str> {
    let parts: Vec<&str> = in_zone(name)?.split('.').collect();
    let [service, namespace, "svc"] = parts.as_slice() else { return None };
    let object = cache.get(&Key::new(SERVICES, namespace, service))?;
    let spec = object.get::<Service>()?.spec.as_ref()?;
    let alias = spec.external_name.as_deref();
    alias.filter(|_| spec.type_.as_deref() == Some("ExternalName"))
}

/// What stands before the zone.
fn in_zone(name: &str) -> Option<&str> {
    name.strip_suffix(DOMAIN)?.strip_suffix('.')
}

fn own_addresses(cache: &Cache, name: &str) -> Option<Vec<Str>> {
    let parts: Vec<&str> = in_zone(name)?.split('.').collect();
    match parts.as_slice() {
        [service, namespace, "svc"] => of_service(cache, namespace, service, None),
        [host, service, namespace, "svc"] => of_service(cache, namespace, service, Some(host)),
        [dashed, _, "pod"] => {
            let address = dashed.replace('-', ".");
            address.parse::<IpAddr>().is_ok().then(|| vec![address.into()])
        }
        _ => None,
    }
}

fn of_service(cache: &Cache, namespace: &str, name: &str, host: Option<&str>) -> Option<Vec<Str>> {
    let object = cache.get(&Key::new(SERVICES, namespace, name))?;
    let spec = object.get::<Service>()?.spec.as_ref()?;
    let address = spec.cluster_ip.as_deref().unwrap_or_default();
    if address != "None" && !address.is_empty() {
        return host.is_none().then(|| vec![address.into()]);
    }
    let mut addresses: Vec<Str> = services::endpoints(cache, namespace, name)
        .filter(|(_, endpoint)| {
            services::is_ready(endpoint)
                && host.is_none_or(|host| {
                    let dashed = |address: &String| address.replace('.', "-") == host;
                    match &endpoint.hostname {
                        Some(own) => own == host,
                        None => endpoint.addresses.iter().any(dashed),
                    }
                })
        })
        .flat_map(|(_, endpoint)| endpoint.addresses.iter().map(|address| address.as_str().into()))
        .collect();
    addresses.order();
    addresses.dedup();
    (!addresses.is_empty()).then_some(addresses)
}
