//! One row of `kubectl get hpa`. Mirrors `printHorizontalPodAutoscaler`.

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::kinds::Column;
use crate::kinds::cells::{self, NONE, UNKNOWN};
use crate::sim::Time;

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::new("Reference"),
    Column::new("Targets"),
    Column::new("MinPods"),
    Column::new("MaxPods"),
    Column::new("Replicas"),
    Column::new("Age"),
];

/// How many metrics a row shows.
const SHOWN: usize = 2;

/// One row.
pub fn row(object: &HorizontalPodAutoscaler, now: Time) -> Vec<String> {
    let spec = &object.spec;
    let status = object.status.clone().unwrap_or_default();
    let target = &spec.scale_target_ref;
    let minimum = spec.min_replicas.map(|minimum| minimum.to_string());
    vec![
        cells::name(&object.metadata),
        format!("{}/{}", target.kind, target.name),
        targets(
            spec.metrics.as_deref().unwrap_or_default(),
            status.current_metrics.as_deref().unwrap_or_default(),
        ),
        minimum.unwrap_or_else(|| "<unset>".to_owned()),
        spec.max_replicas.to_string(),
        status.current_replicas.unwrap_or(0).to_string(),
        cells::age(&object.metadata, now),
    ]
}

/// `cpu: 310%/10%`. Mirrors `formatHPAMetrics`.
fn targets(specs: &[MetricSpec], statuses: &[MetricStatus]) -> String {
    if specs.is_empty() {
        return NONE.to_owned();
    }
    let shown = specs.iter().take(SHOWN).enumerate();
    let texts: Vec<_> = shown.map(|(index, spec)| target(spec, statuses.get(index))).collect();
    let text = texts.join(", ");
    match specs.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{text} + {more} more..."),
        _ => text,
    }
}

fn target(spec: &MetricSpec, status: Option<&MetricStatus>) -> String {
    if let Some(source) = &spec.external {
        let current = status.and_then(|s| Some(&s.external.as_ref()?.current));
        return value(&source.target, current);
    }
    if let Some(source) = &spec.object {
        let current = status.and_then(|s| Some(&s.object.as_ref()?.current));
        return value(&source.target, current);
    }
    if let Some(source) = &spec.pods {
        let current = status.and_then(|s| s.pods.as_ref()?.current.average_value.as_ref());
        return format!("{}/{}", amount(current), amount(source.target.average_value.as_ref()));
    }
    if let Some(source) = &spec.resource {
        let current = status.and_then(|s| Some(&s.resource.as_ref()?.current));
        return resource(&source.name, &source.target, current);
    }
    if let Some(source) = &spec.container_resource {
        let current = status.and_then(|s| Some(&s.container_resource.as_ref()?.current));
        return resource(&source.name, &source.target, current);
    }
    "<unknown type>".to_owned()
}

fn amount(quantity: Option<&Quantity>) -> String {
    quantity.map_or_else(|| UNKNOWN.to_owned(), |quantity| quantity.0.clone())
}

fn value(target: &MetricTarget, current: Option<&MetricValueStatus>) -> String {
    match &target.average_value {
        Some(wanted) => {
            let current = amount(current.and_then(|current| current.average_value.as_ref()));
            format!("{current}/{} (avg)", wanted.0)
        }
        None => {
            let current = amount(current.and_then(|current| current.value.as_ref()));
            format!("{current}/{}", amount(target.value.as_ref()))
        }
    }
}

fn resource(name: &str, target: &MetricTarget, current: Option<&MetricValueStatus>) -> String {
    if let Some(wanted) = &target.average_value {
        let current = amount(current.and_then(|current| current.average_value.as_ref()));
        return format!("{name}: {current}/{}", wanted.0);
    }
    let percent = |percent: i32| format!("{percent}%");
    let current = current.and_then(|current| current.average_utilization);
    let current = current.map_or_else(|| UNKNOWN.to_owned(), percent);
    let wanted = target.average_utilization.map_or_else(|| "<auto>".to_owned(), percent);
    format!("{name}: {current}/{wanted}")
}
