//! `ephemeralcontainers` and `resize` of a pod: each lets one part of it change.
//! Mirrors `podEphemeralContainersStrategy` and `podResizeStrategy`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::api::verbs::Part;
use crate::api::{Reply, Request, Server, Status};
use crate::kinds::pod::qos_class;
use crate::kinds::{FieldError, Kind, internal};
use crate::object::{Object, codec};

impl Server {
    /// Replaces a pod through a subresource of which only one part counts.
    pub(super) fn rewrite(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        let part = Part::Prepared(request.subresource);
        let keep = if request.subresource == "resize" { keep_resources } else { keep_ephemeral };
        self.read_or_replace(kind, part, &mut request, keep)
    }
}

/// What is wrong with the ephemeral containers of a replacement.
/// Mirrors `ValidatePodEphemeralContainersUpdate`.
pub(in crate::api) fn faults(new: &Object, old: &Object) -> Vec<FieldError> {
    let list = |object: &Object| -> Vec<EphemeralContainer> {
        let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        spec.and_then(|spec| spec.ephemeral_containers.clone()).unwrap_or_default()
    };
    let (after, before) = (list(new), list(old));
    let mut errors = Vec::new();
    for (index, container) in after.iter().enumerate() {
        let given = [
            ("ports", container.ports.as_ref().is_some_and(|ports| !ports.is_empty())),
            ("livenessProbe", container.liveness_probe.is_some()),
            ("readinessProbe", container.readiness_probe.is_some()),
            ("startupProbe", container.startup_probe.is_some()),
            ("lifecycle", container.lifecycle.is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            let path = format!("spec.ephemeralContainers[{index}].{field}");
            errors.push(FieldError::forbidden(&path, "cannot be set for an Ephemeral Container"));
        }
    }
    for old in &before {
        let name = &old.name;
        let why = match after.iter().find(|new| new.name == *name) {
            None => format!("existing ephemeral containers {name:?} may not be removed\n"),
            Some(new) if new != old => {
                let diff =
                    internal::ephemeral_container_diff(&codec::encode(old), &codec::encode(new));
                format!("existing ephemeral containers {name:?} may not be changed\n{diff}")
            }
            Some(_) => continue,
        };
        errors.push(FieldError::forbidden("spec.ephemeralContainers", why));
    }
    errors
}

/// What is wrong with the resources of a replacement. Mirrors `ValidatePodResize`.
pub(in crate::api) fn resize_faults(new: &Object, old: &Object) -> Vec<FieldError> {
    let (Some(new), Some(old)) = (new.get::<Pod>(), old.get::<Pod>()) else { return Vec::new() };
    let (Some(after), Some(before)) = (&new.spec, &old.spec) else { return Vec::new() };
    let mut errors = Vec::new();
    let class = old.status.as_ref().and_then(|status| status.qos_class.as_deref());
    let class = class.unwrap_or_else(|| qos_class(before));
    if qos_class(after) != class {
        let why = "Pod QOS Class may not change as a result of resizing";
        errors.push(FieldError::invalid("spec", class, why));
    }
    let statuses = old.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    if !statuses.into_iter().any(|status| status.resources.is_some()) {
        let why = "Pod running on node without support for resize";
        errors.push(FieldError::forbidden("spec", why));
    }
    let lists = [
        ("initContainers", after.init_containers.as_deref(), before.init_containers.as_deref()),
        ("containers", Some(after.containers.as_slice()), Some(before.containers.as_slice())),
    ];
    let mut others_change = false;
    for (list, after, before) in lists {
        let pairs = after.unwrap_or_default().iter().zip(before.unwrap_or_default());
        for (index, (new, old)) in pairs.enumerate() {
            let (new, old) = (new.resources.clone(), old.resources.clone());
            let (new, old) = (new.unwrap_or_default(), old.unwrap_or_default());
            for (field, what, new, old) in [
                ("requests", "resource requests", &new.requests, &old.requests),
                ("limits", "resource limits", &new.limits, &old.limits),
            ] {
                let has = |name: &String| new.as_ref().is_some_and(|list| list.contains_key(name));
                if !old.iter().flat_map(|list| list.keys()).all(has) {
                    let path = format!("spec.{list}[{index}].resources.{field}");
                    errors.push(FieldError::forbidden(&path, format!("{what} cannot be removed")));
                }
                let rest = |list: &Option<BTreeMap<String, Quantity>>| -> Vec<_> {
                    let all = list.iter().flatten();
                    let all = all.filter(|(name, _)| !matches!(name.as_str(), "cpu" | "memory"));
                    all.map(|(name, amount)| (name.clone(), amount.clone())).collect()
                };
                others_change |= rest(new) != rest(old);
            }
        }
    }
    if others_change {
        errors.push(FieldError::forbidden("spec", "only cpu and memory resources are mutable"));
    }
    errors
}

/// The pod as it was, with a specification that was changed in one place.
fn keep(new: &mut Object, old: &Object, change: impl Fn(&mut PodSpec, PodSpec)) {
    let Some(wanted) = new.get::<Pod>().and_then(|pod| pod.spec.clone()) else { return };
    let Some(mut pod) = old.get::<Pod>().cloned() else { return };
    let mut spec = pod.spec.take().unwrap_or_default();
    change(&mut spec, wanted);
    pod.spec = Some(spec);
    pod.metadata.clone_from(new.meta());
    *new = Object::new(pod);
}

fn keep_ephemeral(new: &mut Object, old: &Object) {
    keep(new, old, |spec, wanted| spec.ephemeral_containers = wanted.ephemeral_containers);
}

fn keep_resources(new: &mut Object, old: &Object) {
    keep(new, old, |spec, wanted| {
        let resize = |container: &mut Container, wanted: &[Container]| {
            if let Some(wanted) = wanted.iter().find(|wanted| wanted.name == container.name) {
                container.resources.clone_from(&wanted.resources);
                container.resize_policy.clone_from(&wanted.resize_policy);
            }
        };
        spec.containers.iter_mut().for_each(|own| resize(own, &wanted.containers));
        let initial = wanted.init_containers.unwrap_or_default();
        spec.init_containers.iter_mut().flatten().for_each(|own| resize(own, &initial));
    });
}
