//! The defaults of HorizontalPodAutoscalers. Mirrors `pkg/apis/autoscaling/v2/defaults.go`.

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, MetricSpec, MetricTarget,
    ResourceMetricSource,
};

/// The utilization aimed at when no metric is given, in percent.
const CPU_PERCENT: i32 = 80;

/// Fills in the defaults.
pub fn default(object: &mut HorizontalPodAutoscaler) {
    let spec = &mut object.spec;
    spec.min_replicas.get_or_insert(1);
    if spec.metrics.as_ref().is_none_or(Vec::is_empty) {
        spec.metrics = Some(vec![cpu(CPU_PERCENT)]);
    }
    if let Some(behavior) = &mut spec.behavior {
        let up = behavior.scale_up.get_or_insert_default();
        up.stabilization_window_seconds.get_or_insert(0);
        fill(up, &[("Pods", 4), ("Percent", 100)]);
        fill(behavior.scale_down.get_or_insert_default(), &[("Percent", 100)]);
    }
}

/// The metric "this percentage of the requested cpu".
fn cpu(percent: i32) -> MetricSpec {
    let target = MetricTarget {
        type_: "Utilization".to_owned(),
        average_utilization: Some(percent),
        ..MetricTarget::default()
    };
    MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource { name: "cpu".to_owned(), target }),
        ..MetricSpec::default()
    }
}

fn fill(rules: &mut HPAScalingRules, policies: &[(&str, i32)]) {
    rules.select_policy.get_or_insert_with(|| "Max".to_owned());
    rules.policies.get_or_insert_with(|| {
        let policy = |&(kind, value): &(&str, i32)| HPAScalingPolicy {
            type_: kind.to_owned(),
            value,
            period_seconds: 15,
        };
        policies.iter().map(policy).collect()
    });
}
