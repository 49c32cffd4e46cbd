//! `kubectl describe service`. Mirrors `describe.describeService`.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::{Lines, pairs, probe};
use crate::kinds::{Lookup, Typed};
use crate::object::{Object, meta};

/// Names the Service of an EndpointSlice.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// How many endpoints a line shows.
const SHOWN: usize = 3;

/// The text.
pub fn describe(object: &Service, others: &mut dyn Lookup) -> String {
    let nothing = ServiceSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let mut out = Lines::default();
    pairs::head(&mut out, &object.metadata);
    out.field(0, "Selector", cells::labels(spec.selector.as_ref()));
    out.field(0, "Type", spec.type_.as_deref().unwrap_or_default());
    addresses(&mut out, object, spec);
    let slices = slices(object, others);
    for port in spec.ports.iter().flatten() {
        self::port(&mut out, port, &slices);
    }
    out.field(0, "Session Affinity", spec.session_affinity.as_deref().unwrap_or_default());
    for (title, text) in [
        ("External Traffic Policy", &spec.external_traffic_policy),
        ("Internal Traffic Policy", &spec.internal_traffic_policy),
        ("Traffic Distribution", &spec.traffic_distribution),
    ] {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            out.field(0, title, text);
        }
    }
    if let Some(port) = spec.health_check_node_port.filter(|port| *port != 0) {
        out.field(0, "HealthCheck NodePort", port);
    }
    listed(&mut out, "LoadBalancer Source Ranges", spec.load_balancer_source_ranges.as_ref());
    out.raw()
}

/// A list on one line; nothing without any.
fn listed(out: &mut Lines, title: &str, all: Option<&Vec<String>>) {
    if let Some(all) = all.filter(|all| !all.is_empty()) {
        out.field(0, title, all.join(","));
    }
}

fn addresses(out: &mut Lines, object: &Service, spec: &ServiceSpec) {
    let joined = |all: Option<&Vec<String>>| cells::or_none(all.map(|all| all.join(",")));
    if let Some(policy) = &spec.ip_family_policy {
        out.field(0, "IP Family Policy", policy);
    }
    out.field(0, "IP Families", joined(spec.ip_families.as_ref()));
    out.field(0, "IP", spec.cluster_ip.as_deref().unwrap_or_default());
    out.field(0, "IPs", joined(spec.cluster_ips.as_ref()));
    listed(out, "External IPs", spec.external_ips.as_ref());
    if let Some(address) = spec.load_balancer_ip.as_ref().filter(|address| !address.is_empty()) {
        out.field(0, "Desired LoadBalancer IP", address);
    }
    if let Some(name) = spec.external_name.as_ref().filter(|name| !name.is_empty()) {
        out.field(0, "External Name", name);
    }
    let balancer = object.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref());
    let points: Vec<String> = ingress
        .into_iter()
        .flatten()
        .map(|point| {
            let address =
                point.ip.as_ref().or(point.hostname.as_ref()).cloned().unwrap_or_default();
            let mode = point.ip_mode.as_ref().map(|mode| format!(" ({mode})"));
            address + &mode.unwrap_or_default()
        })
        .collect();
    if !points.is_empty() {
        out.field(0, "LoadBalancer Ingress", points.join(", "));
    }
}

fn port(out: &mut Lines, port: &ServicePort, slices: &[Object]) {
    let name = port.name.as_deref().filter(|name| !name.is_empty());
    let shown = name.unwrap_or("<unset>");
    let protocol = port.protocol.as_deref().unwrap_or_default();
    out.line(0, format!("Port:\t{shown}\t{}/{protocol}", port.port));
    let target = port.target_port.as_ref().map(probe::port).unwrap_or_default();
    out.line(0, format!("TargetPort:\t{target}/{protocol}"));
    if let Some(number) = port.node_port.filter(|number| *number != 0) {
        out.line(0, format!("NodePort:\t{shown}\t{number}/{protocol}"));
    }
    out.field(0, "Endpoints", endpoints(slices, name.unwrap_or_default()));
}

/// The EndpointSlices of a Service.
pub fn slices(object: &Service, others: &mut dyn Lookup) -> Vec<Object> {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let resource = crate::kinds::endpoint_slice::EndpointSlices::NAMES.resource();
    let mut all = others.list(&resource, namespace);
    all.retain(|slice| meta::label(slice.meta(), SERVICE_NAME) == object.metadata.name.as_deref());
    all
}

/// `10.244.1.2:80,10.244.2.2:80`. Mirrors `describe.formatEndpointSlices`.
pub fn endpoints(slices: &[Object], port_name: &str) -> String {
    if slices.is_empty() {
        return NONE.to_owned();
    }
    let mut all = Vec::new();
    for slice in slices.iter().filter_map(Object::get::<EndpointSlice>) {
        let ports = slice.ports.iter().flatten();
        let named = ports.filter(|port| port.name.as_deref().unwrap_or_default() == port_name);
        for port in named {
            for endpoint in slice.endpoints.iter().flatten() {
                let conditions = endpoint.conditions.as_ref();
                let is_ready = conditions.and_then(|conditions| conditions.ready).unwrap_or(true);
                if let (true, Some(address)) = (is_ready, endpoint.addresses.first()) {
                    all.push(format!("{address}:{}", port.port.unwrap_or(0)));
                }
            }
        }
    }
    match all.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} + {more} more...", all[..SHOWN].join(",")),
        _ => all.join(","),
    }
}
