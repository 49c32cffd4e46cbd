//! Pods are spread over zones and nodes. Mirrors `plugins/podtopologyspread`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{ReplicationController, Service, TopologySpreadConstraint};

use super::{Check, Plugin, Prepared, Refusal, SCORE_MAX, World};
use crate::base::label_selector::{Selector, has_all};
use crate::base::order::Gather;
use crate::kinds::selectors;
use crate::object::{GroupResource, Key, meta};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::{GroupId, PodInfo};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// The plugin.
pub struct PodTopologySpread;

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn weight(&self) -> i64 {
        2
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, world: World<'a>) -> Prepared<'a> {
        let own = pod.spec().topology_spread_constraints.as_deref().unwrap_or_default();
        let constraints = if own.is_empty() {
            system_defaults(pod, world)
        } else {
            own.iter().map(|constraint| Constraint::own(constraint, pod, world)).collect()
        };
        if constraints.is_empty() {
            return Prepared::Skip;
        }
        let (hard, soft): (Vec<_>, Vec<_>) = constraints.into_iter().partition(|c| c.hard);
        let eligible: Vec<&NodeInfo> = world.nodes.list();
        let affinity = super::node_affinity::NodeAffinity.prepare(pod, world);
        let may = |node: &NodeInfo| match &affinity {
            Prepared::Check(check) => check.filter(node).is_none(),
            _ => true,
        };
        let tolerated = super::taint_toleration::TaintToleration.prepare(pod, world);
        let tolerates = |node: &NodeInfo| match &tolerated {
            Prepared::Check(check) => check.filter(node).is_none(),
            _ => true,
        };
        let count = |constraint: Constraint, all: &[Constraint]| {
            let mut domains: BTreeMap<String, i64> = BTreeMap::new();
            for node in &eligible {
                let labelled = all.iter().all(|c| node.label(&c.topology).is_some());
                let honoured = (!constraint.honours_affinity || may(node))
                    && (!constraint.honours_taints || tolerates(node));
                if let Some(value) =
                    node.label(&constraint.topology).filter(|_| labelled && honoured)
                {
                    let entry = domains.entry(value.to_owned()).or_default();
                    *entry += node.count(&constraint.groups);
                }
            }
            Counted { constraint, domains }
        };
        let hard: Vec<Counted> = hard.clone().into_iter().map(|c| count(c, &hard)).collect();
        let per_node = |c: &Constraint| c.topology == HOSTNAME && !c.honours_taints;
        let soft = soft.clone().into_iter().map(|c| {
            if per_node(&c) {
                Counted { constraint: c, domains: BTreeMap::new() }
            } else {
                count(c, &soft)
            }
        });
        Prepared::check(Spread { hard, soft: soft.collect() })
    }
}

#[derive(Clone)]
struct Constraint {
    topology: String,
    max_skew: i64,
    min_domains: usize,
    hard: bool,
    honours_affinity: bool,
    honours_taints: bool,
    /// The groups whose pods count.
    groups: Vec<GroupId>,
    /// Whether the pod itself will count.
    selects_self: bool,
}

impl Constraint {
    fn own(constraint: &TopologySpreadConstraint, pod: &PodInfo, world: World<'_>) -> Self {
        let mut selector = constraint
            .label_selector
            .as_ref()
            .map_or(Ok(nothing()), selectors::parse)
            .unwrap_or_else(|_| nothing());
        let labels = pod.pod().metadata.labels.clone().unwrap_or_default();
        let keys = constraint.match_label_keys.iter().flatten();
        let fixed: BTreeMap<String, String> =
            keys.filter_map(|key| Some((key.clone(), labels.get(key)?.clone()))).gathered();
        if !fixed.is_empty() {
            let more = Selector::from_labels(&fixed);
            let all = selector.requirements().iter().chain(more.requirements());
            selector = Selector::from_requirements(all.cloned().collect());
        }
        let namespace = pod.object.namespace();
        Self {
            topology: constraint.topology_key.clone(),
            max_skew: i64::from(constraint.max_skew),
            min_domains: usize::try_from(constraint.min_domains.unwrap_or(1)).unwrap_or(1),
            hard: constraint.when_unsatisfiable == "DoNotSchedule",
            honours_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
            honours_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
            groups: world.groups.matching(|n| n == namespace, &selector),
            selects_self: selector.matches(&labels),
        }
    }
}

/// A selector that nothing matches: both with and without a label.
fn nothing() -> Selector {
    let none: [&str; 0] = [];
    let parts =
        [("kubernetes.io/none", "Exists", none), ("kubernetes.io/none", "DoesNotExist", none)];
    Selector::from_parts(&BTreeMap::new(), parts).unwrap_or_default()
}

