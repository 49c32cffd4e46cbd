//! Pods get the number that their priority class stands for.
//! Mirrors `plugin/pkg/admission/priority`.

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::api::scheduling::v1::PriorityClass;

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::object::{GroupResource, Key, Object};
use crate::store::Store;

const CLASSES: GroupResource = GroupResource::new("scheduling.k8s.io", "priorityclasses");
const PREEMPT: &str = "PreemptLowerPriority";

pub(super) struct Priority;

impl Plugin for Priority {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        if !write.subresource.is_empty() || write.object.get::<Pod>().is_none() {
            return Ok(());
        }
        let old = write.old.and_then(|old| old.get::<Pod>()).and_then(|pod| pod.spec.as_ref());
        let store = write.store;
        let Some(spec) = write.object.edit::<Pod>().and_then(|pod| pod.spec.as_mut()) else {
            return Ok(());
        };
        match (write.operation, old) {
            (Operation::Create, _) => resolve(spec, store).map_err(|why| write.forbidden(&why)),
            (Operation::Update, Some(old)) => {
                keep(spec, old);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn validate(&self, write: &Write<'_>) -> Result<(), Status> {
        let Some(class) = write.object.get::<PriorityClass>() else { return Ok(()) };
        if write.operation == Operation::Delete || class.global_default != Some(true) {
            return Ok(());
        }
        let Some(other) = global_default(write.store) else { return Ok(()) };
        let name = other.metadata.name.as_deref().unwrap_or_default();
        if name == write.object.name() {
            return Ok(());
        }
        Err(write.forbidden(&format!(
            "PriorityClass {name} is already marked as default. Only one default can exist"
        )))
    }
}

/// A replacement may leave out what was worked out before.
fn keep(spec: &mut PodSpec, old: &PodSpec) {
    if spec.priority.is_none() {
        spec.priority = old.priority;
    }
    if spec.preemption_policy.is_none() {
        spec.preemption_policy.clone_from(&old.preemption_policy);
    }
}

/// Works out priority and preemption policy. Mirrors `admitPod`.
fn resolve(spec: &mut PodSpec, store: &Store) -> Result<(), String> {
    let named = spec.priority_class_name.as_deref().unwrap_or_default();
    let class = if named.is_empty() {
        global_default(store)
    } else {
        let class = store
            .get(&Key::new(CLASSES, "", named))
            .and_then(|object| object.get::<PriorityClass>())
            .ok_or_else(|| format!("no PriorityClass with name {named} was found"))?;
        Some(class)
    };
    let value = class.and_then(|class| class.value).unwrap_or(0);
    let policy = class.and_then(|class| class.preemption_policy.as_deref()).unwrap_or(PREEMPT);
    if let Some(given) = spec.priority.filter(|given| *given != value) {
        return Err(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority \
             admission controller computed {value} from the given PriorityClass name"
        ));
    }
    if let Some(given) = spec.preemption_policy.as_ref().filter(|given| *given != policy) {
        return Err(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; \
             priority admission controller computed {policy} from the given PriorityClass name"
        ));
    }
    spec.priority = Some(value);
    spec.preemption_policy = Some(policy.to_owned());
    if let Some(class) = class {
        spec.priority_class_name.clone_from(&class.metadata.name);
    }
    Ok(())
}

/// The class for pods that name none; of several, that of the lowest value.
fn global_default(store: &Store) -> Option<&PriorityClass> {
    store
        .list(&CLASSES)
        .filter_map(Object::get::<PriorityClass>)
        .filter(|class| class.global_default == Some(true))
        .min_by_key(|class| class.value)
}
