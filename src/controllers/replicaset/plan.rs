//! What a ReplicaSet or ReplicationController does next: how many pods to create, or which to
//! delete. Mirrors `replica_set.go` and `controller.ActivePodsWithRanks`.

use std::cmp::Reverse;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::controllers::pod;
use crate::object::meta;
use crate::sim::{Explain, Fact, Time};

/// How many pods one sync creates or deletes at most.
pub const BURST: usize = 500;

/// Pods whose name ranks them lower go first when there are too many.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How many pods there should be.
    pub replicas: usize,
    /// How long a pod must have been ready to count as available.
    pub min_ready: Duration,
}

/// What to do about the number of pods.
#[derive(Debug)]
pub enum Action<'a> {
    /// It is right.
    Nothing,
    /// Create that many.
    Create(usize),
    /// Delete these.
    Delete(Vec<&'a Pod>),
}

/// The decision and the counts it rests on.
#[derive(Debug)]
pub struct Plan<'a> {
    /// How many pods there should be.
    pub desired: usize,
    /// How many there are, not counting finished and terminating ones.
    pub current: usize,
    /// How many of them are ready.
    pub ready: usize,
    /// How many of them have been ready for long enough.
    pub available: usize,
    /// When the next ready pod becomes available.
    pub next_available: Option<Time>,
    /// What to do.
    pub action: Action<'a>,
}

/// Compares the active pods with what is wanted. `related` are the active pods of the sets with
/// the same owner: a node that runs many of them gives up one first.
pub fn plan<'a>(wanted: Wanted, active: &[&'a Pod], related: &[&Pod], now: Time) -> Plan<'a> {
    let mut plan = Plan {
        desired: wanted.replicas,
        current: active.len(),
        ready: 0,
        available: 0,
        next_available: None,
        action: Action::Nothing,
    };
    for at in active.iter().filter_map(|pod| pod::available_at(pod, wanted.min_ready)) {
        plan.ready += 1;
        if at <= now {
            plan.available += 1;
        } else {
            plan.next_available = Some(plan.next_available.map_or(at, |first| first.min(at)));
        }
    }
    if plan.current < plan.desired {
        plan.action = Action::Create((plan.desired - plan.current).min(BURST));
    } else if plan.current > plan.desired {
        let count = (plan.current - plan.desired).min(BURST);
        plan.action = Action::Delete(victims(active, related, count, now));
    }
    plan
}

/// The `count` pods that are missed least, the least first.
fn victims<'a>(active: &[&'a Pod], related: &[&Pod], count: usize, now: Time) -> Vec<&'a Pod> {
    let mut crowd: SmallMap<&str, usize> = SmallMap::new();
    for pod in related {
        *crowd.entry(pod::node_name(pod)).or_default() += 1;
    }
    let mut ranked = active.to_vec();
    ranked.order_by_key(|pod| {
        let neighbours = crowd.get(pod::node_name(pod)).copied().unwrap_or(0);
        worth(pod, neighbours, now)
    });
    ranked.truncate(count);
    ranked
}

/// How much a pod would be missed; those with the least go first. Ages count by order of
/// magnitude only, so that among pods of about the same age chance (the uid) decides.
fn worth(pod: &Pod, neighbours: usize, now: Time) -> impl Ord + use<> {
    let bound = !pod::node_name(pod).is_empty();
    let phase = match pod::phase(pod) {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    };
    let cost = meta::annotation(&pod.metadata, DELETION_COST);
    let cost: i32 = cost.and_then(|cost| cost.parse().ok()).unwrap_or(0);
    let ready_for = pod::ready_since(pod).map(|since| magnitude(now.since(since)));
    let restarts = Reverse(pod::max_restarts(pod));
    let age = magnitude(now.since(meta::created(&pod.metadata)));
    let uid = pod.metadata.uid.clone();
    (bound, phase, ready_for.is_some(), cost, Reverse(neighbours), ready_for, restarts, age, uid)
}

/// The binary logarithm of a duration. Mirrors `controller.logarithmicRankDiff`.
fn magnitude(duration: Duration) -> Option<u32> {
    duration.as_nanos().checked_ilog2()
}

impl Explain for Plan<'_> {
    fn summary(&self) -> String {
        match &self.action {
            Action::Nothing => format!("{} pods are as many as wanted", self.current),
            Action::Create(count) => format!("create {count} of {} pods", self.desired),
            Action::Delete(pods) => format!("delete {} of {} pods", pods.len(), self.current),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let (create, delete) = match &self.action {
            Action::Nothing => (0, Vec::new()),
            Action::Create(count) => (*count, Vec::new()),
            Action::Delete(pods) => {
                (0, pods.iter().filter_map(|pod| pod.metadata.name.as_deref()).collect())
            }
        };
        vec![
            Fact { name: "desired", value: self.desired.to_string() },
            Fact { name: "current", value: self.current.to_string() },
            Fact { name: "ready", value: self.ready.to_string() },
            Fact { name: "available", value: self.available.to_string() },
            Fact { name: "create", value: create.to_string() },
            Fact { name: "delete", value: delete.join(" ") },
        ]
    }
}
