//! Says how many pods of each PodDisruptionBudget may be disrupted.
//! Mirrors `pkg/controller/disruption`.

mod plan;
#[cfg(test)]
mod plan_tests;

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use self::plan::{Inputs, Plan, TIMEOUT};
use super::pod::{self, PODS};
use crate::api::Status;
use crate::kinds::{self, selectors};
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, EventType, Next, Watch, claim};
use crate::sim::Time;

const BUDGETS: GroupResource = GroupResource::new("policy", "poddisruptionbudgets");

/// The controller of PodDisruptionBudgets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disruptions;

impl Controller for Disruptions {
    fn name(&self) -> &'static str {
        "controllermanager"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![
            Watch::Own(BUDGETS),
            Watch::Mapped(PODS.clone(), budgets_of),
            Watch::Mapped(PODS.clone(), |pod, _, _| {
                let is_marked = pod.get::<Pod>().is_some_and(|pod| stale_at(pod).is_some());
                if is_marked { vec![pod.key()] } else { Vec::new() }
            }),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        if key.resource == PODS {
            return clear_stale_mark(key, cx);
        }
        let cache = cx.cache;
        let Some(object) = cache.get(key) else { return Ok(Next::OnChange) };
        let Some(budget) = object.get::<PodDisruptionBudget>() else { return Ok(Next::OnChange) };
        let pods = pods_of(cache, object, budget);
        if pods.is_empty() {
            cx.event(object, EventType::Normal, "NoPods", "No matching pods found");
        }
        let inputs = Inputs {
            scales: scales(cache, &pods),
            has_unmanaged: pods.iter().any(|pod| meta::controller_of(&pod.metadata).is_none()),
            pods,
        };
        let plan = plan::plan(budget, &inputs, cx.now);
        tell(cx, object, budget, &plan);
        if budget.status.as_ref() != Some(&plan.status) {
            cx.explain(key, &plan);
            let mut object = object.clone();
            if let Some(budget) = object.edit::<PodDisruptionBudget>() {
                budget.status = Some(plan.status);
            }
            cx.update_status(object)?;
        }
        Ok(plan.wait.map_or(Next::OnChange, Next::After))
    }
}

/// The budgets that select a pod, as it is or as it was.
fn budgets_of(pod: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let budgets = cache.list_in(&BUDGETS, pod.namespace());
    let concerned = budgets.filter(|object| {
        let spec = object.get::<PodDisruptionBudget>().and_then(|budget| budget.spec.as_ref());
        let selector = spec.and_then(|spec| selectors::parse(spec.selector.as_ref()?).ok());
        selector.is_some_and(|selector| {
            previous.into_iter().chain([pod]).any(|pod| claim::matches(&selector, pod))
        })
    });
    concerned.map(Object::key).collect()
}

fn pods_of<'a>(cache: &'a Cache, object: &Object, budget: &PodDisruptionBudget) -> Vec<&'a Pod> {
    let spec = budget.spec.as_ref();
    let selector = spec.and_then(|spec| selectors::parse(spec.selector.as_ref()?).ok());
    let Some(selector) = selector else { return Vec::new() };
    let pods = cache.list_in(&PODS, object.namespace());
    pod::typed(pods.filter(|pod| claim::matches(&selector, pod)))
}

/// How many pods the controllers of the pods want. Mirrors `getExpectedScale`.
fn scales(cache: &Cache, pods: &[&Pod]) -> Result<BTreeMap<String, i32>, String> {
    let mut scales = BTreeMap::new();
    let mut known: Vec<&str> = Vec::new();
    for pod in pods {
        let Some(owner) = meta::controller_of(&pod.metadata) else { continue };
        if known.contains(&owner.uid.as_str()) {
            continue;
        }
        known.push(&owner.uid);
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let (uid, scale) = scale(cache, owner, namespace)?
            .ok_or_else(|| format!("found no controllers for pod {name:?}"))?;
        scales.insert(uid, scale);
    }
    Ok(scales)
}

