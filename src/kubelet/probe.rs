//! Startup, readiness and liveness probes. Mirrors `pkg/kubelet/prober`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as Spec, Pod, Probe};

use super::container::Container;
use super::ports;
use super::sandbox::Sandbox;
use super::step::Step;
use crate::machine::{self, ContainerId, Machine, SessionId};
use crate::runtime::EventType::Warning;
use crate::sim::Time;

/// The time between the start of a container and its first probe.
const FIRST: Duration = Duration::from_millis(300);

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whether the container has started.
    Startup,
    /// Whether it may be sent requests.
    Readiness,
    /// Whether it has to be restarted.
    Liveness,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];

    fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }

    fn of(self, spec: &Spec) -> Option<&Probe> {
        match self {
            Self::Startup => spec.startup_probe.as_ref(),
            Self::Readiness => spec.readiness_probe.as_ref(),
            Self::Liveness => spec.liveness_probe.as_ref(),
        }
    }
}

/// How one probe fares.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prober {
    purpose: Purpose,
    next: Time,
    period: Duration,
    successes: i32,
    failures: i32,
    /// A command that is under way, and when it has taken too long.
    command: Option<(SessionId, Time)>,
}

/// The probes of a running container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    list: Vec<Prober>,
    /// Whether it has started.
    pub started: bool,
    /// Whether it may be sent requests.
    pub ready: bool,
}

impl Probes {
    /// The probes of a container that starts now.
    pub fn new(spec: &Spec, now: Time) -> Self {
        let seconds = |count: Option<i32>, default: u64| {
            Duration::from_secs(count.map_or(default, |count| u64::try_from(count).unwrap_or(0)))
        };
        let list: Vec<Prober> = Purpose::ALL
            .into_iter()
            .filter_map(|purpose| {
                let probe = purpose.of(spec)?;
                Some(Prober {
                    purpose,
                    next: now + seconds(probe.initial_delay_seconds, 0) + FIRST,
                    period: seconds(probe.period_seconds, 10).max(Duration::from_secs(1)),
                    successes: 0,
                    failures: 0,
                    command: None,
                })
            })
            .collect();
        let has = |purpose| list.iter().any(|prober| prober.purpose == purpose);
        let started = !has(Purpose::Startup);
        let ready = started && !has(Purpose::Readiness);
        Self { started, ready, list }
    }

    /// When the next probe is due.
    pub fn next_time(&self) -> Option<Time> {
        let active = |prober: &&Prober| (prober.purpose == Purpose::Startup) != self.started;
        let due = |prober: &Prober| prober.command.map_or(prober.next, |(_, limit)| limit);
        self.list.iter().filter(active).map(due).min()
    }

    /// The commands that are under way.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.list.iter().filter_map(|prober| prober.command.map(|(session, _)| session))
    }
}

impl Container {
    /// Runs the probes that are due.
    pub fn probe(&mut self, step: &mut Step<'_, '_>, sandbox: &Sandbox) {
        if !self.is_running() || self.is_stopping() || self.probes.list.is_empty() {
            return;
        }
        let object = step.pod.clone();
        let Some(pod) = object.get::<Pod>() else { return };
        let Some(spec) = self.spec(pod) else { return };
        let spec = &*spec;
        for purpose in Purpose::ALL {
            let due = (purpose == Purpose::Startup) != self.probes.started;
            let Some(probe) = purpose.of(spec).filter(|_| due && !self.is_stopping()) else {
                continue;
            };
            if let Some(outcome) = self.outcome(purpose, probe, spec, step, sandbox)
                && self.judge(purpose, probe, spec, outcome, step)
            {
                let word = purpose.word().to_ascii_lowercase();
                let why = format!("Container {} failed {word} probe, will be restarted", self.name);
                let own = probe.termination_grace_period_seconds;
                self.stop(step, sandbox, &why, super::pod::grace(pod, own));
            }
        }
        step.again_at(self.probes.next_time());
    }

