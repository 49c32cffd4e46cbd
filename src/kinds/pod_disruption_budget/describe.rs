//! `kubectl describe poddisruptionbudget`. Mirrors `describe.describePodDisruptionBudgetV1`.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::kinds::cells;
use crate::kinds::describe::{Lines, probe};

/// The text.
pub fn describe(object: &PodDisruptionBudget) -> String {
    let spec = object.spec.clone().unwrap_or_default();
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(&object.metadata));
    out.field(0, "Namespace", object.metadata.namespace.as_deref().unwrap_or_default());
    if let Some(least) = &spec.min_available {
        out.field(0, "Min available", probe::port(least));
    } else if let Some(most) = &spec.max_unavailable {
        out.field(0, "Max unavailable", probe::port(most));
    }
    let selector = spec.selector.as_ref().map(|selector| cells::label_selector(Some(selector)));
    out.field(0, "Selector", selector.as_deref().unwrap_or("<unset>"));
    out.line(0, "Status:");
    out.field(2, "Allowed disruptions", status.disruptions_allowed.unwrap_or(0));
    out.field(2, "Current", status.current_healthy.unwrap_or(0));
    out.field(2, "Desired", status.desired_healthy.unwrap_or(0));
    out.field(2, "Total", status.expected_pods.unwrap_or(0));
    out.raw()
}
