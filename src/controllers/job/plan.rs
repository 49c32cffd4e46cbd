//! What to do about a Job's pods, and whether it has come to its end.
//! Mirrors `syncJob` and `manageJob` of `pkg/controller/job`.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::api::batch::v1::JobCondition;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::backoff::{Backoff, finished_at};
use super::facts::{Facts, index_failures, index_of, number, number_in, uid};
use super::facts::{INDEX_FAILURES, INDEX_IGNORED};
use super::intervals::Intervals;
use super::policy::{self, Verdict};
use crate::base::order::Gather;
use crate::base::order::Order as _;
use crate::controllers::pod;
use crate::object::meta;
use crate::sim::{Explain, Fact, Time};

/// The most pods created or deleted at once. Mirrors `MaxPodCreateDeletePerSync`.
const BURST: usize = 500;

/// How a Job comes to its end: the condition that says so first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// `SuccessCriteriaMet`, `FailureTarget`, or `Failed` where that was said before.
    pub kind: &'static str,
    pub reason: String,
    pub message: String,
}

impl End {
    fn new(kind: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, reason: reason.to_owned(), message: message.into() }
    }

    fn failure(reason: &str, message: impl Into<String>) -> Self {
        Self::new("FailureTarget", reason, message)
    }

    /// Enough pods have succeeded.
    pub fn completed() -> Self {
        let message = "Reached expected number of succeeded pods";
        Self::new("SuccessCriteriaMet", "CompletionsReached", message)
    }

    fn again(kind: &'static str, condition: &JobCondition) -> Self {
        let reason = condition.reason.as_deref().unwrap_or_default();
        Self::new(kind, reason, condition.message.clone().unwrap_or_default())
    }
}

/// A pod to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPod {
    pub index: Option<i32>,
    /// How many pods of its index failed before, counted and not counted, where that matters.
    pub failures: Option<(i32, i32)>,
}

/// What to do with the pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Action<'a> {
    #[default]
    Nothing,
    Create(Vec<NewPod>),
    /// Pods that are not wanted: they will not be counted.
    Delete(Vec<&'a Pod>),
    /// All that run when the Job ends: they are counted before they go.
    Stop(Vec<&'a Pod>),
}

/// What to do about a Job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan<'a> {
    pub action: Action<'a>,
    /// The Job's end, if it has come.
    pub end: Option<End>,
    /// When to look again although nothing changes.
    pub wait: Option<Duration>,
    /// Whether the number of pods was put right, or would have been.
    pub managed: bool,
    wanted: i32,
    active: i32,
    succeeded: i32,
    failed: i32,
}

/// Decides about a Job.
pub fn plan<'a>(facts: &Facts<'a>, now: Time) -> Plan<'a> {
    let mut plan = Plan {
        active: number(facts.active.len()),
        succeeded: facts.succeeded,
        failed: facts.failed,
        ..Plan::default()
    };
    plan.end = end(facts, now);
    if plan.end.is_some() {
        plan.action = Action::Stop(facts.active.clone());
        return plan;
    }
    plan.wait = deadline(facts).map(|deadline| deadline.since(now));
    if !meta::is_terminating(&facts.job.metadata) {
        plan.managed = true;
        manage(facts, now, &mut plan);
    }
    plan
}

/// When the Job will have run for too long.
fn deadline(facts: &Facts<'_>) -> Option<Time> {
    let seconds = u64::try_from(facts.spec.active_deadline_seconds?).unwrap_or(0);
    let start = facts.status.start_time.as_ref().filter(|_| !facts.is_suspended())?;
    Some(meta::moment(start) + Duration::from_secs(seconds))
}

/// The end that was decided on before, then failures, then success.
fn end(facts: &Facts<'_>, now: Time) -> Option<End> {
    let said = |kind: &str| {
        let conditions = facts.status.conditions.iter().flatten();
        conditions.into_iter().find(|c| c.type_ == kind && c.status == "True")
    };
    if let Some(condition) = said("SuccessCriteriaMet") {
        return Some(End::again("SuccessCriteriaMet", condition));
    }
    if let Some(condition) = said("FailureTarget") {
        return Some(End::again("Failed", condition));
    }
    policy_failure(facts)
        .or_else(|| limit_failure(facts, now))
        .or_else(|| index_failure(facts))
        .or_else(|| {
            let indexes = facts.indexes.as_ref()?;
            let message = policy::success(&facts.spec, &indexes.succeeded)?;
            Some(End::new("SuccessCriteriaMet", "SuccessPolicy", message))
        })
}

