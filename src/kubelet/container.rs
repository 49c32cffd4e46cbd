//! One container of a pod, from waiting to running to ended and again.
//! Mirrors `pkg/kubelet/kuberuntime/kuberuntime_container.go`.

use std::borrow::Cow;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as Spec, Pod, PodSpec, ResourceRequirements};

use super::hook::Hook;
use super::image::ImagePull;
use super::probe::Probes;
use super::resize::asked;
use super::sandbox::Sandbox;
use super::start::container_spec;
use super::step::Step;
use super::stop::Stopping;
use crate::machine::{ContainerId, Exit};
use crate::object::codec;
use crate::runtime::EventType::{Normal, Warning};
use crate::sim::Time;

/// How long an ended container is seen before it is started again.
const RELIST: Duration = Duration::from_millis(500);
/// How long until missing configuration is looked for again.
const CONFIG_RETRY: Duration = Duration::from_secs(10);
const BACKOFF_INITIAL: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// What a termination message may have.
const MESSAGE_BYTES: usize = 4096;
/// What of the log stands in for a termination message.
const LOG_MESSAGE: (usize, usize) = (80, 2048);
/// A container that ran this long is forgiven its past.
const BACKOFF_RESET: Duration = Duration::from_secs(600);

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// `Completed`, `Error`, `OOMKilled`, `StartError`.
    pub reason: &'static str,
    /// The runtime's text, where there is one.
    pub message: Option<String>,
    /// When it had started; absent when it never did.
    pub started: Option<Time>,
    /// When it ended.
    pub finished: Time,
    /// Which instance it was.
    pub id: String,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not run yet.
    Waiting {
        /// `ContainerCreating`, `CrashLoopBackOff` …
        reason: &'static str,
        /// What is wrong; may be empty.
        message: String,
    },
    /// Its process runs, and its postStart hook too.
    Starting {
        /// Since when.
        since: Time,
        /// The waiting reason that is still shown.
        reason: &'static str,
    },
    /// It runs.
    Running {
        /// Since when.
        since: Time,
    },
    /// It ran.
    Ended(Ended),
}

/// How long to hold back after failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackOff {
    delay: Duration,
    last: Time,
}

impl BackOff {
    /// The end of the wait after a failure at `failed`, if that is still ahead.
    pub(super) fn until(&self, failed: Time, now: Time) -> Option<Time> {
        let until = failed + self.delay;
        (!self.delay.is_zero() && now < until).then_some(until)
    }

    /// Another attempt is made: the next wait is twice as long.
    pub(super) fn next(&mut self, now: Time) {
        let calm = now.since(self.last) > BACKOFF_RESET;
        self.delay = match self.delay {
            delay if delay.is_zero() || calm => BACKOFF_INITIAL,
            delay => (delay * 2).min(BACKOFF_MAX),
        };
        self.last = now;
    }
}

/// A container and what became of it.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether it is an init container that keeps running.
    pub sidecar: bool,
    /// Whether somebody added it to a pod that runs, to look around. It is never started again.
    pub ephemeral: bool,
    /// Its place in its list of the spec.
    index: usize,
    /// What it does.
    pub state: State,
    /// How the instance before ended.
    pub last: Option<Ended>,
    /// How often it was started again.
    pub restarts: i32,
    /// The current instance; absent before the first.
    pub id: Option<String>,
    /// The current instance on the machine.
    pub instance: Option<ContainerId>,
    /// The instance before.
    pub previous: Option<ContainerId>,
    /// What it was given to use, if it asked for anything.
    pub(super) applied: Option<Box<ResourceRequirements>>,
    /// Its probes.
    pub probes: Probes,
    /// Its image.
    pub(super) image: ImagePull,
    restart: BackOff,
    post_start: Option<Hook>,
    pub(super) stopping: Option<Stopping>,
    /// It sends requests at a steady rate.
    sends: bool,
}