/// The soft constraints of pods that have none of their own: 3 a node, 5 a zone, among the pods
/// of the same owner or service. Mirrors `systemDefaultConstraints` and `helper.DefaultSelector`.
fn system_defaults(pod: &PodInfo, world: World<'_>) -> Vec<Constraint> {
    let Some(selector) = default_selector(pod, world) else { return Vec::new() };
    let namespace = pod.object.namespace();
    let groups = world.groups.matching(|n| n == namespace, &selector);
    let labels = pod.pod().metadata.labels.clone().unwrap_or_default();
    let selects_self = selector.matches(&labels);
    [(HOSTNAME, 3), (ZONE, 5)]
        .map(|(topology, max_skew)| Constraint {
            topology: topology.to_owned(),
            max_skew,
            min_domains: 1,
            hard: false,
            honours_affinity: true,
            honours_taints: false,
            groups: groups.clone(),
            selects_self,
        })
        .into()
}

fn default_selector(pod: &PodInfo, world: World<'_>) -> Option<Selector> {
    let empty = BTreeMap::new();
    let labels = pod.pod().metadata.labels.as_ref().unwrap_or(&empty);
    let namespace = pod.object.namespace();
    let mut wanted = BTreeMap::new();
    for object in world.cache.list_in(&GroupResource::new("", "services"), namespace) {
        let spec = object.get::<Service>().and_then(|service| service.spec.as_ref());
        let selector = spec.and_then(|spec| spec.selector.as_ref());
        if let Some(selector) = selector.filter(|s| !s.is_empty() && has_all(labels, s)) {
            wanted.extend(selector.clone());
        }
    }
    let mut requirements = Selector::from_labels(&wanted).requirements().to_vec();
    if let Some(owner) = meta::controller_of(pod.object.meta()) {
        let find = |group: &'static str, plural: &'static str| {
            let key = Key::new(GroupResource::new(group, plural), namespace, &owner.name);
            world.cache.get(&key)
        };
        let owned = match owner.kind.as_str() {
            "ReplicationController" => {
                let object = find("", "replicationcontrollers");
                let spec = object.and_then(|o| o.get::<ReplicationController>()?.spec.as_ref());
                spec.and_then(|spec| spec.selector.as_ref()).map(Selector::from_labels)
            }
            "ReplicaSet" => {
                let object = find("apps", "replicasets");
                let spec = object.and_then(|o| o.get::<ReplicaSet>()?.spec.as_ref());
                spec.and_then(|spec| selectors::parse(&spec.selector).ok())
            }
            "StatefulSet" => {
                let object = find("apps", "statefulsets");
                let spec = object.and_then(|o| o.get::<StatefulSet>()?.spec.as_ref());
                spec.and_then(|spec| selectors::parse(&spec.selector).ok())
            }
            _ => None,
        };
        requirements.extend(owned.iter().flat_map(|s| s.requirements().iter().cloned()));
    }
    (!requirements.is_empty()).then(|| Selector::from_requirements(requirements))
}

struct Counted {
    constraint: Constraint,
    domains: BTreeMap<String, i64>,
}

struct Spread {
    hard: Vec<Counted>,
    soft: Vec<Counted>,
}

impl Check for Spread {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let reason = "node(s) didn't match pod topology spread constraints";
        for Counted { constraint, domains } in &self.hard {
            let Some(value) = node.label(&constraint.topology) else {
                return Some(Refusal::unresolvable(format!("{reason} (missing required label)")));
            };
            let fewest = domains.values().copied().min().unwrap_or(0);
            let fewest = if domains.len() < constraint.min_domains { 0 } else { fewest };
            let here = domains.get(value).copied().unwrap_or(0);
            if here + i64::from(constraint.selects_self) - fewest > constraint.max_skew {
                return Some(Refusal::resolvable(reason));
            }
        }
        None
    }

    fn scores(&self) -> bool {
        !self.soft.is_empty()
    }

    /// How crowded the node's domains are: negative where a label is missing.
    fn score(&self, node: &NodeInfo) -> i64 {
        let mut sum = 0;
        for Counted { constraint, domains } in &self.soft {
            let Some(value) = node.label(&constraint.topology) else { continue };
            let (count, size) = if domains.is_empty() {
                (node.count(&constraint.groups), 1)
            } else {
                (domains.get(value).copied().unwrap_or(0), domains.len())
            };
            sum += count * 1024 * log2_milli(size + 2) / 1000 + (constraint.max_skew - 1) * 1024;
        }
        sum
    }

    /// The less crowded the better.
    fn normalize(&self, scores: &mut [i64]) {
        let highest = scores.iter().copied().max().unwrap_or(0);
        let lowest = scores.iter().copied().min().unwrap_or(0);
        for score in scores {
            *score = match highest {
                0 => SCORE_MAX,
                _ => SCORE_MAX * (highest + lowest - *score) / highest,
            };
        }
    }
}

/// The binary logarithm in thousandths, linear between powers of two.
fn log2_milli(number: usize) -> i64 {
    let number = i64::try_from(number.max(1)).unwrap_or(i64::MAX);
    let whole = i64::from(number.ilog2());
    let power = 1_i64 << whole;
    whole * 1000 + (number - power) * 1000 / power
}
