//! The rules of Pods. Mirrors `ValidatePodCreate` and `ValidatePodUpdate`.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Toleration};

use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate;
use crate::kinds::{FieldError, internal};
use crate::object::codec;

const ALLOWED: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// What is wrong with a Pod.
pub fn validate(pod: &Pod) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let nothing = PodSpec::default();
    let spec = pod.spec.as_ref().unwrap_or(&nothing);
    let path = Path::new("spec");
    validate::spec(&path, spec, &mut errors);
    let inits = spec.init_containers.as_deref().unwrap_or_default();
    for (name, list) in [("containers", spec.containers.as_slice()), ("initContainers", inits)] {
        for (index, container) in list.iter().enumerate() {
            let image = container.image.as_deref().unwrap_or_default();
            if image.trim() != image {
                let list = path.child(name);
                let text = "must not have leading or trailing whitespace";
                errors.invalid(&list.index(index).child("image"), image, text);
            }
        }
    }
    errors.0
}

/// What is wrong with a replacement.
pub fn validate_update(new: &Pod, old: &Pod) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return Vec::new() };
    let (new_inits, old_inits) = (inits(new), inits(old));
    for (name, new, old) in [
        ("containers", new.containers.len(), old.containers.len()),
        ("initContainers", new_inits.len(), old_inits.len()),
    ] {
        if new != old {
            let text = "pod updates may not add or remove containers";
            errors.forbidden(&path.child(name), text);
            return errors.0;
        }
    }
    deadline(&path.child("activeDeadlineSeconds"), new, old, &mut errors);
    if !only_added(tolerations(new), tolerations(old)) {
        let text = "existing toleration can not be modified except its tolerationSeconds";
        errors.forbidden(&path.child("tolerations"), text);
    }
    let masked = masked(new, old);
    if masked != *old {
        let diff = internal::pod_spec_diff(&codec::encode(old), &codec::encode(&masked));
        errors.forbidden(&path, format!("{ALLOWED}\n{diff}"));
    }
    errors.0
}

fn inits(spec: &PodSpec) -> &[Container] {
    spec.init_containers.as_deref().unwrap_or_default()
}

fn tolerations(spec: &PodSpec) -> &[Toleration] {
    spec.tolerations.as_deref().unwrap_or_default()
}

/// The deadline may be set and brought forward, never moved back or removed.
fn deadline(path: &Path<'_>, new: &PodSpec, old: &PodSpec, errors: &mut Errors) {
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), Some(old)) if new > old => {
            errors.invalid(path, &new, "must be less than or equal to previous value");
        }
        (None, Some(_)) => {
            let text = "must not update from a positive integer to nil value";
            errors.invalid(path, &None::<i64>, text);
        }
        _ => {}
    }
}

/// Whether every old toleration is still there, its seconds aside.
fn only_added(new: &[Toleration], old: &[Toleration]) -> bool {
    old.iter().all(|old| {
        new.iter().any(|new| {
            let (seconds, new) = (old.toleration_seconds, new.clone());
            Toleration { toleration_seconds: seconds, ..new } == *old
        })
    })
}

/// The new spec, with the old value of whatever may change.
fn masked(new: &PodSpec, old: &PodSpec) -> PodSpec {
    let mut spec = new.clone();
    let old_inits = inits(old);
    let pairs = spec.containers.iter_mut().zip(&old.containers);
    for (new, old) in pairs.chain(spec.init_containers.iter_mut().flatten().zip(old_inits)) {
        new.image.clone_from(&old.image);
    }
    spec.active_deadline_seconds = old.active_deadline_seconds;
    spec.tolerations.clone_from(&old.tolerations);
    let was_negative = old.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0);
    if was_negative && new.termination_grace_period_seconds == Some(1) {
        spec.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    let old_gates = old.scheduling_gates.as_deref().unwrap_or_default();
    let new_gates = new.scheduling_gates.as_deref().unwrap_or_default();
    if new_gates.iter().all(|gate| old_gates.contains(gate)) {
        spec.scheduling_gates.clone_from(&old.scheduling_gates);
    }
    if !old_gates.is_empty() {
        // A gated pod may still be told where to run.
        spec.node_selector.clone_from(&old.node_selector);
        spec.affinity.clone_from(&old.affinity);
    }
    spec
}
