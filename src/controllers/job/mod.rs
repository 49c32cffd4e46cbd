//! Runs the pods of Jobs to completion. Mirrors `pkg/controller/job`.

mod backoff;
mod facts;
mod intervals;
mod orphans;
mod plan;
#[cfg(test)]
mod plan_tests;
mod policy;
mod template;
mod tracking;

use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::Pod;

use self::backoff::Backoff as PodBackoff;
use self::facts::{Facts, TRACKING, number, uid};
use self::plan::{Action, Plan};
use self::tracking::{Outcome, Tracking};
use super::pod::{self, PODS};
use super::pod_control;
use crate::api::Status;
use crate::base::shared_map::SharedMap;
use crate::kinds::{job, selectors};
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::claim::{self, Claim};
use crate::runtime::{
    Backoff, Cache, Context, Controller, EventType, Expectations, Next, Watch, batch,
};
use crate::sim::Time;

/// The type of Jobs.
pub const JOBS: GroupResource = GroupResource::new("batch", "jobs");
/// Jobs that name another controller are left to it.
const CONTROLLER: &str = "kubernetes.io/job-controller";
/// How long changes of pods and of statuses gather. Mirrors `SyncJobBatchPeriod`.
const BATCH: Duration = Duration::from_secs(1);
/// How long to wait until the cache shows the controller's own writes.
const CATCH_UP: Duration = Duration::from_millis(5);

/// The controller of Jobs.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// The pods and statuses written last, until the cache shows them.
    expectations: Expectations,
    /// The failures of each Job since a pod of it last succeeded.
    backoff: SharedMap<Key, PodBackoff>,
}

impl Controller for Jobs {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![
            Watch::Own(JOBS),
            Watch::Owned { resource: PODS.clone(), kind: "Job", owner: JOBS },
            Watch::Mapped(PODS.clone(), adopters),
            Watch::Mapped(PODS.clone(), orphans::of_pod),
            Watch::Mapped(JOBS, orphans::of_job),
        ]
    }

    /// Mirrors `DefaultJobApiBackOff` and `MaxJobApiBackOff`.
    fn backoff(&self) -> Backoff {
        Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) }
    }

    fn patience(&self, key: &Key, object: &Object, previous: Option<&Object>, _: Time) -> Duration {
        let is_news = match previous {
            _ if object.resource() == PODS => key.resource == PODS,
            Some(previous) => previous.meta().generation != object.meta().generation,
            None => true,
        };
        if is_news { Duration::ZERO } else { BATCH }
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        if key.resource == PODS {
            return orphans::release(key, cx);
        }
        let cache = cx.cache;
        let Some(object) = cache.get(key) else { return Ok(self.forget(key)) };
        let Some(job) = object.get::<Job>().filter(|job| is_own(job)) else {
            return Ok(Next::OnChange);
        };
        if job::end(job).is_some() {
            return Ok(self.forget(key));
        }
        if !self.expectations.met(key, cache) {
            return Ok(Next::After(CATCH_UP));
        }
        let selector = job.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let Some(selector) = selector.and_then(|selector| selectors::parse(selector).ok()) else {
            return Ok(Next::OnChange);
        };
        let claim = claim::claim(cache, object, &PODS, &selector);
        let adopted = self.adopt_and_release(key, cx, object, &claim)?;
        let pods = pod::typed(claim.owned.iter().copied().chain(&adopted));
        let backoff = self.backoff.get(key).copied().unwrap_or_default();
        let facts = Facts::new(job, pods, backoff, cx.now);
        let plan = plan::plan(&facts, cx.now);
        if plan.action != Action::Nothing {
            cx.explain(key, &plan);
        }
        let (outcome, done) = self.carry_out(key, cx, object, &facts, &plan);
        let tracking = tracking::track(&facts, &plan, outcome, cx.now);
        self.count(key, cx, object, &facts, tracking)?;
        done?;
        Ok(plan.wait.map_or(Next::OnChange, Next::After))
    }
}

/// Whether the Job is this controller's to run.
fn is_own(job: &Job) -> bool {
    let managed_by = job.spec.as_ref().and_then(|spec| spec.managed_by.as_deref());
    managed_by.is_none_or(|controller| controller == CONTROLLER)
}

/// The Jobs that may adopt a pod that nothing manages.
fn adopters(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    if meta::controller_of(object.meta()).is_some() {
        return Vec::new();
    }
    let jobs = cache.list_in(&JOBS, object.namespace());
    let matching = jobs.filter(|job| {
        let spec = job.get::<Job>().and_then(|job| job.spec.as_ref());
        let selector = spec.and_then(|spec| selectors::parse(spec.selector.as_ref()?).ok());
        selector.is_some_and(|selector| claim::matches(&selector, object))
    });
    matching.map(Object::key).collect()
}

impl Jobs {
    fn forget(&mut self, key: &Key) -> Next {
        self.expectations.forget(key);
        self.backoff.remove(key);
        Next::OnChange
    }

    fn adopt_and_release(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        owner: &Object,
        claim: &Claim<'_>,
    ) -> Result<Vec<Object>, Status> {
        let mut adopted = Vec::new();
        for orphan in &claim.adopt {
            let mut orphan = (*orphan).clone();
            if !meta::has_finalizer(orphan.meta(), TRACKING) {
                let finalizers = orphan.meta_mut().finalizers.get_or_insert_default();
                finalizers.push(TRACKING.to_owned());
            }
            let pod = claim::adopt(cx, owner, &orphan)?;
            self.expectations.expect(key, &pod);
            adopted.push(pod);
        }
        for stray in &claim.release {
            let stray = without_finalizer(stray);
            if let Some(released) = claim::release(cx, owner, &stray)? {
                self.expectations.expect(key, &released);
            }
        }
        Ok(adopted)
    }

