//! `kubectl describe namespace`. Mirrors `describe.describeNamespace`.

use k8s_openapi::api::core::v1::Namespace;

use crate::kinds::describe::{Lines, pairs, time};
use crate::kinds::{Lookup, cells, limit_range, resource_quota};

/// The text.
pub fn describe(object: &Namespace, others: &mut dyn Lookup) -> String {
    let meta = &object.metadata;
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    out.field(0, "Status", status.phase.unwrap_or_default());
    let conditions = status.conditions.unwrap_or_default();
    if !conditions.is_empty() {
        out.line(0, "Conditions:");
        out.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        out.line(1, "----\t------\t------------------\t------\t-------");
    }
    for condition in conditions {
        let text = |text: Option<String>| text.unwrap_or_default();
        let transition = time(condition.last_transition_time.as_ref());
        let (reason, message) = (text(condition.reason), text(condition.message));
        let (kind, status) = (condition.type_, condition.status);
        out.line(1, format!("{kind}\t{status}\t{transition}\t{reason}\t{message}"));
    }
    let name = meta.name.as_deref().unwrap_or_default();
    out.line(0, "");
    resource_quota::describe::of_namespace(&mut out, others, name);
    out.line(0, "");
    limit_range::describe::of_namespace(&mut out, others, name);
    out.raw()
}
