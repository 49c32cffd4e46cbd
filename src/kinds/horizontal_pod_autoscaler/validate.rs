//! The rules of HorizontalPodAutoscalers. Mirrors `pkg/apis/autoscaling/validation`.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingRules, HorizontalPodAutoscaler, MetricIdentifier,
    MetricSpec, MetricTarget,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use crate::base::quantity::Quantity;
use crate::kinds::path::{Errors, Path};
use crate::kinds::{FieldError, names};

const SOURCES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];
/// The longest stabilisation window and the longest period of a policy, in seconds.
const LONGEST: (i32, i32) = (3600, 1800);

/// What is wrong with a HorizontalPodAutoscaler.
pub fn validate(object: &HorizontalPodAutoscaler) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (path, spec) = (Path::new("spec"), &object.spec);
    let minimum = spec.min_replicas;
    if let Some(minimum) = minimum.filter(|minimum| *minimum < 1) {
        let text = "must be greater than or equal to 1";
        errors.invalid(&path.child("minReplicas"), &minimum, text);
    }
    let maximum = spec.max_replicas;
    if maximum < 1 {
        errors.invalid(&path.child("maxReplicas"), &maximum, "must be greater than 0");
    }
    if minimum.is_some_and(|minimum| maximum < minimum) {
        let text = "must be greater than or equal to `minReplicas`";
        errors.invalid(&path.child("maxReplicas"), &maximum, text);
    }
    reference(&path.child("scaleTargetRef"), &spec.scale_target_ref, &mut errors);
    for (index, each) in spec.metrics.iter().flatten().enumerate() {
        let list = path.child("metrics");
        metric(&list.index(index), each, &mut errors);
    }
    if let Some(behavior) = &spec.behavior {
        let path = path.child("behavior");
        rules(&path.child("scaleUp"), behavior.scale_up.as_ref(), &mut errors);
        rules(&path.child("scaleDown"), behavior.scale_down.as_ref(), &mut errors);
    }
    errors.0
}

fn reference(path: &Path<'_>, target: &CrossVersionObjectReference, errors: &mut Errors) {
    for (name, value) in [("kind", &target.kind), ("name", &target.name)] {
        if value.is_empty() {
            errors.required(&path.child(name), "");
        } else if value.contains(['/', '%']) {
            let found = if value.contains('/') { '/' } else { '%' };
            errors.invalid(&path.child(name), value, format!("may not contain '{found}'"));
        }
    }
}

/// Mirrors `validateMetricSpec`.
fn metric(path: &Path<'_>, metric: &MetricSpec, errors: &mut Errors) {
    let kind = metric.type_.as_str();
    if kind.is_empty() {
        errors.required(&path.child("type"), "must specify a metric source type");
    } else if !SOURCES.contains(&kind) {
        errors.not_supported(&path.child("type"), kind, SOURCES);
    }
    let present = [
        ("ContainerResource", "containerResource", metric.container_resource.is_some()),
        ("External", "external", metric.external.is_some()),
        ("Object", "object", metric.object.is_some()),
        ("Pods", "pods", metric.pods.is_some()),
        ("Resource", "resource", metric.resource.is_some()),
    ];
    sources(path, metric, errors);
    for (of, field, is_present) in present {
        if of == kind && !is_present {
            let text = "must populate information for the given metric source";
            errors.required(&path.child(field), text);
        } else if of != kind && is_present {
            let text = "must populate the given metric source only";
            errors.forbidden(&path.child(field), text);
        }
    }
}

fn sources(path: &Path<'_>, metric: &MetricSpec, errors: &mut Errors) {
    if let Some(source) = &metric.object {
        let path = path.child("object");
        reference(&path.child("describedObject"), &source.described_object, errors);
        identifier(&path.child("metric"), &source.metric, errors);
        let path = path.child("target");
        target(&path, &source.target, errors);
        if source.target.value.is_none() && source.target.average_value.is_none() {
            let text = "must set either a target value or averageValue";
            errors.required(&path.child("averageValue"), text);
        }
    }
    if let Some(source) = &metric.external {
        let path = path.child("external");
        identifier(&path.child("metric"), &source.metric, errors);
        let path = path.child("target");
        target(&path, &source.target, errors);
        match (&source.target.value, &source.target.average_value) {
            (Some(_), Some(_)) => {
                let text = "may not set both a target value for metric and a per-pod target";
                errors.forbidden(&path.child("value"), text);
            }
            (None, None) => {
                let text = "must set either a target value for metric or a per-pod target";
                errors.required(&path.child("averageValue"), text);
            }
            _ => {}
        }
    }
    if let Some(source) = &metric.pods {
        let path = path.child("pods");
        identifier(&path.child("metric"), &source.metric, errors);
        let path = path.child("target");
        target(&path, &source.target, errors);
        if !source.target.average_value.as_ref().is_some_and(is_positive) {
            let text = "must specify a positive target averageValue";
            errors.required(&path.child("averageValue"), text);
        }
    }
    if let Some(source) = &metric.resource {
        resource(&path.child("resource"), &source.name, &source.target, errors);
    }
    if let Some(source) = &metric.container_resource {
        let path = path.child("containerResource");
        if source.container.is_empty() {
            errors.required(&path.child("container"), "must specify a container");
        }
        resource(&path, &source.name, &source.target, errors);
    }
}

