//! What a description says about the pods of an object.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::base::label_selector::Selector;
use crate::base::order::Gather;
use crate::base::quantity::Quantity;
use crate::kinds::{Lookup, Names, Typed};
use crate::object::{Object, meta};

const PODS: Names = crate::kinds::pod::Pods::NAMES;

/// Every pod of a namespace; of all of them if it is empty.
pub fn all(others: &mut dyn Lookup, namespace: &str) -> Vec<Object> {
    others.list(&PODS.resource(), namespace)
}

/// `2 Running / 0 Waiting / 0 Succeeded / 0 Failed`: the pods that `owner` controls. Mirrors
/// `describe.getPodStatusForController`.
pub fn statuses(others: &mut dyn Lookup, owner: &ObjectMeta, selector: &Selector) -> String {
    let uid = owner.uid.as_deref().unwrap_or_default();
    let none = BTreeMap::new();
    let [mut running, mut waiting, mut succeeded, mut failed] = [0; 4];
    for pod in all(others, owner.namespace.as_deref().unwrap_or_default()) {
        let labels = pod.meta().labels.as_ref().unwrap_or(&none);
        if !meta::is_controlled_by(pod.meta(), uid) || !selector.matches(labels) {
            continue;
        }
        let phase = pod.get::<Pod>().and_then(|pod| pod.status.as_ref()?.phase.as_deref());
        match phase {
            Some("Running") => running += 1,
            Some("Pending") => waiting += 1,
            Some("Succeeded") => succeeded += 1,
            Some("Failed") => failed += 1,
            _ => {}
        }
    }
    format!("{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed")
}

/// Amounts by resource.
pub type Amounts = BTreeMap<String, Quantity>;

/// What a pod's containers ask for, or are limited to. Mirrors `resource.PodRequests` and
/// `PodLimits`.
pub fn amounts(spec: &PodSpec, limits: bool) -> Amounts {
    let of = |container: &Container| -> Amounts {
        let resources = container.resources.as_ref();
        let listed = match limits {
            true => resources.and_then(|resources| resources.limits.as_ref()),
            false => resources.and_then(|resources| resources.requests.as_ref()),
        };
        read(listed)
    };
    let mut total = Amounts::new();
    for container in &spec.containers {
        add(&mut total, &of(container));
    }
    let (mut sidecars, mut peak) = (Amounts::new(), Amounts::new());
    for init in spec.init_containers.iter().flatten() {
        let mut now = sidecars.clone();
        add(&mut now, &of(init));
        raise(&mut peak, &now);
        if init.restart_policy.as_deref() == Some("Always") {
            sidecars = now;
        }
    }
    add(&mut total, &sidecars);
    raise(&mut total, &peak);
    let mut overhead = read(spec.overhead.as_ref());
    // What has no limit stays without.
    overhead.retain(|name, _| !limits || total.contains_key(name));
    add(&mut total, &overhead);
    total
}

fn read(listed: Option<&BTreeMap<String, Amount>>) -> Amounts {
    let parse =
        |(name, amount): (&String, &Amount)| Some((name.clone(), Quantity::parse(&amount.0).ok()?));
    listed.into_iter().flatten().filter_map(parse).gathered()
}

/// Adds amounts to a total.
pub fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = match total.get(name) {
            Some(sum) => sum.add(*amount),
            None => *amount,
        };
        total.insert(name.clone(), sum);
    }
}

fn raise(total: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        if total.get(name).is_none_or(|sum| sum.milli() < amount.milli()) {
            total.insert(name.clone(), *amount);
        }
    }
}
