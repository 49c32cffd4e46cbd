//! The status of a Deployment. Mirrors `pkg/controller/deployment/{progress,sync}.go`.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus};

use super::plan::{Phase, Plan};
use super::set::Bounds;
use crate::object::meta;
use crate::runtime::Next;
use crate::sim::Time;

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const FAILURE: &str = "ReplicaFailure";
const DONE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// How long a rollout may make no progress; `None` where that does not matter.
fn deadline(deployment: &Deployment) -> Option<Duration> {
    let seconds = deployment.spec.as_ref()?.progress_deadline_seconds?;
    let limited = Some(seconds).filter(|seconds| *seconds != i32::MAX);
    limited.map(|seconds| Duration::from_secs(seconds.try_into().unwrap_or(0)))
}

pub fn progressing(status: &DeploymentStatus) -> Option<&DeploymentCondition> {
    let mut conditions = status.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == PROGRESSING)
}

/// Puts a condition in, unless it says what the present one says.
/// Mirrors `SetDeploymentCondition`: a condition that changes moves to the end.
fn set(status: &mut DeploymentStatus, mut condition: DeploymentCondition) {
    let conditions = status.conditions.get_or_insert_default();
    if let Some(present) = conditions.iter().find(|known| known.type_ == condition.type_) {
        if present.status == condition.status && present.reason == condition.reason {
            return;
        }
        if present.status == condition.status {
            condition.last_transition_time.clone_from(&present.last_transition_time);
        }
    }
    remove(status, &condition.type_);
    status.conditions.get_or_insert_default().push(condition);
}

fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != kind);
    }
    status.conditions = status.conditions.take().filter(|conditions| !conditions.is_empty());
}

fn condition(
    kind: &str,
    status: &str,
    reason: &str,
    message: String,
    now: Time,
) -> DeploymentCondition {
    DeploymentCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_update_time: Some(meta::timestamp(now)),
        last_transition_time: Some(meta::timestamp(now)),
    }
}

/// Says `reason` of the progress, if the Deployment has a deadline for it.
pub fn note_progress(
    deployment: &Deployment,
    status: &mut DeploymentStatus,
    truth: &str,
    reason: &str,
    message: String,
    now: Time,
) {
    if deadline(deployment).is_some() {
        set(status, condition(PROGRESSING, truth, reason, message, now));
    }
}

/// Notes that the rollout was paused or resumed; whether there was anything to note.
/// Mirrors `checkPausedConditions`.
pub fn note_pause(deployment: &Deployment, status: &mut DeploymentStatus, now: Time) -> bool {
    let reason = progressing(status).and_then(|condition| condition.reason.as_deref());
    if deadline(deployment).is_none() || reason == Some(TIMED_OUT) {
        return false;
    }
    let paused = deployment.spec.as_ref().is_some_and(|spec| spec.paused == Some(true));
    let (reason, message) = match (paused, reason == Some(PAUSED)) {
        (true, false) => (PAUSED, "Deployment is paused"),
        (false, true) => ("DeploymentResumed", "Deployment is resumed"),
        _ => return false,
    };
    set(status, condition(PROGRESSING, "Unknown", reason, message.to_owned(), now));
    true
}

/// Whether every replica is of the current template and available. Mirrors `DeploymentComplete`.
pub fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let replicas = Bounds::of(deployment).replicas;
    [status.updated_replicas, status.replicas, status.available_replicas]
        .iter()
        .all(|count| count.unwrap_or(0) == replicas)
        && status.observed_generation.unwrap_or(0) >= deployment.metadata.generation.unwrap_or(0)
}

/// The status after the plan. Mirrors `calculateStatus` and `syncRolloutStatus`.
pub fn status(
    deployment: &Deployment,
    before: &DeploymentStatus,
    plan: &Plan,
    now: Time,
) -> DeploymentStatus {
    let mut status = counts(deployment, before, plan);
    let bounds = Bounds::of(deployment);
    let available = status.available_replicas.unwrap_or(0) >= bounds.fewest();
    set(
        &mut status,
        if available {
            let message = "Deployment has minimum availability.".to_owned();
            condition(AVAILABLE, "True", "MinimumReplicasAvailable", message, now)
        } else {
            let message = "Deployment does not have minimum availability.".to_owned();
            condition(AVAILABLE, "False", "MinimumReplicasUnavailable", message, now)
        },
    );
    if plan.phase != Phase::Scaling {
        progress(deployment, before, &mut status, plan, now);
        let failing = |set: &&super::set::Set| set.failure.is_some();
        let set_failing = plan.new.iter().find(failing).or_else(|| plan.old.iter().find(failing));
        match set_failing.and_then(|set| set.failure.clone()) {
            Some(failure) => set(&mut status, failure),
            None => remove(&mut status, FAILURE),
        }
    }
    status
}

