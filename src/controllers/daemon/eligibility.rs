//! Whether a node runs a daemon pod. Mirrors `NodeShouldRunDaemonPod`.

use k8s_openapi::api::apps::v1::DaemonSetSpec;
use k8s_openapi::api::core::v1::{Node, Taint};

use super::template;
use crate::kinds::placement;

/// What a node is to a DaemonSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligible {
    /// A pod that is not there is created.
    pub runs: bool,
    /// A pod that is there may stay.
    pub stays: bool,
}

/// What the node is to the set.
pub fn eligible(spec: &DaemonSetSpec, node: &Node) -> Eligible {
    let mut pod = spec.template.spec.clone().unwrap_or_default();
    template::tolerate(&mut pod);
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let wanted = pod.node_name.as_deref().unwrap_or_default();
    if !wanted.is_empty() && wanted != name || !placement::is_allowed(&pod, node) {
        return Eligible { runs: false, stays: false };
    }
    let tolerations = pod.tolerations.as_deref().unwrap_or_default();
    let keeps_off = |taint: &&Taint| {
        !tolerations.iter().any(|toleration| placement::tolerates(toleration, taint))
    };
    let taints = || node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let evicts = taints().filter(|taint| taint.effect == "NoExecute").any(|t| keeps_off(&t));
    let repels = taints().filter(|taint| taint.effect == "NoSchedule").any(|t| keeps_off(&t));
    Eligible { runs: !evicts && !repels, stays: !evicts }
}
