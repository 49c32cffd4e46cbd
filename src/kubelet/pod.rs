//! One pod on its node, from bound to gone. Mirrors `SyncPod` and `SyncTerminatingPod` of
//! `pkg/kubelet/kubelet.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::admit::Rejection;
use super::container::{Container, State};
use super::resize::Unfit;
use super::sandbox::Sandbox;
use super::step::Step;
use super::volumes::{Unmounted, Volumes, unmounted};
use crate::api::{DeleteOptions, Request};
use crate::machine::Machines;
use crate::object::{Key, Object, Str, meta};
use crate::runtime::EventType::{Normal, Warning};
use crate::sim::Time;

/// How long a pod's sandbox takes to set up.
const SANDBOX: (Duration, Duration) = (Duration::from_millis(300), Duration::from_millis(600));
/// The first wait after a mount failed; each further one doubles it.
const MOUNT_RETRY: Duration = Duration::from_millis(500);
/// The longest such wait.
const MOUNT_RETRY_MAX: Duration = Duration::from_secs(122);
/// How often a volume that is not bound is looked at.
const VOLUME_POLL: Duration = Duration::from_secs(1);
/// How long until a refused request is sent again.
const RETRY: Duration = Duration::from_secs(1);

/// How far a pod has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not all containers have been started.
    Pending,
    /// They have.
    Running,
    /// All ended well and stay so.
    Succeeded,
    /// All ended, and not all well.
    Failed,
}

impl Phase {
    /// As in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    /// Whether it stays so.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// A pod and what its kubelet knows of it.
#[derive(Clone, Debug)]
pub struct PodWorker {
    /// Which pod.
    pub key: Key,
    /// Which one of that name.
    pub uid: Str,
    /// Where it runs.
    pub node: Str,
    /// The newest version seen.
    pub object: Object,
    /// How far it has come.
    pub phase: Phase,
    /// When the kubelet took it up.
    pub started: Option<Time>,
    /// Its address and names.
    pub sandbox: Option<Sandbox>,
    /// Its containers, init containers first.
    pub containers: Vec<Container>,
    /// Why what it is asked to have is not there.
    pub(super) unfit: Option<Unfit>,
    /// Its containers are getting what they are asked to have.
    pub(super) resizing: bool,
    /// Why the pod as a whole failed.
    pub failure: Option<(&'static str, String)>,
    /// Why the node did not take it at all.
    pub rejection: Option<Rejection>,
    sandbox_at: Option<Time>,
    mount_failures: u32,
    /// When its volumes are to show what objects say by then.
    refresh_at: Option<Time>,
    /// When it was asked to stop.
    stopping: Option<Time>,
    /// Nothing is left to do but to report.
    done: bool,
}

impl PodWorker {
    /// A pod that was just bound to its node.
    pub fn new(object: &Object, node: &str) -> Option<Self> {
        let pod: &Pod = object.get()?;
        let status = pod.status.as_ref();
        let phase = match status.and_then(|status| status.phase.as_deref()) {
            Some("Succeeded") => Phase::Succeeded,
            Some("Failed") => Phase::Failed,
            _ => Phase::Pending,
        };
        Some(Self {
            key: object.key(),
            uid: object.uid().into(),
            node: node.into(),
            object: object.clone(),
            phase,
            started: None,
            sandbox: None,
            containers: Container::all(pod.spec.as_ref()?),
            unfit: None,
            resizing: false,
            failure: None,
            rejection: None,
            sandbox_at: None,
            mount_failures: 0,
            refresh_at: None,
            stopping: None,
            done: phase.is_final(),
        })
    }

