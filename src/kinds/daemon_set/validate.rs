//! The rules of DaemonSets. Mirrors `pkg/apis/apps/validation.ValidateDaemonSetSpec`.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::kinds::FieldError;
use crate::kinds::deployment::validate::{
    amount, at_most_all, count_or_percent, unsupported_strategy,
};
use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate;

/// What is wrong with a DaemonSet.
pub fn validate(object: &DaemonSet) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(spec) = &object.spec else { return Vec::new() };
    let path = Path::new("spec");
    if let Some(selector) = validate::selector(&path.child("selector"), &spec.selector, &mut errors)
    {
        let (path, selector) = (path.child("template"), selector.as_ref());
        validate::running_template(&path, &spec.template, selector, "DaemonSet", &mut errors);
    }
    let ready = spec.min_ready_seconds.unwrap_or(0);
    errors.non_negative(&path.child("minReadySeconds"), i64::from(ready));
    if let Some(strategy) = &spec.update_strategy {
        validate_strategy(&path.child("updateStrategy"), strategy, &mut errors);
    }
    let limit = spec.revision_history_limit.unwrap_or(0);
    errors.non_negative(&path.child("revisionHistoryLimit"), i64::from(limit));
    errors.0
}

/// Mirrors `ValidateDaemonSetUpdateStrategy`.
fn validate_strategy(path: &Path<'_>, strategy: &DaemonSetUpdateStrategy, errors: &mut Errors) {
    let rolling = strategy.rolling_update.as_ref();
    match strategy.type_.as_deref().unwrap_or_default() {
        "OnDelete" => {}
        "RollingUpdate" => match rolling {
            Some(update) => validate_rolling(&path.child("rollingUpdate"), update, errors),
            None => errors.required(&path.child("rollingUpdate"), ""),
        },
        other => {
            let bounds = rolling.map(|update| (&update.max_unavailable, &update.max_surge));
            let supported = ["RollingUpdate", "OnDelete"];
            unsupported_strategy(path, other, bounds, &supported, errors);
        }
    }
}

/// Pods may be missing or there may be too many, not both. Mirrors
/// `ValidateRollingUpdateDaemonSet`.
fn validate_rolling(path: &Path<'_>, update: &RollingUpdateDaemonSet, errors: &mut Errors) {
    let zero = IntOrString::Int(0);
    let unavailable = update.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = update.max_surge.as_ref().unwrap_or(&zero);
    let (unavailable_path, surge_path) = (path.child("maxUnavailable"), path.child("maxSurge"));
    count_or_percent(&unavailable_path, unavailable, errors);
    count_or_percent(&surge_path, surge, errors);
    at_most_all(&unavailable_path, unavailable, errors);
    at_most_all(&surge_path, surge, errors);
    match (amount(unavailable) != 0, amount(surge) != 0) {
        (true, true) => {
            errors.invalid(&surge_path, surge, "may not be set when maxUnavailable is non-zero");
        }
        (false, false) => errors.required(&unavailable_path, "cannot be 0 when maxSurge is 0"),
        _ => {}
    }
}
