//! `kubectl describe statefulset`. Mirrors `describe.describeStatefulSet`.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use crate::kinds::describe::{Lines, go_list, pairs, pods, probe, template, time};
use crate::kinds::persistent_volume::{storage, storage_class};
use crate::kinds::{Lookup, cells, selectors};

/// The text.
pub fn describe(object: &StatefulSet, others: &mut dyn Lookup) -> String {
    let meta = &object.metadata;
    let nothing = StatefulSetSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let total = object.status.as_ref().map_or(0, |status| status.replicas);
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    out.field(0, "CreationTimestamp", time(meta.creation_timestamp.as_ref()));
    out.field(0, "Selector", cells::label_selector(Some(&spec.selector)));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    let wanted = spec.replicas.unwrap_or(0);
    out.field(0, "Replicas", format!("{wanted} desired | {total} total"));
    let strategy = spec.update_strategy.clone().unwrap_or_default();
    out.field(0, "Update Strategy", strategy.type_.unwrap_or_default());
    if let Some(update) = strategy.rolling_update
        && let Some(partition) = update.partition
    {
        out.field(1, "Partition", partition);
        if let Some(unavailable) = update.max_unavailable {
            out.field(1, "MaxUnavailable", probe::port(&unavailable));
        }
    }
    let selector = selectors::parse(&spec.selector).unwrap_or_default();
    out.field(0, "Pods Status", pods::statuses(others, meta, &selector));
    template::write(&mut out, &spec.template);
    claims(&mut out, spec.volume_claim_templates.as_deref().unwrap_or_default());
    out.raw()
}

/// Mirrors `describeVolumeClaimTemplates`.
fn claims(out: &mut Lines, templates: &[PersistentVolumeClaim]) {
    if templates.is_empty() {
        out.field(0, "Volume Claims", cells::NONE);
        return;
    }
    out.line(0, "Volume Claims:");
    for claim in templates {
        let meta = &claim.metadata;
        let spec = claim.spec.clone().unwrap_or_default();
        out.field(1, "Name", cells::name(meta));
        let class = storage_class(meta.annotations.as_ref(), spec.storage_class_name.as_deref());
        out.field(1, "StorageClass", class);
        pairs::labels(out, 1, "Labels", meta.labels.as_ref());
        pairs::labels(out, 1, "Annotations", meta.annotations.as_ref());
        let requests = spec.resources.and_then(|resources| resources.requests);
        let amount = storage(requests.as_ref());
        out.field(1, "Capacity", if amount.is_empty() { "<default>" } else { &amount });
        out.field(1, "Access Modes", go_list(spec.access_modes.as_ref()));
    }
}
