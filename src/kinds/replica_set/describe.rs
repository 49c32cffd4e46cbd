//! `kubectl describe replicaset`. Mirrors `describe.describeReplicaSet`.

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetSpec};

use crate::kinds::describe::{Lines, conditions, controller, pairs, pods, template};
use crate::kinds::{Lookup, cells, selectors};

/// The text.
pub fn describe(object: &ReplicaSet, others: &mut dyn Lookup) -> String {
    let meta = &object.metadata;
    let nothing = ReplicaSetSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    out.field(0, "Selector", cells::label_selector(Some(&spec.selector)));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    controller(&mut out, meta);
    let wanted = spec.replicas.unwrap_or(0);
    out.field(0, "Replicas", format!("{} current / {wanted} desired", status.replicas));
    let selector = selectors::parse(&spec.selector).unwrap_or_default();
    out.field(0, "Pods Status", pods::statuses(others, meta, &selector));
    template::write(&mut out, &spec.template.clone().unwrap_or_default());
    let all = status.conditions.iter().flatten();
    conditions::write(&mut out, all.map(|c| (&*c.type_, &*c.status, c.reason.as_deref())));
    out.raw()
}
