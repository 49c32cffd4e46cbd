//! How long a Job waits before it replaces failed pods.
//! Mirrors `pkg/controller/job/backoff_utils.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::controllers::pod;
use crate::object::meta;
use crate::sim::Time;

/// The wait after the first failure. Mirrors `DefaultJobPodFailureBackOff`.
const FIRST: Duration = Duration::from_secs(10);
/// The longest wait. Mirrors `MaxJobPodFailureBackOff`.
const LONGEST: Duration = Duration::from_secs(600);

/// The failures of a Job since a pod of it last succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub last: Time,
}

impl Backoff {
    /// The record with the pods that have finished since. Mirrors `newBackoffRecord`.
    pub fn with(self, succeeded: &[&Pod], failed: &[&Pod]) -> Self {
        let success = succeeded.iter().map(|pod| finished_at(pod)).max();
        let failures: Vec<Time> = failed.iter().map(|pod| finished_at(pod)).collect();
        let later = failures.into_iter().filter(|at| success.is_none_or(|success| *at > success));
        let start = if success.is_some() { Self::default() } else { self };
        later.fold(start, |record, at| Self {
            failures: record.failures + 1,
            last: record.last.max(at),
        })
    }

    /// How long to wait yet: 10 s after the first failure, twice as long after each more.
    pub fn remaining(self, now: Time) -> Duration {
        if self.failures == 0 {
            return Duration::ZERO;
        }
        let doubled = FIRST.saturating_mul(1 << (self.failures - 1).min(20));
        doubled.min(LONGEST).saturating_sub(now.since(self.last))
    }
}

/// When a pod finished, as far as can be told. Mirrors `getFinishedTime`.
pub fn finished_at(pod: &Pod) -> Time {
    let not_ready = || {
        let ready = pod::condition(pod, "Ready").filter(|ready| ready.status == "False")?;
        ready.last_transition_time.as_ref().map(meta::moment)
    };
    let deleted = || {
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
        pod.metadata.deletion_timestamp.as_ref().map(|stamp| meta::moment(stamp) - grace)
    };
    let finished = containers_finished(pod).or_else(not_ready).or_else(deleted);
    finished.unwrap_or_else(|| meta::created(&pod.metadata))
}

/// When the last container stopped, sidecars included; `None` while one has not.
fn containers_finished(pod: &Pod) -> Option<Time> {
    let status = pod.status.as_ref()?;
    let stopped = |container: &ContainerStatus| {
        let terminated = container.state.as_ref()?.terminated.as_ref()?;
        terminated.finished_at.as_ref().map(meta::moment)
    };
    let inits = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let sidecars: Vec<&str> = inits
        .filter(|container| container.restart_policy.as_deref() == Some("Always"))
        .map(|container| container.name.as_str())
        .collect();
    let inits = status.init_container_statuses.iter().flatten();
    let sidecars = inits.filter(|status| sidecars.contains(&status.name.as_str()));
    let all = status.container_statuses.iter().flatten().chain(sidecars);
    let moments: Option<Vec<Time>> = all.map(stopped).collect();
    moments?.into_iter().max()
}
