//! Cordoned nodes take no pods. Mirrors `plugins/nodeunschedulable`.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::{Check, Plugin, Prepared, Refusal, World};
use crate::kinds::placement::tolerates;
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// The plugin.
pub struct NodeUnschedulable;

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        let taint = Taint {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        };
        let list: &[Toleration] = pod.spec().tolerations.as_deref().unwrap_or_default();
        if list.iter().any(|toleration| tolerates(toleration, &taint)) {
            return Prepared::Skip;
        }
        Prepared::check(NotCordoned)
    }
}

struct NotCordoned;

impl Check for NotCordoned {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let spec = node.node().and_then(|node| node.spec.as_ref());
        let cordoned = spec.and_then(|spec| spec.unschedulable) == Some(true);
        cordoned.then(|| Refusal::unresolvable("node(s) were unschedulable"))
    }
}
