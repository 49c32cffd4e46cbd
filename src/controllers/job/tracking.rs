//! The status of a Job, and which finished pods it has counted and may let go.
//! Mirrors `trackJobStatusAndRemoveFinalizers` of `pkg/controller/job`.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};
use k8s_openapi::api::core::v1::Pod;

use super::facts::{Facts, TRACKING, index_of, number, uid};
use super::intervals::Intervals;
use super::plan::{Action, End, Plan};
use super::policy;
use crate::base::order::Gather;
use crate::base::order::Order as _;
use crate::controllers::pod;
use crate::object::meta;
use crate::sim::Time;

/// How many pods the status may name at a time. Mirrors `MaxUncountedPods`.
const UNCOUNTED_MAX: usize = 500;

/// What came of a plan's action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub created: i32,
    pub deleted: i32,
    /// The ready ones of the deleted.
    pub deleted_ready: i32,
}

/// What is to be stored, and what may go once it is.
#[derive(Clone, Debug, Default)]
pub struct Tracking<'a> {
    /// To be stored before the pods are let go.
    pub status: JobStatus,
    /// Whether it differs from what is stored.
    pub changed: bool,
    /// The pods that are counted.
    pub release: Vec<&'a Pod>,
    /// The Job's end: `Complete` or `Failed`.
    pub end: Option<End>,
    /// `Suspended` or `Resumed`, if that is news.
    pub news: Option<(&'static str, &'static str)>,
}

/// Counts, after the plan's action. Mirrors the second half of `syncJob`.
pub fn track<'a>(facts: &Facts<'a>, plan: &Plan<'a>, outcome: Outcome, now: Time) -> Tracking<'a> {
    let mut tracking = Tracking { status: facts.status.clone(), ..Tracking::default() };
    let stays = matches!(&plan.action, Action::Stop(pods) if number(pods.len()) > outcome.deleted);
    tracking.end = plan.end.clone().filter(|_| !stays);
    let active = number(facts.active.len()) + outcome.created - outcome.deleted;
    if plan.end.is_none() {
        tracking.conclude(facts, plan, active, now);
    }
    tracking.counts(facts, active, outcome);
    let pods_known: BTreeSet<&String> = facts
        .pods
        .iter()
        .filter(|pod| meta::has_finalizer(&pod.metadata, TRACKING))
        .map(|pod| uid(pod))
        .gathered();
    tracking.changed |= settle(&mut tracking.status, |uid| pods_known.contains(uid));
    let complete = tracking.finished_pods(facts);
    tracking.announce(now);
    if !complete {
        tracking.end = None;
    }
    tracking
}

impl<'a> Tracking<'a> {
    /// The end of a Job whose pods are done, and whether it is suspended.
    fn conclude(&mut self, facts: &Facts<'a>, plan: &Plan<'a>, active: i32, now: Time) {
        let enough = match facts.spec.completions {
            None => facts.succeeded > 0,
            Some(completions) => facts.succeeded >= completions,
        };
        if enough && active == 0 {
            self.end = Some(End::completed());
            return;
        }
        if !plan.managed {
            return;
        }
        let (status, reason, message, event) = if facts.is_suspended() {
            ("True", "JobSuspended", "Job suspended", "Suspended")
        } else {
            ("False", "JobResumed", "Job resumed", "Resumed")
        };
        if set_condition(&mut self.status, "Suspended", status, reason, message, now) {
            self.news = Some((event, message));
            self.changed = true;
            // A resumed Job starts afresh: its deadline counts from now.
            self.status.start_time = (!facts.is_suspended()).then(|| meta::timestamp(now));
        }
    }

    fn counts(&mut self, facts: &Facts<'a>, active: i32, outcome: Outcome) {
        let active = Some(active).filter(|active| *active != 0);
        let ready = Some(facts.ready - outcome.deleted_ready);
        let terminating = Some(facts.terminating + outcome.deleted);
        let status = &mut self.status;
        self.changed |= (status.active.filter(|active| *active != 0), status.ready)
            != (active, ready)
            || status.terminating != terminating;
        status.active = active;
        status.ready = ready;
        status.terminating = terminating;
    }

    /// Names the pods to be counted; false if there are more of them than fit.
    fn finished_pods(&mut self, facts: &Facts<'a>) -> bool {
        let mut pods = facts.pods.clone();
        if facts.indexes.is_some() {
            pods.order_by_key(|pod| index_of(pod));
        }
        let mut indexes: BTreeSet<i32> = BTreeSet::new();
        let mut fits = true;
        let before = self.named();
        for pod in pods {
            if !self.may_go(facts, pod) {
                continue;
            }
            self.release.push(pod);
            self.name(facts, pod, &mut indexes);
            if indexes.len() + self.named() >= UNCOUNTED_MAX {
                fits = false;
                break;
            }
        }
        self.changed |= self.named() != before || !indexes.is_empty();
        self.index_texts(facts, indexes);
        fits
    }

    /// Whether the pod need no longer be kept. Mirrors `canRemoveFinalizer`.
    fn may_go(&self, facts: &Facts<'a>, pod: &Pod) -> bool {
        if !meta::has_finalizer(&pod.metadata, TRACKING) {
            return false;
        }
        if meta::is_terminating(&facts.job.metadata)
            || self.end.is_some()
            || pod::phase(pod) == "Succeeded"
        {
            return true;
        }
        let waits = facts.indexes.as_ref().is_some_and(|indexes| {
            indexes.waiting.values().any(|waiting| uid(waiting) == uid(pod))
        });
        facts.is_failed(pod) && !waits
    }

