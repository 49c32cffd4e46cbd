//! The defaults of Services. Mirrors `SetDefaults_Service` and the address families that the
//! registry of a single-stack IPv4 cluster fills in.

use k8s_openapi::api::core::v1::{ClientIPConfig, Service, ServiceSpec, SessionAffinityConfig};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kinds::pod_template::defaults::text;

/// How long a client stays with its pod: three hours.
const AFFINITY_SECONDS: i32 = 10_800;

/// Fills in the defaults.
pub fn default(object: &mut Service) {
    let spec = object.spec.get_or_insert_default();
    text(&mut spec.session_affinity, "None");
    if spec.session_affinity.as_deref() == Some("None") {
        spec.session_affinity_config = None;
    } else if spec.session_affinity_config.is_none() {
        let client_ip = Some(ClientIPConfig { timeout_seconds: Some(AFFINITY_SECONDS) });
        spec.session_affinity_config = Some(SessionAffinityConfig { client_ip });
    }
    text(&mut spec.type_, "ClusterIP");
    for port in spec.ports.iter_mut().flatten() {
        text(&mut port.protocol, "TCP");
        let target = &mut port.target_port;
        let is_empty = match target {
            None | Some(IntOrString::Int(0)) => true,
            Some(IntOrString::String(name)) => name.is_empty(),
            Some(IntOrString::Int(_)) => false,
        };
        if is_empty {
            *target = Some(IntOrString::Int(port.port));
        }
    }
    let kind = spec.type_.as_deref().unwrap_or_default();
    let is_balanced = kind == "LoadBalancer";
    let has_external_ips = spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty());
    if is_balanced || kind == "NodePort" || (kind == "ClusterIP" && has_external_ips) {
        text(&mut spec.external_traffic_policy, "Cluster");
    }
    if is_balanced {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
    }
    if kind != "ExternalName" {
        text(&mut spec.internal_traffic_policy, "Cluster");
        addresses(spec);
    }
}

fn addresses(spec: &mut ServiceSpec) {
    let given = spec.cluster_ip.clone().filter(|ip| !ip.is_empty());
    if spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) {
        spec.cluster_ips = given.map(|ip| vec![ip]);
    } else if given.is_none() {
        spec.cluster_ip = spec.cluster_ips.as_ref().and_then(|ips| ips.first().cloned());
    }
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    let has_selector = spec.selector.as_ref().is_some_and(|pairs| !pairs.is_empty());
    let both = is_headless && !has_selector;
    text(&mut spec.ip_family_policy, if both { "RequireDualStack" } else { "SingleStack" });
    if spec.ip_families.as_ref().is_none_or(Vec::is_empty) {
        let families: &[&str] = if both { &["IPv4", "IPv6"] } else { &["IPv4"] };
        spec.ip_families = Some(families.iter().map(|&family| family.to_owned()).collect());
    }
}
