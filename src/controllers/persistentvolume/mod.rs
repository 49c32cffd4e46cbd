//! Binds claims to volumes, and takes care of volumes whose claims are gone.
//! Mirrors `pkg/controller/volume/persistentvolume`.

mod matching;
mod plan;
#[cfg(test)]
mod plan_tests;
mod recycle;

use std::time::Duration;

use k8s_openapi::api::core::v1::{
    ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus, Pod,
};
use k8s_openapi::api::storage::v1::StorageClass;

use self::plan::{
    Around, BIND_COMPLETED, BOUND_BY_CONTROLLER, ClaimVerdict, News, VolumePlan, plan_claim,
    plan_volume,
};
pub use self::plan::{PROVISIONED_BY, SELECTED_NODE};
use super::pod::{self, PODS};
use crate::api::Status;
use crate::object::{GroupResource, Key, Object};
use crate::runtime::{Cache, Context, Controller, EventType, Next, Watch};
use crate::sim::Time;

/// The type of volumes.
pub static VOLUMES: GroupResource = GroupResource::new("", "persistentvolumes");
/// The type of claims.
pub static CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");
/// The type of storage classes.
pub static CLASSES: GroupResource = GroupResource::new("storage.k8s.io", "storageclasses");

/// How often everything is looked at again. Mirrors `PVClaimBinderSyncPeriod`.
const RESYNC: Duration = Duration::from_secs(15);
/// How long the four writes of a binding take.
const BINDING: Duration = Duration::from_millis(30);
/// On a claim: who should make its volume, under its present and its former name.
pub const PROVISIONER: [&str; 2] =
    ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"];

/// The controller of volumes and claims.
#[derive(Clone, Debug, Default)]
pub struct Binder;

impl Controller for Binder {
    fn name(&self) -> &'static str {
        "persistentvolume-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![
            Watch::Own(CLAIMS.clone()),
            Watch::Own(VOLUMES.clone()),
            Watch::Mapped(CLAIMS.clone(), volume_of),
            Watch::Mapped(VOLUMES.clone(), claim_of),
            Watch::Mapped(PODS.clone(), scrubbed),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let Some(object) = cx.cache.get(key) else { return Ok(Next::OnChange) };
        if let Some(claim) = object.get::<PersistentVolumeClaim>() {
            sync_claim(cx, key, object, claim)?;
        } else if let Some(volume) = object.get::<PersistentVolume>() {
            sync_volume(cx, object, volume)?;
        }
        Ok(Next::OnChange)
    }

    /// Both sides are written one after the other: a pod that came with its claim is looked at
    /// before they are.
    fn patience(&self, _: &Key, object: &Object, previous: Option<&Object>, _: Time) -> Duration {
        let new = previous.is_none() && object.resource() == CLAIMS;
        if new { BINDING } else { Duration::ZERO }
    }

    fn resync(&self) -> Option<Duration> {
        Some(RESYNC)
    }
}

fn volume_of(object: &Object, previous: Option<&Object>, _: &Cache) -> Vec<Key> {
    let versions = previous.into_iter().chain([object]);
    let claims = versions.filter_map(Object::get::<PersistentVolumeClaim>);
    let names = claims.filter_map(|claim| claim.spec.as_ref()?.volume_name.as_deref());
    names.map(|name| Key::new(VOLUMES.clone(), "", name)).collect()
}

fn claim_of(object: &Object, previous: Option<&Object>, _: &Cache) -> Vec<Key> {
    let versions = previous.into_iter().chain([object]);
    let volumes = versions.filter_map(Object::get::<PersistentVolume>);
    volumes.filter_map(claim_key).collect()
}

/// The volume that a pod scrubs.
fn scrubbed(object: &Object, _: Option<&Object>, _: &Cache) -> Vec<Key> {
    let name = recycle::volume_of(object);
    name.map(|name| Key::new(VOLUMES.clone(), "", name)).into_iter().collect()
}

/// The claim that a volume names.
fn claim_key(volume: &PersistentVolume) -> Option<Key> {
    let reference = volume.spec.as_ref()?.claim_ref.as_ref()?;
    let (namespace, name) = (reference.namespace.as_deref()?, reference.name.as_deref()?);
    Some(Key::new(CLAIMS.clone(), namespace, name))
}