    /// Adds the pod to those that are to be counted.
    fn name(&mut self, facts: &Facts<'a>, pod: &Pod, indexes: &mut BTreeSet<i32>) {
        let index = index_of(pod).filter(|index| *index < facts.completions());
        let is_indexed = facts.indexes.is_some();
        let before = facts.indexes.as_ref().map(|indexes| &indexes.before);
        let uncounted = self.status.uncounted_terminated_pods.get_or_insert_default();
        let is_named =
            |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| list.contains(uid(pod)));
        if pod::phase(pod) == "Succeeded" && !is_named(&uncounted.failed) {
            if let Some(before) = before {
                // The index alone keeps a pod from being counted twice.
                indexes.extend(index.filter(|index| !before.has(*index)));
            } else if !is_named(&uncounted.succeeded) {
                uncounted.succeeded.get_or_insert_default().push(uid(pod).clone());
            }
            return;
        }
        // At the end of a Job that failed, whatever still runs has failed.
        let ends_badly = self.end.as_ref().is_some_and(|end| end.kind != "SuccessCriteriaMet");
        if (facts.is_failed(pod) || ends_badly)
            && !is_named(&uncounted.failed)
            && (!is_indexed || index.is_some())
            && policy::of_failure(&facts.spec, pod).counts()
        {
            uncounted.failed.get_or_insert_default().push(uid(pod).clone());
        }
    }

    fn named(&self) -> usize {
        let uncounted = self.status.uncounted_terminated_pods.as_ref();
        let length = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
        uncounted.map_or(0, |both| length(&both.succeeded) + length(&both.failed))
    }

    fn index_texts(&mut self, facts: &Facts<'a>, new: BTreeSet<i32>) {
        let Some(indexes) = &facts.indexes else { return };
        let succeeded = indexes.succeeded.union(&Intervals::from_ordered(new));
        let completed = Some(succeeded.to_string()).filter(|text| !text.is_empty());
        let failed = indexes.failed.as_ref().map(ToString::to_string);
        let status = &mut self.status;
        self.changed |= status.completed_indexes != completed || status.failed_indexes != failed;
        status.succeeded = Some(succeeded.total()).filter(|total| *total != 0);
        status.completed_indexes = completed;
        status.failed_indexes = failed;
    }

    /// Says first that the end has come; that it is over, once the pods are counted.
    fn announce(&mut self, now: Time) {
        let Some(end) = &mut self.end else { return };
        if matches!(end.kind, "FailureTarget" | "SuccessCriteriaMet") {
            let (reason, message) = (&end.reason, &end.message);
            self.changed |= set_condition(&mut self.status, end.kind, "True", reason, message, now);
        }
        end.kind = if end.kind == "SuccessCriteriaMet" { "Complete" } else { "Failed" };
    }
}

/// Counts the named pods that are let go; whether there were any.
/// Mirrors `cleanUncountedPodsWithoutFinalizers`.
pub fn settle(status: &mut JobStatus, is_kept: impl Fn(&String) -> bool) -> bool {
    let uncounted = status.uncounted_terminated_pods.get_or_insert_default();
    let count = |list: &mut Option<Vec<String>>, counter: &mut Option<i32>| {
        let before = list.as_ref().map_or(0, Vec::len);
        if let Some(list) = list {
            list.retain(|uid| is_kept(uid));
        }
        let gone = before - list.as_ref().map_or(0, Vec::len);
        *list = list.take().filter(|list| !list.is_empty());
        if gone > 0 {
            *counter = Some(counter.unwrap_or(0) + number(gone));
        }
        gone > 0
    };
    let succeeded = count(&mut uncounted.succeeded, &mut status.succeeded);
    let failed = count(&mut uncounted.failed, &mut status.failed);
    succeeded || failed
}

/// Writes down that the Job is over, if nothing is left to be counted or to stop.
/// Mirrors `enactJobFinished`.
pub fn finish(status: &mut JobStatus, end: &End, now: Time) -> bool {
    let uncounted = status.uncounted_terminated_pods.as_ref();
    let is_counted = uncounted.is_none_or(|both| both.succeeded.is_none() && both.failed.is_none());
    if !is_counted || status.terminating.unwrap_or(0) > 0 {
        return false;
    }
    set_condition(status, end.kind, "True", &end.reason, &end.message, now);
    if end.kind == "Complete" {
        status.completion_time = Some(meta::timestamp(now));
    }
    true
}

/// Sets a condition; what never held is not denied. Whether that changed anything.
/// Mirrors `ensureJobConditionStatus`.
fn set_condition(
    status: &mut JobStatus,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
    now: Time,
) -> bool {
    let conditions = status.conditions.get_or_insert_default();
    let new = JobCondition {
        type_: kind.to_owned(),
        status: value.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_probe_time: Some(meta::timestamp(now)),
        last_transition_time: Some(meta::timestamp(now)),
    };
    let changed = match conditions.iter_mut().find(|condition| condition.type_ == kind) {
        Some(old) => {
            let same = old.status == new.status
                && (&old.reason, &old.message) == (&new.reason, &new.message);
            if !same {
                *old = new;
            }
            !same
        }
        None if value == "False" => false,
        None => {
            conditions.push(new);
            true
        }
    };
    if conditions.is_empty() {
        status.conditions = None;
    }
    changed
}
