//! What is known of a Job and its pods when it is decided about. Mirrors the counting at the start
//! of `syncJob` and `indexed_job_utils.go` of `pkg/controller/job`.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;

use super::backoff::{Backoff, finished_at};
use super::intervals::Intervals;
use super::policy::{self, Verdict};
use crate::base::order::Gather;
use crate::base::small_map::SmallMap;
use crate::controllers::pod;
use crate::kinds::job;
use crate::object::meta;
use crate::sim::Time;

/// Keeps a finished pod until its Job has counted it.
pub const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The completion index of a pod: an annotation, and a label.
pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// How many pods of the index failed before: an annotation.
pub const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// How many of them did not count.
pub const INDEX_IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// A Job, its pods, and what they add up to.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub job: &'a Job,
    pub spec: JobSpec,
    /// As stored, but for its list of pods to be counted and its start, which it always has.
    pub status: JobStatus,
    pub pods: Vec<&'a Pod>,
    /// The pods that run or may yet run.
    pub active: Vec<&'a Pod>,
    pub terminating: i32,
    pub ready: i32,
    /// Those counted and those that are about to be.
    pub succeeded: i32,
    pub failed: i32,
    pub backoff: Backoff,
    /// Of an Indexed Job.
    pub indexes: Option<Indexes<'a>>,
}

/// What became of the indexes.
#[derive(Clone, Debug, Default)]
pub struct Indexes<'a> {
    /// The succeeded ones as counted before.
    pub before: Intervals,
    /// The succeeded ones.
    pub succeeded: Intervals,
    /// The failed ones, where each index has a limit.
    pub failed: Option<Intervals>,
    /// The last failed pod of each index that waits to be run again: its successor counts on from it.
    pub waiting: SmallMap<i32, &'a Pod>,
}

impl<'a> Facts<'a> {
    /// Adds up.
    pub fn new(job: &'a Job, pods: Vec<&'a Pod>, backoff: Backoff, now: Time) -> Self {
        let spec = job.spec.clone().unwrap_or_default();
        let mut status = job.status.clone().unwrap_or_default();
        status.uncounted_terminated_pods.get_or_insert_default();
        if spec.suspend != Some(true) {
            status.start_time.get_or_insert_with(|| meta::timestamp(now));
        }
        let active: Vec<&Pod> = pods.iter().copied().filter(|pod| pod::is_active(pod)).collect();
        let mut facts = Self {
            job,
            spec,
            terminating: number(pods.iter().filter(|pod| pod::is_terminating(pod)).count()),
            ready: number(active.iter().filter(|pod| pod::is_ready(pod)).count()),
            active,
            pods,
            succeeded: 0,
            failed: 0,
            backoff,
            indexes: None,
            status,
        };
        facts.count(backoff);
        facts.index();
        facts
    }

