//! Writes may not use more than the quotas of their namespace allow, and are charged to them.
//! Mirrors `k8s.io/apiserver/pkg/admission/plugin/resourcequota`.

use k8s_openapi::api::core::v1::{Pod, ResourceQuota, Service};

use super::{Operation, Write};
use crate::api::{Server, Status};
use crate::base::quantity::Quantity;
use crate::kinds::describe::pods::{self, Amounts};
use crate::kinds::resource_quota::usage;
use crate::object::{GroupResource, Object};
use crate::sim::Time;
use crate::store::Precondition;

static QUOTAS: GroupResource = GroupResource::new("", "resourcequotas");

/// The quotas as they are to be once the write is stored. It is the last step of admission, since
/// what it grants must be used.
///
/// # Errors
/// The refusal, if a quota is exceeded.
pub(in crate::api) fn charges(write: &Write<'_>, now: Time) -> Result<Vec<Object>, Status> {
    let namespace = write.object.namespace();
    if namespace.is_empty() || !concerns(write) {
        return Ok(Vec::new());
    }
    let quotas = write.store.list_in(&QUOTAS, namespace);
    let mut charged = Vec::new();
    for object in quotas {
        let Some(quota) = object.get::<ResourceQuota>() else { continue };
        if let Some(used) = charge(write, quota, now)? {
            let mut object = object.clone();
            if let Some(quota) = object.edit::<ResourceQuota>() {
                let status = quota.status.get_or_insert_default();
                status.used = Some(usage::written(&used));
            }
            charged.push(object);
        }
    }
    Ok(charged)
}

/// Whether the write may use anything more. Mirrors `Evaluator.Handles`.
fn concerns(write: &Write<'_>) -> bool {
    let deadline = |object: &Object| {
        let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        spec.is_some_and(usage::has_deadline)
    };
    match (write.operation, write.subresource) {
        _ if write.object.resource().resource == "events" => false,
        (Operation::Create, "") => true,
        (Operation::Update, "resize") => true,
        (Operation::Update, "") => match write.old {
            Some(old) if old.get::<Pod>().is_some() => deadline(old) != deadline(write.object),
            Some(old) => {
                old.get::<Service>().is_some()
                    || old.resource().resource == "persistentvolumeclaims"
            }
            None => false,
        },
        _ => false,
    }
}

/// What the quota's objects use once the write is stored; `None` if it does not concern the quota.
/// Mirrors `CheckRequest`.
fn charge(write: &Write<'_>, quota: &ResourceQuota, now: Time) -> Result<Option<Amounts>, Status> {
    let name = quota.metadata.name.as_deref().unwrap_or_default();
    let resource = write.object.resource();
    let spec = quota.spec.clone().unwrap_or_default();
    let status = quota.status.clone().unwrap_or_default();
    let hard = usage::parsed(status.hard.as_ref());
    let used = usage::parsed(status.used.as_ref());
    let concerned: Vec<&String> =
        hard.keys().filter(|name| usage::is_used_by(name, &resource)).collect();
    if concerned.is_empty() || !usage::is_in_scope(&spec, write.object) {
        return Ok(None);
    }
    usage::constraints(concerned.iter().copied(), write.object)
        .map_err(|why| write.forbidden(&format!("failed quota: {name}: {why}")))?;
    if concerned.iter().any(|name| !used.contains_key(*name)) {
        let names: Vec<&str> = concerned.iter().map(|name| name.as_str()).collect();
        let why = format!("status unknown for quota: {name}, resources: {}", names.join(","));
        return Err(write.forbidden(&why));
    }
    let mut more = usage::usage(write.object, now);
    if let Some(old) = write.old.filter(|old| usage::is_in_scope(&spec, old)) {
        for (name, before) in usage::usage(old, now) {
            let after = more.get(&name).copied().unwrap_or(Quantity::ZERO);
            more.insert(name, after.sub(before));
        }
    }
    more.retain(|name, amount| amount.sign() > 0 && hard.contains_key(name));
    if more.is_empty() {
        return Ok(None);
    }
    let mut after = used.clone();
    pods::add(&mut after, &more);
    let exceeded = more.keys().filter(|name| {
        let (after, hard) = (after.get(*name), hard.get(*name));
        after.zip(hard).is_some_and(|(after, hard)| after.sub(*hard).sign() > 0)
    });
    let exceeded: Vec<&String> = exceeded.collect();
    if exceeded.is_empty() {
        return Ok(Some(after));
    }
    let pairs = |amounts: &Amounts| {
        let pairs = exceeded
            .iter()
            .filter_map(|name| amounts.get(*name).map(|amount| format!("{name}={amount}")));
        pairs.collect::<Vec<_>>().join(",")
    };
    Err(write.forbidden(&format!(
        "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
        pairs(&more),
        pairs(&used),
        pairs(&hard)
    )))
}

impl Server {
    /// Stores what quotas are charged.
    pub(in crate::api) fn store_charges(
        &mut self,
        charges: Vec<Object>,
        dry_run: bool,
    ) -> Result<(), Status> {
        for quota in charges {
            let must = Precondition::Revision(quota.revision());
            self.put(quota, must, dry_run)?;
        }
        Ok(())
    }
}
