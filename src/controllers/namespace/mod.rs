//! Empties a namespace that is being deleted, then lets it go.
//! Mirrors `pkg/controller/namespace`.

mod plan;
#[cfg(test)]
mod plan_tests;

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;

use self::plan::Plan;
use super::pod::PODS;
use crate::api::{Propagation, Request, Status, Verb};
use crate::kinds::KINDS;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Context, Controller, Next, Watch};

/// The type of namespaces.
pub static NAMESPACES: GroupResource = GroupResource::new("", "namespaces");

/// How long after the request the deletion begins: caches of admission must have seen it.
const GRACE: Duration = Duration::from_secs(5);
/// How long finalizers may take, as a guess.
const FINALIZER_ESTIMATE: Duration = Duration::from_secs(15);

/// The controller of namespaces.
#[derive(Clone, Debug, Default)]
pub struct Namespaces;

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(NAMESPACES.clone())]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let Some(object) = cx.cache.get(key) else { return Ok(Next::OnChange) };
        let Some(since) = object.meta().deletion_timestamp.as_ref().map(meta::moment) else {
            return Ok(Next::OnChange);
        };
        if since + GRACE > cx.now {
            return Ok(Next::After((since + GRACE).since(cx.now)));
        }
        let spec = object.get::<Namespace>().and_then(|namespace| namespace.spec.as_ref());
        if spec.is_none_or(|spec| spec.finalizers.as_ref().is_none_or(Vec::is_empty)) {
            return Ok(Next::OnChange);
        }
        let (plan, wait) = delete_content(cx, &key.name)?;
        cx.explain(key, &plan);
        let object = write_conditions(cx, object, &plan)?;
        if plan.is_empty() {
            finalize(cx, object)?;
            return Ok(Next::OnChange);
        }
        // Half of what it may take, and a second, as upstream guesses.
        Ok(Next::After(wait / 2 + Duration::from_secs(1)))
    }
}

/// Asks all content to go, pods before everything else; what is left, and how long that may take.
/// Mirrors `deleteAllContent` with ordered namespace deletion.
fn delete_content(cx: &mut Context<'_>, namespace: &str) -> Result<(Plan, Duration), Status> {
    let silent = cx.extensions().into_iter().filter(|extension| !extension.available);
    let stale = silent.map(|extension| format!("{}/{}", extension.group, extension.version));
    let mut plan = Plan { stale: stale.collect(), ..Plan::default() };
    let mut wait = Duration::ZERO;
    empty(cx, &PODS, namespace, &mut plan, &mut wait)?;
    if !plan.remaining.is_empty() {
        return Ok((plan, wait));
    }
    for kind in KINDS.iter().filter(|kind| kind.kept_as().is_none()) {
        let names = kind.names();
        let resource = names.resource();
        if names.namespaced && names.group != "metrics.k8s.io" && resource != PODS {
            empty(cx, &resource, namespace, &mut plan, &mut wait)?;
        }
    }
    for custom in cx.custom_kinds() {
        let names = custom.kind.names();
        if names.namespaced {
            empty(cx, &names.resource(), namespace, &mut plan, &mut wait)?;
        }
    }
    Ok((plan, wait))
}

/// Deletes the objects of one type. Mirrors `deleteAllContentForGroupVersionResource`.
fn empty(
    cx: &mut Context<'_>,
    resource: &GroupResource,
    namespace: &str,
    plan: &mut Plan,
    wait: &mut Duration,
) -> Result<(), Status> {
    let list = || Request::list(resource.clone(), namespace);
    if cx.call(list())?.items().is_empty() {
        return Ok(());
    }
    let mut request = Request { verb: Verb::DeleteCollection, ..list() };
    request.delete.propagation = Some(Propagation::Background);
    if let Err(status) = cx.call(request) {
        plan.failures.push(status.message);
    }
    let left = cx.call(list())?.items();
    if left.is_empty() {
        return Ok(());
    }
    let name = format!("{}.{}", resource.resource, resource.group);
    plan.remaining.insert(name, left.len());
    for object in &left {
        for finalizer in object.meta().finalizers.iter().flatten() {
            *plan.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
        *wait = (*wait).max(estimate(object));
    }
    Ok(())
}

/// How long an object may take to go: a pod's grace, or time for its finalizers.
fn estimate(object: &Object) -> Duration {
    match object.meta().deletion_grace_period_seconds {
        Some(seconds) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
        _ => FINALIZER_ESTIMATE,
    }
}

fn write_conditions(cx: &mut Context<'_>, before: &Object, plan: &Plan) -> Result<Object, Status> {
    let mut object = before.clone();
    if let Some(namespace) = object.edit::<Namespace>() {
        plan.set_conditions(namespace.status.get_or_insert_default(), cx.now);
    }
    if object.equal(before) { Ok(object) } else { cx.update_status(object) }
}

/// Takes the finalizer `kubernetes` off, upon which the API server removes the namespace.
fn finalize(cx: &mut Context<'_>, mut object: Object) -> Result<(), Status> {
    if let Some(namespace) = object.edit::<Namespace>() {
        let spec = namespace.spec.get_or_insert_default();
        if let Some(finalizers) = &mut spec.finalizers {
            finalizers.retain(|finalizer| finalizer != "kubernetes");
        }
        spec.finalizers = spec.finalizers.take().filter(|list| !list.is_empty());
    }
    cx.call(Request::update(object).to("finalize")).map(|_| ())
}
