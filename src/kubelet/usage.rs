//! What pods use of their nodes: what their processes say, or what someone said they do.

use k8s_openapi::api::core::v1::Pod;

use super::Kubelets;
use super::pod::{Phase, PodWorker};
use crate::base::label_selector::Selector;
use crate::machine::Machine;
use crate::object::{GroupResource, Key, Object, meta};
use crate::sim::{Time, duration};

/// What a node uses for itself: thousandths of a CPU, and bytes of memory.
const NODE_OVERHEAD: (i64, i64) = (100, 512 << 20);
const PODS: GroupResource = GroupResource::new("", "pods");
const NODES: GroupResource = GroupResource::new("", "nodes");

/// What the pods of a selector use, present ones and future ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadRule {
    /// The pods' namespace.
    pub namespace: String,
    /// Label selector text.
    pub selector: String,
    /// CPU in thousandths of a core; `None` leaves it to the image.
    pub cpu_milli: Option<i64>,
    /// Whether `cpu_milli` is divided among the ready pods.
    pub total: bool,
    /// Memory in bytes; `None` leaves it to the image.
    pub memory_bytes: Option<i64>,
    /// Whether nothing is known of these pods.
    pub missing: bool,
}

/// What one container uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerUsage {
    /// Its name.
    pub name: String,
    /// Thousandths of a CPU.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory_bytes: i64,
    /// What its CPU time so far says, unless someone said what it uses.
    pub reading: Option<Reading>,
}

/// The CPU time that a container's instance has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which instance of all on its node.
    pub instance: u64,
    /// Since when it counts.
    pub since: Time,
    /// When it was read.
    pub at: Time,
    /// Microseconds.
    pub micros: u64,
}

impl Reading {
    /// The average use since `earlier` (or since the start), in thousandths of a core.
    pub fn milli_since(&self, earlier: Option<&Self>) -> i64 {
        let (micros, since) = match earlier.filter(|e| e.instance == self.instance) {
            Some(earlier) => (self.micros.saturating_sub(earlier.micros), earlier.at),
            None => (self.micros, self.since),
        };
        let took = duration::micros(self.at.since(since)).max(1);
        i64::try_from(micros.saturating_mul(1000) / took).unwrap_or(i64::MAX)
    }
}

/// What one pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodUsage {
    /// Which pod.
    pub key: Key,
    /// Its node.
    pub node: String,
    /// Its containers.
    pub containers: Vec<ContainerUsage>,
}

impl Kubelets {
    /// Says what pods use from now on; a rule replaces the one for the same selector.
    pub fn set_load(&mut self, rule: LoadRule) {
        self.loads.retain(|other| {
            (&other.namespace, &other.selector) != (&rule.namespace, &rule.selector)
        });
        self.loads.push_back(rule);
    }

    /// What those of the running pods that are wanted use now, where that is known.
    pub fn usage(&self, wanted: &dyn Fn(&Key, &Object) -> bool, now: Time) -> Vec<PodUsage> {
        let rules: Vec<(&LoadRule, Selector, i64)> = self
            .loads
            .iter()
            .rev()
            .filter_map(|rule| {
                let selector = Selector::parse(&rule.selector).ok()?;
                let mine =
                    |worker: &&PodWorker| is_ready(worker) && applies(rule, &selector, worker);
                let ready = self.workers().filter(mine).count();
                Some((rule, selector, i64::try_from(ready).unwrap_or(1).max(1)))
            })
            .collect();
        let running = self.workers().filter(|worker| {
            worker.phase == Phase::Running
                && wanted(&worker.key, &worker.object)
                && !self.is_silent(&worker.node)
        });
        running
            .filter_map(|worker| {
                let rule = rules.iter().find(|(rule, selector, _)| applies(rule, selector, worker));
                let rule = rule.map(|(rule, _, ready)| (*rule, *ready));
                let machine = self.machines.get(&worker.node)?;
                let containers = containers(worker, machine, rule, now)?;
                Some(PodUsage {
                    key: worker.key.clone(),
                    node: worker.node.to_string(),
                    containers,
                })
            })
            .collect()
    }

    /// A pod's labels, as its kubelet knows them.
    pub fn labels(&self, key: &Key) -> Option<std::collections::BTreeMap<String, String>> {
        self.find(&key.namespace, &key.name)?.object.meta().labels.clone()
    }

    /// The nodes whose kubelets answer, with what each uses beside its pods.
    pub fn nodes_usage(&self) -> Vec<(Key, i64, i64)> {
        let speaking = self.nodes.values().filter(|node| !node.silent);
        let (cpu, memory) = NODE_OVERHEAD;
        speaking.map(|node| (Key::new(NODES, "", &node.name), cpu, memory)).collect()
    }
}

fn containers(
    worker: &PodWorker,
    machine: &Machine,
    rule: Option<(&LoadRule, i64)>,
    now: Time,
) -> Option<Vec<ContainerUsage>> {
    assert!(worker.key.resource == PODS, "workers are of pods");
    if rule.is_some_and(|(rule, _)| rule.missing) {
        return None;
    }
    let running = worker.containers.iter().filter(|c| (!c.init || c.sidecar) && c.is_running());
    let mut list: Vec<ContainerUsage> = running
        .filter_map(|container| {
            let id = container.instance?;
            let usage = machine.usage(id, now);
            let reading = Reading {
                instance: id.number(),
                since: machine.started_at(id)?,
                at: now,
                micros: usage.cpu_total_micros,
            };
            Some(ContainerUsage {
                name: container.name.clone(),
                cpu_milli: i64::try_from(usage.cpu_milli).unwrap_or(i64::MAX),
                memory_bytes: i64::try_from(usage.memory_bytes).unwrap_or(i64::MAX),
                reading: Some(reading),
            })
        })
        .collect();
    let Some((rule, ready)) = rule else { return Some(list) };
    // The first container carries the load.
    for (index, container) in list.iter_mut().enumerate() {
        let first = index == 0;
        if let Some(cpu) = rule.cpu_milli {
            let share = if rule.total { cpu / ready } else { cpu };
            container.cpu_milli = if first { share } else { 0 };
            container.reading = None;
        }
        if let Some(memory) = rule.memory_bytes {
            container.memory_bytes = if first { memory } else { 0 };
        }
    }
    Some(list)
}

fn applies(rule: &LoadRule, selector: &Selector, worker: &PodWorker) -> bool {
    let empty = std::collections::BTreeMap::new();
    *rule.namespace == *worker.key.namespace
        && selector.matches(worker.object.meta().labels.as_ref().unwrap_or(&empty))
}

fn is_ready(worker: &PodWorker) -> bool {
    let status = worker.object.get::<Pod>().and_then(|pod| pod.status.as_ref());
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    !meta::is_terminating(worker.object.meta())
        && conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}
