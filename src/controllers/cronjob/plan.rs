//! Which Jobs a CronJob starts and which it cleans away. Mirrors `syncCronJob` and
//! `cleanupFinishedJobs` of `pkg/controller/cronjob`.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;

use super::times::Clock;
use crate::base::order::Order as _;
use crate::kinds::job;
use crate::object::meta;
use crate::runtime::EventType;
use crate::sim::{Explain, Fact, Time};

/// An event to tell of.
pub type News = (EventType, &'static str, String);

/// What to do about a CronJob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan<'a> {
    /// Finished Jobs beyond the history limits.
    pub reap: Vec<&'a Job>,
    /// The status, but for what is started.
    pub status: CronJobStatus,
    pub news: Vec<News>,
    /// The Jobs that a new one takes the place of.
    pub replace: Vec<ObjectReference>,
    /// The moment to start a Job for.
    pub start: Option<Time>,
    /// How long until the next moment.
    pub wait: Option<Duration>,
}

/// Decides. `jobs` are those of the CronJob, `exists` tells of any other.
pub fn plan<'a>(
    cron: &CronJob,
    jobs: &[&'a Job],
    exists: impl Fn(&ObjectReference) -> bool,
    now: Time,
) -> Plan<'a> {
    let mut plan = Plan {
        reap: reap(cron, jobs),
        status: cron.status.clone().unwrap_or_default(),
        ..Plan::default()
    };
    let reaped: Vec<&str> = plan.reap.iter().map(|job| uid(job)).collect();
    let mut active = plan.status.active.take().unwrap_or_default();
    active.retain(|one| !reaped.contains(&one.uid.as_deref().unwrap_or_default()));
    for job in jobs {
        look(&mut plan, &mut active, job);
    }
    active.retain(|one| {
        let is_known = jobs.iter().any(|job| Some(uid(job)) == one.uid.as_deref());
        let stays = is_known || exists(one);
        if !stays {
            let name = one.name.as_deref().unwrap_or_default();
            let message = format!("Active job went missing: {name}");
            plan.news.push((EventType::Normal, "MissingJob", message));
        }
        stays
    });
    plan.status.active = Some(active).filter(|active| !active.is_empty());
    if !meta::is_terminating(&cron.metadata) && cron.spec.suspend != Some(true) {
        schedule(&mut plan, cron, now);
    }
    plan
}

/// Tells of a Job that has come to its end, or that nobody knew of.
fn look(plan: &mut Plan<'_>, active: &mut Vec<ObjectReference>, job: &Job) {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let position = active.iter().position(|one| one.uid.as_deref() == Some(uid(job)));
    let Some(end) = job::end(job) else {
        if position.is_none() {
            let message = format!("Saw a job that the controller did not create or forgot: {name}");
            plan.news.push((EventType::Warning, "UnexpectedJob", message));
        }
        return;
    };
    if let Some(position) = position {
        active.remove(position);
        let message = format!("Saw completed job: {name}, condition: {end}");
        plan.news.push((EventType::Normal, "SawCompletedJob", message));
    }
    let completed = job.status.as_ref().and_then(|status| status.completion_time.clone());
    if end == "Complete" && plan.status.last_successful_time < completed {
        plan.status.last_successful_time = completed;
    }
}

fn schedule(plan: &mut Plan<'_>, cron: &CronJob, now: Time) {
    let clock = match Clock::of(cron) {
        Ok(clock) => clock,
        Err((reason, message)) => return plan.news.push((EventType::Warning, reason, message)),
    };
    let due = match clock.due(cron, now) {
        Ok(due) => due,
        Err(why) => {
            let message = format!("invalid schedule: {} : {why}", cron.spec.schedule);
            return plan.news.push((EventType::Warning, "InvalidSchedule", message));
        }
    };
    plan.wait = clock.wait(cron, now);
    let Some(due) = due else { return };
    if due.too_many {
        let message = "too many missed start times. Set or decrease \
                       .spec.startingDeadlineSeconds or check clock skew";
        plan.news.push((EventType::Warning, "TooManyMissedTimes", message.to_owned()));
    }
    let window = cron
        .spec
        .starting_deadline_seconds
        .map(|seconds| due.at + Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    if window.is_some_and(|end| end < now) {
        let at = crate::kinds::describe::time(Some(&meta::timestamp(due.at)));
        let message = format!("Missed scheduled time to start a job: {at}");
        return plan.news.push((EventType::Warning, "MissSchedule", message));
    }
    let active = plan.status.active.as_deref().unwrap_or_default();
    let name = job_name(cron, due.at);
    let is_met = active.iter().any(|one| one.name.as_deref() == Some(name.as_str()))
        || plan.status.last_schedule_time == Some(meta::timestamp(due.at));
    if is_met {
        return;
    }
    match cron.spec.concurrency_policy.as_deref() {
        Some("Forbid") if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency \
                           policy is Forbid";
            return plan.news.push((EventType::Normal, "JobAlreadyActive", message.to_owned()));
        }
        Some("Replace") => plan.replace = active.to_vec(),
        _ => {}
    }
    plan.start = Some(due.at);
}

/// The Job's name says for which minute it was started.
pub fn job_name(cron: &CronJob, at: Time) -> String {
    format!("{}-{}", cron.metadata.name.as_deref().unwrap_or_default(), at.seconds() / 60)
}

/// The oldest of the finished Jobs, beyond as many as are to be kept.
fn reap<'a>(cron: &CronJob, jobs: &[&'a Job]) -> Vec<&'a Job> {
    let mut gone = Vec::new();
    for (end, limit) in [
        ("Complete", cron.spec.successful_jobs_history_limit),
        ("Failed", cron.spec.failed_jobs_history_limit),
    ] {
        let Some(limit) = limit else { continue };
        let mut ended: Vec<&Job> =
            jobs.iter().copied().filter(|job| job::end(job) == Some(end)).collect();
        ended.order_by_key(|job| {
            let start = job.status.as_ref().and_then(|status| status.start_time.clone());
            (start.is_none(), start, job.metadata.name.clone())
        });
        let excess = ended.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        gone.extend(ended.into_iter().take(excess));
    }
    gone
}

fn uid(job: &Job) -> &str {
    job.metadata.uid.as_deref().unwrap_or_default()
}

impl Explain for Plan<'_> {
    fn summary(&self) -> String {
        match (self.start, self.reap.len()) {
            (Some(at), _) => format!("start the Job of {at:?}"),
            (None, 0) => "nothing is due".to_owned(),
            (None, count) => format!("clean away {count} Jobs"),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let active = self.status.active.as_ref().map_or(0, Vec::len);
        let wait = self.wait.map_or_else(|| "-".to_owned(), |wait| format!("{wait:?}"));
        vec![
            Fact { name: "active", value: active.to_string() },
            Fact { name: "reap", value: self.reap.len().to_string() },
            Fact { name: "replace", value: self.replace.len().to_string() },
            Fact { name: "next", value: wait },
        ]
    }
}
