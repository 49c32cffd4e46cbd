//! The rules of Jobs. Mirrors `ValidateJob` of `pkg/apis/batch/validation`.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{
    CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME, is_indexed, policies,
};
use crate::base::label_name::subdomain_errors;
use crate::base::order::Gather;
use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate as pods;
use crate::kinds::{ErrorKind, FieldError, names, selectors};

/// The most pods of an Indexed Job at a time, and the most indexes that may fail.
const INDEXED_MAX: i32 = 100_000;
/// From this many completions on, failures counted per index need limits of their own.
const COMPLETIONS_SOFT: i32 = 100_000;
/// Those limits.
const HIGH_COMPLETIONS_MAX: i32 = 10_000;
const MANAGED_BY_LENGTH: usize = 63;

/// What is wrong with a Job.
pub fn validate(job: &Job) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(job_spec) = &job.spec else { return errors.0 };
    generated_selector(job, job_spec, &mut errors);
    let path = Path::new("spec");
    spec(&path, job_spec, &mut errors);
    selector(&path, job_spec, &mut errors);
    if let (true, Some(completions @ 1..)) = (is_indexed(job_spec), job_spec.completions) {
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let hostname = format!("{name}-{}", completions - 1);
        if !names::label_errors(&hostname).is_empty() {
            let text = format!("will not able to create pod with invalid DNS label: {hostname}");
            errors.invalid(&Path::new("metadata").child("name"), name, text);
        }
    }
    errors.0
}

/// The labels and the selector that the Job was given must still be there.
fn generated_selector(job: &Job, spec: &JobSpec, errors: &mut Errors) {
    let (false, Some(selector)) = (spec.manual_selector == Some(true), &spec.selector) else {
        return;
    };
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let name = job.metadata.name.as_deref().unwrap_or_default();
    if uid.is_empty() {
        errors.required(&Path::new("metadata").child("uid"), "");
    }
    let wanted = [
        (LEGACY_CONTROLLER_UID, uid),
        (LEGACY_JOB_NAME, name),
        (CONTROLLER_UID, uid),
        (JOB_NAME, name),
    ];
    let meta = spec.template.metadata.as_ref();
    let found = meta.and_then(|meta| meta.labels.as_ref());
    let (path, template) = (Path::new("spec"), "template");
    let path = path.child(template);
    let path = path.child("metadata");
    let path = path.child("labels");
    for (label, value) in wanted {
        match found.and_then(|labels| labels.get(label)) {
            None => errors.required(&path.key(label), &format!("must be '{value}'")),
            Some(given) if given != value => {
                errors.invalid(&path.key(label), &found, format!("must be '{value}'"));
            }
            Some(_) => {}
        }
    }
    let wanted: BTreeMap<String, String> =
        wanted.into_iter().map(|(label, value)| (label.to_owned(), value.to_owned())).gathered();
    if selectors::parse(selector).is_ok_and(|parsed| !parsed.matches(&wanted)) {
        let path = Path::new("spec");
        errors.invalid(&path.child("selector"), selector, "`selector` not auto-generated");
    }
}

fn selector(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    let nothing = LabelSelector::default();
    match &spec.selector {
        None => errors.required(&path.child("selector"), ""),
        Some(selector) => names::label_selector(&path.child("selector"), selector, errors),
    }
    // An absent selector matches nothing, an empty one everything.
    let parsed = selectors::parse(spec.selector.as_ref().unwrap_or(&nothing));
    if let Ok(parsed) = parsed {
        let parsed = spec.selector.as_ref().map(|_| parsed);
        pods::labels_match(&path.child("template"), &spec.template, parsed.as_ref(), errors);
    }
}

/// The rules of a spec, but for its selector. Mirrors `validateJobSpec`.
pub fn spec(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    numbers(path, spec, errors);
    if let Some(managed_by) = &spec.managed_by {
        self::managed_by(&path.child("managedBy"), managed_by, errors);
    }
    completion_mode(path, spec, errors);
    policies::pod_failure(path, spec, errors);
    policies::success(path, spec, errors);
    policies::pod_replacement(&path.child("podReplacementPolicy"), spec, errors);
    let template = path.child("template");
    pods::template(&template, &spec.template, errors);
    let pod = spec.template.spec.as_ref();
    let policy = pod.and_then(|pod| pod.restart_policy.as_deref()).unwrap_or_default();
    let path = template.child("spec");
    let path = path.child("restartPolicy");
    match policy {
        "" | "Always" => errors.required(&path, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            let text = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.invalid(&path, policy, text);
        }
        "OnFailure" | "Never" => {}
        other => errors.not_supported(&path, other, &["OnFailure", "Never"]),
    }
}

