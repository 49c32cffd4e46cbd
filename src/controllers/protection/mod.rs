//! Keeps claims that pods use, and volumes that claims use, until nobody does.
//! Mirrors `pkg/controller/volume/pvcprotection` and `pvprotection`.

use k8s_openapi::api::core::v1::{PersistentVolume, Pod};

use super::persistentvolume::{CLAIMS, VOLUMES};
use super::pod::{self, PODS};
use crate::api::Status;
use crate::object::{Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, Next, Watch};

const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER: &str = "kubernetes.io/pv-protection";

/// Protects claims.
#[derive(Clone, Debug, Default)]
pub struct ClaimProtection;

impl Controller for ClaimProtection {
    fn name(&self) -> &'static str {
        "persistentvolumeclaim-protection-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(CLAIMS.clone()), Watch::Mapped(PODS.clone(), claims_of_gone)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let used =
            cx.cache.list_in(&PODS, &key.namespace).filter_map(Object::get::<Pod>).any(|pod| {
                // The kubelet will not start a pod whose claim is going: only bound pods count.
                !pod::node_name(pod).is_empty() && pod::claims(pod).any(|name| name == &*key.name)
            });
        protect(cx, key, CLAIM_FINALIZER, used)
    }
}

/// The claims of a pod that is gone or no longer runs.
fn claims_of_gone(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let Some(pod) = object.get::<Pod>() else { return Vec::new() };
    if cache.get(&object.key()).is_some() && pod::is_active(pod) {
        return Vec::new();
    }
    pod::claims(pod).map(|name| Key::new(CLAIMS.clone(), object.namespace(), name)).collect()
}

/// Protects volumes.
#[derive(Clone, Debug, Default)]
pub struct VolumeProtection;

impl Controller for VolumeProtection {
    fn name(&self) -> &'static str {
        "persistentvolume-protection-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(VOLUMES.clone())]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let volume = cx.cache.get(key).and_then(Object::get::<PersistentVolume>);
        let status = volume.and_then(|volume| volume.status.as_ref());
        let bound = status.is_some_and(|status| status.phase.as_deref() == Some("Bound"));
        protect(cx, key, VOLUME_FINALIZER, bound)
    }
}

/// Adds the finalizer to a living object; takes it off a dying one that is not in use.
fn protect(cx: &mut Context<'_>, key: &Key, finalizer: &str, used: bool) -> Result<Next, Status> {
    let Some(object) = cx.cache.get(key) else { return Ok(Next::OnChange) };
    let (dying, held) =
        (meta::is_terminating(object.meta()), meta::has_finalizer(object.meta(), finalizer));
    let mut object = object.clone();
    let finalizers = object.meta_mut().finalizers.get_or_insert_default();
    match (dying, held) {
        (false, false) => finalizers.push(finalizer.to_owned()),
        (true, true) if !used => finalizers.retain(|name| name != finalizer),
        _ => return Ok(Next::OnChange),
    }
    match cx.update(object) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(Next::OnChange),
    }
}
