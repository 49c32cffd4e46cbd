//! The kubelets: they bring the pods of their nodes to life. Mirrors `pkg/kubelet`.

mod admit;
mod agenda;
mod calls;
mod container;
mod environment;
mod exec;
mod expansion;
mod fields;
mod hook;
mod image;
mod logs;
mod node;
mod pod;
mod ports;
mod probe;
mod proxy;
mod resize;
mod sandbox;
mod start;
mod status;
mod step;
mod stop;
mod usage;
mod volumes;

use std::rc::Rc;
use std::time::Duration;

use imbl::Vector;
use k8s_openapi::api::core::v1::Pod;

pub use calls::{Call, What};
pub use logs::LogOptions;
pub use usage::{ContainerUsage, LoadRule, PodUsage, Reading};

use crate::base::shared_map::SharedMap;
use crate::machine::Machines;
use crate::object::{Object, Str};
use crate::runtime::Context;
use crate::sim::{Rng, Time};
use crate::store::{Change, ChangeKind};
use agenda::{Agenda, Work};
use exec::Session;
use node::NodeState;
use pod::PodWorker;
use step::Step;

/// How long a kubelet takes to take up a pod that was bound to its node.
const TAKE_UP: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(120));

/// How often a kubelet looks after a pod of which nothing is heard (`syncFrequency`).
const SYNC_PERIOD: Duration = Duration::from_secs(60);

/// How long things take on every node, where that is not left to images and processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Every pull of an image.
    pub pull: Option<Duration>,
    /// Every container, from being told to stop until it has.
    pub stop: Option<Duration>,
}

/// All kubelets, one for each node.
#[derive(Clone)]
pub struct Kubelets {
    rng: Rng,
    agenda: Agenda,
    nodes: SharedMap<Str, NodeState>,
    /// Pods by uid.
    pods: SharedMap<Str, Rc<PodWorker>>,
    /// The uid of the pod with a namespace and a name.
    names: SharedMap<(Str, Str), Str>,
    machines: Machines,
    /// What processes want of the network and has not been taken yet.
    calls: Vec<Call>,
    /// Commands that people run in containers, by number.
    sessions: SharedMap<u64, Session>,
    sessions_begun: u64,
    loads: Vector<LoadRule>,
    nodes_seen: u32,
    pace: Pace,
    /// The latest moment they were told of.
    now: Time,
}

impl Kubelets {
    /// No nodes yet.
    pub fn new(rng: Rng, pace: Pace) -> Self {
        Self {
            rng,
            agenda: Agenda::default(),
            nodes: SharedMap::new(),
            pods: SharedMap::new(),
            names: SharedMap::new(),
            machines: Machines::default(),
            calls: Vec::new(),
            sessions: SharedMap::new(),
            sessions_begun: 0,
            loads: Vector::new(),
            nodes_seen: 0,
            pace,
            now: Time::default(),
        }
    }

    /// Takes note of a delivered change.
    pub fn observe(&mut self, change: &Change, now: Time) {
        self.now = now;
        let resource = change.object.resource();
        match (&*resource.group, &*resource.resource) {
            ("", "pods") => self.observe_pod(change, now),
            ("", "nodes") => self.observe_node(change, now),
            ("", "configmaps" | "secrets") => self.observe_content(&change.object, now),
            ("", "persistentvolumes") if change.kind == ChangeKind::Deleted => {
                self.machines.drop_volume(&volumes::persistent(change.object.name()));
            }
            _ => {}
        }
    }

    /// When there is something to do.
    pub fn next_time(&self, _: Time) -> Option<Time> {
        self.agenda.next_time()
    }

    /// Takes one visible step of one pod, or one heartbeat of one node.
    pub fn run(&mut self, cx: &mut Context<'_>) {
        self.now = cx.now;
        match self.agenda.pop(cx.now) {
            Some(Work::Node(name)) => self.run_node(&name, cx),
            Some(Work::Pod(uid)) => self.run_pod(&uid, true, cx),
            Some(Work::Processes(uid)) => self.run_pod(&uid, false, cx),
            None => {}
        }
    }

