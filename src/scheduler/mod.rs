//! The scheduler: finds a node for each pod that has none. Mirrors `pkg/scheduler`.

mod binding;
mod cycle;
mod failure;
mod node_info;
mod plugins;
mod pod_info;
mod preemption;
mod queue;
mod resources;

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Pod, PodCondition};

pub use resources::{Resources, pod_requests};

use crate::api::Status;
use crate::base::order::Order as _;
use crate::base::shared_map::SharedMap;
use crate::object::{GroupResource, Key, Object, Str, meta};
use crate::runtime::{Context, EventType};
use crate::sim::{Rng, Time};
use crate::store::{Change, ChangeKind};
use cycle::{Outcome, decide};
use node_info::Nodes;
use plugins::World;
use pod_info::{Groups, PodInfo};
use preemption::{Preemption, preempt};
use queue::Queue;

/// The pods it schedules name it, or no scheduler at all.
const NAME: &str = "default-scheduler";
const PODS: GroupResource = GroupResource::new("", "pods");

/// The plugins that a pod that comes, goes or changes on a node can make change their mind.
const ON_POD: &[&str] = &["NodePorts", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity"];
/// Those that a pod on its node, or one with other labels, can.
const ON_PLACED: &[&str] = &["PodTopologySpread", "InterPodAffinity"];
/// Those that a node can.
const ON_NODE: &[&str] = &[
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "VolumeBinding",
    "PodTopologySpread",
    "InterPodAffinity",
    "",
];
/// Those that claims, volumes and storage classes can.
const ON_VOLUME: &[&str] = &["VolumeBinding"];

/// The scheduler's state: everything can be lost and found again from the API.
#[derive(Clone)]
pub struct Scheduler {
    rng: Rng,
    queue: Queue,
    nodes: Nodes,
    groups: Groups,
    /// Pods that wait for victims to leave, with the node they were promised.
    nominated: SharedMap<Str, (String, Rc<PodInfo>)>,
    /// Pods whose node is chosen and whose volumes are being bound.
    binding: SharedMap<Key, String>,
    /// Where the next search begins.
    start: usize,
    /// The latest moment it was told of.
    now: Time,
}

impl Scheduler {
    /// A scheduler that knows of nothing yet.
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            queue: Queue::default(),
            nodes: Nodes::default(),
            groups: Groups::default(),
            nominated: SharedMap::new(),
            binding: SharedMap::new(),
            start: 0,
            now: Time::default(),
        }
    }

    /// Takes note of a delivered change.
    pub fn observe(&mut self, change: &Change) {
        let resource = change.object.resource();
        match (&*resource.group, &*resource.resource) {
            ("", "pods") => self.observe_pod(change),
            ("", "nodes") => self.observe_node(change),
            ("", "persistentvolumeclaims" | "persistentvolumes")
            | ("storage.k8s.io", "storageclasses") => {
                self.queue.requeue_refused_by(ON_VOLUME, self.now);
            }
            _ => {}
        }
    }

    /// When it next wants to run.
    pub fn next_time(&self, now: Time) -> Option<Time> {
        let volumes = (!self.binding.is_empty()).then(|| now + binding::POLL);
        self.queue.next_time(now).into_iter().chain(volumes).min()
    }

    /// Schedules one pod.
    pub fn run(&mut self, cx: &mut Context<'_>) {
        self.now = cx.now;
        self.continue_bindings(cx);
        while let Some(key) = self.queue.pop(cx.now) {
            let pod = cx.cache.get(&key).cloned();
            match pod.filter(is_mine).and_then(|object| PodInfo::new(&object, &mut self.groups)) {
                Some(pod) => return self.schedule(cx, &key, &pod),
                None => self.queue.remove(&key),
            }
        }
    }

    fn schedule(&mut self, cx: &mut Context<'_>, key: &Key, pod: &PodInfo) {
        let nodes = self.nodes_as_seen_by(pod);
        let world = World { nodes: &nodes, groups: &self.groups, cache: cx.cache };
        let decision = decide(pod, world, &mut self.start, &mut self.rng);
        cx.explain(key, &decision);
        let (message, plugins) = match decision.outcome {
            Outcome::Node(node) => {
                // Two copies would have to part.
                drop(nodes);
                return self.assign(cx, key, pod, &node);
            }
            Outcome::Refused(no) => {
                let count = nodes.list().len();
                let reasons = no.refusal.reasons.join(", ");
                let message = format!("0/{count} nodes are available: {reasons}. not found");
                (message, vec![no.plugin])
            }
            Outcome::NoNode(refusals) => {
                let mut plugins: Vec<&str> = refusals.iter().map(|(_, no)| no.plugin).collect();
                plugins.order();
                plugins.dedup();
                if refusals.is_empty() {
                    plugins.push("");
                }
                let message = failure::message(&refusals);
                let tail = match preempt(pod, world, &refusals) {
                    _ if refusals.is_empty() => String::new(),
                    Preemption::None(why) => {
                        format!(" no new claims to deallocate, preemption: {why}")
                    }
                    Preemption::Victims(node, victims) => {
                        self.queue.failed(key, plugins, cx.now);
                        return self.remove_victims(cx, pod, &node, &victims, &message);
                    }
                };
                (message + &tail, plugins)
            }
        };
        self.queue.failed(key, plugins, cx.now);
        report(cx, &pod.object, &message, None);
    }

    /// The nodes with the pods of at least this priority that were promised a place there.
    fn nodes_as_seen_by(&self, pod: &PodInfo) -> Nodes {
        let mut nodes = self.nodes.clone();
        for (node, other) in self.nominated.values() {
            if other.uid != pod.uid && other.priority >= pod.priority {
                nodes.place(node, other.clone());
            }
        }
        nodes
    }

    /// Mirrors `prepareCandidate`.
    fn remove_victims(
        &mut self,
        cx: &mut Context<'_>,
        pod: &PodInfo,
        node: &str,
        victims: &[Rc<PodInfo>],
        message: &str,
    ) {
        self.nominated.insert(pod.uid.clone(), (node.to_owned(), Rc::new(pod.clone())));
        for victim in victims {
            let text = format!("{NAME}: preempting to accommodate a higher priority pod");
            let condition = PodCondition {
                type_: "DisruptionTarget".to_owned(),
                status: "True".to_owned(),
                reason: Some("PreemptionByScheduler".to_owned()),
                message: Some(text),
                last_transition_time: Some(meta::timestamp(cx.now)),
                observed_generation: victim.object.meta().generation,
                ..PodCondition::default()
            };
            // A victim that is gone already needs no marking.
            let _ = failure::set_condition(cx, &victim.object, condition, None);
            let _ = cx.delete(&victim.object.key());
            let text = format!("Preempted by pod {} on node {node}", pod.uid);
            let what = ("Preempted", "Preempting");
            cx.event_of_action(&victim.object, Some(&pod.object), EventType::Normal, what, &text);
        }
        report(cx, &pod.object, message, Some(node));
    }

    fn observe_pod(&mut self, change: &Change) {
        let (object, key) = (&change.object, change.object.key());
        let uid: Str = object.uid().into();
        if change.kind == ChangeKind::Deleted || is_finished(object) {
            self.queue.remove(&key);
            self.nominated.remove(&uid);
            self.binding.remove(&key);
            if self.nodes.remove(&uid) {
                self.queue.requeue_refused_by(ON_POD, self.now);
            }
            return;
        }
        if let Some(node) = node_of(object) {
            self.queue.remove(&key);
            self.nominated.remove(&uid);
            let moved = change
                .previous
                .as_ref()
                .is_none_or(|old| node_of(old).is_none() || counts_differently(old, object));
            if moved {
                if let Some(pod) = PodInfo::new(object, &mut self.groups) {
                    self.nodes.place(node, Rc::new(pod));
                }
                // A pod that begins to go takes its place until it is gone.
                if change
                    .previous
                    .as_ref()
                    .is_none_or(|old| node_of(old).is_none() || asks_differently(old, object))
                {
                    self.queue.requeue_refused_by(ON_PLACED, self.now);
                }
            } else {
                self.nodes.renew(&uid, object);
            }
            return;
        }
        self.observe_waiting(change, &key);
    }

    fn observe_waiting(&mut self, change: &Change, key: &Key) {
        let object = &change.object;
        if !is_mine(object) {
            self.queue.remove(key);
            return;
        }
        let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let priority = spec.and_then(|spec| spec.priority).unwrap_or(0);
        if !self.queue.contains(key) {
            self.queue.add(key.clone(), priority, meta::created(object.meta()));
        } else if change.previous.as_ref().is_some_and(|old| asks_differently(old, object)) {
            self.queue.requeue(key, self.now);
        }
    }

    fn observe_node(&mut self, change: &Change) {
        if change.kind == ChangeKind::Deleted {
            self.nodes.remove_node(change.object.name());
            return;
        }
        self.nodes.set_node(change.object.clone());
        if change.previous.as_ref().is_none_or(|old| node_differs(old, &change.object)) {
            self.queue.requeue_refused_by(ON_NODE, self.now);
        }
    }
}

