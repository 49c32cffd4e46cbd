//! What the downward API tells a container of its pod. Mirrors `podFieldSelectorRuntimeValue` and
//! `containerResourceRuntimeValue` of `pkg/kubelet/kubelet_pods.go`, and `pkg/fieldpath`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceFieldSelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use super::node::NodeState;
use crate::base::quantity::Quantity;
use crate::object::Object;

/// The text of a field of a pod.
pub fn field(object: &Object, spec: &PodSpec, node: &NodeState, ip: &str, path: &str) -> String {
    let meta = object.meta();
    let entry = |map: &Option<BTreeMap<String, String>>, rest: &str| {
        let key = rest.trim_start_matches("['").trim_end_matches("']");
        map.as_ref().and_then(|map| map.get(key)).cloned().unwrap_or_default()
    };
    if let Some(rest) = path.strip_prefix("metadata.labels") {
        return match rest {
            "" => lines(&meta.labels),
            _ => entry(&meta.labels, rest),
        };
    }
    if let Some(rest) = path.strip_prefix("metadata.annotations") {
        return match rest {
            "" => lines(&meta.annotations),
            _ => entry(&meta.annotations, rest),
        };
    }
    match path {
        "metadata.name" => object.name().to_owned(),
        "metadata.namespace" => object.namespace().to_owned(),
        "metadata.uid" => object.uid().to_owned(),
        "spec.nodeName" => node.name.to_string(),
        "spec.serviceAccountName" => spec.service_account_name.clone().unwrap_or_default(),
        "status.hostIP" | "status.hostIPs" => node.ip(),
        "status.podIP" | "status.podIPs" => ip.to_owned(),
        _ => String::new(),
    }
}

/// `key="value"`, a line each.
fn lines(map: &Option<BTreeMap<String, String>>) -> String {
    let lines: Vec<String> =
        map.iter().flatten().map(|(key, value)| format!("{key}={value:?}")).collect();
    lines.join("\n")
}

/// The text of a resource amount; a limit that is not set is what the node has.
pub fn resource(container: &Container, node: &NodeState, wanted: &ResourceFieldSelector) -> String {
    let (list, name) = wanted.resource.split_once('.').unwrap_or(("limits", &wanted.resource));
    let given = container.resources.as_ref();
    let of = |map: Option<&BTreeMap<String, Amount>>| {
        map.and_then(|map| map.get(name)).and_then(|amount| amount.0.parse::<Quantity>().ok())
    };
    let own = match list {
        "requests" => of(given.and_then(|r| r.requests.as_ref())),
        _ => of(given.and_then(|r| r.limits.as_ref())),
    };
    let amount = match (own, name) {
        (Some(amount), "cpu") => amount.milli(),
        (Some(amount), _) => amount.value().saturating_mul(1000),
        (None, "cpu") if list == "limits" => i64::try_from(node.capacity.cpu_milli).unwrap_or(0),
        (None, "memory") if list == "limits" => {
            i64::try_from(node.capacity.memory_bytes).unwrap_or(0).saturating_mul(1000)
        }
        _ => 0,
    };
    let divisor = wanted.divisor.as_ref().and_then(|d| d.0.parse::<Quantity>().ok());
    // None, or zero, which is what it defaults to, is one.
    let divisor = divisor.map(|divisor| divisor.milli()).filter(|milli| *milli > 0).unwrap_or(1000);
    // Rounded up, as upstream does.
    ((amount + divisor - 1) / divisor).to_string()
}