fn policy_failure(facts: &Facts<'_>) -> Option<End> {
    let failed = facts.pods.iter().filter(|pod| facts.is_failed(pod));
    let mut verdicts = failed.map(|pod| policy::of_failure(&facts.spec, pod));
    verdicts.find_map(|verdict| match verdict {
        Verdict::FailJob(message) => Some(End::failure("PodFailurePolicy", message)),
        _ => None,
    })
}

fn limit_failure(facts: &Facts<'_>, now: Time) -> Option<End> {
    let limit = facts.spec.backoff_limit.unwrap_or(i32::MAX);
    if facts.failed > limit || restarted_too_often(facts, limit) {
        let message = "Job has reached the specified backoff limit";
        return Some(End::failure("BackoffLimitExceeded", message));
    }
    deadline(facts)
        .filter(|deadline| *deadline <= now)
        .map(|_| End::failure("DeadlineExceeded", "Job was active longer than specified deadline"))
}

/// Whether the containers restarted as often as pods may fail. Mirrors `pastBackoffLimitOnFailure`.
fn restarted_too_often(facts: &Facts<'_>, limit: i32) -> bool {
    let spec = facts.spec.template.spec.as_ref();
    if spec.and_then(|spec| spec.restart_policy.as_deref()) != Some("OnFailure") {
        return false;
    }
    let running = facts.pods.iter().filter(|pod| matches!(pod::phase(pod), "Running" | "Pending"));
    let statuses = running.filter_map(|pod| pod.status.as_ref()).flat_map(|status| {
        let inits = status.init_container_statuses.iter().flatten();
        inits.chain(status.container_statuses.iter().flatten())
    });
    let restarts: i32 = statuses.map(|status: &ContainerStatus| status.restart_count).sum();
    if limit == 0 { restarts > 0 } else { restarts >= limit }
}

fn index_failure(facts: &Facts<'_>) -> Option<End> {
    let indexes = facts.indexes.as_ref()?;
    let failed = indexes.failed.as_ref()?.total();
    if facts.spec.max_failed_indexes.is_some_and(|limit| failed > limit) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(End::failure("MaxFailedIndexesExceeded", message));
    }
    let over = failed + indexes.succeeded.total();
    (failed > 0 && over >= facts.completions())
        .then(|| End::failure("FailedIndexes", "Job has failed indexes"))
}

/// Mirrors `manageJob`.
fn manage<'a>(facts: &Facts<'a>, now: Time, plan: &mut Plan<'a>) {
    let active = facts.active.len();
    if facts.is_suspended() {
        let pods = unwanted(facts, active);
        if !pods.is_empty() {
            plan.action = Action::Delete(pods);
        }
        return;
    }
    let parallelism = facts.spec.parallelism.unwrap_or(1);
    plan.wanted = match facts.spec.completions {
        // A queue whose first pod succeeded is about to end: whatever runs, runs on.
        None if facts.succeeded > 0 => plan.active,
        None => parallelism,
        Some(completions) => (completions - facts.succeeded).min(parallelism).max(0),
    };
    let wanted = usize::try_from(plan.wanted).unwrap_or(0);
    let mut pods = unwanted(facts, active.saturating_sub(wanted));
    if !pods.is_empty() {
        pods.truncate(BURST);
        plan.action = Action::Delete(pods);
        return;
    }
    let ending = if facts.replaces_failed_only() { facts.terminating } else { 0 };
    let missing = plan.wanted - ending - plan.active;
    if let Ok(missing @ 1..) = usize::try_from(missing) {
        create(facts, missing.min(BURST), now, plan);
    }
}

fn create<'a>(facts: &Facts<'a>, missing: usize, now: Time, plan: &mut Plan<'a>) {
    let remaining = facts.backoff.remaining(now);
    if !facts.has_limit_per_index() && !remaining.is_zero() {
        plan.wait = plan.wait.map_or(Some(remaining), |wait| Some(wait.min(remaining)));
        return;
    }
    let new = match &facts.indexes {
        None => vec![NewPod::default(); missing],
        Some(_) => {
            let indexes = pending(facts, missing);
            let (ready, later) = due(facts, indexes, now);
            if ready.is_empty() {
                plan.wait = later.into_iter().chain(plan.wait).min();
            }
            ready
        }
    };
    if !new.is_empty() {
        plan.action = Action::Create(new);
    }
}

