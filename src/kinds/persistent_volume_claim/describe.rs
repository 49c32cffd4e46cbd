//! `kubectl describe pvc`. Mirrors `describe.describePVC`.

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus, Pod,
};

use crate::kinds::describe::{Lines, go_list, pairs, pods, time};
use crate::kinds::persistent_volume::{access_modes, storage, storage_class};
use crate::kinds::{Lookup, cells};
use crate::object::Object;
use crate::sim::Time;

/// The text.
pub fn describe(object: &PersistentVolumeClaim, others: &mut dyn Lookup, now: Time) -> String {
    let meta = &object.metadata;
    let nothing = PersistentVolumeClaimSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    let class = storage_class(meta.annotations.as_ref(), spec.storage_class_name.as_deref());
    out.field(0, "StorageClass", class);
    match &meta.deletion_timestamp {
        Some(stamp) => {
            let since = cells::since(Some(stamp), now);
            out.field(0, "Status", format!("Terminating (lasts {since})"));
        }
        None => out.field(0, "Status", status.phase.as_deref().unwrap_or_default()),
    }
    let volume = spec.volume_name.as_deref().unwrap_or_default();
    out.field(0, "Volume", volume);
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    out.field(0, "Finalizers", go_list(meta.finalizers.as_ref()));
    let is_bound = !volume.is_empty();
    let capacity = if is_bound { storage(status.capacity.as_ref()) } else { Default::default() };
    out.field(0, "Capacity", capacity);
    let modes =
        if is_bound { access_modes(status.access_modes.as_deref()) } else { Default::default() };
    out.field(0, "Access Modes", modes);
    if let Some(mode) = &spec.volume_mode {
        out.field(0, "VolumeMode", mode);
    }
    source(&mut out, spec);
    out.list(0, "Used By", users(object, others));
    conditions(&mut out, &status);
    out.raw()
}

fn source(out: &mut Lines, spec: &PersistentVolumeClaimSpec) {
    let Some(source) = &spec.data_source else { return };
    out.line(0, "DataSource:");
    if let Some(group) = &source.api_group {
        out.field(1, "APIGroup", group);
    }
    out.field(1, "Kind", &source.kind);
    out.field(1, "Name", &source.name);
}

/// The pods that mount the claim.
fn users(object: &PersistentVolumeClaim, others: &mut dyn Lookup) -> Vec<String> {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let uses = |pod: &Pod| {
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        let mut claims = volumes.map(|volume| match &volume.persistent_volume_claim {
            Some(claim) => claim.claim_name.clone(),
            None if volume.ephemeral.is_some() => {
                format!("{}-{}", cells::name(&pod.metadata), volume.name)
            }
            None => String::new(),
        });
        claims.any(|claim| claim == name)
    };
    let all = pods::all(others, object.metadata.namespace.as_deref().unwrap_or_default());
    let pods = all.iter().filter_map(Object::get::<Pod>).filter(|pod| uses(pod));
    pods.map(|pod| cells::name(&pod.metadata)).collect()
}

fn conditions(out: &mut Lines, status: &PersistentVolumeClaimStatus) {
    let Some(all) = status.conditions.as_ref().filter(|all| !all.is_empty()) else { return };
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in all {
        let probe = time(condition.last_probe_time.as_ref());
        let transition = time(condition.last_transition_time.as_ref());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        out.line(
            1,
            format!(
                "{} \t{} \t{probe} \t{transition} \t{} \t{}",
                condition.type_,
                condition.status,
                text(&condition.reason),
                text(&condition.message)
            ),
        );
    }
}