impl Container {
    /// All containers of a pod, init containers first.
    pub fn all(spec: &PodSpec) -> Vec<Self> {
        let inits = spec.init_containers.iter().flatten().enumerate();
        let mains = spec.containers.iter().enumerate();
        let reason = if spec.init_containers.iter().flatten().next().is_some() {
            "PodInitializing"
        } else {
            "ContainerCreating"
        };
        let new = |index: usize, spec: &Spec, init: bool| Self {
            init,
            sidecar: init && spec.restart_policy.as_deref() == Some("Always"),
            ..Self::new(&spec.name, index, reason)
        };
        let all = inits.map(|(i, c)| new(i, c, true)).chain(mains.map(|(i, c)| new(i, c, false)));
        let mut all: Vec<Self> = all.collect();
        // There are thousands of them, and nearly all are alone.
        all.shrink_to_fit();
        all
    }

    /// The ephemeral containers of a pod from the `known` first ones on.
    pub fn ephemerals(spec: &PodSpec, known: usize) -> impl Iterator<Item = Self> + '_ {
        let all = spec.ephemeral_containers.iter().flatten().enumerate().skip(known);
        all.map(|(index, container)| Self {
            ephemeral: true,
            ..Self::new(&container.name, index, "ContainerCreating")
        })
    }

    fn new(name: &str, index: usize, reason: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            init: false,
            sidecar: false,
            ephemeral: false,
            index,
            state: State::Waiting { reason, message: String::new() },
            last: None,
            restarts: 0,
            id: None,
            instance: None,
            previous: None,
            applied: None,
            probes: Probes::default(),
            image: ImagePull::default(),
            restart: BackOff::default(),
            post_start: None,
            stopping: None,
            sends: false,
        }
    }

    /// Its part of the pod's spec; an ephemeral container's as that of any other.
    pub fn spec<'a>(&self, pod: &'a Pod) -> Option<Cow<'a, Spec>> {
        let spec = pod.spec.as_ref()?;
        if self.ephemeral {
            let own = spec.ephemeral_containers.as_ref()?.get(self.index)?;
            return codec::decode(&codec::encode(own)).ok().map(Cow::Owned);
        }
        let list = if self.init { spec.init_containers.as_ref()? } else { &spec.containers };
        list.get(self.index).map(Cow::Borrowed)
    }

    /// Whether it is one of those that the pod is for.
    pub fn is_main(&self) -> bool {
        !self.init && !self.ephemeral
    }

    /// Where its events happen.
    pub fn path(&self) -> String {
        let list = match (self.init, self.ephemeral) {
            (true, _) => "initContainers",
            (_, true) => "ephemeralContainers",
            _ => "containers",
        };
        format!("spec.{list}{{{}}}", self.name)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Whether it runs and may be sent requests.
    pub fn is_ready(&self) -> bool {
        self.is_running() && self.probes.ready
    }

    /// Whether its process runs: the state may not say so yet.
    pub fn is_alive(&self) -> bool {
        self.since().is_some()
    }

    fn since(&self) -> Option<Time> {
        match self.state {
            State::Running { since } | State::Starting { since, .. } => Some(since),
            State::Waiting { .. } | State::Ended(_) => None,
        }
    }

    /// Lets its processes go on, and takes note of its end. Whether anything happened that the
    /// rest of the pod has to know.
    pub fn collect(&mut self, step: &mut Step<'_, '_>, sandbox: &Sandbox) -> bool {
        let (Some(since), Some(id)) = (self.since(), self.instance) else { return false };
        match step.advance(id, sandbox, &mut self.sends) {
            Some(exit) => {
                self.end(since, id, &exit, step);
                true
            }
            None => self.has_results(id, step),
        }
    }

    fn end(&mut self, since: Time, id: ContainerId, exit: &Exit, step: &mut Step<'_, '_>) {
        self.state = State::Ended(Ended {
            code: exit.code,
            reason: exit.reason,
            message: self.termination_message(id, exit.code, step),
            started: Some(since),
            finished: exit.at,
            id: self.id.clone().unwrap_or_default(),
        });
        self.stopping = None;
        self.post_start = None;
    }

    /// Whether a hook or a probe that is a command of its own has ended.
    fn has_results(&self, id: ContainerId, step: &mut Step<'_, '_>) -> bool {
        let hooks = [self.post_start, self.stopping.and_then(|stopping| stopping.hook)];
        let hooks = hooks.into_iter().filter_map(|hook| match hook {
            Some(Hook::Session(_, session)) => Some(session),
            _ => None,
        });
        let mut waited = hooks.chain(self.probes.sessions()).peekable();
        if waited.peek().is_none() {
            return false;
        }
        let Some(machine) = step.machine() else { return false };
        waited.any(|session| machine.session(id, session).exit_code.is_some())
    }

    /// What it left to say. Mirrors `getTerminationMessage`.
    fn termination_message(
        &self,
        id: ContainerId,
        code: i32,
        step: &mut Step<'_, '_>,
    ) -> Option<String> {
        let object = step.pod.clone();
        let spec = object.get::<Pod>().and_then(|pod| self.spec(pod))?;
        let path = spec.termination_message_path.as_deref().unwrap_or("/dev/termination-log");
        let machine = step.machine()?;
        let text = machine.read_file(id, path).unwrap_or_else(|| "".into());
        if !text.is_empty() {
            let end = (0..=text.len().min(MESSAGE_BYTES)).rev().find(|e| text.is_char_boundary(*e));
            return Some(text[..end.unwrap_or(0)].to_owned());
        }
        let falls_back =
            spec.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
        if !falls_back || code == 0 {
            return None;
        }
        let lines = machine.logs(id);
        let first = lines.len().saturating_sub(LOG_MESSAGE.0);
        let mut text: String = lines.iter().skip(first).map(|line| line.written()).collect();
        let cut = text.len().saturating_sub(LOG_MESSAGE.1);
        let cut = (cut..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        Some(text.split_off(cut)).filter(|text| !text.is_empty())
    }

    /// Brings it closer to running.
    pub fn advance(&mut self, step: &mut Step<'_, '_>, sandbox: &Sandbox) {
        let now = step.now();
        if self.is_alive() {
            return self.finish_start(step, sandbox);
        }
        if let Some(ended) = self.ended() {
            if now < ended.finished + RELIST {
                return step.again_at(Some(ended.finished + RELIST));
            }
            if let Some(until) = self.restart.until(ended.finished, now) {
                self.hold_back(step);
                return step.again_at(Some(until));
            }
        }
        if let (State::Waiting { reason: "CrashLoopBackOff", .. }, Some(last)) =
            (&self.state, &self.last)
            && let Some(until) = self.restart.until(last.finished, now)
        {
            return step.again_at(Some(until));
        }
        let object = step.pod.clone();
        let Some(spec) = object.get::<Pod>().and_then(|pod| self.spec(pod)) else { return };
        let image = spec.image.as_deref().unwrap_or_default();
        if self.has_image(step, image, spec.image_pull_policy.as_deref()) {
            self.start(&spec, step, sandbox);
        }
    }

    /// It crashed too often: says so, and waits.
    fn hold_back(&mut self, step: &mut Step<'_, '_>) {
        let delay = crate::base::duration::go_string(
            i64::try_from(self.restart.delay.as_nanos()).unwrap_or(i64::MAX),
        );
        let (name, namespace, uid) = step.names();
        let own = &self.name;
        let message = format!(
            "back-off {delay} restarting failed container={own} pod={name}_{namespace}({uid})"
        );
        let text =
            format!("Back-off restarting failed container {own} in pod {name}_{namespace}({uid})");
        let state = State::Waiting { reason: "CrashLoopBackOff", message };
        if let State::Ended(ended) = std::mem::replace(&mut self.state, state) {
            self.last = Some(ended);
        }
        step.event(&self.path(), Warning, "BackOff", &text);
    }

    /// It cannot be started as it is described; the kubelet looks again later.
    pub(super) fn refuse(
        &mut self,
        step: &mut Step<'_, '_>,
        reason: &'static str,
        event: &str,
        message: String,
    ) {
        let path = self.path();
        if !event.is_empty() {
            step.event(&path, Warning, event, &message);
        }
        let text = if event.is_empty() { &message } else { reason };
        step.event(&path, Warning, "Failed", &format!("Error: {text}"));
        self.state = State::Waiting { reason, message };
        step.again_at(Some(step.now() + CONFIG_RETRY));
    }

    fn start(&mut self, spec: &Spec, step: &mut Step<'_, '_>, sandbox: &Sandbox) {
        let now = step.now();
        let object = step.pod.clone();
        let Some(pod_spec) = super::sandbox::spec(&object) else { return };
        let described = match container_spec(spec, pod_spec, sandbox, step) {
            Ok(described) => described,
            Err(missing) => {
                return self.refuse(step, "CreateContainerConfigError", "", missing);
            }
        };
        self.applied = asked(spec);
        let reason = self.begin_again(step);
        let path = self.path();
        step.event(&path, Normal, "Created", "Container created");
        let Some(machine) = step.machine() else { return };
        match machine.start(described, now) {
            Ok(id) => {
                step.event(&path, Normal, "Started", "Container started");
                step.machines.attach(&sandbox.address, id);
                self.instance = Some(id);
                self.launch(spec, reason, id, step, sandbox);
            }
            Err(error) => {
                let message = error.message;
                step.event(&path, Warning, "Failed", &format!("Error: {message}"));
                self.state = State::Ended(Ended {
                    code: error.exit_code,
                    reason: error.reason,
                    message: Some(message),
                    started: None,
                    finished: now,
                    id: self.id.clone().unwrap_or_default(),
                });
                step.again_at(Some(now + RELIST));
            }
        }
    }

    /// Makes room for a new instance; the waiting reason until it runs.
    fn begin_again(&mut self, step: &mut Step<'_, '_>) -> &'static str {
        let (last, reason) = match &self.state {
            State::Ended(ended) => (Some(ended.clone()), "ContainerCreating"),
            State::Waiting { reason, .. } | State::Starting { reason, .. } => (None, *reason),
            State::Running { .. } => (None, "ContainerCreating"),
        };
        self.last = last.or(self.last.take());
        if self.last.is_some() {
            self.restarts += 1;
            let older = std::mem::replace(&mut self.previous, self.instance.take());
            if let (Some(older), Some(machine)) = (older, step.machine()) {
                machine.remove(older);
            }
            self.restart.next(step.now());
        }
        self.image.done = false;
        self.id = Some(super::status::container_id(step.pod.uid(), &self.name, self.restarts));
        reason
    }

    /// The process was started: on with its first moments and its postStart hook.
    fn launch(
        &mut self,
        spec: &Spec,
        reason: &'static str,
        id: ContainerId,
        step: &mut Step<'_, '_>,
        sandbox: &Sandbox,
    ) {
        let now = step.now();
        if step.advance(id, sandbox, &mut self.sends).is_some() {
            // It is seen running before its end is noticed.
            step.again_at(Some(now + RELIST));
        }
        let hook = spec.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref());
        self.post_start = hook.map(|handler| Hook::begin(handler, spec, id, sandbox, step));
        self.state = State::Starting { since: now, reason };
        self.finish_start(step, sandbox);
    }

    /// It runs once its postStart hook went well.
    fn finish_start(&mut self, step: &mut Step<'_, '_>, sandbox: &Sandbox) {
        let State::Starting { since, .. } = self.state else { return };
        let well = match self.post_start {
            Some(hook) => {
                let Some(well) = hook.result(step) else { return };
                hook.end(step);
                well
            }
            None => true,
        };
        let object = step.pod.clone();
        let Some(pod) = object.get::<Pod>() else { return };
        let Some(spec) = self.spec(pod) else { return };
        self.post_start = None;
        self.state = State::Running { since };
        self.probes = Probes::new(&spec, step.now());
        step.again_at(self.probes.next_time());
        if !well {
            step.event(&self.path(), Warning, "FailedPostStartHook", "PostStartHook failed");
            let grace = super::pod::grace(pod, None);
            self.stop(step, sandbox, "FailedPostStartHook", grace);
        }
    }

    /// Whether it was asked to stop and has not yet.
    pub fn is_stopping(&self) -> bool {
        self.is_alive() && self.stopping.is_some()
    }
}
