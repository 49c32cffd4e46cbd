//! Node selectors and node affinity. Mirrors `plugins/nodeaffinity`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PreferredSchedulingTerm,
};

use super::{Check, Plugin, Prepared, Refusal, World, normalize};
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
        let labelled = self.labels.is_none_or(|wanted| {
            wanted.iter().all(|(key, value)| node.label(key) == Some(value.as_str()))
        });
        let fits = labelled
            && self.required.is_none_or(|selector| {
                selector.node_selector_terms.iter().any(|term| matches_term(term, node))
            });
        let reason = "node(s) didn't match Pod's node affinity/selector";
        (!fits).then(|| Refusal::unresolvable(reason))
    }

    fn scores(&self) -> bool {
        !self.preferred.is_empty()
    }

    fn score(&self, node: &NodeInfo) -> i64 {
        let met = self.preferred.iter().filter(|term| matches_term(&term.preference, node));
        met.map(|term| i64::from(term.weight)).sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize(scores, false);
    }
}

/// Whether a node is one of those that `selector` selects.
pub fn matches_selector(selector: &NodeSelector, node: &NodeInfo) -> bool {
    selector.node_selector_terms.iter().any(|term| matches_term(term, node))
}

/// Whether a node meets all of a term; an empty term selects nothing.
fn matches_term(term: &NodeSelectorTerm, node: &NodeInfo) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    (!expressions.is_empty() || !fields.is_empty())
        && expressions.iter().all(|wanted| matches(wanted, node.label(&wanted.key)))
        && fields.iter().all(|wanted| {
            wanted.key == "metadata.name" && matches(wanted, Some(node.name.as_str()))
        })
}

fn matches(wanted: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = wanted.values.as_deref().unwrap_or_default();
    let listed = || value.is_some_and(|value| values.iter().any(|v| v == value));
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let numbers = || number(value).zip(number(values.first().map(String::as_str)));
    match wanted.operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers().is_some_and(|(value, bound)| value > bound),
        "Lt" => numbers().is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}
