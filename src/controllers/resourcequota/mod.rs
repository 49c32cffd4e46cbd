//! Counts what the objects of a namespace use of its quotas. Mirrors `pkg/controller/resourcequota`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ResourceQuota, Service};

use self::plan::plan;
use crate::api::Status;
use crate::kinds::resource_quota::usage;
use crate::kinds::{KINDS, Names};
use crate::object::{GroupResource, Key, Object};
use crate::runtime::{Cache, Context, Controller, Next, Watch};
use crate::sim::Time;

mod plan;

const QUOTAS: GroupResource = GroupResource::new("", "resourcequotas");
/// How often everything is counted again. Mirrors `ResourceQuotaSyncPeriod`.
const RECOUNT: Duration = Duration::from_secs(300);

/// The controller of ResourceQuotas.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotas;

impl Controller for Quotas {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let counted = KINDS.iter().map(|kind| kind.names()).filter(|names| is_counted(names));
        let freed = counted.map(|names| Watch::Mapped(names.resource(), quotas_freed));
        [Watch::Own(QUOTAS)].into_iter().chain(freed).collect()
    }

    /// Only a change of what a quota allows is urgent: what is used is charged when it is granted.
    fn patience(&self, _: &Key, object: &Object, previous: Option<&Object>, _: Time) -> Duration {
        let hard = |object: &Object| {
            object.get::<ResourceQuota>().and_then(|quota| quota.spec.as_ref()?.hard.clone())
        };
        match previous {
            Some(previous) if object.resource() == QUOTAS && hard(previous) == hard(object) => {
                RECOUNT
            }
            _ => Duration::ZERO,
        }
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(object) = cache.get(key) else { return Ok(Next::OnChange) };
        let Some(quota) = object.get::<ResourceQuota>() else { return Ok(Next::OnChange) };
        let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
        let is_limited = |names: &Names| {
            let mut names_of_hard = hard.into_iter().flatten().map(|(name, _)| name);
            names_of_hard.any(|name| usage::is_used_by(name, &names.resource()))
        };
        let limited = KINDS.iter().map(|kind| kind.names()).filter(|names| is_limited(names));
        let objects =
            limited.flat_map(|names| cache.list_in(&names.resource(), object.namespace()));
        let plan = plan(quota, objects, cx.now);
        if quota.status.as_ref() != Some(&plan.status) {
            cx.explain(key, &plan);
            let mut object = object.clone();
            if let Some(quota) = object.edit::<ResourceQuota>() {
                quota.status = Some(plan.status);
            }
            cx.update_status(object)?;
        }
        Ok(Next::After(RECOUNT))
    }
}

fn is_counted(names: &Names) -> bool {
    names.namespaced
        && !matches!(names.plural, "events" | "resourcequotas")
        && names.group != "metrics.k8s.io"
}

/// The quotas of a namespace in which an object went, or uses less. Mirrors `DefaultUpdateFilter`.
fn quotas_freed(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let is_gone = || cache.get(&object.key()).is_none();
    let frees = || previous.is_some_and(|previous| uses_other(previous, object));
    let mut quotas = cache.list_in(&QUOTAS, object.namespace()).peekable();
    if quotas.peek().is_none() || !(frees() || is_gone()) {
        return Vec::new();
    }
    quotas.map(Object::key).collect()
}

/// Whether a change of the object may have freed what it used.
fn uses_other(old: &Object, new: &Object) -> bool {
    if let (Some(old), Some(new)) = (old.get::<Pod>(), new.get::<Pod>()) {
        let ends = |pod: &Pod| pod.spec.as_ref().is_some_and(usage::has_deadline);
        return super::pod::is_finished(new) && !super::pod::is_finished(old)
            || ends(old) != ends(new);
    }
    if let (Some(old), Some(new)) = (old.get::<Service>(), new.get::<Service>()) {
        let kind = |service: &Service| service.spec.as_ref().and_then(|spec| spec.type_.clone());
        return kind(old) != kind(new);
    }
    let storage = |claim: &PersistentVolumeClaim| {
        claim.status.as_ref().and_then(|status| status.allocated_resources.clone())
    };
    old.get().map(storage) != new.get().map(storage)
}
