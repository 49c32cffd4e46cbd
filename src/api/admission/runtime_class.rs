//! Pods get what running in their runtime class costs, and where it can be had.
//! Mirrors `plugin/pkg/admission/runtimeclass`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodSpec, Toleration};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use serde_json::Value;

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::base::quantity::Quantity;
use crate::object::{GroupResource, Key, Untyped, codec};
use crate::store::Store;

const CLASSES: GroupResource = GroupResource::new("node.k8s.io", "runtimeclasses");
const OTHER_OVERHEAD: &str =
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

pub(super) struct RuntimeClass;

impl Plugin for RuntimeClass {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        let store = write.store;
        if !is_new_pod(write) {
            return Ok(());
        }
        let spec = write.object.edit::<Pod>().and_then(|pod| pod.spec.as_mut());
        let fitted = spec.map_or(Ok(()), |spec| match class_of(spec, store)? {
            Some(class) => fit(spec, class),
            None => Ok(()),
        });
        fitted.map_err(|why| write.forbidden(&why))
    }

    fn validate(&self, write: &Write<'_>) -> Result<(), Status> {
        let spec = write.object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let Some(spec) = spec.filter(|_| is_new_pod(write)) else { return Ok(()) };
        let class = class_of(spec, write.store).map_err(|why| write.forbidden(&why))?;
        match (class.and_then(overhead), &spec.overhead) {
            (Some(defined), given) if !is_same(&defined, given.as_ref()) => {
                Err(write.forbidden(OTHER_OVERHEAD))
            }
            (None, Some(given)) if !given.is_empty() => Err(write.forbidden(
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            )),
            _ => Ok(()),
        }
    }
}

fn is_new_pod(write: &Write<'_>) -> bool {
    write.operation == Operation::Create
        && write.subresource.is_empty()
        && write.object.get::<Pod>().is_some()
}

/// The class that a pod names.
fn class_of<'a>(spec: &PodSpec, store: &'a Store) -> Result<Option<&'a Untyped>, String> {
    let Some(name) = spec.runtime_class_name.as_deref() else { return Ok(None) };
    let class = store.get(&Key::new(CLASSES, "", name)).and_then(|object| object.get::<Untyped>());
    class.map(Some).ok_or_else(|| format!("pod rejected: RuntimeClass {name:?} not found"))
}

/// What running a pod of the class costs besides.
fn overhead(class: &Untyped) -> Option<BTreeMap<String, Amount>> {
    let overhead = class.fields.get("overhead").filter(|overhead| !overhead.is_null())?;
    Some(codec::decode(overhead.get("podFixed").unwrap_or(&Value::Null)).unwrap_or_default())
}

fn is_same(defined: &BTreeMap<String, Amount>, given: Option<&BTreeMap<String, Amount>>) -> bool {
    let amounts = |map: &BTreeMap<String, Amount>| -> Vec<(String, Option<Quantity>)> {
        map.iter().map(|(name, amount)| (name.clone(), amount.0.parse().ok())).collect()
    };
    amounts(defined) == given.map(amounts).unwrap_or_default()
}

/// Mirrors `setOverhead` and `setScheduling`.
fn fit(spec: &mut PodSpec, class: &Untyped) -> Result<(), String> {
    if let Some(defined) = overhead(class) {
        let given = spec.overhead.as_ref().filter(|given| !given.is_empty());
        if given.is_some_and(|given| !is_same(&defined, Some(given))) {
            return Err(OTHER_OVERHEAD.to_owned());
        }
        spec.overhead = Some(defined);
    }
    let Some(scheduling) = class.fields.get("scheduling").filter(|s| !s.is_null()) else {
        return Ok(());
    };
    let part = |name: &str| scheduling.get(name).cloned().unwrap_or_default();
    let wanted: BTreeMap<String, String> = codec::decode(&part("nodeSelector")).unwrap_or_default();
    if !wanted.is_empty() {
        let selector = spec.node_selector.get_or_insert_default();
        for (label, value) in wanted {
            if let Some(own) = selector.get(&label).filter(|own| **own != value) {
                return Err(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{label}] = {value}; \
                     pod.spec.nodeSelector[{label}] = {own}"
                ));
            }
            selector.insert(label, value);
        }
    }
    let more: Vec<Toleration> = codec::decode(&part("tolerations")).unwrap_or_default();
    if !more.is_empty() {
        merge(spec.tolerations.get_or_insert_default(), more);
    }
    Ok(())
}

/// Adds tolerations; of two of which one covers the other, the wider stays. Mirrors
/// `MergeTolerations`.
fn merge(tolerations: &mut Vec<Toleration>, more: Vec<Toleration>) {
    for toleration in more {
        if !tolerations.iter().any(|own| covers(own, &toleration)) {
            tolerations.retain(|own| !covers(&toleration, own));
            tolerations.push(toleration);
        }
    }
}

/// Mirrors `isSuperset`.
fn covers(wide: &Toleration, narrow: &Toleration) -> bool {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let exists = wide.operator.as_deref() == Some("Exists");
    let any_key = text(&wide.key).is_empty() && exists;
    let in_time = match (wide.toleration_seconds, narrow.toleration_seconds) {
        (Some(limit), Some(seconds)) => seconds <= limit,
        (limit, _) => limit.is_none(),
    };
    (any_key || text(&wide.key) == text(&narrow.key))
        && (text(&wide.effect).is_empty() || wide.effect == narrow.effect)
        && in_time
        && (exists
            || narrow.operator.as_deref() != Some("Exists")
                && text(&wide.value) == text(&narrow.value))
}
