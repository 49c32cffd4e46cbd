//! Startup, readiness and liveness probes. Mirrors `pkg/kubelet/prober`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as Spec, Pod, Probe};

use super::container::Container;
use super::process::Process;
use super::step::Step;
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
        self.list.iter().filter(active).map(|prober| prober.next).min()
    }
}

impl Container {
    /// Runs the probes that are due.
    pub fn probe(&mut self, step: &mut Step<'_, '_>) {
        if !self.is_running() || self.is_stopping() || self.probes.list.is_empty() {
            return;
        }
        let pod = step.pod.clone();
        let Some(pod) = pod.get::<Pod>() else { return };
        let Some(spec) = self.spec(pod) else { return };
        for purpose in Purpose::ALL {
            let due = (purpose == Purpose::Startup) != self.probes.started;
            if let Some(probe) = purpose.of(spec).filter(|_| due) {
                self.probe_for(purpose, probe, spec, step);
            }
        }
        step.again_at(self.probes.next_time());
    }

    fn probe_for(&mut self, purpose: Purpose, probe: &Probe, spec: &Spec, step: &mut Step<'_, '_>) {
        let now = step.now();
        let found = self.probes.list.iter_mut().find(|p| p.purpose == purpose && p.next <= now);
        let (Some(prober), Some(process)) = (found, &self.process) else { return };
        prober.next = now + prober.period;
        let outcome = run(probe, process);
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
            Purpose::Startup | Purpose::Liveness if broken => {
                let word = purpose.word().to_lowercase();
                let why = format!("Container {} failed {word} probe, will be restarted", self.name);
                self.stop(step, &why);
            }
            _ => {}
        }
    }
}

/// Runs a probe once.
fn run(probe: &Probe, process: &Process) -> Result<(), String> {
    if let Some(exec) = &probe.exec {
        return match process.exec(exec.command.as_deref().unwrap_or_default()) {
            (0, _) => Ok(()),
            (_, output) => Err(output),
        };
    }
    if let Some(get) = &probe.http_get {
        return match process.http(get.path.as_deref().unwrap_or("/")) {
            200..=399 => Ok(()),
            code => Err(format!("HTTP probe failed with statuscode: {code}")),
        };
    }
    Ok(())
}
