//! The rules of CronJobs. Mirrors `ValidateCronJobCreate` of `pkg/apis/batch/validation`.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobTemplateSpec};

use super::schedule::{Schedule, Zone};
use crate::kinds::FieldError;
use crate::kinds::job::validate as jobs;
use crate::kinds::path::{Errors, Path};

/// What a Job's name adds to it must leave it a name.
const NAME_LENGTH: usize = 52;

/// What is wrong with a CronJob.
pub fn validate(object: &CronJob) -> Vec<FieldError> {
    let mut errors = Errors::default();
    validate_spec(&Path::new("spec"), &object.spec, &mut errors);
    let name = object.metadata.name.as_deref().unwrap_or_default();
    if name.len() > NAME_LENGTH {
        let text = format!("must be no more than {NAME_LENGTH} characters");
        errors.invalid(&Path::new("metadata").child("name"), name, text);
    }
    errors.0
}

fn validate_spec(path: &Path<'_>, spec: &CronJobSpec, errors: &mut Errors) {
    schedule(&path.child("schedule"), &spec.schedule, errors);
    let deadline = spec.starting_deadline_seconds.unwrap_or(0);
    errors.non_negative(&path.child("startingDeadlineSeconds"), deadline);
    if let Some(zone) = &spec.time_zone {
        time_zone(&path.child("timeZone"), zone, errors);
    }
    let policy = path.child("concurrencyPolicy");
    let policies = ["Allow", "Forbid", "Replace"];
    match spec.concurrency_policy.as_deref().unwrap_or_default() {
        "" => errors.required(&policy, ""),
        _ => errors.one_of(&policy, spec.concurrency_policy.as_ref(), &policies),
    }
    job_template(&path.child("jobTemplate"), &spec.job_template, errors);
    for (name, limit) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        errors.non_negative(&path.child(name), i64::from(limit.unwrap_or(0)));
    }
}

fn schedule(path: &Path<'_>, text: &str, errors: &mut Errors) {
    if text.is_empty() {
        errors.required(path, "");
        return;
    }
    if let Err(why) = Schedule::parse(text) {
        errors.invalid(path, text, why);
    }
    if text.contains("TZ") {
        let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.invalid(path, text, why);
    }
}

/// Mirrors `validateTimeZone`.
fn time_zone(path: &Path<'_>, name: &str, errors: &mut Errors) {
    const PART_LENGTH: usize = 14;
    if name.is_empty() {
        errors.invalid(path, name, "timeZone must be nil or non-empty string");
        return;
    }
    let is_fine = |part: &str| {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte);
        !matches!(part, "" | "." | "..")
            && !part.starts_with('-')
            && part.len() <= PART_LENGTH
            && part.bytes().all(fine)
    };
    if !name.split('/').all(is_fine) {
        errors.invalid(path, name, format!("unknown time zone {name}"));
        return;
    }
    if name.eq_ignore_ascii_case("local") {
        let text = "timeZone must be an explicit time zone as defined in \
                    https://www.iana.org/time-zones";
        errors.invalid(path, name, text);
    }
    if let Err(why) = Zone::named(name) {
        errors.invalid(path, name, why);
    }
}

/// The Jobs to be made get their selectors then. Mirrors `ValidateJobTemplateSpec`.
fn job_template(path: &Path<'_>, template: &JobTemplateSpec, errors: &mut Errors) {
    let Some(spec) = &template.spec else { return };
    let path = path.child("spec");
    jobs::spec(&path, spec, errors);
    if let Some(selector) = &spec.selector {
        errors.invalid(&path.child("selector"), selector, "`selector` will be auto-generated");
    }
    if spec.manual_selector == Some(true) {
        let path = path.child("manualSelector").to_string();
        let error = FieldError::not_supported(&path, "", &["nil", "false"]);
        errors.0.push(FieldError { value: "true".to_owned(), ..error });
    }
}