fn numbers(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    for (name, value) in [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ] {
        errors.non_negative(&path.child(name), value.unwrap_or(0));
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        let text = "when maxFailedIndexes is specified";
        errors.required(&path.child("backoffLimitPerIndex"), text);
    }
}

/// Mirrors `IsDomainPrefixedPath`, and the limit of its length.
fn managed_by(path: &Path<'_>, value: &str, errors: &mut Errors) {
    const PATH: &str =
        "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    let parts = value.split_once('/');
    match parts.filter(|(domain, rest)| !domain.is_empty() && !rest.is_empty()) {
        _ if value.is_empty() => errors.required(path, ""),
        None => {
            let text = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.invalid(path, value, text);
        }
        Some((domain, rest)) => {
            errors.invalid_for(path, domain, subdomain_errors(domain));
            if !rest.bytes().all(is_fine) {
                errors.invalid(path, rest, PATH);
            }
        }
    }
    if value.len() > MANAGED_BY_LENGTH {
        errors.too_long(path, MANAGED_BY_LENGTH);
    }
}

fn completion_mode(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    let mode = spec.completion_mode.as_deref().unwrap_or("NonIndexed");
    match mode {
        "Indexed" => indexed(path, spec, errors),
        "NonIndexed" => {
            for (name, value) in [
                ("backoffLimitPerIndex", spec.backoff_limit_per_index),
                ("maxFailedIndexes", spec.max_failed_indexes),
            ] {
                if let Some(value) = value {
                    let path = path.child(name);
                    errors.invalid(&path, &value, "requires indexed completion mode");
                }
            }
        }
        other => {
            let supported = ["NonIndexed", "Indexed"];
            errors.not_supported(&path.child("completionMode"), other, &supported);
        }
    }
}

fn indexed(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    let (parallelism, failed) = (path.child("parallelism"), path.child("maxFailedIndexes"));
    let completions = spec.completions.unwrap_or(0);
    if spec.completions.is_none() {
        errors.required(&path.child("completions"), "when completion mode is Indexed");
    }
    let when = " when completion mode is Indexed";
    at_most(&parallelism, spec.parallelism, INDEXED_MAX, when, errors);
    if let Some(value) = spec.max_failed_indexes.filter(|value| *value > completions)
        && spec.completions.is_some()
    {
        errors.invalid(&failed, &value, "must be less than or equal to completions");
    }
    at_most(&failed, spec.max_failed_indexes, INDEXED_MAX, "", errors);
    if completions > COMPLETIONS_SOFT && spec.backoff_limit_per_index.is_some() {
        if spec.max_failed_indexes.is_none() {
            let text = format!("must be specified when completions is above {COMPLETIONS_SOFT}");
            errors.required(&failed, &text);
        }
        let when = format!(
            " when completions are above {COMPLETIONS_SOFT} and used with backoff limit per index"
        );
        at_most(&parallelism, spec.parallelism, HIGH_COMPLETIONS_MAX, &when, errors);
        at_most(&failed, spec.max_failed_indexes, HIGH_COMPLETIONS_MAX, &when, errors);
    }
}

fn at_most(path: &Path<'_>, value: Option<i32>, limit: i32, when: &str, errors: &mut Errors) {
    if let Some(value) = value.filter(|value| *value > limit) {
        errors.invalid(path, &value, format!("must be less than or equal to {limit}{when}"));
    }
}

/// A value that is not shown: what is wrong is what it holds together.
pub(super) fn whole(path: &Path<'_>, text: &str, errors: &mut Errors) {
    errors.0.push(FieldError::invalid_text(&path.to_string(), "", text));
}

/// More items than there may be.
pub(super) fn too_many(path: &Path<'_>, count: usize, limit: usize, errors: &mut Errors) {
    if count > limit {
        errors.0.push(FieldError {
            field: path.to_string(),
            kind: ErrorKind::TooMany,
            value: count.to_string(),
            detail: format!("must have at most {limit} items"),
        });
    }
}
