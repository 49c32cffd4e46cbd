//! The controllers of APIServices, which upstream's API server runs itself: one keeps them for what
//! the server answers, one asks whether the Services of the others answer.

mod plan;
#[cfg(test)]
mod plan_tests;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use self::plan::Backing;
use crate::api::aggregation::{self, MANAGED, ON_START};
use crate::api::{Request, Status};
use crate::kinds::api_service::{self, RESOURCE};
use crate::kinds::custom_resource_definition::RESOURCE as DEFINITIONS;
use crate::object::{GroupResource, Key, Object, Untyped, meta};
use crate::runtime::{Cache, Context, Controller, Next, Watch};

const SERVICES: GroupResource = GroupResource::new("", "services");
const SLICES: GroupResource = GroupResource::new("discovery.k8s.io", "endpointslices");
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Kept in step with definitions. Mirrors `manageContinuously`.
const CONTINUOUSLY: &str = "true";

/// Keeps an APIService for every group and version that the server answers itself.
/// Mirrors `autoregister` and `crdregistration`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registration;

/// Says whether the Services of APIServices answer. Mirrors `availableConditionController`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Availability;

/// The APIServices of a definition's versions, before and now.
fn of_definition(object: &Object, previous: Option<&Object>, _: &Cache) -> Vec<Key> {
    let versions = previous.into_iter().chain([object]).filter_map(Object::get::<Untyped>);
    let mut keys: Vec<Key> = versions
        .flat_map(|definition| served(definition, |_| true))
        .map(|(group, version)| Key::new(RESOURCE.clone(), "", &format!("{version}.{group}")))
        .collect();
    keys.dedup();
    keys
}

/// The groups and versions of a definition, of which `wanted` says yes.
fn served(
    definition: &Untyped,
    wanted: impl Fn(&serde_json::Value) -> bool,
) -> Vec<(String, String)> {
    let spec = definition.field("spec");
    let group = spec["group"].as_str().unwrap_or_default();
    let versions = spec["versions"].as_array().into_iter().flatten();
    let names = versions.filter(|version| wanted(version)).filter_map(|v| v["name"].as_str());
    names.map(|version| (group.to_owned(), version.to_owned())).collect()
}

/// The APIService that is to be called `name`: the group, the version, how it is managed.
fn wanted(name: &str, cache: &Cache) -> Option<(String, String, &'static str)> {
    let (version, group) = name.split_once('.')?;
    let pair = (group.to_owned(), version.to_owned());
    if aggregation::built_in().contains(&pair) {
        return Some((pair.0, pair.1, ON_START));
    }
    let mut definitions = cache.list(&DEFINITIONS).filter_map(Object::get::<Untyped>);
    let is_served = definitions
        .any(|definition| served(definition, |version| version["served"] == true).contains(&pair));
    is_served.then_some((pair.0, pair.1, CONTINUOUSLY))
}

impl Controller for Registration {
    fn name(&self) -> &'static str {
        "autoregister"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(RESOURCE.clone()), Watch::Mapped(DEFINITIONS, of_definition)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let current = cx.cache.get(key);
        match (wanted(&key.name, cx.cache), current) {
            (Some((group, version, managed)), None) => {
                let object = aggregation::local(&group, &version, managed);
                match cx.create(Object::new(object)) {
                    Err(status) if status.is_already_exists() => {}
                    outcome => drop(outcome?),
                }
            }
            (None, Some(object)) if meta::label(object.meta(), MANAGED) == Some(CONTINUOUSLY) => {
                match cx.call(Request::delete(key)) {
                    Err(status) if status.is_not_found() => {}
                    outcome => drop(outcome?),
                }
            }
            _ => {}
        }
        Ok(Next::OnChange)
    }
}

/// The APIServices that a Service or one of its slices stands behind.
fn behind(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let name = match object.resource() == SERVICES {
        true => Some(object.name()),
        false => meta::label(object.meta(), SERVICE_NAME),
    };
    let is_behind = |api: &&Object| {
        let service = api.get::<APIService>().and_then(api_service::service);
        service.is_some_and(|service| {
            service.name.as_deref() == name
                && service.namespace.as_deref() == Some(object.namespace())
        })
    };
    cache.list(&RESOURCE).filter(is_behind).map(Object::key).collect()
}

impl Controller for Availability {
    fn name(&self) -> &'static str {
        "available-condition-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![
            Watch::Own(RESOURCE.clone()),
            Watch::Mapped(SERVICES, behind),
            Watch::Mapped(SLICES, behind),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(known) = cache.get(key) else { return Ok(Next::OnChange) };
        let Some(api) = known.get::<APIService>() else { return Ok(Next::OnChange) };
        let Some(reference) = api_service::service(api) else { return Ok(Next::OnChange) };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (namespace, name) = (text(&reference.namespace), text(&reference.name));
        let service = cache.get(&Key::new(SERVICES, &namespace, &name));
        let slices: Vec<&EndpointSlice> = cache
            .list_in(&SLICES, &namespace)
            .filter(|slice| meta::label(slice.meta(), SERVICE_NAME) == Some(name.as_str()))
            .filter_map(Object::get::<EndpointSlice>)
            .collect();
        let service = service.and_then(Object::get::<Service>);
        let Some(plan) = plan::plan(api, Backing { service, slices: &slices }) else {
            return Ok(Next::OnChange);
        };
        let mut condition = plan.0.clone();
        let before = api_service::condition(api);
        let is_same = before.is_some_and(|before| before.status == condition.status);
        condition.last_transition_time = match before {
            Some(before) if is_same => before.last_transition_time.clone(),
            _ => Some(meta::timestamp(cx.now)),
        };
        if before == Some(&condition) {
            return Ok(Next::OnChange);
        }
        cx.explain(key, &plan);
        let mut object = known.clone();
        if let Some(api) = object.edit::<APIService>() {
            api.status.get_or_insert_default().conditions = Some(vec![condition]);
        }
        match cx.update_status(object) {
            Err(status) if status.is_conflict() || status.is_not_found() => Ok(Next::OnChange),
            outcome => outcome.map(|_| Next::OnChange),
        }
    }
}
