//! The records of the cluster's zone, as a name server gives them.
//! Mirrors CoreDNS' `kubernetes` plugin and the DNS specification of Kubernetes.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::Endpoint;

use super::names::{DOMAIN, addresses, alias_of, candidates};
use super::services::{self, SERVICES};
use crate::machine::{Record, Resolver};
use crate::object::{Key, Object};
use crate::runtime::Cache;

/// For how many seconds a record may be kept: `ttl` of the cluster's `Corefile`.
const TTL: u32 = 30;

/// The records of one type behind a name, which with `search` is completed with the search
/// domains; `None` where there is no such name.
pub fn query(
    cache: &Cache,
    resolver: &Resolver,
    (name, kind): (&str, &str),
    search: bool,
) -> Option<Vec<Record>> {
    if !resolver.cluster {
        return None;
    }
    let whole = vec![name.trim_end_matches('.').to_ascii_lowercase()];
    let names = if search { candidates(resolver, name) } else { whole };
    names.iter().find_map(|name| of_name(cache, name, kind))
}

fn of_name(cache: &Cache, name: &str, kind: &str) -> Option<Vec<Record>> {
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa") {
        let parts: Vec<&str> = reversed.rsplit('.').collect();
        let target = owner(cache, &parts.join("."))?;
        return Some(of_type(kind, [record(name, "PTR", target)]));
    }
    if name.starts_with('_') {
        let targets = ports(cache, name)?;
        return Some(of_type(kind, targets.into_iter().map(|to| record(name, "SRV", to))));
    }
    if let Some(alias) = alias_of(cache, name) {
        let whole = format!("{}.", alias.trim_end_matches('.'));
        let first = record(name, "CNAME", whole);
        let rest = if kind == "CNAME" { None } else { of_name(cache, alias, kind) };
        return Some([first].into_iter().chain(rest.into_iter().flatten()).collect());
    }
    let found = addresses(cache, name)?;
    let family = |address: &str| if address.contains(':') { "AAAA" } else { "A" };
    Some(of_type(kind, found.iter().map(|a| record(name, family(a), a.to_string()))))
}

fn record(name: &str, kind: &'static str, data: String) -> Record {
    Record { name: name.into(), ttl: TTL, kind, data: data.into() }
}

/// Those that are of the type that is asked for.
fn of_type(kind: &str, records: impl IntoIterator<Item = Record>) -> Vec<Record> {
    records.into_iter().filter(|record| record.kind == kind || kind == "ANY").collect()
}

/// The name that belongs to an address: of a Service, or of a pod behind a headless one.
fn owner(cache: &Cache, address: &str) -> Option<String> {
    let spec = |object: &Object| object.get::<Service>().and_then(|service| service.spec.clone());
    let whole = |o: &Object| format!("{}.{}.svc.{DOMAIN}.", o.name(), o.namespace());
    cache.list(&SERVICES).find_map(|object| {
        match spec(object)?.cluster_ip.as_deref()? {
            "None" => {}
            own => return (own == address).then(|| whole(object)),
        }
        let mut ends = services::endpoints(cache, object.namespace(), object.name());
        let (_, end) = ends.find(|(_, end)| end.addresses.iter().any(|own| own == address))?;
        Some(format!("{}.{}", host(end, address), whole(object)))
    })
}

/// How an endpoint is called within its Service.
fn host(end: &Endpoint, address: &str) -> String {
    end.hostname.clone().unwrap_or_else(|| address.replace(['.', ':'], "-"))
}

/// Where the port lies that `_port._protocol.service.namespace.svc.cluster.local` names.
fn ports(cache: &Cache, name: &str) -> Option<Vec<String>> {
    let (port, rest) = name.strip_prefix('_')?.split_once("._")?;
    let (protocol, service) = rest.split_once('.')?;
    let mut parts = service.strip_suffix(DOMAIN)?.strip_suffix(".svc.")?.split('.');
    let (Some(of), Some(namespace), None) = (parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let object = cache.get(&Key::new(SERVICES, namespace, of))?;
    let spec = object.get::<Service>()?.spec.as_ref()?;
    let is_wanted = |name: Option<&str>, own: Option<&str>| {
        name == Some(port) && own.unwrap_or("TCP").eq_ignore_ascii_case(protocol)
    };
    if spec.cluster_ip.as_deref() == Some("None") {
        let ends = services::endpoints(cache, namespace, of).filter(|(_, e)| services::is_ready(e));
        let targets = ends.filter_map(|(ports, end)| {
            let wanted =
                ports.iter().find(|p| is_wanted(p.name.as_deref(), p.protocol.as_deref()))?;
            let host = host(end, end.addresses.first()?);
            Some(format!("0 100 {} {host}.{service}.", wanted.port?))
        });
        let targets: Vec<String> = targets.collect();
        return (!targets.is_empty()).then_some(targets);
    }
    let wanted = |p: &&ServicePort| is_wanted(p.name.as_deref(), p.protocol.as_deref());
    let number = spec.ports.iter().flatten().find(wanted)?.port;
    Some(vec![format!("0 100 {number} {service}.")])
}