    fn count(&mut self, backoff: Backoff) {
        let uncounted = self.status.uncounted_terminated_pods.clone().unwrap_or_default();
        let succeeded = uncounted.succeeded.unwrap_or_default();
        let failed = uncounted.failed.unwrap_or_default();
        let new = |known: &[String], fits: &dyn Fn(&Pod) -> bool| -> Vec<&'a Pod> {
            let is_new = |pod: &&Pod| self.is_tracked(pod) && !known.contains(uid(pod));
            self.pods.iter().copied().filter(is_new).filter(|pod| fits(pod)).collect()
        };
        let new_succeeded = new(&succeeded, &|pod| pod::phase(pod) == "Succeeded");
        let new_failed = new(&failed, &|pod| self.is_failed(pod));
        let counted = new_failed.iter().filter(|pod| policy::of_failure(&self.spec, pod).counts());
        let counted = counted.count();
        self.backoff = backoff.with(&new_succeeded, &new_failed);
        self.succeeded =
            self.status.succeeded.unwrap_or(0) + number(new_succeeded.len() + succeeded.len());
        self.failed = self.status.failed.unwrap_or(0) + number(counted + failed.len());
    }

    /// Mirrors `calculateSucceededIndexes`, `calculateFailedIndexes` and
    /// `getPodsWithDelayedDeletionPerIndex`.
    fn index(&mut self) {
        if !job::is_indexed(&self.spec) {
            return;
        }
        let completions = self.completions();
        let tracked = || self.pods.iter().copied().filter(|pod| self.is_tracked(pod));
        let ordered = |pods: Vec<&Pod>| {
            let indexes: BTreeSet<i32> = pods.into_iter().filter_map(index_of).gathered();
            Intervals::from_ordered(indexes)
        };
        let text = self.status.completed_indexes.as_deref().unwrap_or_default();
        let before = Intervals::parse(text, completions);
        let done = tracked().filter(|pod| pod::phase(pod) == "Succeeded");
        let succeeded = before.union(&ordered(done.collect()));
        let mut indexes = Indexes { before, succeeded, ..Indexes::default() };
        if self.has_limit_per_index() {
            let text = self.status.failed_indexes.as_deref().unwrap_or_default();
            let lost = tracked().filter(|pod| self.is_index_failed(pod));
            let before = Intervals::parse(text, completions);
            indexes.failed = Some(before.union(&ordered(lost.collect())));
            let busy: BTreeSet<i32> = self.active.iter().copied().filter_map(index_of).gathered();
            for pod in tracked().filter(|pod| self.is_failed(pod)) {
                let Some(index) = index_of(pod) else { continue };
                let is_over = indexes.succeeded.has(index)
                    || indexes.failed.as_ref().is_some_and(|failed| failed.has(index));
                if !is_over && !busy.contains(&index) {
                    let last = indexes.waiting.entry(index).or_insert(pod);
                    if index_failures(last) <= index_failures(pod)
                        && finished_at(pod) >= finished_at(last)
                    {
                        *last = pod;
                    }
                }
            }
        }
        self.succeeded = indexes.succeeded.total();
        self.indexes = Some(indexes);
    }

    fn is_index_failed(&self, pod: &Pod) -> bool {
        if !self.is_failed(pod) {
            return false;
        }
        let limit = self.spec.backoff_limit_per_index.unwrap_or(i32::MAX);
        match policy::of_failure(&self.spec, pod) {
            Verdict::FailIndex => true,
            verdict => verdict.counts() && number_in(pod, INDEX_FAILURES) >= limit,
        }
    }

    /// Whether the pod has yet to be counted, and its index exists.
    pub fn is_tracked(&self, pod: &Pod) -> bool {
        let exists = || index_of(pod).is_some_and(|index| index < self.completions());
        meta::has_finalizer(&pod.metadata, TRACKING) && (!job::is_indexed(&self.spec) || exists())
    }

    /// Whether a pod counts as failed: one that was deleted does, unless its replacement waits
    /// for its end.
    pub fn is_failed(&self, pod: &Pod) -> bool {
        match pod::phase(pod) {
            "Failed" => true,
            "Succeeded" => false,
            _ => !self.replaces_failed_only() && meta::is_terminating(&pod.metadata),
        }
    }

    /// Whether a pod is replaced only once it has failed. Mirrors `onlyReplaceFailedPods`.
    pub fn replaces_failed_only(&self) -> bool {
        self.spec.pod_replacement_policy.as_deref() == Some("Failed")
            || self.spec.pod_failure_policy.is_some()
    }

    /// Whether failures are counted for each index.
    pub fn has_limit_per_index(&self) -> bool {
        self.spec.backoff_limit_per_index.is_some()
    }

    /// How many completions there are to be; none of a queue.
    pub fn completions(&self) -> i32 {
        self.spec.completions.unwrap_or(0)
    }

    pub fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }
}

/// A pod's completion index.
pub fn index_of(pod: &Pod) -> Option<i32> {
    let index = meta::annotation(&pod.metadata, INDEX)?.parse().ok()?;
    (index >= 0).then_some(index)
}

/// The number in an annotation; zero if there is none.
pub fn number_in(pod: &Pod, annotation: &str) -> i32 {
    let number = meta::annotation(&pod.metadata, annotation).and_then(|text| text.parse().ok());
    number.filter(|number| *number >= 0).unwrap_or(0)
}

/// How many pods of its index failed before, counted or not.
pub fn index_failures(pod: &Pod) -> i32 {
    number_in(pod, INDEX_FAILURES).saturating_add(number_in(pod, INDEX_IGNORED))
}

/// A pod's uid; an empty one before it is stored.
pub fn uid(pod: &Pod) -> &String {
    static NONE: String = String::new();
    pod.metadata.uid.as_ref().unwrap_or(&NONE)
}

pub fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