/// The first indexes that have neither ended nor a pod. Mirrors `firstPendingIndexes`.
fn pending(facts: &Facts<'_>, count: usize) -> Vec<i32> {
    let Some(indexes) = &facts.indexes else { return Vec::new() };
    let waits_for_end = facts.replaces_failed_only();
    let busy: BTreeSet<i32> = facts
        .pods
        .iter()
        .filter(|pod| pod::is_active(pod) || (waits_for_end && pod::is_terminating(pod)))
        .filter_map(|pod| index_of(pod))
        .gathered();
    let mut taken = indexes.succeeded.union(&Intervals::from_ordered(busy));
    if let Some(failed) = &indexes.failed {
        taken = taken.union(failed);
    }
    taken.gaps(count, facts.completions())
}

/// The pods of the indexes that need not wait, and how long the others must.
/// Mirrors `getPodCreationInfoForIndependentIndexes`.
fn due(facts: &Facts<'_>, indexes: Vec<i32>, now: Time) -> (Vec<NewPod>, Option<Duration>) {
    let (mut ready, mut later) = (Vec::new(), None);
    for index in indexes {
        let before = facts.indexes.as_ref().and_then(|indexes| indexes.waiting.get(&index));
        let failures = facts.has_limit_per_index().then(|| failures(facts, before.copied()));
        let remaining = before.map_or(Duration::ZERO, |pod| {
            let failures = u32::try_from(index_failures(pod)).unwrap_or(0) + 1;
            Backoff { failures, last: finished_at(pod) }.remaining(now)
        });
        if remaining.is_zero() {
            ready.push(NewPod { index: Some(index), failures });
        } else {
            later = Some(later.map_or(remaining, |least: Duration| least.min(remaining)));
        }
    }
    (ready, later)
}

/// Mirrors `getNewIndexFailureCounts`.
fn failures(facts: &Facts<'_>, before: Option<&Pod>) -> (i32, i32) {
    let Some(pod) = before else { return (0, 0) };
    let (counted, ignored) = (number_in(pod, INDEX_FAILURES), number_in(pod, INDEX_IGNORED));
    if policy::of_failure(&facts.spec, pod).counts() {
        (counted.saturating_add(1), ignored)
    } else {
        (counted, ignored.saturating_add(1))
    }
}

/// At least so many of the active pods: first those without an index of their own, then those that
/// are least far. Mirrors `activePodsForRemoval`.
fn unwanted<'a>(facts: &Facts<'a>, at_least: usize) -> Vec<&'a Pod> {
    let mut left = facts.active.clone();
    left.order_by_key(|pod| worth(pod));
    let mut gone = Vec::new();
    if facts.indexes.is_some() {
        let mut seen = BTreeSet::new();
        // Of several pods of one index the furthest stays.
        for pod in left.iter().rev() {
            let index = index_of(pod).filter(|index| *index < facts.completions());
            if !index.is_some_and(|index| seen.insert(index)) {
                gone.push(*pod);
            }
        }
        gone.reverse();
        left.retain(|pod| !gone.iter().any(|other| std::ptr::eq(*other, *pod)));
    }
    let more = at_least.saturating_sub(gone.len());
    gone.extend(left.into_iter().take(more));
    gone
}

/// How much a pod would be missed. Mirrors `controller.ActivePods`.
fn worth(pod: &Pod) -> impl Ord + use<> {
    let phase = match pod::phase(pod) {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    };
    let ready = pod::ready_since(pod).map(std::cmp::Reverse);
    let restarts = std::cmp::Reverse(pod::max_restarts(pod));
    let age = std::cmp::Reverse(meta::created(&pod.metadata));
    (!pod::node_name(pod).is_empty(), phase, ready, restarts, age, uid(pod).clone())
}

impl Explain for Plan<'_> {
    fn summary(&self) -> String {
        let action = match &self.action {
            Action::Nothing => format!("{} pods are as many as wanted", self.active),
            Action::Create(pods) => format!("create {} pods", pods.len()),
            Action::Delete(pods) => format!("delete {} of {} pods", pods.len(), self.active),
            Action::Stop(pods) => format!("stop {} pods", pods.len()),
        };
        match &self.end {
            Some(end) => format!("{}: {action}", end.reason),
            None => action,
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![
            Fact { name: "wanted", value: self.wanted.to_string() },
            Fact { name: "active", value: self.active.to_string() },
            Fact { name: "succeeded", value: self.succeeded.to_string() },
            Fact { name: "failed", value: self.failed.to_string() },
        ];
        if let Some(wait) = self.wait {
            facts.push(Fact { name: "wait", value: format!("{}s", wait.as_secs()) });
        }
        facts
    }
}
