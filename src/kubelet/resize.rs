//! What containers may use, and how that changes while they run.
//! Mirrors `pkg/kubelet/allocation` and `doPodResizeAction` of `pkg/kubelet/kuberuntime`.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container as Spec, Pod, PodCondition, PodSpec, ResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Map, json};

use super::container::Container;
use super::pod::PodWorker;
use super::sandbox::Sandbox;
use super::step::Step;
use crate::base::quantity;
use crate::object::{GroupResource, codec, meta};
use crate::runtime::EventType::{Normal, Warning};
use crate::sim::Time;

const PODS: GroupResource = GroupResource::new("", "pods");
/// How often a resize that the node has no room for is tried again.
const RETRY: Duration = Duration::from_secs(180);
/// In how many microseconds a CPU limit is counted.
const PERIOD: i64 = 100_000;
/// The condition of a pod whose resize waits.
pub const PENDING: &str = "PodResizePending";
/// The condition of a pod that is being resized.
pub const IN_PROGRESS: &str = "PodResizeInProgress";

/// Why a resize has to wait: for other pods to go, or for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    reason: &'static str,
    message: String,
}

/// What a pod's status says of its resize.
fn condition(kind: &str, why: Option<&Unfit>, pod: &Pod, now: Time) -> PodCondition {
    let reason = why.map(|why| why.reason);
    let known = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let same = known.filter(|known| known.type_ == kind).find_map(|known| {
        let stays = known.reason.as_deref() == reason;
        known.last_transition_time.clone().filter(|_| stays)
    });
    PodCondition {
        type_: kind.to_owned(),
        status: "True".to_owned(),
        reason: reason.map(str::to_owned),
        message: why.map(|why| why.message.clone()),
        observed_generation: pod.metadata.generation,
        last_transition_time: Some(same.unwrap_or_else(|| meta::timestamp(now))),
        ..PodCondition::default()
    }
}

/// What a container is asked to have; nothing where it asks for nothing.
pub fn asked(spec: &Spec) -> Option<Box<ResourceRequirements>> {
    let given = spec.resources.as_ref()?;
    let some = [&given.requests, &given.limits].into_iter().flatten().any(|list| !list.is_empty());
    some.then(|| Box::new(given.clone()))
}

/// CPU in thousandths of a core and memory in bytes, of which a container may use no more.
pub fn limits(resources: Option<&ResourceRequirements>) -> (Option<u64>, Option<u64>) {
    let list = resources.and_then(|resources| resources.limits.as_ref());
    let limit = |name: &str, read: fn(&str) -> Option<i64>| {
        let amount = list.and_then(|list| list.get(name)).and_then(|amount| read(&amount.0));
        amount.and_then(|amount| u64::try_from(amount).ok())
    };
    (limit("cpu", quantity::milli_value), limit("memory", quantity::value))
}

type GivenFile = (Rc<str>, Rc<str>);

/// What the container reads of its limits. Mirrors cgroup v2 as runc sets it.
pub fn cgroup_files(resources: &ResourceRequirements) -> [GivenFile; 3] {
    let (cpu, memory) = limits(Some(resources));
    let requests = resources.requests.as_ref();
    let request = requests.and_then(|list| quantity::milli_value(&list.get("cpu")?.0));
    let wanted = request.or(cpu.and_then(|cpu| i64::try_from(cpu).ok())).unwrap_or(0);
    let shares = (wanted.saturating_mul(1024) / 1000).clamp(2, 262_144);
    let weight = 1 + (shares - 2) * 9999 / 262_142;
    let quota = cpu.and_then(|cpu| i64::try_from(cpu).ok());
    let quota = quota.map(|milli| (milli.saturating_mul(PERIOD) / 1000).max(1000));
    let text = |amount: Option<String>| amount.unwrap_or_else(|| "max".to_owned());
    let quota = text(quota.map(|quota| quota.to_string()));
    let memory = text(memory.map(|bytes| bytes.to_string()));
    [
        ("/sys/fs/cgroup/cpu.weight".into(), format!("{weight}\n").into()),
        ("/sys/fs/cgroup/cpu.max".into(), format!("{quota} {PERIOD}\n").into()),
        ("/sys/fs/cgroup/memory.max".into(), format!("{memory}\n").into()),
    ]
}

impl PodWorker {
    /// What the status says of a resize that waits or is under way.
    pub(super) fn resize_conditions(&self, pod: &Pod, now: Time) -> Vec<PodCondition> {
        let waits = self.unfit.as_ref().map(|unfit| condition(PENDING, Some(unfit), pod, now));
        let works = self.resizing.then(|| condition(IN_PROGRESS, None, pod, now));
        waits.into_iter().chain(works).collect()
    }

    /// Gives running containers what they are asked to have by now, if the node has it.
    pub(super) fn resize(&mut self, pod: &Pod, spec: &PodSpec, step: &mut Step<'_, '_>) {
        let wants = |container: &Container| {
            let asked = container.spec(pod).and_then(|spec| asked(&spec));
            container.is_running() && !container.ephemeral && container.applied != asked
        };
        if !self.containers.iter().any(wants) {
            self.unfit = None;
            let settled =
                |c: &Container| !c.is_stopping() && (c.is_running() || c.ended().is_some());
            if self.resizing && self.containers.iter().all(settled) {
                self.resizing = false;
                let told = told("Pod resize completed", pod, spec, "");
                step.event("", Normal, "ResizeCompleted", &told);
            }
            return;
        }
        if let Some(unfit) = unfit(pod, spec, step) {
            step.again_at(Some(step.now() + RETRY));
            if self.unfit.as_ref() != Some(&unfit) {
                let (event, word) = match unfit.reason {
                    "Infeasible" => ("ResizeInfeasible", "Pod resize Infeasible"),
                    _ => ("ResizeDeferred", "Pod resize Deferred"),
                };
                step.event("", Warning, event, &told(word, pod, spec, &unfit.message));
                self.unfit = Some(unfit);
            }
            return;
        }
        self.unfit = None;
        step.event("", Normal, "ResizeStarted", &told("Pod resize started", pod, spec, ""));
        let Some(sandbox) = &self.sandbox else { return };
        for container in self.containers.iter_mut().filter(|container| wants(container)) {
            container.resize(pod, step, sandbox);
        }
        self.resizing = true;
        step.again_at(Some(step.now()));
    }
}

