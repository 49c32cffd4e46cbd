//! Writes down which pods serve which Service, as EndpointSlices and as Endpoints.
//! Mirrors `pkg/controller/endpoint`, `pkg/controller/endpointslice` and
//! `pkg/controller/endpointslicemirroring`.

mod mirror;
mod plan;
#[cfg(test)]
mod plan_tests;
mod slices;
mod trigger;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use self::mirror::MirroredSlices;
use self::plan::Plan;
use self::slices::{Slices, Slot, distribute};
use self::trigger::Triggers;
use super::pod::PODS;
use crate::api::Status;
use crate::base::label_selector::has_all;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, Expectations, Next, Watch};
use crate::sim::Time;

static SERVICES: GroupResource = GroupResource::new("", "services");
static ENDPOINTS: GroupResource = GroupResource::new("", "endpoints");
static SLICES: GroupResource = GroupResource::new("discovery.k8s.io", "endpointslices");

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const SLICE_CONTROLLER: &str = "endpointslice-controller.k8s.io";
const OLD_MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// The controller of Endpoints.
#[derive(Clone, Debug, Default)]
pub struct EndpointsOfServices {
    triggers: Triggers,
}

impl Controller for EndpointsOfServices {
    fn name(&self) -> &'static str {
        "endpoint-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        // Only what was deleted is put back; what somebody else writes waits for the next change.
        let own =
            Watch::Mapped(ENDPOINTS.clone(), |object, _, cache| match cache.get(&object.key()) {
                Some(_) => Vec::new(),
                None => vec![Key::new(SERVICES.clone(), object.namespace(), object.name())],
            });
        vec![Watch::Own(SERVICES.clone()), Watch::Mapped(PODS.clone(), services_of), own]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let name = Key::new(ENDPOINTS.clone(), &key.namespace, &key.name);
        let Some(Looked { object, pods, plan, .. }) = look(cx, key) else {
            self.triggers.forget(key);
            if cache.get(key).is_none() && cache.get(&name).is_some() {
                gone_is_fine(cx.delete(&name))?;
            }
            return Ok(Next::OnChange);
        };
        let trigger = self.triggers.next(key, object.meta(), &pods);
        let before = cache.get(&name);
        let mut endpoints = before.and_then(Object::get::<Endpoints>).cloned().unwrap_or_default();
        endpoints.metadata.name = Some(key.name.to_string());
        endpoints.metadata.namespace = Some(key.namespace.to_string());
        let mut labels = object.meta().labels.clone().unwrap_or_default();
        labels.insert(OLD_MANAGED_BY.to_owned(), "endpoint-controller".to_owned());
        endpoints.metadata.labels = Some(labels);
        let (subsets, cut) = plan.subsets(&key.namespace);
        endpoints.subsets = Some(subsets).filter(|all| !all.is_empty());
        let annotations = endpoints.metadata.annotations.get_or_insert_default();
        annotations.remove(OVER_CAPACITY);
        if cut {
            annotations.insert(OVER_CAPACITY.to_owned(), "truncated".to_owned());
        }
        if annotations.is_empty() {
            endpoints.metadata.annotations = None;
        }
        write(cx, Object::new(endpoints), before, trigger)?;
        Ok(Next::OnChange)
    }
}

/// The controller of EndpointSlices.
#[derive(Clone, Debug, Default)]
pub struct SlicesOfServices {
    triggers: Triggers,
    /// The slices written last, until the cache shows them: else each would be created twice.
    expectations: Expectations,
}

