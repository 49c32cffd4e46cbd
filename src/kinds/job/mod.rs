//! Job.

/// What a Job is given that its author left out.
pub mod defaults;
mod describe;
mod indexes;
mod policies;
mod replace;
/// The rules of Jobs, and of the Jobs that CronJobs make.
pub mod validate;

use k8s_openapi::api::batch::v1::{Job, JobStatus};

use super::path::Errors;
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::base::duration;
use crate::object::meta;
use crate::sim::Time;

/// The label with the Job's uid, on its pods.
pub const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
/// The label with the Job's name, on its pods.
pub const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// What both labels were called at first.
pub const LEGACY_CONTROLLER_UID: &str = "controller-uid";
/// What both labels were called at first.
pub const LEGACY_JOB_NAME: &str = "job-name";

/// The kind Job. Mirrors `pkg/registry/batch/job`.
pub struct Jobs;

impl Typed for Jobs {
    type Object = Job;

    const NAMES: Names = Names {
        categories: &["all"],
        subresources: &["status"],
        ..Names::namespaced("batch", &["v1"], "Job", "jobs", "job")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Status"),
        Column::new("Completions"),
        Column::new("Duration"),
        Column::new("Age"),
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ];

    fn default(object: &mut Job) {
        let spec = object.spec.get_or_insert_default();
        defaults::spec(spec);
        spec.manual_selector.get_or_insert(false);
        let labels = spec.template.metadata.as_ref().and_then(|meta| meta.labels.as_ref());
        if labels.is_some_and(|labels| labels.contains_key(CONTROLLER_UID)) {
            defaults::labels(object);
        }
    }

    fn prepare_create(object: &mut Job) {
        if object.spec.as_ref().and_then(|spec| spec.manual_selector) != Some(true) {
            defaults::generate_selector(object);
        }
        defaults::labels(object);
        object.status = Some(JobStatus::default());
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut Job, old: &Job) {
        new.status.clone_from(&old.status);
        prepare::next_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_status(new: &mut Job, old: &Job) {
        new.spec.clone_from(&old.spec);
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(object: &Job) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &Job, old: &Job) -> Vec<FieldError> {
        let mut errors = Errors::default();
        replace::validate(new, old, &mut errors);
        errors.0
    }

    fn fields(object: &Job) -> Vec<(&'static str, String)> {
        let succeeded = object.status.as_ref().and_then(|status| status.succeeded);
        vec![("status.successful", succeeded.unwrap_or(0).to_string())]
    }

    fn row(object: &Job, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let spec = object.spec.as_ref();
        let [containers, images] =
            cells::containers_and_images(spec.and_then(|spec| spec.template.spec.as_ref()));
        vec![
            cells::name(meta),
            state(object).to_owned(),
            completions(object),
            time_taken(object, now),
            cells::age(meta, now),
            containers,
            images,
            cells::label_selector(spec.and_then(|spec| spec.selector.as_ref())),
        ]
    }

    fn describe(object: &Job, others: &mut dyn Lookup, _: Time) -> String {
        let _ = others;
        describe::describe(object)
    }
}

/// Whether the condition holds.
pub fn has_condition(job: &Job, kind: &str) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|c| c.type_ == kind && c.status == "True")
}

/// The condition that says the Job has come to its end: `Complete` or `Failed`.
pub fn end(job: &Job) -> Option<&'static str> {
    ["Complete", "Failed"].into_iter().find(|kind| has_condition(job, kind))
}

/// Whether the Job keeps its pods apart by completion index.
pub fn is_indexed(spec: &k8s_openapi::api::batch::v1::JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

fn state(job: &Job) -> &'static str {
    if let Some(end) = end(job) {
        return end;
    }
    if meta::is_terminating(&job.metadata) {
        return "Terminating";
    }
    let states = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
    states.into_iter().find(|kind| has_condition(job, kind)).unwrap_or("Running")
}

/// `1/3`; `0/1 of 3` for a queue that three pods work on.
fn completions(job: &Job) -> String {
    let succeeded = job.status.as_ref().and_then(|status| status.succeeded).unwrap_or(0);
    let spec = job.spec.as_ref();
    if let Some(wanted) = spec.and_then(|spec| spec.completions) {
        return format!("{succeeded}/{wanted}");
    }
    match spec.and_then(|spec| spec.parallelism).unwrap_or(0) {
        workers if workers > 1 => format!("{succeeded}/1 of {workers}"),
        _ => format!("{succeeded}/1"),
    }
}

fn time_taken(job: &Job, now: Time) -> String {
    let Some(status) = &job.status else { return String::new() };
    let Some(start) = &status.start_time else { return String::new() };
    match &status.completion_time {
        None => cells::since(Some(start), now),
        Some(end) => duration::human(end.0.as_second() - start.0.as_second()),
    }
}
