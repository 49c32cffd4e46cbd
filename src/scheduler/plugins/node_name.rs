//! A pod that names its node runs nowhere else. Mirrors `plugins/nodename`.

use super::{Check, Plugin, Prepared, Refusal, World};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// The plugin.
pub struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        match pod.spec().node_name.as_deref() {
            None | Some("") => Prepared::Skip,
            Some(name) => Prepared::check(Named(name)),
        }
    }
}

struct Named<'a>(&'a str);

impl Check for Named<'_> {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let reason = "node(s) didn't match the requested node name";
        (node.name != self.0).then(|| Refusal::unresolvable(reason))
    }
}