    /// Takes one visible step.
    pub fn step(&mut self, step: &mut Step<'_, '_>) {
        let object = self.object.clone();
        let Some(pod) = object.get::<Pod>() else { return };
        let Some(spec) = pod.spec.as_ref() else { return };
        self.run_processes(step);
        if meta::is_terminating(&pod.metadata) {
            return self.terminate(pod, step);
        }
        let stored = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        if let (false, Some(phase @ ("Failed" | "Succeeded"))) = (self.phase.is_final(), stored) {
            self.phase = if phase == "Failed" { Phase::Failed } else { Phase::Succeeded };
            self.done = true;
        }
        if self.done {
            return self.wind_down(pod, step);
        }
        if let Some(Rejection { reason, message }) = self.rejection.clone() {
            step.event("", Warning, reason, &message);
            self.phase = Phase::Failed;
            self.done = true;
            return self.report(step);
        }
        self.work(pod, spec, step);
        if self.started.is_some() {
            self.report(step);
        }
    }

    /// Lets the processes go on; whether anything happened that the pod as a whole has to know.
    pub fn run_processes(&mut self, step: &mut Step<'_, '_>) -> bool {
        let Some(sandbox) = &self.sandbox else { return false };
        let mut changed = false;
        for container in &mut self.containers {
            changed |= container.collect(step, sandbox);
        }
        changed
    }

    fn work(&mut self, pod: &Pod, spec: &PodSpec, step: &mut Step<'_, '_>) {
        let now = step.now();
        let started = *self.started.get_or_insert(now);
        if self.is_past_deadline(spec, started, step) {
            return;
        }
        let Some(ready_at) = self.sandbox_at else {
            return self.prepare(spec, step);
        };
        if now < ready_at {
            return step.again_at(Some(ready_at));
        }
        if self.sandbox.is_none() {
            let sandbox = Sandbox::new(&step.pod, spec, step.node);
            step.machines.join(&sandbox.address, &step.node.name);
            self.sandbox = Some(sandbox);
        }
        self.refresh_volumes(step);
        self.resize(pod, spec, step);
        self.run_containers(spec, step);
        let Some(sandbox) = &self.sandbox else { return };
        for container in &mut self.containers {
            let started = container.probes.started;
            container.probe(step, sandbox);
            if container.sidecar && container.probes.started != started {
                // What has waited for it can go on.
                step.again_at(Some(step.now()));
            }
            if container.is_stopping() {
                container.continue_stop(step, sandbox, None);
            }
        }
        self.set_phase(spec);
        if self.phase.is_final() {
            self.done = true;
            let Some(sandbox) = &self.sandbox else { return };
            for container in &mut self.containers {
                let why = format!("Stopping container {}", container.name);
                container.stop(step, sandbox, &why, grace(pod, None));
            }
        }
    }

    /// Mounts the volumes and sets up the sandbox.
    fn prepare(&mut self, spec: &PodSpec, step: &mut Step<'_, '_>) {
        let now = step.now();
        match unmounted(spec, &self.key.namespace, step.cx) {
            None => {
                let volumes = Volumes { cx: step.cx, pod: &step.pod, node: step.node };
                volumes.set_up(step.machines, "");
                self.sandbox_at = Some(now + step.cx.rng.between(SANDBOX.0, SANDBOX.1));
                step.again_at(self.sandbox_at);
            }
            Some(Unmounted::Waiting) => step.again_at(Some(now + VOLUME_POLL)),
            Some(Unmounted::Failed(message)) => {
                step.event("", Warning, "FailedMount", &message);
                let wait = MOUNT_RETRY.saturating_mul(1 << self.mount_failures.min(10));
                self.mount_failures += 1;
                step.again_at(Some(now + wait.min(MOUNT_RETRY_MAX)));
            }
        }
    }

    /// Has the volumes show what changed, at `time`; the earliest wins.
    pub fn refresh_at(&mut self, time: Time) {
        self.refresh_at = Some(self.refresh_at.map_or(time, |earlier| earlier.min(time)));
    }

    fn refresh_volumes(&mut self, step: &mut Step<'_, '_>) {
        match self.refresh_at {
            Some(time) if time <= step.now() => {
                self.refresh_at = None;
                let volumes = Volumes { cx: step.cx, pod: &step.pod, node: step.node };
                volumes.refresh(step.machines, "");
            }
            later => step.again_at(later),
        }
    }