fn sync_claim(
    cx: &mut Context<'_>,
    key: &Key,
    object: &Object,
    claim: &PersistentVolumeClaim,
) -> Result<(), Status> {
    let cache = cx.cache;
    let volumes: Vec<&PersistentVolume> = cache.list(&VOLUMES).filter_map(Object::get).collect();
    let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
    let class = class.map(|name| Key::new(CLASSES.clone(), "", name));
    let around = Around {
        class: class.and_then(|key| cache.get(&key)).and_then(Object::get::<StorageClass>),
        consumer: waiting_pod(cache, object),
    };
    let plan = plan_claim(claim, &volumes, around);
    let settled = is_settled(claim, &plan.verdict);
    if !settled {
        cx.explain(key, &plan);
    }
    match plan.verdict {
        ClaimVerdict::Bind(_) if settled => Ok(()),
        ClaimVerdict::Bind(volume) => bind(cx, object, volume),
        ClaimVerdict::Wait(news) => {
            let object = set_claim_phase(cx, object, "Pending")?;
            report(cx, &object, news);
            Ok(())
        }
        ClaimVerdict::Provision(provisioner) => {
            let object = set_claim_phase(cx, object, "Pending")?;
            provision(cx, object, &provisioner)
        }
        ClaimVerdict::Lose(news) => {
            let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
            if phase != Some("Lost") {
                let object = set_claim_phase(cx, object, "Lost")?;
                report(cx, &object, news);
            }
            Ok(())
        }
    }
}

/// A pod that uses the claim and has no node yet.
fn waiting_pod<'a>(cache: &'a Cache, claim: &Object) -> Option<&'a str> {
    let mut pods = cache.list_in(&PODS, claim.namespace());
    pods.find_map(|object| {
        let pod: &Pod = object.get()?;
        let waits = pod::node_name(pod).is_empty() && !pod::is_finished(pod);
        (waits && pod::claims(pod).any(|name| name == claim.name())).then_some(object.name())
    })
}

/// Whether both sides of a binding are complete, so that nothing is to be written.
fn is_settled(claim: &PersistentVolumeClaim, verdict: &ClaimVerdict<'_>) -> bool {
    let ClaimVerdict::Bind(volume) = verdict else { return false };
    let (Some(spec), Some(claim_spec)) = (&volume.spec, &claim.spec) else { return false };
    let phase = |phase: Option<&String>| phase.is_some_and(|phase| phase == "Bound");
    let knows = |reference: &ObjectReference| reference.uid == claim.metadata.uid;
    let capacity = claim.status.as_ref().and_then(|status| status.capacity.as_ref());
    spec.claim_ref.as_ref().is_some_and(knows)
        && phase(volume.status.as_ref().and_then(|status| status.phase.as_ref()))
        && phase(claim.status.as_ref().and_then(|status| status.phase.as_ref()))
        && claim_spec.volume_name == volume.metadata.name
        && capacity == spec.capacity.as_ref()
        && crate::object::meta::annotation(&claim.metadata, BIND_COMPLETED).is_some()
}

fn report(cx: &mut Context<'_>, object: &Object, news: Option<News>) {
    if let Some(News { kind, reason, message }) = news {
        cx.event(object, kind, reason, &message);
    }
}

/// Writes both sides, each with its phase. Mirrors `bind`.
fn bind(cx: &mut Context<'_>, claim: &Object, volume: &PersistentVolume) -> Result<(), Status> {
    let before = Object::new(volume.clone());
    let mut bound = before.clone();
    if let (Some(volume), Some(owner)) = (bound.edit::<PersistentVolume>(), claim.get()) {
        refer(volume, claim, owner);
    }
    let volume = if bound.equal(&before) { before } else { cx.update(bound)? };
    let volume = set_volume_phase(cx, volume, "Bound", None)?;

    let mut bound = claim.clone();
    if let Some(typed) = bound.edit::<PersistentVolumeClaim>() {
        let spec = typed.spec.get_or_insert_default();
        let annotations = typed.metadata.annotations.get_or_insert_default();
        if spec.volume_name.as_deref() != Some(volume.name()) {
            spec.volume_name = Some(volume.name().to_owned());
            annotations.insert(BOUND_BY_CONTROLLER.to_owned(), "yes".to_owned());
        }
        annotations.insert(BIND_COMPLETED.to_owned(), "yes".to_owned());
    }
    let mut bound = if bound.equal(claim) { bound } else { cx.update(bound)? };
    let before = bound.clone();
    let Some(spec) = volume.get::<PersistentVolume>().and_then(|volume| volume.spec.clone()) else {
        return Ok(());
    };
    if let Some(typed) = bound.edit::<PersistentVolumeClaim>() {
        let status = typed.status.take().unwrap_or_default();
        typed.status = Some(PersistentVolumeClaimStatus {
            phase: Some("Bound".to_owned()),
            access_modes: spec.access_modes,
            capacity: spec.capacity,
            ..status
        });
    }
    if !bound.equal(&before) {
        cx.update_status(bound)?;
    }
    Ok(())
}