    /// Has a node's kubelet fall silent, or speak again: then it reports everything anew.
    pub fn silence(&mut self, name: &str, silent: bool) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        node.silent = silent;
        if silent {
            return;
        }
        node.report_all();
        self.agenda.plan(Work::Node(name.into()), self.now);
        for uid in self.pods_on(name) {
            self.agenda.plan(Work::Pod(uid), self.now);
        }
    }

    /// From now on, pulls of an image fail as not found.
    pub fn mark_image_missing(&mut self, reference: &str) {
        self.machines.mark_missing(reference);
    }

    fn workers(&self) -> impl Iterator<Item = &PodWorker> {
        self.pods.values().map(Rc::as_ref)
    }

    fn find(&self, namespace: &str, name: &str) -> Option<&PodWorker> {
        let uid = self.names.get(&(namespace.into(), name.into()))?;
        self.pods.get(uid).map(Rc::as_ref)
    }

    fn pods_on(&self, node: &str) -> Vec<Str> {
        let own = self.pods.iter().filter(|(_, worker)| &*worker.node == node);
        own.map(|(uid, _)| uid.clone()).collect()
    }

    fn is_silent(&self, name: &str) -> bool {
        self.nodes.get(name).is_none_or(|node| node.silent)
    }

    fn run_node(&mut self, name: &Str, cx: &mut Context<'_>) {
        let Some(node) = self.nodes.get_mut(name).filter(|node| !node.silent) else { return };
        let next = node.beat(cx);
        self.agenda.plan(Work::Node(name.clone()), next);
    }

    /// Brings a pod closer to what it should be, or only lets its processes go on; if that shows,
    /// the pod's turn comes at once.
    fn run_pod(&mut self, uid: &Str, whole: bool, cx: &mut Context<'_>) {
        let Some(worker) = self.pods.get_mut(uid) else { return };
        let Some(node) = self.nodes.get_mut(&worker.node).filter(|node| !node.silent) else {
            return;
        };
        let now = cx.now;
        let worker = Rc::make_mut(worker);
        let pod = worker.object.clone();
        let (machines, calls) = (&mut self.machines, &mut self.calls);
        let pace = self.pace;
        let mut step = Step { cx, node, machines, calls, pod, pace, next: None, wake: None };
        if whole {
            worker.step(&mut step);
        } else if worker.run_processes(&mut step) {
            step.again_at(Some(now));
        }
        if let Some(next) = step.next {
            self.agenda.plan(Work::Pod(uid.clone()), next);
        }
        if let Some(wake) = step.wake {
            self.agenda.plan(Work::Processes(uid.clone()), wake);
        }
    }

    fn observe_node(&mut self, change: &Change, now: Time) {
        let name: Str = change.object.name().into();
        if change.kind == ChangeKind::Deleted {
            self.nodes.remove(&name);
            self.machines.remove(&name);
            self.agenda.cancel(&Work::Node(name.clone()));
            self.pods_on(&name).iter().for_each(|uid| self.forget(uid));
        } else if !self.nodes.contains_key(&name) {
            self.nodes_seen += 1;
            let node = NodeState::new(&name, self.nodes_seen, &change.object);
            self.machines.add(&name, node.capacity);
            self.machines.join(&node.ip(), &name);
            self.nodes.insert(name.clone(), node);
            self.agenda.plan(Work::Node(name), now);
        }
    }

    fn observe_pod(&mut self, change: &Change, now: Time) {
        let object = &change.object;
        let uid: Str = object.uid().into();
        if change.kind == ChangeKind::Deleted {
            return self.forget(&uid);
        }
        let Some(worker) = self.pods.get_mut(&uid) else {
            return self.take_up(object, now);
        };
        if object.revision() <= worker.object.revision() {
            return;
        }
        let worker = Rc::make_mut(worker);
        let old = std::mem::replace(&mut worker.object, object.clone());
        let (was, is) = (old.meta(), object.meta());
        let gated = object.get::<Pod>().is_some_and(|pod| {
            pod.spec.as_ref().is_some_and(|spec| spec.readiness_gates.is_some())
        });
        let ended = |object: &Object| {
            let status = object.get::<Pod>().and_then(|pod| pod.status.as_ref());
            matches!(status.and_then(|s| s.phase.as_deref()), Some("Failed" | "Succeeded"))
        };
        if (&was.labels, &was.annotations) != (&is.labels, &is.annotations) {
            worker.refresh_at(now);
            self.agenda.plan(Work::Pod(uid.clone()), now);
        }
        if was.deletion_timestamp != is.deletion_timestamp
            || was.generation != is.generation
            || ended(&old) != ended(object)
            || gated
        {
            self.agenda.plan(Work::Pod(uid), now);
        }
    }

    /// A ConfigMap or a Secret changed: pods that show it will show what it says now. Mirrors the
    /// `Watch` strategy of `pkg/kubelet/{configmap,secret}`, which waits for the pod's next sync.
    fn observe_content(&mut self, object: &Object, now: Time) {
        let is_secret = &*object.resource().resource == "secrets";
        let namespace = object.namespace();
        let inside = self.names.span(|(other, _)| (**other).cmp(namespace));
        let uids: Vec<Str> = inside.map(|(_, uid)| uid.clone()).collect();
        for uid in uids {
            let Some(worker) = self.pods.get_mut(&uid) else { continue };
            let spec = worker.object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
            if spec.is_some_and(|spec| volumes::shows(spec, is_secret, object.name())) {
                let time = now + SYNC_PERIOD;
                Rc::make_mut(worker).refresh_at(time);
                self.agenda.plan(Work::Pod(uid), time);
            }
        }
    }

    /// Takes up a pod that was bound to a node with a kubelet.
    fn take_up(&mut self, object: &Object, now: Time) {
        let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let Some(node) = spec.and_then(|spec| spec.node_name.as_deref()) else { return };
        if !self.nodes.contains_key(node) {
            return;
        }
        let Some(mut worker) = PodWorker::new(object, node) else { return };
        if let Some(pod) = object.get::<Pod>() {
            let alive = |worker: &&PodWorker| &*worker.node == node && !worker.phase.is_final();
            let others = self.workers().filter(alive).map(|worker| &worker.object);
            worker.rejection = admit::rejection(pod, others);
        }
        let uid = worker.uid.clone();
        let name = (worker.key.namespace.clone(), worker.key.name.clone());
        self.names.insert(name, uid.clone());
        self.pods.insert(uid.clone(), Rc::new(worker));
        let wait = self.rng.between(TAKE_UP.0, TAKE_UP.1);
        self.agenda.plan(Work::Pod(uid), now + wait);
    }

    fn forget(&mut self, uid: &Str) {
        let Some(worker) = self.pods.remove(uid) else { return };
        let name = (worker.key.namespace.clone(), worker.key.name.clone());
        if self.names.get(&name) == Some(uid) {
            self.names.remove(&name);
        }
        self.agenda.cancel(&Work::Pod(uid.clone()));
        self.agenda.cancel(&Work::Processes(uid.clone()));
        worker.clear_away(&mut self.machines);
    }
}