    /// What a probe finds, if it is due or its command has ended.
    fn outcome(
        &mut self,
        purpose: Purpose,
        probe: &Probe,
        spec: &Spec,
        step: &mut Step<'_, '_>,
        sandbox: &Sandbox,
    ) -> Option<Result<(), String>> {
        let now = step.now();
        let id = self.instance?;
        let prober = self.probes.list.iter_mut().find(|prober| prober.purpose == purpose)?;
        if let Some((session, limit)) = prober.command {
            let machine = step.machine()?;
            let outcome = command_outcome(machine, (id, session), limit, probe, now)?;
            machine.end_session(id, session);
            prober.command = None;
            return Some(outcome);
        }
        if prober.next > now {
            return None;
        }
        prober.next = now + prober.period;
        let Some(exec) = &probe.exec else { return Some(ask(probe, spec, step, sandbox)) };
        let command = exec.command.as_deref().unwrap_or_default();
        match step.machine()?.exec(id, command, false, false) {
            Ok(session) => {
                prober.command = Some((session, now + timeout(probe)));
                step.wake = step.wake.into_iter().chain([now]).min();
                None
            }
            Err(why) => Some(Err(why)),
        }
    }

    /// Draws the conclusion from a probe; whether the container has to be restarted.
    fn judge(
        &mut self,
        purpose: Purpose,
        probe: &Probe,
        spec: &Spec,
        outcome: Result<(), String>,
        step: &mut Step<'_, '_>,
    ) -> bool {
        let found = self.probes.list.iter_mut().find(|prober| prober.purpose == purpose);
        let Some(prober) = found else { return false };
        let (succeeded, failed) = match &outcome {
            Ok(()) => (prober.successes + 1, 0),
            Err(_) => (0, prober.failures + 1),
        };
        (prober.successes, prober.failures) = (succeeded, failed);
        let passed = succeeded >= probe.success_threshold.unwrap_or(1);
        let broken = failed >= probe.failure_threshold.unwrap_or(3);
        if let Err(why) = outcome {
            let text = format!("{} probe failed: {why}", purpose.word());
            step.event(&self.path(), Warning, "Unhealthy", &text);
        }
        match purpose {
            Purpose::Startup if passed => {
                self.probes.started = true;
                self.probes.ready = spec.readiness_probe.is_none();
            }
            Purpose::Readiness if passed => self.probes.ready = true,
            Purpose::Readiness if broken => self.probes.ready = false,
            Purpose::Startup | Purpose::Liveness if broken => return true,
            _ => {}
        }
        false
    }
}

fn timeout(probe: &Probe) -> Duration {
    Duration::from_secs(u64::try_from(probe.timeout_seconds.unwrap_or(1)).unwrap_or(1))
}

/// How a probe's command ended, if it has or has taken too long.
fn command_outcome(
    machine: &Machine,
    (id, session): (ContainerId, SessionId),
    limit: Time,
    probe: &Probe,
    now: Time,
) -> Option<Result<(), String>> {
    let state = machine.session(id, session);
    match state.exit_code {
        Some(0) => Some(Ok(())),
        Some(_) => Some(Err(state.output)),
        None if now >= limit => {
            let words = probe.exec.as_ref().and_then(|exec| exec.command.as_deref());
            let command = words.unwrap_or_default().join(" ");
            let seconds = timeout(probe).as_secs();
            Some(Err(format!("command timed out: \"{command}\" timed out after {seconds}s")))
        }
        None => None,
    }
}

/// Asks the pod over the network.
fn ask(
    probe: &Probe,
    spec: &Spec,
    step: &mut Step<'_, '_>,
    sandbox: &Sandbox,
) -> Result<(), String> {
    let now = step.now();
    let own = |host: &Option<String>| {
        let given = host.as_deref().filter(|host| !host.is_empty());
        given.unwrap_or(&sandbox.address).to_owned()
    };
    if let Some(get) = &probe.http_get {
        let Some(port) = ports::number(&get.port, spec) else { return Err(unknown_port()) };
        let tls = get.scheme.as_deref() == Some("HTTPS");
        let path = get.path.as_deref().unwrap_or("/").to_owned();
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let probe = machine::Probe::Http { host: own(&get.host), port, path, tls };
        return step.machines.probe(&probe, now);
    }
    if let Some(socket) = &probe.tcp_socket {
        let Some(port) = ports::number(&socket.port, spec) else { return Err(unknown_port()) };
        return step.machines.probe(&machine::Probe::Tcp { host: own(&socket.host), port }, now);
    }
    let Some(grpc) = &probe.grpc else { return Ok(()) };
    let port = u16::try_from(grpc.port).unwrap_or(0);
    let host = sandbox.address.to_string();
    step.machines.probe(&machine::Probe::Tcp { host, port }, now).map_err(|_| {
        let (address, seconds) = (&sandbox.address, timeout(probe).as_secs());
        format!(
            "timeout: failed to connect service \"{address}:{port}\" within {seconds}s: context \
             deadline exceeded"
        )
    })
}

fn unknown_port() -> String {
    "couldn't find port: the container names none so".to_owned()
}
