//! `kubectl describe pv`. Mirrors `describe.describePersistentVolume`.

use k8s_openapi::api::core::v1::{
    NodeSelectorRequirement, PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity,
};

use super::{access_modes, storage, storage_class};
use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::{Lines, go_list, pairs, sources};
use crate::object::codec;
use crate::sim::Time;

/// The text.
pub fn describe(object: &PersistentVolume, now: Time) -> String {
    let meta = &object.metadata;
    let nothing = PersistentVolumeSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    pairs::head(&mut out, meta);
    out.field(0, "Finalizers", go_list(meta.finalizers.as_ref()));
    let class = storage_class(meta.annotations.as_ref(), spec.storage_class_name.as_deref());
    out.field(0, "StorageClass", class);
    match &meta.deletion_timestamp {
        Some(stamp) => {
            let since = cells::since(Some(stamp), now);
            out.field(0, "Status", format!("Terminating (lasts {since})"));
        }
        None => out.field(0, "Status", status.phase.unwrap_or_default()),
    }
    let claim = spec.claim_ref.as_ref().map(|claim| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}/{}", text(&claim.namespace), text(&claim.name))
    });
    out.field(0, "Claim", claim.unwrap_or_default());
    let policy = spec.persistent_volume_reclaim_policy.as_deref();
    out.field(0, "Reclaim Policy", policy.unwrap_or_default());
    out.field(0, "Access Modes", access_modes(spec.access_modes.as_deref()));
    if let Some(mode) = &spec.volume_mode {
        out.field(0, "VolumeMode", mode);
    }
    out.field(0, "Capacity", storage(spec.capacity.as_ref()));
    affinity(&mut out, spec.node_affinity.as_ref());
    out.field(0, "Message", status.message.unwrap_or_default());
    out.line(0, "Source:");
    if !sources::write(&mut out, &codec::encode(spec), true) {
        out.line(1, "<unknown>");
    }
    out.raw()
}

fn affinity(out: &mut Lines, affinity: Option<&VolumeNodeAffinity>) {
    let Some(affinity) = affinity else {
        out.field(0, "Node Affinity", NONE);
        return;
    };
    out.field(0, "Node Affinity", "");
    let terms = affinity.required.as_ref().map(|required| required.node_selector_terms.as_slice());
    let terms = terms.unwrap_or_default();
    out.field(1, "Required Terms", if terms.is_empty() { NONE } else { "" });
    for (index, term) in terms.iter().enumerate() {
        let all = term.match_expressions.iter().flatten().map(requirement);
        out.list(2, &format!("Term {index}"), all);
    }
}

/// `kubernetes.io/hostname in [node1, node2]`.
fn requirement(requirement: &NodeSelectorRequirement) -> String {
    let head = format!("{} {}", requirement.key, requirement.operator.to_ascii_lowercase());
    match requirement.values.as_ref().filter(|values| !values.is_empty()) {
        Some(values) => format!("{head} [{}]", values.join(", ")),
        None => head,
    }
}
