//! `kubectl describe cronjob`. Mirrors `describe.describeCronJob`.

use k8s_openapi::api::batch::v1::{CronJob, JobSpec};

use crate::kinds::cells;
use crate::kinds::describe::{Lines, pairs, template, time};

const UNSET: &str = "<unset>";

/// `True` or `False`, if it is said.
pub fn boolean(value: Option<bool>) -> &'static str {
    value.map_or(UNSET, crate::kinds::describe::boolean)
}

fn given<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| UNSET.to_owned(), |value| value.to_string())
}

/// The text.
pub fn describe(object: &CronJob) -> String {
    let meta = &object.metadata;
    let spec = &object.spec;
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    out.field(0, "Schedule", &spec.schedule);
    out.field(0, "Concurrency Policy", spec.concurrency_policy.as_deref().unwrap_or_default());
    out.field(0, "Suspend", boolean(spec.suspend));
    out.field(0, "Time Zone", given(spec.time_zone.as_ref()));
    out.field(0, "Successful Job History Limit", given(spec.successful_jobs_history_limit));
    out.field(0, "Failed Job History Limit", given(spec.failed_jobs_history_limit));
    let deadline = spec.starting_deadline_seconds.map(|seconds| format!("{seconds}s"));
    out.field(0, "Starting Deadline Seconds", given(deadline));
    write_job(&mut out, &spec.job_template.spec.clone().unwrap_or_default());
    let last = status.last_schedule_time.map(|last| time(Some(&last)));
    out.field(0, "Last Schedule Time", given(last));
    let active = status.active.unwrap_or_default();
    let names: Vec<String> = active.into_iter().filter_map(|job| job.name).collect();
    out.field(0, "Active Jobs", cells::or_none(Some(names.join(", "))));
    out.raw()
}

fn write_job(out: &mut Lines, spec: &JobSpec) {
    let selector = spec.selector.as_ref().map(|selector| cells::label_selector(Some(selector)));
    out.field(0, "Selector", given(selector));
    out.field(0, "Parallelism", given(spec.parallelism));
    out.field(0, "Completions", given(spec.completions));
    if let Some(seconds) = spec.active_deadline_seconds {
        out.field(0, "Active Deadline Seconds", format!("{seconds}s"));
    }
    template::write(out, &spec.template);
}
