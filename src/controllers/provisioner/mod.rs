//! Makes volumes for claims whose class names a simulated provisioner, and deletes them again.
//! Mirrors `sig-storage-lib-external-provisioner`'s `controller.go`.
//!
//! Which provisioners there are is the table [`PROVISIONERS`]; a class that names another one waits for
//! whoever makes volumes by hand.

mod plan;
#[cfg(test)]
mod plan_tests;

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use self::plan::{ClaimPlan, FINALIZER, PROVISIONERS, Source, plan_claim, should_delete};
use super::persistentvolume::{CLAIMS, CLASSES, VOLUMES};
use crate::api::Status;
use crate::base::small_map::SmallMap;
use crate::object::{Key, Object, meta};
use crate::runtime::{Context, Controller, EventType, Next, Watch};
use crate::sim::Time;

/// How long it takes to make a volume.
const MAKING: Duration = Duration::from_secs(2);
/// How long a provisioner waits before it tries again, doubled with every failure.
const RETRY: Duration = Duration::from_secs(15);
const RETRY_MAX: Duration = Duration::from_secs(1000);

/// A provisioner, which works as a controller of its own.
#[derive(Clone, Debug)]
pub struct Provisioner {
    name: &'static str,
    source: Source,
    under_way: SmallMap<Key, Attempt>,
}

/// The state of a claim that is being worked on.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// When the volume is made, or when to try again.
    due: Time,
    /// How often it failed in a row.
    failures: u32,
    /// Whether the attempt has been announced.
    begun: bool,
}

/// Every simulated provisioner.
pub fn provisioners() -> impl Iterator<Item = Provisioner> {
    let row = |(name, source): &(&'static str, Source)| Provisioner {
        name,
        source: *source,
        under_way: SmallMap::new(),
    };
    PROVISIONERS.iter().map(row)
}

impl Controller for Provisioner {
    fn name(&self) -> &'static str {
        self.name
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(CLAIMS.clone()), Watch::Own(VOLUMES.clone())]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let Some(object) = cx.cache.get(key).cloned() else {
            self.under_way.remove(key);
            return Ok(Next::OnChange);
        };
        if let Some(claim) = object.get::<PersistentVolumeClaim>() {
            return self.sync_claim(cx, key, &object, claim);
        }
        match object.get::<PersistentVolume>() {
            Some(volume) if should_delete(volume, self.name) => delete(cx, &object),
            _ => Ok(Next::OnChange),
        }
    }
}

impl Provisioner {
    fn sync_claim(
        &mut self,
        cx: &mut Context<'_>,
        key: &Key,
        object: &Object,
        claim: &PersistentVolumeClaim,
    ) -> Result<Next, Status> {
        let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
        let class = Key::new(CLASSES.clone(), "", class.unwrap_or_default());
        let class = cx.cache.get(&class).and_then(Object::get::<StorageClass>);
        let plan = plan_claim(claim, class, (self.name, self.source));
        if matches!(plan, ClaimPlan::Leave) {
            self.under_way.remove(key);
            return Ok(Next::OnChange);
        }
        let new = Attempt { due: cx.now, failures: 0, begun: false };
        let attempt = self.under_way.entry(key.clone()).or_insert(new);
        if attempt.due > cx.now {
            return Ok(Next::After(attempt.due.since(cx.now)));
        }
        if !attempt.begun {
            cx.explain(key, &plan);
            attempt.begun = true;
            let message = format!(
                "External provisioner is provisioning volume for claim \"{}/{}\"",
                key.namespace, key.name
            );
            cx.event(object, EventType::Normal, "Provisioning", &message);
        }
        match plan {
            ClaimPlan::Leave => Ok(Next::OnChange),
            ClaimPlan::Refuse(message) => {
                cx.event(object, EventType::Warning, "ProvisioningFailed", &message);
                let delay = RETRY.saturating_mul(1 << attempt.failures.min(10)).min(RETRY_MAX);
                let failures = attempt.failures.saturating_add(1);
                *attempt = Attempt { due: cx.now + delay, failures, begun: false };
                Ok(Next::After(delay))
            }
            ClaimPlan::Make(_) if attempt.due + MAKING > cx.now => {
                Ok(Next::After((attempt.due + MAKING).since(cx.now)))
            }
            ClaimPlan::Make(volume) => {
                let name = volume.metadata.name.clone().unwrap_or_default();
                match cx.create(Object::new(*volume)) {
                    Err(status) if !status.is_already_exists() => return Err(status),
                    _ => self.under_way.remove(key),
                };
                let message = format!("Successfully provisioned volume {name}");
                cx.event(object, EventType::Normal, "ProvisioningSucceeded", &message);
                Ok(Next::OnChange)
            }
        }
    }
}

/// Deletes a volume and lets go of it. Mirrors `deleteVolumeOperation`.
fn delete(cx: &mut Context<'_>, object: &Object) -> Result<Next, Status> {
    if !meta::is_terminating(object.meta()) {
        cx.delete(&object.key())?;
        return Ok(Next::OnChange);
    }
    if meta::has_finalizer(object.meta(), FINALIZER) {
        let mut object = object.clone();
        let finalizers = object.meta_mut().finalizers.get_or_insert_default();
        finalizers.retain(|name| name != FINALIZER);
        cx.update(object)?;
    }
    Ok(Next::OnChange)
}
