//! Pods and claims keep to the limits of their namespace, and get them where they ask for nothing.
//! Mirrors `plugin/pkg/admission/limitranger`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod, PodSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::base::order::Gather;
use crate::base::quantity::Quantity;
use crate::kinds::describe::pods::{self, Amounts};
use crate::object::{GroupResource, Object, meta};

static RANGES: GroupResource = GroupResource::new("", "limitranges");
/// Says what a pod was given: an annotation.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

pub(super) struct LimitRanger;

impl Plugin for LimitRanger {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        if !concerns(write) || write.object.get::<Pod>().is_none() {
            return Ok(());
        }
        let ranges: Vec<&LimitRange> = ranges(write);
        if !ranges.is_empty()
            && let Some(pod) = write.object.edit::<Pod>()
        {
            ranges.into_iter().for_each(|range| give_defaults(pod, range));
        }
        Ok(())
    }

    fn validate(&self, write: &Write<'_>) -> Result<(), Status> {
        if !concerns(write) {
            return Ok(());
        }
        for range in ranges(write) {
            let mut faults = Vec::new();
            for item in range.spec.iter().flat_map(|spec| &spec.limits) {
                check(item, write.object, &mut faults);
            }
            faults.dedup();
            match faults.as_slice() {
                [] => {}
                [one] => return Err(write.forbidden(one)),
                many => return Err(write.forbidden(&format!("[{}]", many.join(", ")))),
            }
        }
        Ok(())
    }
}

/// Whether the write is of a pod's or a claim's resources. Mirrors `SupportsAttributes`.
fn concerns(write: &Write<'_>) -> bool {
    let is_pod = write.object.get::<Pod>().is_some();
    let is_dying = write.old.is_some_and(|old| meta::is_terminating(old.meta()));
    let fits = match (write.operation, write.subresource) {
        (Operation::Update, "resize") => is_pod,
        (Operation::Create, "") => true,
        (Operation::Update, "") => !is_pod,
        _ => false,
    };
    fits && !is_dying && (is_pod || write.object.get::<PersistentVolumeClaim>().is_some())
}

fn ranges<'a>(write: &Write<'a>) -> Vec<&'a LimitRange> {
    let ranges = write.store.list_in(&RANGES, write.object.namespace());
    ranges.filter_map(Object::get).collect()
}

fn give_defaults(pod: &mut Pod, range: &LimitRange) {
    let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
    let items = range.spec.iter().flat_map(|spec| &spec.limits);
    for item in items.filter(|item| item.type_ == "Container") {
        requests.extend(item.default_request.clone().unwrap_or_default());
        limits.extend(item.default.clone().unwrap_or_default());
    }
    let mut given = Vec::new();
    let spec = pod.spec.get_or_insert_default();
    for container in &mut spec.containers {
        fill(container, "container", &requests, &limits, &mut given);
    }
    for container in spec.init_containers.iter_mut().flatten() {
        fill(container, "init container", &requests, &limits, &mut given);
    }
    if !given.is_empty() {
        let annotations = pod.metadata.annotations.get_or_insert_default();
        let text = format!("LimitRanger plugin set: {}", given.join("; "));
        annotations.insert(ANNOTATION.to_owned(), text);
    }
}

/// Mirrors `mergeContainerResources`.
fn fill(
    container: &mut Container,
    what: &str,
    requests: &BTreeMap<String, Amount>,
    limits: &BTreeMap<String, Amount>,
    given: &mut Vec<String>,
) {
    let resources = container.resources.get_or_insert_default();
    for (list, defaults, name) in
        [(&mut resources.requests, requests, "request"), (&mut resources.limits, limits, "limit")]
    {
        let mut set: Vec<&str> = Vec::new();
        for (resource, amount) in defaults {
            let list = list.get_or_insert_default();
            if !list.contains_key(resource) {
                list.insert(resource.clone(), amount.clone());
                set.push(resource);
            }
        }
        if !set.is_empty() {
            given.push(format!("{} {name} for {what} {}", set.join(", "), container.name));
        }
    }
}