    /// Mirrors `activeDeadlineHandler`.
    fn is_past_deadline(&mut self, spec: &PodSpec, started: Time, step: &mut Step<'_, '_>) -> bool {
        let Some(seconds) = spec.active_deadline_seconds else { return false };
        let deadline = started + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        if step.now() < deadline {
            step.again_at(Some(deadline));
            return false;
        }
        let message = "Pod was active on the node longer than the specified deadline";
        step.event("", Normal, "DeadlineExceeded", message);
        self.failure = Some(("DeadlineExceeded", message.to_owned()));
        self.phase = Phase::Failed;
        self.done = true;
        step.again_at(Some(step.now()));
        true
    }

    /// Starts what is to run next: init containers one after the other, then the rest together.
    fn run_containers(&mut self, spec: &PodSpec, step: &mut Step<'_, '_>) {
        let never = spec.restart_policy.as_deref() == Some("Never");
        let Some(sandbox) = &self.sandbox else { return };
        let known = self.containers.iter().filter(|container| container.ephemeral).count();
        self.containers.extend(Container::ephemerals(spec, known));
        for container in self.containers.iter_mut().filter(|container| container.ephemeral) {
            if !container.is_running() && container.ended().is_none() {
                container.advance(step, sandbox);
            }
        }
        for container in self.containers.iter_mut().filter(|container| container.init) {
            let done = container.ended().is_some_and(|ended| ended.code == 0);
            if done && !container.sidecar {
                continue;
            }
            if container.ended().is_some() && never && !container.sidecar {
                return;
            }
            if !container.is_running() {
                container.advance(step, sandbox);
            }
            if !(container.sidecar && container.is_running() && container.probes.started) {
                return;
            }
        }
        let policy = spec.restart_policy.as_deref().unwrap_or("Always");
        for container in self.containers.iter_mut().filter(|container| container.is_main()) {
            let stays = container.ended().is_some_and(|ended| stays_ended(policy, ended.code));
            if !container.is_running() && !stays {
                container.advance(step, sandbox);
            }
            if container.is_alive() && !container.is_running() {
                // Its postStart hook holds up the others.
                return;
            }
        }
    }

    /// Mirrors `getPhase`.
    fn set_phase(&mut self, spec: &PodSpec) {
        let policy = spec.restart_policy.as_deref().unwrap_or("Always");
        let mains = || self.containers.iter().filter(|container| container.is_main());
        let failed_init = policy == "Never"
            && self
                .containers
                .iter()
                .any(|c| c.init && !c.sidecar && c.ended().is_some_and(|ended| ended.code != 0));
        let for_good =
            |c: &Container| c.ended().is_some_and(|ended| stays_ended(policy, ended.code));
        let began = |c: &Container| {
            !matches!(c.state, State::Waiting { .. } | State::Starting { .. }) || c.last.is_some()
        };
        self.phase = if failed_init {
            Phase::Failed
        } else if mains().all(for_good) {
            let well = mains().all(|c| c.ended().is_some_and(|ended| ended.code == 0));
            if well { Phase::Succeeded } else { Phase::Failed }
        } else if mains().all(began) {
            Phase::Running
        } else {
            Phase::Pending
        };
    }

    /// Stops what still runs of a pod that has finished.
    fn wind_down(&mut self, pod: &Pod, step: &mut Step<'_, '_>) {
        if self.containers.iter().any(Container::is_alive) {
            self.stop_all(pod, step);
        }
        if self.started.is_some() {
            self.report(step);
        }
    }

