//! `kubectl describe pod`. Mirrors `describe.describePod`.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodStatus};

use super::quality;
use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::containers::{self, Place};
use crate::kinds::describe::{Lines, controller, pairs, time, volumes};
use crate::object::codec;
use crate::sim::Time;

/// The text.
pub fn describe(pod: &Pod, now: Time) -> String {
    let nothing = (PodSpec::default(), PodStatus::default());
    let spec = pod.spec.as_ref().unwrap_or(&nothing.0);
    let status = pod.status.as_ref().unwrap_or(&nothing.1);
    let mut out = Lines::default();
    head(&mut out, pod, spec, status);
    state(&mut out, pod, spec, status, now);
    blocks(&mut out, pod, spec, status);
    volumes::write(&mut out, spec.volumes.as_ref(), false);
    out.field(0, "QoS Class", status.qos_class.as_deref().unwrap_or_else(|| quality::of(spec)));
    pairs::labels(&mut out, 0, "Node-Selectors", spec.node_selector.as_ref());
    pairs::tolerations(&mut out, 0, spec.tolerations.as_ref());
    pairs::spread(&mut out, 0, spec.topology_spread_constraints.as_ref());
    out.raw()
}

fn given(text: &Option<String>) -> Option<&String> {
    text.as_ref().filter(|text| !text.is_empty())
}

fn head(out: &mut Lines, pod: &Pod, spec: &PodSpec, status: &PodStatus) {
    let meta = &pod.metadata;
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    if let Some(priority) = spec.priority {
        out.field(0, "Priority", priority);
    }
    for (title, text) in [
        ("Priority Class Name", &spec.priority_class_name),
        ("Runtime Class Name", &spec.runtime_class_name),
        ("Service Account", &spec.service_account_name),
    ] {
        if let Some(text) = given(text) {
            out.field(0, title, text);
        }
    }
    match given(&spec.node_name) {
        Some(node) => {
            let address = status.host_ip.as_deref().unwrap_or_default();
            out.field(0, "Node", format!("{node}/{address}"));
        }
        None => out.field(0, "Node", NONE),
    }
    if let Some(start) = &status.start_time {
        out.field(0, "Start Time", time(Some(start)));
    }
    pairs::labels(out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(out, 0, "Annotations", meta.annotations.as_ref());
}

fn state(out: &mut Lines, pod: &Pod, spec: &PodSpec, status: &PodStatus, now: Time) {
    let meta = &pod.metadata;
    let phase = status.phase.as_deref().unwrap_or_default();
    match &meta.deletion_timestamp {
        Some(stamp) if !matches!(phase, "Failed" | "Succeeded") => {
            let since = cells::since(Some(stamp), now);
            out.field(0, "Status", format!("Terminating (lasts {since})"));
            let grace = meta.deletion_grace_period_seconds.unwrap_or(0);
            out.field(0, "Termination Grace Period", format!("{grace}s"));
        }
        _ => out.field(0, "Status", phase),
    }
    for (title, text) in [("Reason", &status.reason), ("Message", &status.message)] {
        if let Some(text) = given(text) {
            out.field(0, title, text);
        }
    }
    let seccomp = spec.security_context.as_ref().and_then(|c| c.seccomp_profile.as_ref());
    if let Some(profile) = seccomp {
        out.field(0, "SeccompProfile", &profile.type_);
        if profile.type_ == "Localhost" {
            let path = profile.localhost_profile.as_deref().unwrap_or_default();
            out.field(1, "LocalhostProfile", path);
        }
    }
    out.field(0, "IP", status.pod_ip.as_deref().unwrap_or_default());
    let addresses = status.pod_ips.as_deref().unwrap_or_default();
    if addresses.is_empty() {
        out.field(0, "IPs", NONE);
    } else {
        out.line(0, "IPs:");
    }
    for address in addresses {
        out.field(1, "IP", &address.ip);
    }
    controller(out, meta);
    if let Some(node) = given(&status.nominated_node_name) {
        out.field(0, "NominatedNodeName", node);
    }
}

fn blocks(out: &mut Lines, pod: &Pod, spec: &PodSpec, status: &PodStatus) {
    let statuses = status.init_container_statuses.as_deref().unwrap_or_default();
    let inits = spec.init_containers.as_deref().unwrap_or_default();
    if !inits.is_empty() {
        containers::write(out, "Init Containers", inits, Place::Pod(pod, statuses));
    }
    let statuses = status.container_statuses.as_deref().unwrap_or_default();
    containers::write(out, "Containers", &spec.containers, Place::Pod(pod, statuses));
    let statuses = status.ephemeral_container_statuses.as_deref().unwrap_or_default();
    let ephemerals: Vec<Container> = spec
        .ephemeral_containers
        .iter()
        .flatten()
        .filter_map(|container| codec::decode(&codec::encode(container)).ok())
        .collect();
    if !ephemerals.is_empty() {
        containers::write(out, "Ephemeral Containers", &ephemerals, Place::Pod(pod, statuses));
    }
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let gates = spec.readiness_gates.as_deref().unwrap_or_default();
    if !gates.is_empty() {
        out.line(0, "Readiness Gates:");
        out.line(1, "Type\tStatus");
    }
    for gate in gates {
        let condition = conditions.iter().find(|c| c.type_ == gate.condition_type);
        let status = condition.map_or(NONE, |condition| &condition.status);
        out.line(1, format!("{} \t{status} ", gate.condition_type));
    }
    if !conditions.is_empty() {
        out.line(0, "Conditions:");
        out.line(1, "Type\tStatus");
    }
    for condition in conditions {
        out.line(1, format!("{} \t{} ", condition.type_, condition.status));
    }
}
