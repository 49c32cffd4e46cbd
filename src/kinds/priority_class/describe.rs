//! `kubectl describe priorityclass`. Mirrors `describe.describePriorityClass`.

use k8s_openapi::api::scheduling::v1::PriorityClass;

use crate::kinds::cells;
use crate::kinds::describe::Lines;

/// The text.
pub fn describe(object: &PriorityClass) -> String {
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(&object.metadata));
    out.field(0, "Value", object.value.unwrap_or(0));
    out.field(0, "GlobalDefault", object.global_default.unwrap_or(false));
    let policy = object.preemption_policy.as_deref().unwrap_or("PreemptLowerPriority");
    out.field(0, "PreemptionPolicy", policy);
    out.field(0, "Description", object.description.as_deref().unwrap_or_default());
    out.field(0, "Annotations", cells::labels(object.metadata.annotations.as_ref()));
    out.raw()
}