impl Container {
    /// Takes what it is to have from now on: as it runs, or with a new start where it says so.
    fn resize(&mut self, pod: &Pod, step: &mut Step<'_, '_>, sandbox: &Sandbox) {
        let Some(spec) = self.spec(pod).map(std::borrow::Cow::into_owned) else { return };
        let new = asked(&spec);
        let differs = |name: &str| {
            let of = |resources: &Option<Box<ResourceRequirements>>| {
                let lists = resources.iter().flat_map(|all| [&all.requests, &all.limits]);
                lists.map(|list| list.as_ref()?.get(name).cloned()).collect::<Vec<_>>()
            };
            of(&self.applied) != of(&new)
        };
        let restarts = spec.resize_policy.iter().flatten().any(|policy| {
            policy.restart_policy == "RestartContainer" && differs(&policy.resource_name)
        });
        self.applied = new;
        if restarts {
            let why = format!("Container {} resize requires restart", self.name);
            let seconds = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
            let grace = Duration::from_secs(u64::try_from(seconds.unwrap_or(30)).unwrap_or(0));
            return self.stop(step, sandbox, &why, grace);
        }
        let resources = self.applied.as_deref().cloned().unwrap_or_default();
        if let (Some(id), Some(machine)) = (self.instance, step.machine()) {
            machine.resize(id, limits(Some(&resources)), &cgroup_files(&resources));
        }
    }
}

/// What a pod requests of CPU, in thousandths, and of memory, in bytes.
fn requested(spec: &PodSpec) -> (i64, i64) {
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|one| one.restart_policy.as_deref() == Some("Always"));
    let amounts = spec.containers.iter().chain(sidecars).filter_map(|one| one.resources.as_ref());
    amounts.filter_map(|resources| resources.requests.as_ref()).fold((0, 0), |sum, list| {
        let of = |name: &str, read: fn(&str) -> Option<i64>| {
            list.get(name).and_then(|Quantity(text)| read(text)).unwrap_or(0)
        };
        (sum.0 + of("cpu", quantity::milli_value), sum.1 + of("memory", quantity::value))
    })
}

/// Why the node has no room for what a pod is asked to have.
fn unfit(pod: &Pod, spec: &PodSpec, step: &Step<'_, '_>) -> Option<Unfit> {
    let wanted = requested(spec);
    let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    let capacity = &step.node.capacity;
    let capacity = (signed(capacity.cpu_milli), signed(capacity.memory_bytes));
    for (name, wanted, capacity) in
        [("memory", wanted.1, capacity.1), ("cpu", wanted.0, capacity.0)]
    {
        if wanted > capacity {
            let message = format!(
                "Node didn't have enough capacity: {name}, requested: {wanted}, capacity: {capacity}"
            );
            return Some(Unfit { reason: "Infeasible", message });
        }
    }
    let others = step.cx.cache.list(&PODS).filter_map(|object| object.get::<Pod>());
    let used =
        others.filter(|other| other.metadata.uid != pod.metadata.uid).fold((0, 0), |sum, other| {
            let phase = other.status.as_ref().and_then(|status| status.phase.as_deref());
            let spec = other.spec.as_ref().filter(|spec| {
                spec.node_name.as_deref() == Some(&*step.node.name)
                    && !matches!(phase, Some("Succeeded" | "Failed"))
            });
            let own = spec.map(requested).unwrap_or_default();
            (sum.0 + own.0, sum.1 + own.1)
        });
    for (name, wanted, used, capacity) in
        [("cpu", wanted.0, used.0, capacity.0), ("memory", wanted.1, used.1, capacity.1)]
    {
        if wanted > capacity - used {
            let message = format!(
                "Node didn't have enough resource: {name}, requested: {wanted}, used: {used}, \
                 capacity: {capacity}"
            );
            return Some(Unfit { reason: "Deferred", message });
        }
    }
    None
}

/// An event's message with the resources that are asked for. Mirrors `podResizeMessage`.
fn told(what: &str, pod: &Pod, spec: &PodSpec, error: &str) -> String {
    let list = |containers: &[Spec]| -> Vec<_> {
        let one =
            |spec: &Spec| json!({"name": spec.name, "resources": codec::encode(&spec.resources)});
        containers.iter().map(one).collect()
    };
    let mut summary = Map::new();
    for (name, containers) in [
        ("initContainers", spec.init_containers.as_deref().unwrap_or_default()),
        ("containers", spec.containers.as_slice()),
    ] {
        if !containers.is_empty() {
            summary.insert(name.to_owned(), json!(list(containers)));
        }
    }
    summary.insert("generation".to_owned(), json!(pod.metadata.generation.unwrap_or(0)));
    if !error.is_empty() {
        summary.insert("error".to_owned(), json!(error));
    }
    format!("{what}: {}", json!(summary))
}