    /// Creates and deletes pods; what came of it, and the first refusal.
    fn carry_out(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        owner: &Object,
        facts: &Facts<'_>,
        plan: &Plan<'_>,
    ) -> (Outcome, Result<(), Status>) {
        let mut outcome = Outcome::default();
        let result = match &plan.action {
            Action::Nothing => Ok(()),
            Action::Create(new) => {
                let mut new = new.iter();
                let (created, result) = batch::slow_start(new.len(), || {
                    let Some(new) = new.next() else { return Ok(()) };
                    let pod = template::pod(owner, &facts.spec, new);
                    let created = pod_control::create(cx, owner, pod)?;
                    self.expectations.expect(key, &created);
                    Ok(())
                });
                outcome.created = number(created);
                result.or_else(|status| {
                    if pod_control::namespace_is_terminating(&status) {
                        Ok(())
                    } else {
                        Err(status)
                    }
                })
            }
            Action::Delete(pods) => self.delete(key, cx, owner, pods, false, &mut outcome),
            Action::Stop(pods) => self.delete(key, cx, owner, pods, true, &mut outcome),
        };
        (outcome, result)
    }

    /// Deletes pods; those that are still to be counted keep their finalizer.
    fn delete(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        owner: &Object,
        pods: &[&Pod],
        counted: bool,
        outcome: &mut Outcome,
    ) -> Result<(), Status> {
        let mut result = Ok(());
        for pod in pods {
            let freed = if counted { Ok(None) } else { untrack(cx, pod) };
            let deleted =
                freed.and_then(|_| pod_control::delete(cx, owner, &pod_control::key(pod)));
            match deleted {
                Ok(deleted) => {
                    if let Some(deleted) = deleted {
                        self.expectations.expect(key, &deleted);
                    }
                    outcome.deleted += 1;
                    outcome.deleted_ready += i32::from(pod::is_ready(pod));
                }
                Err(status) => result = result.and(Err(status)),
            }
        }
        result
    }

    /// Stores the status, lets the counted pods go, and stores that they are counted.
    /// Mirrors `flushUncountedAndRemoveFinalizers`.
    fn count(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        facts: &Facts<'_>,
        tracking: Tracking<'_>,
    ) -> Result<(), Status> {
        let mut current = object.clone();
        if tracking.changed {
            current = self.store(key, cx, &current, tracking.status.clone())?;
            self.backoff.insert(key.clone(), facts.backoff);
        }
        if let Some((reason, message)) = tracking.news {
            cx.event(object, EventType::Normal, reason, message);
        }
        let mut status = tracking.status;
        let mut kept: Vec<&String> = Vec::new();
        let mut result = Ok(());
        for pod in &tracking.release {
            match untrack(cx, pod) {
                Ok(Some(freed)) => self.expectations.expect(key, &freed),
                Ok(None) => {}
                Err(refusal) => {
                    kept.push(uid(pod));
                    result = result.and(Err(refusal));
                }
            }
        }
        let gone = |uid: &String| {
            tracking.release.iter().any(|pod| facts::uid(pod) == uid) && !kept.contains(&uid)
        };
        let mut changed = tracking::settle(&mut status, |uid| !gone(uid));
        let end = tracking.end.filter(|_| result.is_ok());
        let end = end.filter(|end| tracking::finish(&mut status, end, cx.now));
        changed |= end.is_some();
        if changed {
            self.store(key, cx, &current, status.clone())?;
        }
        if let Some(end) = end {
            self.tell(cx, object, facts, &status, &end);
        }
        result
    }

    fn store(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        status: JobStatus,
    ) -> Result<Object, Status> {
        let mut object = object.clone();
        if let Some(job) = object.edit::<Job>() {
            job.status = Some(status);
        }
        let stored = cx.update_status(object)?;
        self.expectations.expect(key, &stored);
        Ok(stored)
    }

    /// Tells of the Job's end. Mirrors `recordJobFinished`.
    fn tell(
        &self,
        cx: &mut Context<'_>,
        object: &Object,
        facts: &Facts<'_>,
        status: &JobStatus,
        end: &plan::End,
    ) {
        if end.kind != "Complete" {
            return cx.event(object, EventType::Warning, &end.reason, &end.message);
        }
        let succeeded = status.succeeded.unwrap_or(0);
        if facts.spec.completions.is_some_and(|completions| succeeded > completions) {
            let message = "Too many succeeded pods running after completion count reached";
            cx.event(object, EventType::Warning, "TooManySucceededPods", message);
        }
        cx.event(object, EventType::Normal, "Completed", "Job completed");
    }
}

/// Takes the finalizer off the pod; `None` if it had none, or is gone.
fn untrack(cx: &mut Context<'_>, pod: &Pod) -> Result<Option<Object>, Status> {
    orphans::untrack(cx, &Object::new(pod.clone()))
}

fn without_finalizer(pod: &Object) -> Object {
    let mut pod = pod.clone();
    if meta::has_finalizer(pod.meta(), TRACKING) {
        let finalizers = &mut pod.meta_mut().finalizers;
        if let Some(all) = finalizers {
            all.retain(|name| name != TRACKING);
        }
        *finalizers = finalizers.take().filter(|all| !all.is_empty());
    }
    pod
}
