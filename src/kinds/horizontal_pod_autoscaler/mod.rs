//! HorizontalPodAutoscaler: stored as autoscaling/v2, also served as autoscaling/v1.

mod columns;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;

use super::{Column, Names, Typed, prepare};
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

    prepare::with_status!();

    fn row(object: &HorizontalPodAutoscaler, now: Time) -> Vec<String> {
        columns::row(object, now)
    }
}