/// Says that a pod fits nowhere: an Event and its condition.
fn report(cx: &mut Context<'_>, object: &Object, message: &str, nominated: Option<&str>) {
    let what = ("FailedScheduling", "Scheduling");
    cx.event_of_action(object, None, EventType::Warning, what, message);
    // The pod may be gone by now; the queue will hear of it.
    let _: Result<(), Status> = failure::set_unschedulable(cx, object, message, nominated);
}

fn node_of(object: &Object) -> Option<&str> {
    let spec = object.get::<Pod>()?.spec.as_ref()?;
    spec.node_name.as_deref().filter(|name| !name.is_empty())
}

/// Whether a pod waits for this scheduler.
fn is_mine(object: &Object) -> bool {
    let Some(spec) = object.get::<Pod>().and_then(|pod| pod.spec.as_ref()) else { return false };
    let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    let named = spec.scheduler_name.as_deref().is_none_or(|name| name == NAME || name.is_empty());
    named && !gated && node_of(object).is_none() && !meta::is_terminating(object.meta())
}

fn is_finished(object: &Object) -> bool {
    let status = object.get::<Pod>().and_then(|pod| pod.status.as_ref());
    matches!(status.and_then(|s| s.phase.as_deref()), Some("Succeeded" | "Failed"))
}

/// Whether another version of a pod counts differently on its node.
fn counts_differently(old: &Object, new: &Object) -> bool {
    old.meta().labels != new.meta().labels
        || old.meta().generation != new.meta().generation
        || old.meta().deletion_timestamp.is_some() != new.meta().deletion_timestamp.is_some()
}

/// Whether another version of a waiting pod asks for something else.
fn asks_differently(old: &Object, new: &Object) -> bool {
    old.meta().labels != new.meta().labels || old.meta().generation != new.meta().generation
}

/// Whether another version of a node may be good for other pods.
fn node_differs(old: &Object, new: &Object) -> bool {
    use k8s_openapi::api::core::v1::Node;
    let (Some(old), Some(new)) = (old.get::<Node>(), new.get::<Node>()) else { return true };
    let allocatable = |node: &Node| node.status.as_ref().and_then(|s| s.allocatable.clone());
    old.spec != new.spec
        || old.metadata.labels != new.metadata.labels
        || allocatable(old) != allocatable(new)
}
