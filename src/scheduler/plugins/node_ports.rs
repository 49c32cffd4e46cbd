//! Two pods cannot have one port of a node. Mirrors `plugins/nodeports`.

use super::{Check, Plugin, Prepared, Refusal, World};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::{HostPort, PodInfo};

/// The plugin.
pub struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        if pod.ports.is_empty() { Prepared::Skip } else { Prepared::check(Ports(&pod.ports)) }
    }
}

struct Ports<'a>(&'a [HostPort]);

impl Check for Ports<'_> {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let taken = self.0.iter().any(|port| node.occupied(port));
        let reason = "node(s) didn't have free ports for the requested pod ports";
        taken.then(|| Refusal::resolvable(reason))
    }
}
