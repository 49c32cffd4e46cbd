//! HorizontalPodAutoscaler: stored as autoscaling/v2, also served as autoscaling/v1.

mod columns;
mod convert;
mod defaults;
mod describe;
mod validate;

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus};
use serde_json::Value;

use super::{Column, FieldError, Lookup, Names, Typed};
use crate::sim::Time;

/// The kind HorizontalPodAutoscaler. Mirrors `pkg/registry/autoscaling/horizontalpodautoscaler`.
pub struct HorizontalPodAutoscalers;

impl Typed for HorizontalPodAutoscalers {
    type Object = HorizontalPodAutoscaler;

    const NAMES: Names = Names {
        short: &["hpa"],
        categories: &["all"],
        subresources: &["status"],
        ..Names::namespaced(
            "autoscaling",
            &["v2", "v1"],
            "HorizontalPodAutoscaler",
            "horizontalpodautoscalers",
            "horizontalpodautoscaler",
        )
    };
    const COLUMNS: &'static [Column] = columns::COLUMNS;

    fn to_hub(version: &str, value: &Value) -> Option<Value> {
        (version == "v1").then(|| convert::to_v2(value))
    }

    fn from_hub(version: &str, value: Value) -> Value {
        if version == "v1" { convert::to_v1(value) } else { as_go_writes(value) }
    }

    fn default(object: &mut HorizontalPodAutoscaler) {
        defaults::default(object);
    }

    fn prepare_create(object: &mut HorizontalPodAutoscaler) {
        object.status = Some(HorizontalPodAutoscalerStatus::default());
    }

    fn prepare_update(new: &mut HorizontalPodAutoscaler, old: &HorizontalPodAutoscaler) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut HorizontalPodAutoscaler, old: &HorizontalPodAutoscaler) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(object: &HorizontalPodAutoscaler) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn row(object: &HorizontalPodAutoscaler, now: Time) -> Vec<String> {
        columns::row(object, now)
    }

    fn describe(object: &HorizontalPodAutoscaler, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}

/// Go leaves out no current replicas, and writes absent metrics as null.
fn as_go_writes(mut value: Value) -> Value {
    if let Some(status) = value.get_mut("status").and_then(Value::as_object_mut) {
        if status.get("currentReplicas").and_then(Value::as_i64) == Some(0) {
            status.remove("currentReplicas");
        }
        status.entry("currentMetrics").or_insert(Value::Null);
    }
    value
}