/// Has the volume name its claim. Mirrors `GetBindVolumeToClaim`.
fn refer(volume: &mut PersistentVolume, object: &Object, claim: &PersistentVolumeClaim) {
    if !matching::is_bound_to(volume, claim) {
        let annotations = volume.metadata.annotations.get_or_insert_default();
        annotations.insert(BOUND_BY_CONTROLLER.to_owned(), "yes".to_owned());
    }
    let spec = volume.spec.get_or_insert_default();
    let knows = spec.claim_ref.as_ref().is_some_and(|known| known.uid == claim.metadata.uid);
    if !knows {
        spec.claim_ref = Some(ObjectReference {
            api_version: Some(object.api_version().to_owned()),
            kind: Some(object.kind().to_owned()),
            namespace: claim.metadata.namespace.clone(),
            name: claim.metadata.name.clone(),
            uid: claim.metadata.uid.clone(),
            resource_version: claim.metadata.resource_version.clone(),
            field_path: None,
        });
    }
}

fn set_claim_phase(cx: &mut Context<'_>, before: &Object, phase: &str) -> Result<Object, Status> {
    let mut object = before.clone();
    if let Some(claim) = object.edit::<PersistentVolumeClaim>() {
        let status = claim.status.get_or_insert_default();
        status.phase = Some(phase.to_owned());
    }
    if object.equal(before) { Ok(object) } else { cx.update_status(object) }
}

fn set_volume_phase(
    cx: &mut Context<'_>,
    before: Object,
    phase: &str,
    message: Option<String>,
) -> Result<Object, Status> {
    let mut object = before.clone();
    if let Some(volume) = object.edit::<PersistentVolume>() {
        let status = volume.status.get_or_insert_default();
        if status.phase.as_deref() != Some(phase) {
            status.phase = Some(phase.to_owned());
            status.message = message;
            status.last_phase_transition_time = Some(crate::object::meta::timestamp(cx.now));
        }
    }
    if object.equal(&before) { Ok(object) } else { cx.update_status(object) }
}

/// Asks the world outside for a volume.
fn provision(cx: &mut Context<'_>, before: Object, provisioner: &str) -> Result<(), Status> {
    let mut object = before.clone();
    for name in PROVISIONER {
        let annotations = object.meta_mut().annotations.get_or_insert_default();
        annotations.insert(name.to_owned(), provisioner.to_owned());
    }
    let object = if object.equal(&before) { object } else { cx.update(object)? };
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or \
         manually by the system administrator. If volume creation is delayed, please verify that \
         the provisioner is running and correctly registered."
    );
    cx.event(&object, EventType::Normal, "ExternalProvisioning", &message);
    Ok(())
}

fn sync_volume(
    cx: &mut Context<'_>,
    object: &Object,
    volume: &PersistentVolume,
) -> Result<(), Status> {
    let claim = claim_key(volume).and_then(|key| cx.cache.get(&key)).and_then(Object::get);
    match plan_volume(volume, claim) {
        VolumePlan::Phase(phase) => {
            set_volume_phase(cx, object.clone(), phase, None)?;
        }
        VolumePlan::Unbind => {
            let mut object = object.clone();
            if let Some(volume) = object.edit::<PersistentVolume>() {
                unbind(volume);
            }
            let object = cx.update(object)?;
            set_volume_phase(cx, object, "Available", None)?;
        }
        VolumePlan::Delete => cx.delete(&object.key())?,
        VolumePlan::Recycle => recycle::recycle(cx, object, volume)?,
        VolumePlan::Fail(why) => {
            let failed = volume.status.as_ref().and_then(|status| status.phase.as_deref());
            if failed != Some("Failed") {
                let object = set_volume_phase(cx, object.clone(), "Failed", Some(why.clone()))?;
                cx.event(&object, EventType::Warning, "VolumeFailedDelete", &why);
            }
        }
    }
    Ok(())
}

/// A claim that the controller chose is forgotten; one that a person chose is kept in mind.
fn unbind(volume: &mut PersistentVolume) {
    let annotations = volume.metadata.annotations.get_or_insert_default();
    let chosen = annotations.remove(BOUND_BY_CONTROLLER).is_some();
    let Some(spec) = &mut volume.spec else { return };
    if chosen {
        spec.claim_ref = None;
    } else if let Some(reference) = &mut spec.claim_ref {
        reference.uid = None;
    }
}