    /// Ends the pod: stops its containers, reports how they ended, and lets go of the object.
    fn terminate(&mut self, pod: &Pod, step: &mut Step<'_, '_>) {
        if self.containers.iter().any(Container::is_alive) {
            self.stop_all(pod, step);
            if self.containers.iter().any(Container::is_alive) {
                return;
            }
        }
        if self.stopping.is_some() && !self.phase.is_final() {
            let bad = |c: &Container| c.is_main() && c.ended().is_none_or(|ended| ended.code != 0);
            let failed = self.containers.iter().any(bad);
            self.phase = if failed { Phase::Failed } else { Phase::Succeeded };
            self.report(step);
        }
        let mut request = Request::delete(&self.key);
        request.delete = DeleteOptions {
            grace_period_seconds: Some(0),
            uid: Some(self.uid.to_string()),
            ..DeleteOptions::default()
        };
        match step.cx.call(request) {
            Err(status) if !status.is_not_found() && !status.is_conflict() => {
                step.again_at(Some(step.now() + RETRY));
            }
            _ => self.done = true,
        }
    }

    fn stop_all(&mut self, pod: &Pod, step: &mut Step<'_, '_>) {
        let grace = grace(pod, pod.metadata.deletion_grace_period_seconds);
        let since = *self.stopping.get_or_insert(step.now());
        let Some(sandbox) = &self.sandbox else { return };
        // Sidecars serve to the end: each goes when those that were started after it have gone.
        let mut waited_for = false;
        let (sidecars, others): (Vec<_>, Vec<_>) =
            self.containers.iter_mut().partition(|container| container.sidecar);
        for container in others.into_iter().chain(sidecars.into_iter().rev()) {
            if container.sidecar && waited_for && step.now() < since + grace {
                continue;
            }
            let why = format!("Stopping container {}", container.name);
            container.stop(step, sandbox, &why, grace);
            container.continue_stop(step, sandbox, Some(since + grace));
            waited_for |= container.is_alive();
        }
    }

    /// Takes what is left of it off its machine.
    pub fn clear_away(&self, machines: &mut Machines) {
        if let Some(sandbox) = &self.sandbox {
            let instances = self.containers.iter().filter_map(|container| container.instance);
            instances.for_each(|id| machines.detach(&sandbox.address, id));
            if !sandbox.host_network {
                machines.leave(&sandbox.address);
            }
        }
        if let Some(machine) = machines.get_mut(&self.node) {
            let all = self.containers.iter().flat_map(|c| [c.instance, c.previous]);
            all.flatten().for_each(|id| machine.remove(id));
        }
        if let Some(spec) = super::sandbox::spec(&self.object) {
            super::volumes::tear_down(machines, &self.node, &self.uid, spec);
        }
    }

    /// Writes the status if it changed.
    fn report(&mut self, step: &mut Step<'_, '_>) {
        let host = step.node.ip();
        // A second attempt is based on the newest version.
        for _ in 0..2 {
            let Some(pod) = self.object.get::<Pod>() else { return };
            let status = self.status(pod, &host, step.now());
            if pod.status.as_ref() == Some(&status) {
                return;
            }
            let mut object = self.object.clone();
            if let Some(pod) = object.edit::<Pod>() {
                pod.status = Some(status);
            }
            match step.cx.update_status(object) {
                Ok(stored) => {
                    self.object = stored.clone();
                    step.pod = stored;
                    return;
                }
                Err(refusal) if refusal.is_conflict() => {
                    let reply = step.cx.call(Request::get(&self.key));
                    let newest = reply.ok().and_then(|reply| reply.object());
                    match newest.filter(|object| object.uid() == &*self.uid) {
                        Some(newest) => self.object = newest,
                        None => return,
                    }
                }
                Err(refusal) if refusal.is_not_found() => return,
                Err(_) => return step.again_at(Some(step.now() + RETRY)),
            }
        }
        step.again_at(Some(step.now() + RETRY));
    }
}

/// Whether a container that ended with `code` is not started again.
fn stays_ended(policy: &str, code: i32) -> bool {
    policy == "Never" || policy == "OnFailure" && code == 0
}

/// How long a pod has to stop: what its deletion says, or its spec.
pub fn grace(pod: &Pod, deletion: Option<i64>) -> Duration {
    let given = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
    let seconds = deletion.or(given).unwrap_or(30);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
