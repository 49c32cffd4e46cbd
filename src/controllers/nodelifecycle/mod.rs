//! Notices silent nodes, taints them, and moves their pods elsewhere.
//! Mirrors `pkg/controller/nodelifecycle`, `tainteviction` and `podgc`.

mod eviction;
mod plan;
#[cfg(test)]
mod plan_tests;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, NodeCondition, ObjectReference, Pod, PodCondition, Taint};

pub use self::eviction::{OrphanedPods, TaintEviction};
use super::Settings;
use super::pod::{self, PODS};
use crate::api::Status;
use crate::base::shared_map::SharedMap;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, EventType, Next, Watch, reference};
use crate::sim::Time;

/// The type of nodes.
pub static NODES: GroupResource = GroupResource::new("", "nodes");
static LEASES: GroupResource = GroupResource::new("coordination.k8s.io", "leases");

const CONDITIONS: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];
const READY_TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// The controller of nodes.
#[derive(Clone, Debug)]
pub struct NodeLifecycle {
    settings: Settings,
    /// The nodes that it has seen, to tell of new and of removed ones.
    known: SharedMap<Key, Object>,
}

impl NodeLifecycle {
    /// One that has seen no node yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, known: SharedMap::new() }
    }
}

impl Controller for NodeLifecycle {
    fn name(&self) -> &'static str {
        "node-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(NODES.clone())]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let name = &key.name;
        let Some(object) = cx.cache.get(key) else {
            if let Some(gone) = self.known.remove(key) {
                let message = format!("Node {name} event: Removing Node {name} from Controller");
                cx.event_about(about(&gone), EventType::Normal, "RemovingNode", &message);
            }
            return Ok(Next::OnChange);
        };
        let Some(node) = object.get::<Node>() else { return Ok(Next::OnChange) };
        if self.known.insert(key.clone(), object.clone()).is_none() {
            let message = format!("Node {name} event: Registered Node {name} in Controller");
            cx.event_about(about(object), EventType::Normal, "RegisteredNode", &message);
        }
        let plan = plan::plan(
            ready(node),
            last_sign(cx.cache, object, node),
            self.settings.node_monitor_grace,
            cx.now,
        );
        let mut object = object.clone();
        if plan.lost {
            cx.explain(key, &plan);
            if let Some(node) = object.edit::<Node>() {
                lose(node, cx.now);
            }
            object = cx.update_status(object)?;
            let message = format!("Node {name} status is now: NodeNotReady");
            cx.event_about(about(&object), EventType::Normal, "NodeNotReady", &message);
        }
        if let Some(tainted) = taint(&object, plan.taint(), cx.now) {
            cx.update(tainted)?;
        }
        if plan.taint().is_some() {
            mark_pods(cx, name)?;
        }
        Ok(Next::OnChange)
    }

    fn resync(&self) -> Option<Duration> {
        Some(self.settings.node_monitor_period)
    }
}

/// A node as these events refer to it. Mirrors `RecordNodeEvent`.
fn about(node: &Object) -> ObjectReference {
    ObjectReference { resource_version: None, ..reference(node) }
}

/// The status of the condition `Ready`.
fn ready(node: &Node) -> Option<&str> {
    let conditions = node.status.as_ref()?.conditions.iter().flatten();
    conditions.into_iter().find(|c| c.type_ == "Ready").map(|condition| condition.status.as_str())
}

/// When the node was last heard of: its creation, its status, its lease.
fn last_sign(cache: &Cache, object: &Object, node: &Node) -> Time {
    let lease = cache.get(&Key::new(LEASES.clone(), "kube-node-lease", object.name()));
    let lease = lease.and_then(Object::get::<Lease>).and_then(|lease| lease.spec.as_ref());
    let renewed = lease
        .and_then(|spec| spec.renew_time.as_ref())
        .map(|stamp| Time::from_micros(u64::try_from(stamp.0.as_microsecond()).unwrap_or(0)));
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let reported =
        conditions.filter_map(|c| c.last_heartbeat_time.as_ref()).map(meta::moment).max();
    [renewed, reported].into_iter().flatten().fold(meta::created(object.meta()), Time::max)
}

