//! Making room for a pod by removing less important ones.
//! Mirrors `pkg/scheduler/framework/preemption` and `plugins/defaultpreemption`.

use std::cmp::Reverse;
use std::rc::Rc;

use super::cycle::{Checks, No};
use super::failure;
use super::node_info::Nodes;
use super::plugins::World;
use super::pod_info::PodInfo;
use crate::base::order::Order as _;

const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// What came of looking for victims.
pub enum Preemption {
    /// These pods go, and the pod is to run on this node once they are gone.
    Victims(String, Vec<Rc<PodInfo>>),
    /// No; the rest of the message.
    None(String),
}

/// Looks for the node where the fewest and least important pods have to go.
pub fn preempt(pod: &PodInfo, world: World<'_>, refusals: &[(String, No)]) -> Preemption {
    let spec = pod.spec();
    if spec.preemption_policy.as_deref() == Some("Never") {
        return Preemption::None("not eligible due to preemptionPolicy=Never.".to_owned());
    }
    if waits_for_victims(pod, world.nodes) {
        return Preemption::None(
            "not eligible due to a terminating pod on the nominated node.".to_owned(),
        );
    }
    let mut reasons = Vec::new();
    let mut candidates = Vec::new();
    for (node, no) in refusals {
        if !no.refusal.resolvable {
            reasons.push(NOT_HELPFUL.to_owned());
            continue;
        }
        match victims(pod, world, node) {
            Some(victims) => candidates.push((node.clone(), victims)),
            None => reasons.push(NO_VICTIMS.to_owned()),
        }
    }
    let chosen = candidates.into_iter().min_by_key(|(_, victims)| {
        let highest = victims.iter().map(|victim| victim.priority).max();
        let sum: i64 = victims.iter().map(|victim| i64::from(victim.priority)).sum();
        let earliest = victims
            .iter()
            .filter(|victim| Some(victim.priority) == highest)
            .map(|victim| victim.started())
            .min();
        (highest, sum, victims.len(), Reverse(earliest))
    });
    match chosen {
        Some((node, victims)) => Preemption::Victims(node, victims),
        None => Preemption::None(failure::no_nodes(refusals.len(), reasons)),
    }
}

/// Whether victims of an earlier attempt are still on their way out.
fn waits_for_victims(pod: &PodInfo, nodes: &Nodes) -> bool {
    let status = pod.pod().status.as_ref();
    let nominated = status.and_then(|status| status.nominated_node_name.as_deref());
    let Some(node) = nominated.and_then(|name| nodes.get(name)) else { return false };
    let going = |other: &Rc<PodInfo>| {
        other.priority < pod.priority && other.object.meta().deletion_timestamp.is_some()
    };
    node.pods.values().any(going)
}

/// The pods that have to leave a node so that `pod` fits; `None` if that cannot be, or none need.
fn victims(pod: &PodInfo, world: World<'_>, name: &str) -> Option<Vec<Rc<PodInfo>>> {
    let node = world.nodes.get(name)?;
    let mut lower: Vec<Rc<PodInfo>> =
        node.pods.values().filter(|other| other.priority < pod.priority).cloned().collect();
    if lower.is_empty() {
        return None;
    }
    // The most important are the first to be spared: highest priority, then longest running.
    lower.order_by_key(|other| (Reverse(other.priority), other.started()));
    let mut nodes = world.nodes.clone();
    for other in &lower {
        nodes.remove(&other.uid);
    }
    let fits = |nodes: &Nodes| {
        let checks = Checks::prepare(pod, World { nodes, ..world }).ok();
        checks.zip(nodes.get(name)).is_some_and(|(checks, node)| checks.filter(node).is_none())
    };
    if !fits(&nodes) {
        return None;
    }
    let mut gone = Vec::new();
    for other in lower {
        nodes.place(name, other.clone());
        if !fits(&nodes) {
            nodes.remove(&other.uid);
            gone.push(other);
        }
    }
    Some(gone)
}
