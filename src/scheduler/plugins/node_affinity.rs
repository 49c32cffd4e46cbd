//! Node selectors and node affinity. Mirrors `plugins/nodeaffinity`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelector, NodeSelectorTerm, PreferredSchedulingTerm};

use super::{Check, Plugin, Prepared, Refusal, World, normalize};
use crate::kinds::placement;
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// The plugin.
pub struct NodeAffinity;

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn weight(&self) -> i64 {
        2
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        let spec = pod.spec();
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let wish = Wish {
            labels: spec.node_selector.as_ref().filter(|labels| !labels.is_empty()),
            required: affinity
                .and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref()),
            preferred: affinity
                .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref())
                .unwrap_or_default(),
        };
        if wish.labels.is_none() && wish.required.is_none() && wish.preferred.is_empty() {
            return Prepared::Skip;
        }
        Prepared::check(wish)
    }
}

struct Wish<'a> {
    labels: Option<&'a BTreeMap<String, String>>,
    required: Option<&'a NodeSelector>,
    preferred: &'a [PreferredSchedulingTerm],
}

impl Check for Wish<'_> {
    /// Terms that all name nodes (as those of DaemonSets do) leave only these.
    fn only(&self) -> Option<Vec<String>> {
        let terms = &self.required?.node_selector_terms;
        let names = |term: &NodeSelectorTerm| {
            let fields = term.match_fields.as_deref().unwrap_or_default();
            let named = fields.iter().find(|r| r.key == "metadata.name" && r.operator == "In")?;
            named.values.clone()
        };
        let all: Option<Vec<Vec<String>>> = terms.iter().map(names).collect();
        all.filter(|all| !all.is_empty()).map(|all| all.concat())
    }

    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let fits = placement::has_labels(self.labels, node.labels())
            && self.required.is_none_or(|selector| matches_selector(selector, node));
        let reason = "node(s) didn't match Pod's node affinity/selector";
        (!fits).then(|| Refusal::unresolvable(reason))
    }

    fn scores(&self) -> bool {
        !self.preferred.is_empty()
    }

    fn score(&self, node: &NodeInfo) -> i64 {
        let meets = |term: &&PreferredSchedulingTerm| {
            placement::meets(&term.preference, node.name.as_str(), node.labels())
        };
        let met = self.preferred.iter().filter(meets);
        met.map(|term| i64::from(term.weight)).sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize(scores, false);
    }
}

/// Whether a node is one of those that `selector` selects.
pub fn matches_selector(selector: &NodeSelector, node: &NodeInfo) -> bool {
    placement::selects(selector, node.name.as_str(), node.labels())
}