fn resource(path: &Path<'_>, name: &str, wanted: &MetricTarget, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(&path.child("name"), "must specify a resource name");
    }
    let path = path.child("target");
    target(&path, wanted, errors);
    match (wanted.average_utilization, &wanted.average_value) {
        (Some(_), Some(_)) => {
            let text = "may not set both a target raw value and a target utilization";
            errors.forbidden(&path.child("averageValue"), text);
        }
        (None, None) => {
            let text = "must set either a target raw value or a target utilization";
            errors.required(&path.child("averageUtilization"), text);
        }
        _ => {}
    }
}

fn identifier(path: &Path<'_>, metric: &MetricIdentifier, errors: &mut Errors) {
    if metric.name.is_empty() {
        errors.required(&path.child("name"), "must specify a metric name");
    }
    if let Some(selector) = &metric.selector {
        names::label_selector(&path.child("selector"), selector, errors);
    }
}

fn is_positive(amount: &Amount) -> bool {
    Quantity::parse(&amount.0).is_ok_and(|amount| amount.sign() > 0)
}

/// Mirrors `validateMetricTarget`.
fn target(path: &Path<'_>, target: &MetricTarget, errors: &mut Errors) {
    match target.type_.as_str() {
        "" => errors.required(&path.child("type"), "must specify a metric target type"),
        "Utilization" | "Value" | "AverageValue" => {}
        other => {
            let text = "must be either Utilization, Value, or AverageValue";
            errors.invalid(&path.child("type"), other, text);
        }
    }
    for (name, amount) in [("value", &target.value), ("averageValue", &target.average_value)] {
        if let Some(amount) = amount.as_ref().filter(|amount| !is_positive(amount)) {
            errors.invalid(&path.child(name), &amount.0, "must be positive");
        }
    }
    if let Some(percent) = target.average_utilization.filter(|percent| *percent < 1) {
        errors.invalid(&path.child("averageUtilization"), &percent, "must be greater than 0");
    }
}

/// Mirrors `validateScalingRules`.
fn rules(path: &Path<'_>, rules: Option<&HPAScalingRules>, errors: &mut Errors) {
    let Some(rules) = rules else { return };
    let window = path.child("stabilizationWindowSeconds");
    if let Some(seconds) = rules.stabilization_window_seconds {
        if seconds < 0 {
            errors.invalid(&window, &seconds, "must be greater than or equal to zero");
        } else if seconds > LONGEST.0 {
            let text = format!("must be less than or equal to {}", LONGEST.0);
            errors.invalid(&window, &seconds, text);
        }
    }
    let choices = ["Disabled", "Max", "Min"];
    errors.one_of(&path.child("selectPolicy"), rules.select_policy.as_ref(), &choices);
    let list = path.child("policies");
    let policies = rules.policies.as_deref().unwrap_or_default();
    if policies.is_empty() {
        errors.required(&list, "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        let path = list.index(index);
        if !["Percent", "Pods"].contains(&policy.type_.as_str()) {
            errors.not_supported(&path.child("type"), &policy.type_, &["Percent", "Pods"]);
        }
        let positive = "must be greater than zero";
        if policy.value <= 0 {
            errors.invalid(&path.child("value"), &policy.value, positive);
        }
        let seconds = policy.period_seconds;
        if seconds <= 0 {
            errors.invalid(&path.child("periodSeconds"), &seconds, positive);
        } else if seconds > LONGEST.1 {
            let text = format!("must be less than or equal to {}", LONGEST.1);
            errors.invalid(&path.child("periodSeconds"), &seconds, text);
        }
    }
}
