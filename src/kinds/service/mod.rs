//! Service.

mod defaults;
/// Its description, and that of endpoints.
pub(super) mod describe;
mod validate;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec, ServiceStatus};

use super::cells::{self, NONE, UNKNOWN};
use super::{Column, FieldError, Lookup, Names, Typed};
use crate::sim::Time;

/// The kind Service. Mirrors `pkg/registry/core/service`.
pub struct Services;

impl Typed for Services {
    type Object = Service;

    const NAMES: Names = Names {
        short: &["svc"],
        categories: &["all"],
        subresources: &["proxy", "status"],
        ..Names::namespaced("", &["v1"], "Service", "services", "service")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Type"),
        Column::new("Cluster-IP"),
        Column::new("External-IP"),
        Column::new("Port(s)"),
        Column::new("Age"),
        Column::wide("Selector"),
    ];

    fn default(object: &mut Service) {
        defaults::default(object);
    }

    fn prepare_create(object: &mut Service) {
        let load_balancer = Some(Default::default());
        object.status = Some(ServiceStatus { load_balancer, ..ServiceStatus::default() });
    }

    fn prepare_update(new: &mut Service, old: &Service) {
        new.status.clone_from(&old.status);
        keep_addresses(new, old);
        drop_inner_policy(new, old);
    }

    fn prepare_status(new: &mut Service, old: &Service) {
        new.spec.clone_from(&old.spec);
    }

    fn warnings(object: &Service) -> Vec<String> {
        object.spec.as_ref().map(warnings).unwrap_or_default()
    }

    fn validate(object: &Service) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &Service, old: &Service) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn fields(object: &Service) -> Vec<(&'static str, String)> {
        let spec = object.spec.clone().unwrap_or_default();
        vec![
            ("spec.clusterIP", spec.cluster_ip.unwrap_or_default()),
            ("spec.type", spec.type_.unwrap_or_default()),
        ]
    }

    fn row(object: &Service, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let nothing = ServiceSpec::default();
        let spec = object.spec.as_ref().unwrap_or(&nothing);
        vec![
            cells::name(meta),
            spec.type_.clone().unwrap_or_default(),
            cells::or_none(spec.cluster_ips.as_ref().and_then(|ips| ips.first())),
            external_ip(object, spec),
            ports(spec.ports.as_deref().unwrap_or_default()),
            cells::age(meta, now),
            cells::labels(spec.selector.as_ref()),
        ]
    }

    fn describe(object: &Service, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }
}

/// What was allocated stays, where the replacement leaves it out. Mirrors
/// `patchAllocatedValues` of `pkg/registry/core/service`.
/// Mirrors `GetWarningsForService`.
fn warnings(spec: &ServiceSpec) -> Vec<String> {
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    let is_outside = spec.type_.as_deref() == Some("ExternalName");
    let has_addresses = spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty());
    let has = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let sticks = spec.session_affinity.as_deref() == Some("ClientIP");
    let told = [
        (
            has_addresses,
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        ),
        (
            is_headless && has(&spec.load_balancer_ip),
            "spec.loadBalancerIP is ignored for headless services",
        ),
        (is_headless && has_addresses, "spec.externalIPs is ignored for headless services"),
        (is_headless && sticks, "spec.SessionAffinity is ignored for headless services"),
        (
            is_outside && has_addresses,
            "spec.externalIPs is ignored when spec.type is \"ExternalName\"",
        ),
        (
            !is_outside && has(&spec.external_name),
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
        ),
    ];
    told.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text.to_owned()).collect()
}

fn keep_addresses(new: &mut Service, old: &Service) {
    let (Some(new), Some(old)) = (&mut new.spec, &old.spec) else { return };
    let has_address =
        |kind: Option<&str>| matches!(kind, Some("ClusterIP" | "NodePort" | "LoadBalancer"));
    let has_node_ports = |kind: Option<&str>| matches!(kind, Some("NodePort" | "LoadBalancer"));
    let (kind, old_kind) = (new.type_.as_deref(), old.type_.as_deref());
    if has_address(kind) && has_address(old_kind) {
        if new.cluster_ip.as_deref().unwrap_or_default().is_empty() {
            new.cluster_ip.clone_from(&old.cluster_ip);
        }
        if new.cluster_ips.as_ref().is_none_or(Vec::is_empty) && new.cluster_ip == old.cluster_ip {
            new.cluster_ips.clone_from(&old.cluster_ips);
        }
        if new.cluster_ip != old.cluster_ip && new.cluster_ips == old.cluster_ips {
            // Whoever changes the first address means the list too.
            new.cluster_ips = new.cluster_ip.clone().map(|ip| vec![ip]);
        }
    }
    if has_node_ports(kind) && has_node_ports(old_kind) {
        let before = old.ports.as_deref().unwrap_or_default();
        for port in new.ports.iter_mut().flatten().filter(|port| port.node_port.unwrap_or(0) == 0) {
            let same = before.iter().find(|o| o.port == port.port && o.protocol == port.protocol);
            port.node_port = same.and_then(|same| same.node_port);
        }
    }
}

/// Mirrors `getServiceExternalIP`.
fn external_ip(service: &Service, spec: &ServiceSpec) -> String {
    let external = spec.external_ips.as_deref().unwrap_or_default();
    match spec.type_.as_deref().unwrap_or_default() {
        "ClusterIP" | "NodePort" => cells::or_none(Some(external.join(","))),
        "LoadBalancer" => {
            let balancer = service.status.as_ref().and_then(|s| s.load_balancer.as_ref());
            let ingress = balancer.iter().flat_map(|balancer| balancer.ingress.iter().flatten());
            let mut all: Vec<&str> = ingress
                .filter_map(|point| point.ip.as_deref().or(point.hostname.as_deref()))
                .collect();
            all.extend(external.iter().map(String::as_str));
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => spec.external_name.clone().unwrap_or_default(),
        _ => UNKNOWN.to_owned(),
    }
}

/// `80/TCP,443:30443/TCP`. Mirrors `makePortString`.
fn ports(ports: &[ServicePort]) -> String {
    if ports.is_empty() {
        return NONE.to_owned();
    }
    let text = |port: &ServicePort| {
        let protocol = port.protocol.as_deref().unwrap_or_default();
        match port.node_port.filter(|node_port| *node_port > 0) {
            Some(node_port) => format!("{}:{node_port}/{protocol}", port.port),
            None => format!("{}/{protocol}", port.port),
        }
    };
    ports.iter().map(text).collect::<Vec<_>>().join(",")
}

/// A service that only names another has no policy for traffic from inside, unless it asks for one.
/// Mirrors `dropTypeDependentFields`.
fn drop_inner_policy(new: &mut Service, old: &Service) {
    let (Some(new), Some(old)) = (&mut new.spec, &old.spec) else { return };
    let is_name = |kind: Option<&str>| kind == Some("ExternalName");
    let becomes_name = is_name(new.type_.as_deref()) && !is_name(old.type_.as_deref());
    if becomes_name && new.internal_traffic_policy == old.internal_traffic_policy {
        new.internal_traffic_policy = None;
    }
}