/// The uid and the scale of the controller that an owner reference names: of the Deployment, if it
/// is a Deployment's ReplicaSet. Mirrors the `finders`.
fn scale(
    cache: &Cache,
    owner: &OwnerReference,
    namespace: &str,
) -> Result<Option<(String, i32)>, String> {
    let (group, version) =
        owner.api_version.split_once('/').unwrap_or(("", owner.api_version.as_str()));
    let Some(kind) = kinds::by_kind(group, &owner.kind) else {
        return Err(format!("no matches for kind {:?} in version {version:?}", owner.kind));
    };
    let resource = kind.names().resource();
    let found = cache.get(&Key::new(resource.clone(), namespace, &owner.name));
    let Some(object) = found.filter(|object| object.uid() == owner.uid) else {
        return if kind.names().subresources.contains(&"scale") {
            Ok(None)
        } else {
            Err(format!("{resource} does not implement the scale subresource"))
        };
    };
    if owner.kind == "ReplicaSet"
        && let Some(above) = meta::controller_of(object.meta())
        && above.kind == "Deployment"
    {
        return scale(cache, above, namespace);
    }
    match kind.scale(object) {
        Some((wanted, _, _)) => Ok(Some((object.uid().to_owned(), wanted))),
        None => Err(format!("{resource} does not implement the scale subresource")),
    }
}

fn tell(cx: &mut Context<'_>, object: &Object, budget: &PodDisruptionBudget, plan: &Plan<'_>) {
    if let Some(why) = &plan.failure {
        let message = format!("Failed to calculate the number of expected pods: {why}");
        cx.event(object, EventType::Warning, "CalculateExpectedPodCountFailed", &message);
    }
    if plan.unmanaged {
        let selector = budget.spec.as_ref().and_then(|spec| spec.selector.clone());
        let message = format!(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. \
             As a result, the status of the PDB cannot be calculated correctly, which may result \
             in undefined behavior. To account for these pods please set \".spec.minAvailable\" \
             field of the PDB to an integer value.",
            plan::go_selector(&selector.unwrap_or_default())
        );
        cx.event(object, EventType::Warning, "UnmanagedPods", &message);
    }
    for pod in &plan.stayed {
        // Upstream gives the namespace twice.
        let namespace = object.namespace();
        let message =
            format!("Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't");
        let pod = Object::new((*pod).clone());
        cx.event(&pod, EventType::Warning, "NotDeleted", &message);
    }
}

/// When a pod that was to be disrupted but is not going no longer counts as about to go.
/// Mirrors `nonTerminatingPodHasStaleDisruptionCondition`.
fn stale_at(pod: &Pod) -> Option<Time> {
    if meta::is_terminating(&pod.metadata) || pod::is_finished(pod) {
        return None;
    }
    let mark = pod::condition(pod, "DisruptionTarget").filter(|mark| {
        mark.status == "True" && mark.reason.as_deref() != Some("TerminationByKubelet")
    })?;
    Some(mark.last_transition_time.as_ref().map(meta::moment).unwrap_or_default() + TIMEOUT)
}

fn clear_stale_mark(key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
    let cache = cx.cache;
    let Some(object) = cache.get(key) else { return Ok(Next::OnChange) };
    let Some(end) = object.get::<Pod>().and_then(stale_at) else { return Ok(Next::OnChange) };
    let left = end.since(cx.now);
    if left > Duration::ZERO {
        return Ok(Next::After(left));
    }
    let mut object = object.clone();
    let status = object.edit::<Pod>().and_then(|pod| pod.status.as_mut());
    let conditions = status.into_iter().flat_map(|status| status.conditions.iter_mut().flatten());
    for condition in conditions.filter(|condition| condition.type_ == "DisruptionTarget") {
        *condition = PodCondition {
            type_: condition.type_.clone(),
            status: "False".to_owned(),
            last_transition_time: Some(meta::timestamp(cx.now)),
            ..PodCondition::default()
        };
    }
    cx.update_status(object).map(|_| Next::OnChange)
}
