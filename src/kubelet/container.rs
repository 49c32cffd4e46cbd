//! One container of a pod, from waiting to running to ended and again.
//! Mirrors `pkg/kubelet/kuberuntime/kuberuntime_container.go` and `pkg/kubelet/images`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as Spec, Pod, PodSpec};

use super::images;
use super::probe::Probes;
use super::process::Process;
use super::step::Step;
use crate::runtime::EventType::{Normal, Warning};
use crate::sim::Time;

/// How long an ended container is seen before it is started again.
const RELIST: Duration = Duration::from_millis(500);
/// How long a failed pull is seen before the kubelet says that it holds back.
const PULL_ERROR_SEEN: Duration = Duration::from_secs(2);
/// How long until missing configuration is looked for again.
const CONFIG_RETRY: Duration = Duration::from_secs(10);
const BACKOFF_INITIAL: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(300);
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
    fn until(&self, failed: Time, now: Time) -> Option<Time> {
        let until = failed + self.delay;
        (!self.delay.is_zero() && now < until).then_some(until)
    }

    /// Another attempt is made: the next wait is twice as long.
    fn next(&mut self, now: Time) {
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
    /// The current instance's process.
    pub process: Option<Process>,
    /// The process of the instance before.
    pub previous: Option<Process>,
    /// Its probes.
    pub probes: Probes,
    restart: BackOff,
    pull: BackOff,
    pull_failed: Option<(Time, String)>,
    pulling: Option<Time>,
    image_ready: bool,
    /// When it is told to stop, after its preStop hook.
    stop_at: Option<Time>,
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
            name: spec.name.clone(),
            init,
            sidecar: init && spec.restart_policy.as_deref() == Some("Always"),
            index,
            state: State::Waiting { reason, message: String::new() },
            last: None,
            restarts: 0,
            id: None,
            process: None,
            previous: None,
            probes: Probes::default(),
            restart: BackOff::default(),
            pull: BackOff::default(),
            pull_failed: None,
            pulling: None,
            image_ready: false,
            stop_at: None,
        };
        inits.map(|(i, c)| new(i, c, true)).chain(mains.map(|(i, c)| new(i, c, false))).collect()
    }

    /// Its part of the pod's spec.
    pub fn spec<'a>(&self, pod: &'a Pod) -> Option<&'a Spec> {
        let spec = pod.spec.as_ref()?;
        if self.init {
            spec.init_containers.as_ref()?.get(self.index)
        } else {
            spec.containers.get(self.index)
        }
    }

    /// Where its events happen.
    pub fn path(&self) -> String {
        let list = if self.init { "initContainers" } else { "containers" };
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

    /// Takes note of its process' end.
    pub fn collect(&mut self, step: &mut Step<'_, '_>) {
        let State::Running { since } = self.state else { return };
        let Some(process) = &self.process else { return };
        match process.exit(step.now()) {
            Some((finished, code)) => {
                let reason = if code == 0 { "Completed" } else { "Error" };
                let id = self.id.clone().unwrap_or_default();
                let started = Some(since);
                self.state =
                    State::Ended(Ended { code, reason, message: None, started, finished, id });
                self.stop_at = None;
            }
            None => step.again_at(process.next_time()),
        }
    }

    /// Brings it closer to running.
    pub fn advance(&mut self, step: &mut Step<'_, '_>) {
        let now = step.now();
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
        if self.has_image(step) {
            self.start(step);
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

    /// Sees to it that the image is on the node; whether it is.
    fn has_image(&mut self, step: &mut Step<'_, '_>) -> bool {
        let now = step.now();
        let pod = step.pod.clone();
        let Some(spec) = pod.get::<Pod>().and_then(|pod| self.spec(pod)) else { return false };
        let image = spec.image.clone().unwrap_or_default();
        if self.image_ready {
            return true;
        }
        if let Some(until) = self.pulling {
            if now < until {
                step.again_at(Some(until));
                return false;
            }
            return self.finish_pull(step, &image);
        }
        if let Some((failed, error)) = self.pull_failed.clone() {
            let until = self.pull.until(failed, now);
            if let Some(until) = until {
                let shown = failed + PULL_ERROR_SEEN;
                if now < shown {
                    step.again_at(Some(shown.min(until)));
                } else {
                    self.hold_back_pull(step, &image, &error);
                    step.again_at(Some(until));
                }
                return false;
            }
        }
        match images::Plan::of(
            &image,
            spec.image_pull_policy.as_deref(),
            &step.node.images,
            step.registry,
        ) {
            images::Plan::Present => {
                let text = format!(
                    "Container image \"{image}\" already present on machine and can be accessed by the pod"
                );
                step.event(&self.path(), Normal, "Pulled", &text);
                self.image_ready = true;
                true
            }
            images::Plan::Pull(time) => {
                step.event(&self.path(), Normal, "Pulling", &format!("Pulling image \"{image}\""));
                self.pulling = Some(now + time);
                step.again_at(self.pulling);
                false
            }
            images::Plan::Refuse { reason, event, message } => {
                self.refuse(step, reason, event, message);
                false
            }
        }
    }

    fn finish_pull(&mut self, step: &mut Step<'_, '_>, image: &str) -> bool {
        self.pulling = None;
        match images::pull(image, step.registry) {
            Ok(pulled) => {
                let took = images::took(&pulled);
                let text = format!(
                    "Successfully pulled image \"{image}\" in {took} ({took} including waiting). \
                     Image size: {} bytes.",
                    pulled.bytes
                );
                step.event(&self.path(), Normal, "Pulled", &text);
                step.node.images.insert(image.to_owned());
                self.image_ready = true;
                self.pull_failed = None;
                true
            }
            Err(error) => {
                let path = self.path();
                let text = format!("Failed to pull image \"{image}\": {error}");
                step.event(&path, Warning, "Failed", &text);
                step.event(&path, Warning, "Failed", "Error: ErrImagePull");
                self.state = State::Waiting { reason: "ErrImagePull", message: error.clone() };
                self.pull.next(step.now());
                self.pull_failed = Some((step.now(), error));
                step.again_at(Some(step.now() + PULL_ERROR_SEEN));
                false
            }
        }
    }

    fn hold_back_pull(&mut self, step: &mut Step<'_, '_>, image: &str, error: &str) {
        let reason = "ImagePullBackOff";
        if matches!(self.state, State::Waiting { reason: known, .. } if known == reason) {
            return;
        }
        let path = self.path();
        step.event(&path, Normal, "BackOff", &format!("Back-off pulling image \"{image}\""));
        step.event(&path, Warning, "Failed", "Error: ImagePullBackOff");
        let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {error}");
        self.state = State::Waiting { reason, message };
    }

    /// It cannot be started as it is described; the kubelet looks again later.
    fn refuse(
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

    fn start(&mut self, step: &mut Step<'_, '_>) {
        let now = step.now();
        let pod = step.pod.clone();
        let Some(spec) = pod.get::<Pod>().and_then(|pod| self.spec(pod)) else { return };
        if let Some(missing) = super::config::missing(spec, step) {
            return self.refuse(step, "CreateContainerConfigError", "", missing);
        }
        let last = match &self.state {
            State::Ended(ended) => Some(ended.clone()),
            _ => None,
        };
        self.last = last.or(self.last.take());
        if self.last.is_some() {
            self.restarts += 1;
            self.previous = self.process.take();
            self.restart.next(now);
        }
        self.image_ready = false;
        let id = super::status::container_id(step.pod.uid(), &self.name, self.restarts);
        self.id = Some(id.clone());
        let path = self.path();
        step.event(&path, Normal, "Created", "Container created");
        let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        let image = spec.image.clone().unwrap_or_default();
        match Process::start(&image, &list(&spec.command), &list(&spec.args), now) {
            Ok(process) => {
                step.event(&path, Normal, "Started", "Container started");
                step.again_at(process.next_time());
                self.process = Some(process);
                self.state = State::Running { since: now };
                self.probes = Probes::new(spec, now);
                step.again_at(self.probes.next_time());
            }
            Err(message) => {
                step.event(&path, Warning, "Failed", &format!("Error: {message}"));
                self.state = State::Ended(Ended {
                    code: 128,
                    reason: "StartError",
                    message: Some(message),
                    started: None,
                    finished: now,
                    id,
                });
                step.again_at(Some(now + RELIST));
            }
        }
    }

    /// Asks it to stop: first its preStop hook, then SIGTERM.
    pub fn stop(&mut self, step: &mut Step<'_, '_>, why: &str) {
        if !self.is_running() || self.stop_at.is_some() {
            return;
        }
        step.event(&self.path(), Normal, "Killing", why);
        let pod = step.pod.clone();
        let hook = pod.get::<Pod>().and_then(|pod| self.spec(pod)).and_then(pre_stop);
        self.stop_at = Some(step.now() + hook.unwrap_or_default());
    }

    /// Goes on stopping it; at `deadline` it is killed.
    pub fn continue_stop(&mut self, step: &mut Step<'_, '_>, deadline: Time) {
        let now = step.now();
        let (Some(at), Some(process)) = (self.stop_at, &mut self.process) else { return };
        if now >= deadline {
            process.kill(now);
        } else if now >= at {
            process.terminate(now);
            step.again_at(Some(deadline));
        } else {
            step.again_at(Some(at.min(deadline)));
        }
        self.collect(step);
    }

    /// Whether it was asked to stop and has not yet.
    pub fn is_stopping(&self) -> bool {
        self.is_running() && self.stop_at.is_some()
    }
}

/// How long a preStop hook takes.
fn pre_stop(spec: &Spec) -> Option<Duration> {
    let hook = spec.lifecycle.as_ref()?.pre_stop.as_ref()?;
    if let Some(sleep) = &hook.sleep {
        return Some(Duration::from_secs(u64::try_from(sleep.seconds).unwrap_or(0)));
    }
    let command = hook.exec.as_ref()?.command.as_deref()?;
    let process = Process::start("busybox", command, &[], Time::default()).ok()?;
    process.next_time().map(|end| end.since(Time::default()))
}