fn counts(deployment: &Deployment, before: &DeploymentStatus, plan: &Plan) -> DeploymentStatus {
    let nonzero = |count: i32| Some(count).filter(|count| *count != 0);
    let available: i32 = plan.sets().map(|set| set.available).sum();
    let wanted: i32 = plan.sets().map(|set| set.replicas).sum();
    // A set that was never reported on has no number yet; one that reported none hides the sum.
    let reported = plan.sets().filter(|set| set.reported || set.terminating.is_some());
    let terminating = reported.map(|set| set.terminating).sum();
    DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: nonzero(plan.sets().map(|set| set.actual).sum()),
        updated_replicas: nonzero(plan.new.iter().map(|set| set.actual).sum()),
        ready_replicas: nonzero(plan.sets().map(|set| set.ready).sum()),
        available_replicas: nonzero(available),
        unavailable_replicas: nonzero((wanted - available).max(0)),
        terminating_replicas: terminating,
        collision_count: before.collision_count,
        conditions: before.conditions.clone(),
    }
}

/// The condition `Progressing`.
fn progress(
    deployment: &Deployment,
    before: &DeploymentStatus,
    status: &mut DeploymentStatus,
    plan: &Plan,
    now: Time,
) {
    let Some(deadline) = deadline(deployment) else { return remove(status, PROGRESSING) };
    let present = progressing(before).cloned();
    let reason = present.as_ref().and_then(|condition| condition.reason.as_deref());
    if status.replicas == status.updated_replicas && reason == Some(DONE) {
        return;
    }
    let subject = match &plan.new {
        Some(new) => format!("ReplicaSet \"{}\"", new.name),
        None => {
            let name = deployment.metadata.name.as_deref().unwrap_or_default();
            format!("Deployment \"{name}\"")
        }
    };
    if is_complete(deployment, status) {
        let message = format!("{subject} has successfully progressed.");
        set(status, condition(PROGRESSING, "True", DONE, message, now));
    } else if has_progressed(before, status) {
        let message = format!("{subject} is progressing.");
        let mut news = condition(PROGRESSING, "True", "ReplicaSetUpdated", message, now);
        // Progress goes on: the moment it began stays, the moment of the last step is now.
        if let Some(present) = present.filter(|present| present.status == "True") {
            news.last_transition_time = present.last_transition_time;
        }
        remove(status, PROGRESSING);
        set(status, news);
    } else if present.is_some_and(|present| {
        let last = present.last_update_time.as_ref().map(meta::moment).unwrap_or_default();
        present.reason.as_deref() != Some(DONE) && last + deadline < now
    }) {
        let message = format!("{subject} has timed out progressing.");
        set(status, condition(PROGRESSING, "False", TIMED_OUT, message, now));
    }
}

/// Whether more pods are new, ready or available, or fewer are old, than before.
/// Mirrors `DeploymentProgressing`.
fn has_progressed(before: &DeploymentStatus, after: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| {
        status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0)
    };
    after.updated_replicas.unwrap_or(0) > before.updated_replicas.unwrap_or(0)
        || old(after) < old(before)
        || after.ready_replicas.unwrap_or(0) > before.ready_replicas.unwrap_or(0)
        || after.available_replicas.unwrap_or(0) > before.available_replicas.unwrap_or(0)
}

/// When to look again whether the deadline has passed. Mirrors `requeueStuckDeployment`.
pub fn next_check(deployment: &Deployment, status: &DeploymentStatus, now: Time) -> Next {
    let (Some(deadline), Some(present)) = (deadline(deployment), progressing(status)) else {
        return Next::OnChange;
    };
    let timed_out = present.reason.as_deref() == Some(TIMED_OUT);
    if timed_out || is_complete(deployment, status) {
        return Next::OnChange;
    }
    let last = present.last_update_time.as_ref().map(meta::moment).unwrap_or_default();
    if last + deadline < now {
        return Next::OnChange;
    }
    Next::After((last + deadline).since(now) + Duration::from_secs(1))
}
