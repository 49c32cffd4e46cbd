//! The rules of Services. Mirrors `pkg/apis/core/validation.ValidateService`.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate::{number, port};
use crate::kinds::{FieldError, names};

const NODE_PORTS: std::ops::RangeInclusive<i32> = 30_000..=32_767;

/// What is wrong with a Service.
pub fn validate(object: &Service) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if let Some(spec) = &object.spec {
        validate_spec(&Path::new("spec"), spec, &mut errors);
        // Node ports are allocated only to Services that are fine otherwise.
        if errors.0.is_empty() {
            node_ports(&Path::new("spec"), spec, &mut errors);
        }
    }
    errors.0
}

fn validate_spec(path: &Path<'_>, spec: &ServiceSpec, errors: &mut Errors) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let kind = spec.type_.as_deref().unwrap_or_default();
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    if ports.is_empty() && !is_headless && kind != "ExternalName" {
        errors.required(&path.child("ports"), "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if is_headless => {
            let text = format!("may not be set to 'None' for {kind} services");
            errors.invalid(&path.child("clusterIPs").index(0), "None", text);
        }
        "ExternalName" => external_name(path, spec, errors),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for (index, each) in ports.iter().enumerate() {
        let list = path.child("ports");
        service_port(&list.index(index), each, ports.len() > 1, &mut seen, errors);
    }
    names::labels(&path.child("selector"), spec.selector.as_ref(), errors);
    let affinity = spec.session_affinity.as_ref();
    errors.one_of(&path.child("sessionAffinity"), affinity, &["ClientIP", "None"]);
    for (index, ip) in spec.cluster_ips.iter().flatten().enumerate() {
        if !(index == 0 && ip == "None") {
            let list = path.child("clusterIPs");
            address(&list.index(index), ip, errors);
        }
    }
    for (index, ip) in spec.external_ips.iter().flatten().enumerate() {
        let list = path.child("externalIPs");
        address(&list.index(index), ip, errors);
    }
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    errors.one_of(&path.child("type"), spec.type_.as_ref(), &types);
    for (index, each) in ports.iter().enumerate() {
        let is_same =
            |other: &&ServicePort| other.port == each.port && other.protocol == each.protocol;
        if ports[..index].iter().find(is_same).is_some() {
            let list = path.child("ports");
            let value = serde_json::json!({"port": each.port, "protocol": each.protocol});
            errors.duplicate(&list.index(index), &value);
        }
    }
    for (name, value) in [
        ("externalTrafficPolicy", &spec.external_traffic_policy),
        ("internalTrafficPolicy", &spec.internal_traffic_policy),
    ] {
        errors.one_of(&path.child(name), value.as_ref(), &["Cluster", "Local"]);
    }
}

fn external_name(path: &Path<'_>, spec: &ServiceSpec, errors: &mut Errors) {
    let ip = spec.cluster_ip.as_deref().unwrap_or_default();
    if !ip.is_empty() {
        let text = "may not be set for ExternalName services";
        errors.forbidden(&path.child("clusterIPs"), text);
    }
    let name = spec.external_name.as_deref().unwrap_or_default();
    match name.strip_suffix('.').unwrap_or(name) {
        "" => errors.required(&path.child("externalName"), ""),
        name => {
            errors.invalid_for(&path.child("externalName"), name, names::subdomain_errors(name));
        }
    }
}

/// Mirrors `validateServicePort`.
fn service_port<'a>(
    path: &Path<'_>,
    each: &'a ServicePort,
    needs_name: bool,
    seen: &mut BTreeSet<&'a str>,
    errors: &mut Errors,
) {
    let name = each.name.as_deref().unwrap_or_default();
    if !name.is_empty() {
        errors.invalid_for(&path.child("name"), name, names::label_errors(name));
        if !seen.insert(name) {
            errors.duplicate(&path.child("name"), name);
        }
    } else if needs_name {
        errors.required(&path.child("name"), "");
    }
    number(&path.child("port"), each.port, errors);
    match each.protocol.as_deref().unwrap_or_default() {
        "" => errors.required(&path.child("protocol"), ""),
        "SCTP" | "TCP" | "UDP" => {}
        other => {
            errors.not_supported(&path.child("protocol"), other, &["SCTP", "TCP", "UDP"]);
        }
    }
    if let Some(target) = &each.target_port {
        port(&path.child("targetPort"), target, errors);
    }
}

fn address(path: &Path<'_>, ip: &str, errors: &mut Errors) {
    if ip.parse::<std::net::IpAddr>().is_err() {
        let text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.invalid(path, ip, text);
    }
}

fn node_ports(path: &Path<'_>, spec: &ServiceSpec, errors: &mut Errors) {
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let Some(node_port) = port.node_port.filter(|port| *port != 0) else { continue };
        if spec.type_.as_deref() == Some("ClusterIP") {
            let list = path.child("ports");
            let text = "may not be used when `type` is 'ClusterIP'";
            errors.forbidden(&list.index(index).child("nodePort"), text);
        }
        if !NODE_PORTS.contains(&node_port) {
            let list = path.child("ports");
            let text = "provided port is not in the valid range. The range of valid ports is \
                        30000-32767";
            errors.invalid(&list.index(index).child("nodePort"), &node_port, text);
        }
    }
}

/// What is wrong with a replacement.
pub fn validate_update(new: &Service, old: &Service) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return Vec::new() };
    let is_external = |spec: &ServiceSpec| spec.type_.as_deref() == Some("ExternalName");
    if is_external(new) || is_external(old) {
        return Vec::new();
    }
    let (new_ips, old_ips) = (new.cluster_ips.as_deref(), old.cluster_ips.as_deref());
    let first = |ips: Option<&[String]>| ips.and_then(|ips| ips.first().cloned());
    if first(old_ips).is_some() && first(new_ips) != first(old_ips) {
        let path = Path::new("spec");
        let path = path.child("clusterIPs");
        errors.invalid(&path.index(0), &new_ips, "may not change once set");
    }
    errors.0
}
