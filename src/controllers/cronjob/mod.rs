//! Starts Jobs on schedule. Mirrors `pkg/controller/cronjob`.

mod plan;
#[cfg(test)]
mod plan_tests;
mod times;

use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use self::plan::Plan;
use self::times::Clock;
use super::pod_control;
use crate::api::{DeleteOptions, Propagation, Request, Status};
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Context, Controller, EventType, Expectations, Next, Watch};
use crate::sim::Time;

const CRON_JOBS: GroupResource = GroupResource::new("batch", "cronjobs");
const JOBS: GroupResource = GroupResource::new("batch", "jobs");
/// For which moment a Job was started: an annotation.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// How long to wait until the cache shows the controller's own writes.
const CATCH_UP: Duration = Duration::from_millis(5);

/// The controller of CronJobs.
#[derive(Clone, Debug, Default)]
pub struct CronJobs {
    /// The Jobs and statuses written last, until the cache shows them.
    expectations: Expectations,
}

impl Controller for CronJobs {
    fn name(&self) -> &'static str {
        "cronjob-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![
            Watch::Own(CRON_JOBS),
            Watch::Owned { resource: JOBS, kind: "CronJob", owner: CRON_JOBS },
        ]
    }

    /// A new schedule waits for its next moment: what it would have started before is no matter.
    fn patience(&self, _: &Key, object: &Object, previous: Option<&Object>, now: Time) -> Duration {
        let pair = object.get::<CronJob>().zip(previous.and_then(|old| old.get::<CronJob>()));
        let changed = pair.filter(|(new, old)| {
            (&new.spec.schedule, &new.spec.time_zone) != (&old.spec.schedule, &old.spec.time_zone)
        });
        let wait = changed.and_then(|(new, _)| Clock::of(new).ok()?.wait(new, now));
        wait.unwrap_or(Duration::ZERO)
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(object) = cache.get(key) else {
            self.expectations.forget(key);
            return Ok(Next::OnChange);
        };
        let Some(cron) = object.get::<CronJob>() else { return Ok(Next::OnChange) };
        if !self.expectations.met(key, cache) {
            return Ok(Next::After(CATCH_UP));
        }
        let jobs: Vec<&Job> = cache.owned_by(object.uid(), &JOBS).filter_map(Object::get).collect();
        let exists = |job: &ObjectReference| {
            let name = job.name.as_deref().unwrap_or_default();
            cache.get(&Key::new(JOBS, object.namespace(), name)).is_some()
        };
        let plan = plan::plan(cron, &jobs, exists, cx.now);
        if plan.start.is_some() || !plan.reap.is_empty() {
            cx.explain(key, &plan);
        }
        let mut status = plan.status.clone();
        for job in &plan.reap {
            let name = job.metadata.name.as_deref().unwrap_or_default();
            // A refusal is told of as an event; the next look tries again.
            let _ = self.delete_job(key, cx, object, name);
        }
        for (kind, reason, message) in &plan.news {
            cx.event(object, *kind, reason, message);
        }
        let started = match plan.start {
            Some(at) => self.start(key, cx, object, cron, &plan, at, &mut status),
            None => Ok(()),
        };
        self.store(key, cx, object, status)?;
        started?;
        Ok(plan.wait.map_or(Next::OnChange, Next::After))
    }
}

impl CronJobs {
    /// Starts the Job of a moment, in the place of those it replaces.
    #[expect(clippy::too_many_arguments, reason = "what is decided and what it is about")]
    fn start(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        cron: &CronJob,
        plan: &Plan<'_>,
        at: Time,
        status: &mut CronJobStatus,
    ) -> Result<(), Status> {
        for job in &plan.replace {
            self.delete_job(key, cx, object, job.name.as_deref().unwrap_or_default())?;
            let active = status.active.take().unwrap_or_default();
            let left: Vec<_> = active.into_iter().filter(|one| one.uid != job.uid).collect();
            status.active = Some(left).filter(|left| !left.is_empty());
        }
        let job = match cx.create(Object::new(job_of(object, cron, at))) {
            Ok(job) => {
                let message = format!("Created job {}", job.name());
                cx.event(object, EventType::Normal, "SuccessfulCreate", &message);
                self.expectations.expect(key, &job);
                job
            }
            Err(status) if status.is_already_exists() => {
                let key = Key::new(JOBS, object.namespace(), &plan::job_name(cron, at));
                let job = cx.call(Request::get(&key))?.object();
                let own = job.filter(|job| meta::is_controlled_by(job.meta(), object.uid()));
                let Some(job) = own else { return Ok(()) };
                job
            }
            Err(status) => {
                if !pod_control::namespace_is_terminating(&status) {
                    let message = format!("Error creating job: {status}");
                    cx.event(object, EventType::Warning, "FailedCreate", &message);
                }
                return Err(status);
            }
        };
        status.active.get_or_insert_default().push(crate::runtime::reference(&job));
        status.last_schedule_time = Some(meta::timestamp(at));
        Ok(())
    }

    /// Deletes a Job and, after it, its pods.
    fn delete_job(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        name: &str,
    ) -> Result<(), Status> {
        let mut request = Request::delete(&Key::new(JOBS, object.namespace(), name));
        request.delete =
            DeleteOptions { propagation: Some(Propagation::Background), ..Default::default() };
        match cx.call(request) {
            Ok(reply) => {
                let message = format!("Deleted job {name}");
                cx.event(object, EventType::Normal, "SuccessfulDelete", &message);
                if let Some(deleted) = reply.object() {
                    self.expectations.expect(key, &deleted);
                }
                Ok(())
            }
            Err(status) => {
                let message = format!("Deleted job: {status}");
                cx.event(object, EventType::Warning, "FailedDelete", &message);
                Err(status)
            }
        }
    }

    fn store(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        status: CronJobStatus,
    ) -> Result<(), Status> {
        let mut object = object.clone();
        let Some(cron) = object.edit::<CronJob>() else { return Ok(()) };
        if cron.status.as_ref() == Some(&status) {
            return Ok(());
        }
        cron.status = Some(status);
        let stored = cx.update_status(object)?;
        self.expectations.expect(key, &stored);
        Ok(())
    }
}

/// The Job of a moment. Mirrors `getJobFromTemplate2`.
fn job_of(owner: &Object, cron: &CronJob, at: Time) -> Job {
    let template = &cron.spec.job_template;
    let given = template.metadata.clone().unwrap_or_default();
    let mut annotations = given.annotations.unwrap_or_default();
    let shown = Clock::of(cron).map(|clock| clock.shown(at)).unwrap_or_default();
    annotations.insert(SCHEDULED.to_owned(), shown);
    Job {
        metadata: ObjectMeta {
            name: Some(plan::job_name(cron, at)),
            namespace: Some(owner.namespace().to_owned()),
            labels: given.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![meta::controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}
