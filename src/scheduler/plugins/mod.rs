//! What decides where a pod may and should run: one file a plugin.
//! Mirrors `pkg/scheduler/framework/plugins`.

mod balanced_allocation;
mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_unschedulable;
mod pod_topology_spread;
mod taint_toleration;
mod volume_binding;

use std::borrow::Cow;

pub use node_affinity::matches_selector;
pub use volume_binding::volumes;

use super::node_info::{NodeInfo, Nodes};
use super::pod_info::{Groups, PodInfo};
use crate::runtime::Cache;

/// The best score.
pub const SCORE_MAX: i64 = 100;

/// Why a plugin says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reasons, as they appear in messages.
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether removing pods from the node could help.
    pub resolvable: bool,
}

impl Refusal {
    /// A refusal that removing pods could lift. Mirrors `framework.Unschedulable`.
    pub fn resolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reasons: vec![reason.into()], resolvable: true }
    }

    /// A refusal that stands. Mirrors `framework.UnschedulableAndUnresolvable`.
    pub fn unresolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reasons: vec![reason.into()], resolvable: false }
    }
}

/// What plugins look at.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The nodes with their pods.
    pub nodes: &'a Nodes,
    /// Namespaces and labels of the pods.
    pub groups: &'a Groups,
    /// Everything else.
    pub cache: &'a Cache,
}

/// What a plugin makes of a pod before it looks at nodes.
pub enum Prepared<'a> {
    /// The pod is none of its business.
    Skip,
    /// No node will do.
    Refuse(Refusal),
    /// Nodes are to be looked at.
    Check(Box<dyn Check + 'a>),
}

impl<'a> Prepared<'a> {
    fn check(check: impl Check + 'a) -> Self {
        Self::Check(Box::new(check))
    }
}

/// A plugin's view of one pod. Mirrors `FilterPlugin` and `ScorePlugin` with their cycle state.
#[expect(unused_variables, reason = "defaults ignore what they are given")]
pub trait Check {
    /// The only nodes that can do, where the plugin knows.
    fn only(&self) -> Option<Vec<String>> {
        None
    }
    /// Why the pod cannot run there.
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        None
    }
    /// Whether it scores nodes.
    fn scores(&self) -> bool {
        false
    }
    /// How well the pod would run there.
    fn score(&self, node: &NodeInfo) -> i64 {
        0
    }
    /// Brings the scores of all nodes into `0..=SCORE_MAX`.
    fn normalize(&self, scores: &mut [i64]) {}
}

/// A plugin.
pub trait Plugin: Sync {
    /// Its name in configuration and in the trace.
    fn name(&self) -> &'static str;
    /// How much its score counts.
    fn weight(&self) -> i64 {
        1
    }
    /// Looks at a pod.
    fn prepare<'a>(&self, pod: &'a PodInfo, world: World<'a>) -> Prepared<'a>;
}

/// Every plugin, in the order in which they are asked.
pub const PLUGINS: &[&dyn Plugin] = &[
    &node_unschedulable::NodeUnschedulable,
    &node_name::NodeName,
    &taint_toleration::TaintToleration,
    &node_affinity::NodeAffinity,
    &node_ports::NodePorts,
    &node_resources_fit::NodeResourcesFit,
    &volume_binding::VolumeBinding,
    &pod_topology_spread::PodTopologySpread,
    &inter_pod_affinity::InterPodAffinity,
    &balanced_allocation::BalancedAllocation,
    &image_locality::ImageLocality,
];

/// Stretches scores so that the highest becomes the maximum; `reverse` turns them around.
/// Mirrors `helper.DefaultNormalizeScore`.
fn normalize(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        let share = if highest == 0 { 0 } else { *score * SCORE_MAX / highest };
        *score = if reverse { SCORE_MAX - share } else { share };
    }
}
