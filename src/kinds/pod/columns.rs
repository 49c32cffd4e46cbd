//! One row of `kubectl get pods`. Mirrors `printPod` of `pkg/printers/internalversion`.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;

use crate::kinds::Column;
use crate::kinds::cells::{self, NONE};
use crate::sim::Time;

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::new("Ready"),
    Column::new("Status"),
    Column::new("Restarts"),
    Column::new("Age"),
    Column::wide("IP"),
    Column::wide("Node"),
    Column::wide("Nominated Node"),
    Column::wide("Readiness Gates"),
];

/// One row.
pub fn row(pod: &Pod, now: Time) -> Vec<String> {
    let summary = Summary::of(pod);
    let spec = pod.spec.as_ref();
    let status = pod.status.as_ref();
    let ip = status
        .and_then(|status| status.pod_ips.as_ref()?.first().map(|ip| ip.ip.as_str()))
        .or_else(|| status?.pod_ip.as_deref());
    vec![
        cells::name(&pod.metadata),
        format!("{}/{}", summary.ready, summary.containers),
        summary.reason.clone(),
        summary.restarts_text(now),
        cells::age(&pod.metadata, now),
        cells::or_none(ip),
        cells::or_none(spec.and_then(|spec| spec.node_name.as_ref())),
        cells::or_none(status.and_then(|status| status.nominated_node_name.as_ref())),
        readiness_gates(pod),
    ]
}

/// The STATUS word alone: `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating` …
pub fn status_word(pod: &Pod) -> String {
    Summary::of(pod).reason
}

/// What a row says about a pod's containers.
struct Summary {
    ready: usize,
    containers: usize,
    reason: String,
    restarts: Restarts,
}

/// A number of restarts and the moment of the last.
#[derive(Clone, Default)]
struct Restarts {
    count: i32,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &ContainerStatus) {
        self.count += container.restart_count;
        let finished = container
            .last_state
            .as_ref()
            .and_then(|state| state.terminated.as_ref()?.finished_at.as_ref());
        if finished.is_some_and(|at| self.last.as_ref().is_none_or(|last| last.0 < at.0)) {
            self.last = finished.cloned();
        }
    }
}

fn is_restartable(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

fn has_true_condition(status: &PodStatus, kind: &str) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|condition| condition.type_ == kind && condition.status == "True")
}

impl Summary {
    fn of(pod: &Pod) -> Self {
        let nothing = PodStatus::default();
        let status = pod.status.as_ref().unwrap_or(&nothing);
        let spec = pod.spec.as_ref();
        let inits = spec.and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
        let restartable = inits.iter().filter(|container| is_restartable(container)).count();
        let mut summary = Self {
            ready: 0,
            containers: spec.map_or(0, |spec| spec.containers.len()) + restartable,
            reason: first_word(status),
            restarts: Restarts::default(),
        };
        let (initializing, sidecar_restarts) = summary.read_init_containers(status, inits);
        if !initializing || has_true_condition(status, "Initialized") {
            summary.restarts = sidecar_restarts;
            summary.read_containers(status);
        }
        if pod.metadata.deletion_timestamp.is_some() {
            let phase = status.phase.as_deref().unwrap_or_default();
            if status.reason.as_deref() == Some("NodeLost") {
                summary.reason = "Unknown".to_owned();
            } else if !matches!(phase, "Succeeded" | "Failed") {
                summary.reason = "Terminating".to_owned();
            }
        }
        summary
    }

    /// Whether initialisation is under way or has failed, and the restarts of sidecars.
    fn read_init_containers(
        &mut self,
        status: &PodStatus,
        inits: &[Container],
    ) -> (bool, Restarts) {
        let mut sidecars = Restarts::default();
        for (index, container) in status.init_container_statuses.iter().flatten().enumerate() {
            let is_sidecar =
                inits.iter().any(|init| init.name == container.name && is_restartable(init));
            self.restarts.add(container);
            if is_sidecar {
                sidecars.add(container);
            }
            let state = container.state.as_ref();
            let terminated = state.and_then(|state| state.terminated.as_ref());
            let waiting = state.and_then(|state| state.waiting.as_ref()?.reason.as_deref());
            if terminated.is_some_and(|terminated| terminated.exit_code == 0) {
                continue;
            }
            if is_sidecar && container.started == Some(true) {
                self.ready += usize::from(container.ready);
                continue;
            }
            self.reason = match (terminated, waiting) {
                (Some(end), _) => {
                    format!("Init:{}", end_word(end.reason.as_deref(), end.signal, end.exit_code))
                }
                (None, Some(why)) if !why.is_empty() && why != "PodInitializing" => {
                    format!("Init:{why}")
                }
                _ => format!("Init:{index}/{}", inits.len()),
            };
            return (true, sidecars);
        }
        (false, sidecars)
    }

    fn read_containers(&mut self, status: &PodStatus) {
        let mut has_running = false;
        for container in status.container_statuses.iter().flatten().rev() {
            self.restarts.add(container);
            let Some(state) = &container.state else { continue };
            let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
            if let Some(why) = waiting.filter(|why| !why.is_empty()) {
                why.clone_into(&mut self.reason);
            } else if let Some(end) = &state.terminated {
                self.reason = end_word(end.reason.as_deref(), end.signal, end.exit_code);
            } else if container.ready && state.running.is_some() {
                has_running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && has_running {
            let is_ready = has_true_condition(status, "Ready");
            if is_ready { "Running" } else { "NotReady" }.clone_into(&mut self.reason);
        }
    }

    /// `3 (5s ago)`.
    fn restarts_text(&self, now: Time) -> String {
        match &self.restarts {
            Restarts { count, last: Some(last) } if *count != 0 => {
                format!("{count} ({} ago)", cells::since(Some(last), now))
            }
            Restarts { count, .. } => count.to_string(),
        }
    }
}

/// The word before any container has its say.
fn first_word(status: &PodStatus) -> String {
    let gated = status.conditions.iter().flatten().any(|condition| {
        condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("SchedulingGated")
    });
    if gated {
        return "SchedulingGated".to_owned();
    }
    let reason = status.reason.as_deref().filter(|reason| !reason.is_empty());
    reason.or(status.phase.as_deref()).unwrap_or_default().to_owned()
}

fn end_word(reason: Option<&str>, signal: Option<i32>, exit_code: i32) -> String {
    match (reason.unwrap_or_default(), signal.unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{exit_code}"),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn readiness_gates(pod: &Pod) -> String {
    let gates = pod.spec.as_ref().and_then(|spec| spec.readiness_gates.as_deref());
    let Some(gates) = gates.filter(|gates| !gates.is_empty()) else { return NONE.to_owned() };
    let is_open =
        |kind: &str| pod.status.as_ref().is_some_and(|status| has_true_condition(status, kind));
    let open = gates.iter().filter(|gate| is_open(&gate.condition_type)).count();
    format!("{open}/{}", gates.len())
}
