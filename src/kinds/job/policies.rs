//! The rules of a Job's policies: what a failed pod means, when enough has succeeded, when a pod
//! is replaced. Mirrors `validatePodFailurePolicy` and its like of `pkg/apis/batch/validation`.

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule, SuccessPolicyRule,
};

use super::validate::{too_many, whole};
use super::{indexes, is_indexed};
use crate::base::label_name::qualified_name_errors;
use crate::kinds::FieldError;
use crate::kinds::internal;
use crate::kinds::path::{Errors, Path};
use crate::object::codec;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const RULES_MAX: usize = 20;
const PATTERNS_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const INDEXES_LENGTH: usize = 64 * 1024;

/// Mirrors `validatePodReplacementPolicy`.
pub fn pod_replacement(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    let Some(policy) = &spec.pod_replacement_policy else { return };
    let supported: &[&str] = match spec.pod_failure_policy {
        Some(_) => &["Failed"],
        None => &["Failed", "TerminatingOrFailed"],
    };
    if !supported.contains(&policy.as_str()) {
        errors.not_supported(path, policy, supported);
    }
}

/// Mirrors `validatePodFailurePolicy`.
pub fn pod_failure(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    let Some(policy) = &spec.pod_failure_policy else { return };
    let path = path.child("podFailurePolicy");
    let path = path.child("rules");
    too_many(&path, policy.rules.len(), RULES_MAX, errors);
    for (index, rule) in policy.rules.iter().enumerate() {
        failure_rule(&path.index(index), spec, rule, errors);
    }
}

fn failure_rule(path: &Path<'_>, spec: &JobSpec, rule: &PodFailurePolicyRule, errors: &mut Errors) {
    let action = path.child("action");
    match rule.action.as_str() {
        "" => errors.required(&action, &valid_values(&ACTIONS)),
        "FailIndex" if spec.backoff_limit_per_index.is_none() => {
            let text = "requires the backoffLimitPerIndex to be set";
            errors.invalid(&action, &rule.action, text);
        }
        other => errors.one_of(&action, Some(&other.to_owned()), &ACTIONS),
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(&path.child("onExitCodes"), spec, codes, errors);
    }
    pod_conditions(&path.child("onPodConditions"), patterns, errors);
    match (&rule.on_exit_codes, patterns.is_empty()) {
        (Some(_), false) => {
            let text = "specifying both OnExitCodes and OnPodConditions is not supported";
            whole(path, text, errors);
        }
        (None, true) => {
            let text = "specifying one of OnExitCodes and OnPodConditions is required";
            whole(path, text, errors);
        }
        _ => {}
    }
}

/// `valid values: ["a" "b"]`.
fn valid_values(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("valid values: [{}]", quoted.join(" "))
}

fn exit_codes(
    path: &Path<'_>,
    spec: &JobSpec,
    codes: &PodFailurePolicyOnExitCodesRequirement,
    errors: &mut Errors,
) {
    let operators = ["In", "NotIn"];
    match codes.operator.as_str() {
        "" => errors.required(&path.child("operator"), &valid_values(&operators)),
        _ => errors.one_of(&path.child("operator"), Some(&codes.operator), &operators),
    }
    let pod = spec.template.spec.as_ref();
    let containers = pod
        .into_iter()
        .flat_map(|pod| pod.containers.iter().chain(pod.init_containers.iter().flatten()));
    if let Some(name) = &codes.container_name
        && !containers.into_iter().any(|container| container.name == *name)
    {
        let text = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.child("containerName"), name, text);
    }
    let path = path.child("values");
    if codes.values.is_empty() {
        errors.invalid(&path, &codes.values, "at least one value is required");
    }
    too_many(&path, codes.values.len(), EXIT_CODES_MAX, errors);
    for (index, code) in codes.values.iter().enumerate() {
        let path = path.index(index);
        if codes.operator == "In" && *code == 0 {
            errors.invalid(&path, code, "must not be 0 for the In operator");
        }
        if codes.values[..index].contains(code) {
            errors.duplicate(&path, code);
        }
    }
    if !codes.values.is_sorted() {
        errors.invalid(&path, &codes.values, "must be ordered");
    }
}

fn pod_conditions(
    path: &Path<'_>,
    patterns: &[PodFailurePolicyOnPodConditionsPattern],
    errors: &mut Errors,
) {
    let statuses = ["False", "True", "Unknown"];
    too_many(path, patterns.len(), PATTERNS_MAX, errors);
    for (index, pattern) in patterns.iter().enumerate() {
        let path = path.index(index);
        let faults = qualified_name_errors(&pattern.type_);
        errors.invalid_for(&path.child("type"), &pattern.type_, faults);
        let path = path.child("status");
        match pattern.status.as_deref().unwrap_or_default() {
            "" => errors.required(&path, &valid_values(&statuses)),
            _ => errors.one_of(&path, pattern.status.as_ref(), &statuses),
        }
    }
}

/// Mirrors `validateSuccessPolicy`.
pub fn success(path: &Path<'_>, spec: &JobSpec, errors: &mut Errors) {
    let Some(policy) = &spec.success_policy else { return };
    let path = path.child("successPolicy");
    if !is_indexed(spec) {
        let value = internal::success_policy(&codec::encode(policy));
        let text = "requires indexed completion mode";
        errors.0.push(FieldError::invalid_text(&path.to_string(), &value, text));
        return;
    }
    let path = path.child("rules");
    if policy.rules.is_empty() {
        let text = "at least one rules must be specified when the successPolicy is specified";
        errors.required(&path, text);
    }
    too_many(&path, policy.rules.len(), RULES_MAX, errors);
    for (index, rule) in policy.rules.iter().enumerate() {
        success_rule(&path.index(index), spec.completions.unwrap_or(0), rule, errors);
    }
}

fn success_rule(path: &Path<'_>, completions: i32, rule: &SuccessPolicyRule, errors: &mut Errors) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        let text = "at least one of succeededCount or succeededIndexes must be specified";
        errors.required(path, text);
    }
    let mut total = None;
    if let Some(text) = &rule.succeeded_indexes {
        let path = path.child("succeededIndexes");
        if text.len() > INDEXES_LENGTH {
            errors.too_long(&path, INDEXES_LENGTH);
        }
        let counted = indexes::count(text, completions);
        if let Err(why) = &counted {
            errors.invalid(&path, text, format!("error parsing succeededIndexes: {why}"));
        }
        total = Some(counted.unwrap_or(0));
    }
    let Some(count) = rule.succeeded_count else { return };
    let path = path.child("succeededCount");
    errors.non_negative(&path, i64::from(count));
    let limits = [
        (Some(completions), "the number of specified completions"),
        (total, "the number of indexes in the specified succeededIndexes field"),
    ];
    for (limit, what) in limits {
        if let Some(limit) = limit.filter(|limit| count > *limit) {
            let text = format!("must be less than or equal to {limit} ({what})");
            errors.invalid(&path, &count, text);
        }
    }
}
