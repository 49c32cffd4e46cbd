//! The rules of Deployments. Mirrors `pkg/apis/apps/validation.ValidateDeploymentSpec`.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate;
use crate::object::codec;

const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/// What is wrong with a Deployment.
pub fn validate(object: &Deployment) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if let Some(spec) = &object.spec {
        validate_spec(&Path::new("spec"), spec, &mut errors);
    }
    errors.0
}

fn validate_spec(path: &Path<'_>, spec: &DeploymentSpec, errors: &mut Errors) {
    errors.non_negative(&path.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    if let Some(selector) = validate::selector(&path.child("selector"), &spec.selector, errors) {
        let path = path.child("template");
        validate::running_template(&path, &spec.template, selector.as_ref(), "ReplicaSet", errors);
    }
    if let Some(strategy) = &spec.strategy {
        validate_strategy(&path.child("strategy"), strategy, errors);
    }
    let ready = spec.min_ready_seconds.unwrap_or(0);
    errors.non_negative(&path.child("minReadySeconds"), i64::from(ready));
    let limit = spec.revision_history_limit.unwrap_or(0);
    errors.non_negative(&path.child("revisionHistoryLimit"), i64::from(limit));
    if let Some(deadline) = spec.progress_deadline_seconds {
        let path = path.child("progressDeadlineSeconds");
        errors.non_negative(&path, i64::from(deadline));
        if deadline <= ready {
            errors.invalid(&path, &deadline, "must be greater than minReadySeconds");
        }
    }
}

fn validate_strategy(path: &Path<'_>, strategy: &DeploymentStrategy, errors: &mut Errors) {
    let rolling = path.child("rollingUpdate");
    match strategy.type_.as_deref().unwrap_or_default() {
        "Recreate" => {
            if strategy.rolling_update.is_some() {
                let text = "may not be specified when strategy `type` is 'Recreate'";
                errors.forbidden(&rolling, text);
            }
        }
        "RollingUpdate" => {
            let Some(update) = &strategy.rolling_update else { return };
            let zero = IntOrString::Int(0);
            let unavailable = update.max_unavailable.as_ref().unwrap_or(&zero);
            let surge = update.max_surge.as_ref().unwrap_or(&zero);
            let path = rolling.child("maxUnavailable");
            count_or_percent(&path, unavailable, errors);
            count_or_percent(&rolling.child("maxSurge"), surge, errors);
            if amount(unavailable) == 0 && amount(surge) == 0 {
                errors.invalid(&path, unavailable, "may not be 0 when `maxSurge` is 0");
            }
            at_most_all(&path, unavailable, errors);
        }
        other => {
            let bounds = strategy.rolling_update.as_ref();
            let bounds = bounds.map(|update| (&update.max_unavailable, &update.max_surge));
            unsupported_strategy(path, other, bounds, &["Recreate", "RollingUpdate"], errors);
        }
    }
}

/// Refuses a kind of strategy, with the strategy as the API server sees it inside.
pub fn unsupported_strategy(
    path: &Path<'_>,
    kind: &str,
    bounds: Option<(&Option<IntOrString>, &Option<IntOrString>)>,
    supported: &[&str],
    errors: &mut Errors,
) {
    let update = bounds.map(|(unavailable, surge)| {
        let (unavailable, surge) = (codec::encode(unavailable), codec::encode(surge));
        format!("{{\"MaxUnavailable\":{unavailable},\"MaxSurge\":{surge}}}")
    });
    let value = strategy_text(kind, update);
    let error = FieldError::not_supported(&path.to_string(), "", supported);
    errors.0.push(FieldError { value, ..error });
}

/// A strategy as the API server sees it inside.
pub fn strategy_text(kind: &str, update: Option<String>) -> String {
    let update = update.as_deref().unwrap_or("null");
    format!("{{\"Type\":{kind:?},\"RollingUpdate\":{update}}}")
}

/// A count that is not negative, or a percentage. Mirrors `ValidatePositiveIntOrPercent`.
pub fn count_or_percent(path: &Path<'_>, value: &IntOrString, errors: &mut Errors) {
    match value {
        IntOrString::Int(count) => errors.non_negative(path, i64::from(*count)),
        IntOrString::String(text) if percent(text).is_none() => {
            errors.invalid(path, text, PERCENT);
        }
        IntOrString::String(_) => {}
    }
}

/// A percentage of at most a hundred. Mirrors `IsNotMoreThan100Percent`.
pub fn at_most_all(path: &Path<'_>, value: &IntOrString, errors: &mut Errors) {
    if let IntOrString::String(text) = value
        && percent(text).is_some_and(|percent| percent > 100)
    {
        errors.invalid(path, text, "must not be greater than 100%");
    }
}

/// The number itself, of a count or of a percentage.
pub fn amount(value: &IntOrString) -> i64 {
    match value {
        IntOrString::Int(count) => i64::from(*count),
        IntOrString::String(text) => percent(text).unwrap_or(0),
    }
}

fn percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty())?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().unwrap_or(i64::MAX))
}
