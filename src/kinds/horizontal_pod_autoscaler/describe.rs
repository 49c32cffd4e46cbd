//! `kubectl describe hpa`. Mirrors `describe.describeHorizontalPodAutoscalerV2`.

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingRules, HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget,
    MetricValueStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::kinds::cells::UNKNOWN;
use crate::kinds::describe::{Lines, pairs, time};

/// The text.
pub fn describe(object: &HorizontalPodAutoscaler) -> String {
    let (meta, spec) = (&object.metadata, &object.spec);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    pairs::head(&mut out, meta);
    out.field(0, "CreationTimestamp", time(meta.creation_timestamp.as_ref()));
    let target = &spec.scale_target_ref;
    out.field(0, "Reference", format!("{}/{}", target.kind, target.name));
    out.field(0, "Metrics", "( current / target )");
    let current = status.current_metrics.as_deref().unwrap_or_default();
    for (index, metric) in spec.metrics.iter().flatten().enumerate() {
        out.line(1, line(metric, current.get(index)));
    }
    let minimum = spec.min_replicas.map_or_else(|| "<unset>".to_owned(), |min| min.to_string());
    out.field(0, "Min replicas", minimum);
    out.field(0, "Max replicas", spec.max_replicas);
    if let Some(behavior) = &spec.behavior {
        out.line(0, "Behavior:");
        direction(&mut out, "Scale Up", behavior.scale_up.as_ref());
        direction(&mut out, "Scale Down", behavior.scale_down.as_ref());
    }
    let (now, wanted) = (status.current_replicas.unwrap_or(0), status.desired_replicas);
    let title = format!("{} pods", target.kind);
    out.field(0, &title, format!("{now} current / {wanted} desired"));
    let conditions = status.conditions.unwrap_or_default();
    if !conditions.is_empty() {
        out.line(0, "Conditions:");
        out.line(1, "Type\tStatus\tReason\tMessage");
        out.line(1, "----\t------\t------\t-------");
    }
    for condition in conditions {
        let text = |text: Option<String>| text.unwrap_or_default();
        let (reason, message) = (text(condition.reason), text(condition.message));
        out.line(1, format!("{}\t{}\t{reason}\t{message}", condition.type_, condition.status));
    }
    out.raw()
}

fn amount(quantity: Option<&Quantity>) -> &str {
    quantity.map_or(UNKNOWN, |quantity| &quantity.0)
}

fn line(metric: &MetricSpec, status: Option<&MetricStatus>) -> String {
    if let Some(source) = &metric.external {
        let current = status.and_then(|status| Some(&status.external.as_ref()?.current));
        return format!("\"{}\" {}", source.metric.name, value(&source.target, current));
    }
    if let Some(source) = &metric.pods {
        let current = status.and_then(|s| s.pods.as_ref()?.current.average_value.as_ref());
        let (current, wanted) = (amount(current), amount(source.target.average_value.as_ref()));
        return format!("\"{}\" on pods:\t{current} / {wanted}", source.metric.name);
    }
    if let Some(source) = &metric.object {
        let current = status.and_then(|status| Some(&status.object.as_ref()?.current));
        let on = &source.described_object;
        let rest = value(&source.target, current);
        return format!("\"{}\" on {}/{} {rest}", source.metric.name, on.kind, on.name);
    }
    if let Some(source) = &metric.resource {
        let current = status.and_then(|status| Some(&status.resource.as_ref()?.current));
        let head = format!("resource {} on pods", source.name);
        return resource(&head, &source.target, current);
    }
    if let Some(source) = &metric.container_resource {
        let current = status.and_then(|status| Some(&status.container_resource.as_ref()?.current));
        let head =
            format!("resource {} of container \"{}\" on pods", source.name, source.container);
        return resource(&head, &source.target, current);
    }
    format!("<unknown metric type \"{}\">", metric.type_)
}

fn value(target: &MetricTarget, current: Option<&MetricValueStatus>) -> String {
    if let Some(wanted) = &target.average_value {
        let current = amount(current.and_then(|current| current.average_value.as_ref()));
        return format!("(target average value):\t{current} / {}", wanted.0);
    }
    let current = amount(current.and_then(|current| current.value.as_ref()));
    format!("(target value):\t{current} / {}", amount(target.value.as_ref()))
}

fn resource(head: &str, target: &MetricTarget, current: Option<&MetricValueStatus>) -> String {
    let average = current.and_then(|current| current.average_value.as_ref());
    if let Some(wanted) = &target.average_value {
        return format!("{head}:\t{} / {}", amount(average), wanted.0);
    }
    let percent = current.and_then(|current| current.average_utilization);
    let current = match percent {
        Some(percent) => format!("{percent}% ({})", amount(average)),
        None => UNKNOWN.to_owned(),
    };
    let wanted = target.average_utilization;
    let wanted = wanted.map_or_else(|| "<auto>".to_owned(), |percent| format!("{percent}%"));
    format!("{head}  (as a percentage of request):\t{current} / {wanted}")
}

fn direction(out: &mut Lines, title: &str, rules: Option<&HPAScalingRules>) {
    let Some(rules) = rules else { return };
    out.line(1, format!("{title}:"));
    if let Some(seconds) = rules.stabilization_window_seconds {
        out.line(2, format!("Stabilization Window: {seconds} seconds"));
    }
    let policies = rules.policies.as_deref().unwrap_or_default();
    if policies.is_empty() {
        return;
    }
    out.line(2, format!("Select Policy: {}", rules.select_policy.as_deref().unwrap_or("Max")));
    out.line(2, "Policies:");
    for policy in policies {
        let (kind, value, seconds) = (&policy.type_, policy.value, policy.period_seconds);
        out.line(3, format!("- Type: {kind}\tValue: {value}\tPeriod: {seconds} seconds"));
    }
}