impl Controller for SlicesOfServices {
    fn name(&self) -> &'static str {
        "endpoint-slice-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let (resource, owner) = (SLICES.clone(), SERVICES.clone());
        vec![
            Watch::Own(SERVICES.clone()),
            Watch::Mapped(PODS.clone(), services_of),
            Watch::Owned { resource, kind: "Service", owner },
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        if !self.expectations.met(key, cache) {
            return Ok(Next::OnChange);
        }
        // The slices of a Service that is gone are garbage, and are collected as such.
        let Some(Looked { object, service, pods, plan }) = look(cx, key) else {
            self.triggers.forget(key);
            return Ok(Next::OnChange);
        };
        let trigger = self.triggers.next(key, object.meta(), &pods);
        let mut present: Vec<&Object> = cache.owned_by(object.uid(), &SLICES).collect();
        present.retain(|slice| meta::label(slice.meta(), MANAGED_BY) == Some(SLICE_CONTROLLER));
        let Slices { slots, surplus } = distribute(&present, plan.groups(&key.namespace));
        let labels = slice_labels(object, service);
        let mut changed = false;
        for Slot { before, now } in slots {
            if now.is_none() && before.is_some_and(|b| b.meta().labels.as_ref() == Some(&labels)) {
                continue;
            }
            let slice = before.and_then(Object::get::<EndpointSlice>).cloned();
            let mut slice = slice.unwrap_or_else(|| new_slice(object));
            slice.metadata.labels = Some(labels.clone());
            if let Some((ports, endpoints)) = now {
                slice.endpoints = Some(endpoints);
                slice.ports = Some(ports).filter(|ports| !ports.is_empty());
            }
            if let Some(written) = write(cx, Object::new(slice), before, trigger)? {
                self.expectations.expect(key, &written);
                changed = true;
            }
        }
        for slice in surplus {
            gone_is_fine(cx.delete(&slice.key()))?;
        }
        if changed {
            cx.explain(key, &plan);
        }
        Ok(Next::OnChange)
    }
}

/// The Services that select a pod, now or before it changed.
fn services_of(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let selects = |service: &&Object| {
        let selector = service.get::<Service>().and_then(|s| s.spec.as_ref()?.selector.as_ref());
        let versions = previous.into_iter().chain([object]);
        selector.filter(|selector| !selector.is_empty()).is_some_and(|selector| {
            let mut labels = versions.filter_map(|version| version.meta().labels.as_ref());
            labels.any(|labels| has_all(labels, selector))
        })
    };
    cache.list_in(&SERVICES, object.namespace()).filter(selects).map(Object::key).collect()
}

/// A living Service with a selector, the pods it selects, and its backends.
struct Looked<'a> {
    object: &'a Object,
    service: &'a Service,
    pods: Vec<&'a Pod>,
    plan: Plan,
}

fn look<'a>(cx: &Context<'a>, key: &Key) -> Option<Looked<'a>> {
    let cache = cx.cache;
    let object = cache.get(key).filter(|object| !meta::is_terminating(object.meta()))?;
    let service = object.get::<Service>()?;
    let selector = service.spec.as_ref()?.selector.as_ref().filter(|s| !s.is_empty())?;
    let pods: Vec<&Pod> = cache
        .list_in(&PODS, &key.namespace)
        .filter(|pod| pod.meta().labels.as_ref().is_some_and(|labels| has_all(labels, selector)))
        .filter_map(Object::get)
        .collect();
    let plan = plan::plan(service, &pods);
    Some(Looked { object, service, pods, plan })
}

fn new_slice(service: &Object) -> EndpointSlice {
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", service.name())),
            namespace: Some(service.namespace().to_owned()),
            owner_references: Some(vec![meta::controller_ref(service)]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".to_owned(),
        ..EndpointSlice::default()
    }
}

fn slice_labels(object: &Object, service: &Service) -> BTreeMap<String, String> {
    let mut labels = object.meta().labels.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.to_owned(), object.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), SLICE_CONTROLLER.to_owned());
    let address = service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref());
    if address == Some("None") {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels
}

/// Creates or updates an object, unless it is as it should be; if it is not, it tells since when.
fn write(
    cx: &mut Context<'_>,
    mut object: Object,
    before: Option<&Object>,
    trigger: Option<Time>,
) -> Result<Option<Object>, Status> {
    if before.is_some_and(|before| object.equal(before)) {
        return Ok(None);
    }
    trigger::annotate(object.meta_mut(), trigger);
    match before {
        Some(_) => cx.update(object).map(Some),
        None => cx.create(object).map(Some),
    }
}

fn gone_is_fine(outcome: Result<(), Status>) -> Result<(), Status> {
    match outcome {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