/// Nothing is known of the node any more.
fn lose(node: &mut Node, now: Time) {
    let conditions = node.status.get_or_insert_default().conditions.get_or_insert_default();
    for kind in CONDITIONS {
        let index = conditions.iter().position(|known| known.type_ == kind).unwrap_or_else(|| {
            conditions.push(NodeCondition { type_: kind.to_owned(), ..NodeCondition::default() });
            conditions.len() - 1
        });
        let condition = &mut conditions[index];
        let silent = condition.last_heartbeat_time.is_some();
        condition.status = "Unknown".to_owned();
        condition.last_transition_time = Some(meta::timestamp(now));
        let (reason, message) = if silent {
            ("NodeStatusUnknown", "Kubelet stopped posting node status.")
        } else {
            ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
        };
        condition.reason = Some(reason.to_owned());
        condition.message = Some(message.to_owned());
    }
}

/// The node with the taints that its readiness and `spec.unschedulable` ask for, unless it has
/// them: every node is looked at every few seconds.
fn taint(object: &Object, key: Option<&str>, now: Time) -> Option<Object> {
    let spec = object.get::<Node>()?.spec.as_ref();
    let cordoned = spec.is_some_and(|spec| spec.unschedulable == Some(true));
    let present = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let stays = |taint: &&Taint| {
        let stale = READY_TAINTS.contains(&taint.key.as_str()) && Some(taint.key.as_str()) != key;
        !stale && (cordoned || taint.key != UNSCHEDULABLE)
    };
    let mut taints: Vec<Taint> = present.iter().filter(stays).cloned().collect();
    let mut wanted: Vec<(&str, &str)> =
        key.into_iter().flat_map(|key| [(key, "NoSchedule"), (key, "NoExecute")]).collect();
    if cordoned {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    for (key, effect) in wanted {
        if !taints.iter().any(|taint| taint.key == key && taint.effect == effect) {
            taints.push(Taint {
                key: key.to_owned(),
                value: None,
                effect: effect.to_owned(),
                time_added: Some(meta::timestamp(now)),
            });
        }
    }
    if taints == present {
        return None;
    }
    let mut tainted = object.clone();
    let spec = tainted.edit::<Node>()?.spec.get_or_insert_default();
    spec.taints = Some(taints).filter(|taints| !taints.is_empty());
    Some(tainted)
}

/// The pods that are bound to a node.
fn pods_on<'a>(cache: &'a Cache, node: &str) -> Vec<&'a Object> {
    let on = |object: &&Object| object.get::<Pod>().is_some_and(|pod| pod::node_name(pod) == node);
    cache.list(&PODS).filter(on).collect()
}

/// No pod of a lost node counts as ready. Mirrors `MarkPodsNotReady`.
fn mark_pods(cx: &mut Context<'_>, node: &str) -> Result<(), Status> {
    for object in pods_on(cx.cache, node) {
        if !object.get::<Pod>().is_some_and(pod::is_ready) {
            continue;
        }
        let mut marked = object.clone();
        if let Some(pod) = marked.edit::<Pod>() {
            set_condition(pod, "Ready", "False", None, cx.now);
        }
        match cx.update_status(marked) {
            Err(status) if status.is_not_found() => {}
            outcome => {
                outcome?;
                cx.event(object, EventType::Warning, "NodeNotReady", "Node is not ready");
            }
        }
    }
    Ok(())
}

/// Sets a condition of a pod; a reason and a message only where they are given.
fn set_condition(pod: &mut Pod, kind: &str, truth: &str, why: Option<(&str, &str)>, now: Time) {
    let generation = pod.metadata.generation;
    let conditions = pod.status.get_or_insert_default().conditions.get_or_insert_default();
    let index = conditions.iter().position(|known| known.type_ == kind).unwrap_or_else(|| {
        conditions.push(PodCondition {
            type_: kind.to_owned(),
            observed_generation: generation,
            ..PodCondition::default()
        });
        conditions.len() - 1
    });
    let condition = &mut conditions[index];
    if condition.status != truth {
        condition.status = truth.to_owned();
        condition.last_transition_time = Some(meta::timestamp(now));
    }
    if let Some((reason, message)) = why {
        condition.reason = Some(reason.to_owned());
        condition.message = Some(message.to_owned());
    }
}
