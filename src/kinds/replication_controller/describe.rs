//! `kubectl describe replicationcontroller`. Mirrors `describe.describeReplicationController`.

use k8s_openapi::api::core::v1::{ReplicationController, ReplicationControllerSpec};

use crate::base::label_selector::Selector;
use crate::kinds::describe::{Lines, conditions, pairs, pods, template};
use crate::kinds::{Lookup, cells};

/// The text.
pub fn describe(object: &ReplicationController, others: &mut dyn Lookup) -> String {
    let meta = &object.metadata;
    let nothing = ReplicationControllerSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    out.field(0, "Selector", cells::labels(spec.selector.as_ref()));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    let wanted = spec.replicas.unwrap_or(0);
    out.field(0, "Replicas", format!("{} current / {wanted} desired", status.replicas));
    let selector = Selector::from_labels(&spec.selector.clone().unwrap_or_default());
    out.field(0, "Pods Status", pods::statuses(others, meta, &selector));
    template::write(&mut out, &spec.template.clone().unwrap_or_default());
    let all = status.conditions.iter().flatten();
    conditions::write(&mut out, all.map(|c| (&*c.type_, &*c.status, c.reason.as_deref())));
    out.raw()
}
