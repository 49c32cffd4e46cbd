//! Pods that want to be near, or far from, other pods. Mirrors `plugins/interpodaffinity`.

use std::collections::BTreeMap;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Affinity, Namespace, PodAffinityTerm};

use super::{Check, Plugin, Prepared, Refusal, SCORE_MAX, World};
use crate::base::label_selector::Selector;
use crate::base::order::Gather;
use crate::base::small_map::SmallMap;
use crate::kinds::selectors;
use crate::object::GroupResource;
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::{GroupId, PodInfo};

/// The plugin.
pub struct InterPodAffinity;

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn weight(&self) -> i64 {
        2
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, world: World<'a>) -> Prepared<'a> {
        let nodes = world.nodes.list();
        let wishes = Wishes::of(pod);
        let count = |term: &PodAffinityTerm| Counted::new(term, pod, world, &nodes);
        let near: Vec<Counted> = wishes.near.iter().map(|term| count(term)).collect();
        let far: Vec<Counted> = wishes.far.iter().map(|term| count(term)).collect();
        let mut repelled = BTreeSet::new();
        for node in &nodes {
            for other in node.repelling.values() {
                for term in Wishes::of(other).far {
                    let value = node.label(&term.topology_key);
                    if let Some(value) =
                        value.filter(|_| Selection::of(term, other, world).selects(pod))
                    {
                        repelled.insert((term.topology_key.clone(), value.to_owned()));
                    }
                }
            }
        }
        let preferred: Vec<(i64, Counted)> =
            wishes.preferred.iter().map(|(weight, term)| (*weight, count(term))).collect();
        if near.is_empty() && far.is_empty() && repelled.is_empty() && preferred.is_empty() {
            return Prepared::Skip;
        }
        // The first of pods that want to be near each other has to start somewhere.
        let first = near.iter().all(|term| term.domains.is_empty() && term.selects_self);
        Prepared::check(Neighbours { near, far, repelled, preferred, first })
    }
}

/// The terms of a pod.
struct Wishes<'a> {
    near: Vec<&'a PodAffinityTerm>,
    far: Vec<&'a PodAffinityTerm>,
    preferred: Vec<(i64, &'a PodAffinityTerm)>,
}

impl<'a> Wishes<'a> {
    fn of(pod: &'a PodInfo) -> Self {
        let affinity: Option<&Affinity> = pod.spec().affinity.as_ref();
        let near = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let far = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let soft_near = near
            .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref())
            .unwrap_or_default();
        let soft_far = far
            .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref())
            .unwrap_or_default();
        let hard_near =
            near.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
        let hard_far =
            far.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref());
        let weighted =
            soft_near.iter().map(|term| (i64::from(term.weight), &term.pod_affinity_term));
        let against =
            soft_far.iter().map(|term| (-i64::from(term.weight), &term.pod_affinity_term));
        Self {
            near: hard_near.unwrap_or_default().iter().collect(),
            far: hard_far.unwrap_or_default().iter().collect(),
            preferred: weighted.chain(against).collect(),
        }
    }
}

/// Which pods a term is about.
struct Selection {
    namespaces: BTreeSet<String>,
    everywhere: bool,
    selector: Option<Selector>,
}

impl Selection {
    fn of(term: &PodAffinityTerm, owner: &PodInfo, world: World<'_>) -> Self {
        let mut namespaces: BTreeSet<String> = term.namespaces.iter().flatten().cloned().gathered();
        let mut everywhere = false;
        match term.namespace_selector.as_ref().map(selectors::parse) {
            None if namespaces.is_empty() => {
                namespaces.insert(owner.object.namespace().to_owned());
            }
            Some(Ok(selector)) if selector.is_empty() => everywhere = true,
            Some(Ok(selector)) => {
                let key = GroupResource::new("", "namespaces");
                let all = world.cache.list(&key).filter_map(|object| object.get::<Namespace>());
                let empty = BTreeMap::new();
                let chosen = all.filter(|namespace| {
                    selector.matches(namespace.metadata.labels.as_ref().unwrap_or(&empty))
                });
                namespaces.extend(chosen.filter_map(|namespace| namespace.metadata.name.clone()));
            }
            _ => {}
        }
        let selector = term.label_selector.as_ref().and_then(|s| selectors::parse(s).ok());
        Self { namespaces, everywhere, selector }
    }

    fn covers(&self, namespace: &str) -> bool {
        self.everywhere || self.namespaces.contains(namespace)
    }

    fn selects(&self, pod: &PodInfo) -> bool {
        let empty = BTreeMap::new();
        let labels = pod.pod().metadata.labels.as_ref().unwrap_or(&empty);
        self.covers(pod.object.namespace())
            && self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }
}

/// How many of the pods that a term is about each of its domains holds.
struct Counted {
    topology: String,
    domains: SmallMap<String, i64>,
    selects_self: bool,
}

impl Counted {
    fn new(term: &PodAffinityTerm, pod: &PodInfo, world: World<'_>, nodes: &[&NodeInfo]) -> Self {
        let selection = Selection::of(term, pod, world);
        let groups: Vec<GroupId> = selection
            .selector
            .as_ref()
            .map(|selector| world.groups.matching(|n| selection.covers(n), selector))
            .unwrap_or_default();
        let mut domains = SmallMap::new();
        for node in nodes {
            let count = node.count(&groups);
            if let Some(value) = node.label(&term.topology_key).filter(|_| count > 0) {
                *domains.entry(value.to_owned()).or_default() += count;
            }
        }
        let selects_self = selection.selects(pod);
        Self { topology: term.topology_key.clone(), domains, selects_self }
    }

    fn count(&self, node: &NodeInfo) -> i64 {
        let value = node.label(&self.topology);
        value.and_then(|value| self.domains.get(value)).copied().unwrap_or(0)
    }
}

struct Neighbours {
    near: Vec<Counted>,
    far: Vec<Counted>,
    /// The domains that present pods keep this pod out of.
    repelled: BTreeSet<(String, String)>,
    preferred: Vec<(i64, Counted)>,
    first: bool,
}

impl Check for Neighbours {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let labelled = self.near.iter().all(|term| node.label(&term.topology).is_some());
        let met = self.first || self.near.iter().all(|term| term.count(node) > 0);
        if !labelled || !met {
            return Some(Refusal::unresolvable("node(s) didn't match pod affinity rules"));
        }
        if self.far.iter().any(|term| term.count(node) > 0) {
            return Some(Refusal::resolvable("node(s) didn't match pod anti-affinity rules"));
        }
        let repelled = self.repelled.iter().any(|(key, value)| node.label(key) == Some(value));
        let reason = "node(s) didn't satisfy existing pods anti-affinity rules";
        repelled.then(|| Refusal::resolvable(reason))
    }

    fn scores(&self) -> bool {
        !self.preferred.is_empty()
    }

    fn score(&self, node: &NodeInfo) -> i64 {
        self.preferred.iter().map(|(weight, term)| weight * term.count(node)).sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        let highest = scores.iter().copied().max().unwrap_or(0);
        let lowest = scores.iter().copied().min().unwrap_or(0);
        for score in scores {
            *score = (*score - lowest) * SCORE_MAX / (highest - lowest).max(1);
        }
    }
}