fn check(item: &LimitRangeItem, object: &Object, faults: &mut Vec<String>) {
    let pod = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
    match (item.type_.as_str(), pod, object.get::<PersistentVolumeClaim>()) {
        ("Container", Some(spec), _) => {
            let inits = spec.init_containers.iter().flatten();
            for container in spec.containers.iter().chain(inits) {
                let resources = container.resources.clone().unwrap_or_default();
                let (requests, limits) = (parsed(&resources.requests), parsed(&resources.limits));
                check_amounts(item, &requests, &limits, faults);
            }
        }
        ("Pod", Some(spec), _) => {
            let (requests, limits) = pod_amounts(spec);
            check_amounts(item, &requests, &limits, faults);
        }
        ("PersistentVolumeClaim", _, Some(claim)) => {
            let resources = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
            let requests = resources.map(|resources| parsed(&resources.requests));
            check_claim(item, &requests.unwrap_or_default(), faults);
        }
        _ => {}
    }
}

fn pod_amounts(spec: &PodSpec) -> (Amounts, Amounts) {
    let (mut requests, mut limits) = (pods::amounts(spec, false), pods::amounts(spec, true));
    if let Some(whole) = &spec.resources {
        requests.extend(parsed(&whole.requests));
        limits.extend(parsed(&whole.limits));
    }
    (requests, limits)
}

fn parsed(list: &Option<BTreeMap<String, Amount>>) -> Amounts {
    let list = list.iter().flatten();
    list.filter_map(|(name, amount)| Some((name.clone(), amount.0.parse().ok()?))).gathered()
}

/// The bounds of one list, each with its amount.
fn bounds(list: &Option<BTreeMap<String, Amount>>) -> impl Iterator<Item = (String, Quantity)> {
    parsed(list).into_iter()
}

fn check_amounts(
    item: &LimitRangeItem,
    requests: &Amounts,
    limits: &Amounts,
    faults: &mut Vec<String>,
) {
    let kind = &item.type_;
    for (name, least) in bounds(&item.min) {
        faults.extend(too_little(kind, &name, least, requests, limits));
    }
    for (name, most) in bounds(&item.max) {
        let head = format!("maximum {name} usage per {kind} is {most}");
        match (limits.get(&name), requests.get(&name)) {
            (None, _) => faults.push(format!("{head}.  No limit is specified")),
            (Some(limit), _) if limit.sub(most).sign() > 0 => {
                faults.push(format!("{head}, but limit is {limit}"));
            }
            (_, Some(request)) if request.sub(most).sign() > 0 => {
                faults.push(format!("{head}, but request is {request}"));
            }
            _ => {}
        }
    }
    for (name, most) in bounds(&item.max_limit_request_ratio) {
        let head = format!("{name} max limit to request ratio per {kind} is {most}");
        let given = |list: &Amounts| list.get(&name).copied().filter(|amount| !amount.is_zero());
        match (given(requests), given(limits)) {
            (None, _) => {
                faults.push(format!("{head}, but no request is specified or request is 0"));
            }
            (_, None) => faults.push(format!("{head}, but no limit is specified or limit is 0")),
            (Some(request), Some(limit)) => {
                let ratio = limit.milli() as f64 / request.milli() as f64;
                if ratio * 1000.0 > most.milli() as f64 {
                    faults.push(format!("{head}, but provided ratio is {ratio:.6}"));
                }
            }
        }
    }
}

/// Mirrors `minConstraint`.
fn too_little(
    kind: &str,
    name: &str,
    least: Quantity,
    requests: &Amounts,
    limits: &Amounts,
) -> Option<String> {
    let head = format!("minimum {name} usage per {kind} is {least}");
    match (requests.get(name), limits.get(name)) {
        (None, _) => Some(format!("{head}.  No request is specified")),
        (Some(request), _) if request.sub(least).sign() < 0 => {
            Some(format!("{head}, but request is {request}"))
        }
        (_, Some(limit)) if limit.sub(least).sign() < 0 => {
            Some(format!("{head}, but limit is {limit}"))
        }
        _ => None,
    }
}

fn check_claim(item: &LimitRangeItem, requests: &Amounts, faults: &mut Vec<String>) {
    let kind = &item.type_;
    for (name, least) in bounds(&item.min) {
        faults.extend(too_little(kind, &name, least, requests, &Amounts::new()));
    }
    for (name, most) in bounds(&item.max) {
        let head = format!("maximum {name} usage per {kind} is {most}");
        match requests.get(&name) {
            None => faults.push(format!("{head}.  No request is specified")),
            Some(request) if request.sub(most).sign() > 0 => {
                faults.push(format!("{head}, but request is {request}"));
            }
            Some(_) => {}
        }
    }
}
