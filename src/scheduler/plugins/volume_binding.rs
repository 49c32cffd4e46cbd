//! A pod runs where its volumes are. Mirrors `plugins/volumebinding`.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use super::{Check, Plugin, Prepared, Refusal, World, matches_selector};
use crate::base::order::Order as _;
use crate::base::quantity;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::Cache;
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

const CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");
const VOLUMES: GroupResource = GroupResource::new("", "persistentvolumes");
const CLASSES: GroupResource = GroupResource::new("storage.k8s.io", "storageclasses");
/// The provisioner of classes that provision nothing.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The plugin.
pub struct VolumeBinding;

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, world: World<'a>) -> Prepared<'a> {
        match volumes(pod, world.cache) {
            Err(reason) => Prepared::Refuse(Refusal::unresolvable(reason)),
            Ok(volumes) if volumes.bound.is_empty() && volumes.waiting.is_empty() => Prepared::Skip,
            Ok(volumes) => Prepared::check(volumes),
        }
    }
}

/// A pod's claims.
pub struct Volumes<'a> {
    /// The volumes of those that are bound.
    bound: Vec<Option<&'a PersistentVolume>>,
    /// Those that wait for their pod's node, with their class.
    pub waiting: Vec<(&'a Object, &'a StorageClass)>,
    cache: &'a Cache,
}

/// Sorts out a pod's claims.
///
/// # Errors
/// Why no node will do.
pub fn volumes<'a>(pod: &PodInfo, cache: &'a Cache) -> Result<Volumes<'a>, String> {
    let mut volumes = Volumes { bound: Vec::new(), waiting: Vec::new(), cache };
    let mut unbound = false;
    for name in claim_names(pod) {
        let found = cache.get(&Key::new(CLAIMS, pod.object.namespace(), &name));
        let missing = || format!("persistentvolumeclaim \"{name}\" not found");
        let object = found.ok_or_else(missing)?;
        let claim: &PersistentVolumeClaim = object.get().ok_or_else(missing)?;
        if meta::is_terminating(&claim.metadata) {
            return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        let spec = claim.spec.as_ref();
        if let Some(volume) =
            spec.and_then(|spec| spec.volume_name.as_deref()).filter(|v| !v.is_empty())
        {
            if meta::annotation(&claim.metadata, "pv.kubernetes.io/bind-completed").is_none() {
                unbound = true;
                continue;
            }
            let key = Key::new(VOLUMES, "", volume);
            volumes.bound.push(cache.get(&key).and_then(|object| object.get()));
            continue;
        }
        match class_of(claim, cache).filter(|class| waits(class)) {
            Some(class) => volumes.waiting.push((object, class)),
            None => unbound = true,
        }
    }
    if unbound {
        return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
    }
    Ok(volumes)
}

fn claim_names(pod: &PodInfo) -> Vec<String> {
    let own = pod.object.name();
    let name = |volume: &k8s_openapi::api::core::v1::Volume| match &volume.persistent_volume_claim {
        Some(claim) => Some(claim.claim_name.clone()),
        None => volume.ephemeral.as_ref().map(|_| format!("{own}-{}", volume.name)),
    };
    pod.spec().volumes.iter().flatten().filter_map(name).collect()
}

fn class_of<'a>(claim: &PersistentVolumeClaim, cache: &'a Cache) -> Option<&'a StorageClass> {
    let name = claim.spec.as_ref()?.storage_class_name.as_deref()?;
    cache.get(&Key::new(CLASSES, "", name))?.get()
}

fn waits(class: &StorageClass) -> bool {
    class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer")
}

impl Volumes<'_> {
    /// For each waiting claim, the volume that it can have on a node: `None` has one provisioned.
    /// The outer `None` says that there is no way.
    pub fn find(&self, node: &NodeInfo) -> Option<Vec<Option<&Object>>> {
        let mut taken: Vec<&Object> = Vec::new();
        let mut found = Vec::new();
        for (claim, class) in &self.waiting {
            let claim = claim.get::<PersistentVolumeClaim>()?;
            let mut fitting: Vec<&Object> = self
                .cache
                .list(&VOLUMES)
                .filter(|object| !taken.iter().any(|other| other.same(object)))
                .filter(|object| object.get().is_some_and(|volume| fits(volume, claim, node)))
                .collect();
            fitting.order_by_key(|object| object.get().map(capacity));
            let choice = fitting.first().copied();
            if choice.is_none() && class.provisioner == NO_PROVISIONER {
                return None;
            }
            taken.extend(choice);
            found.push(choice);
        }
        Some(found)
    }
}

fn capacity(volume: &PersistentVolume) -> i64 {
    let list = volume.spec.as_ref().and_then(|spec| spec.capacity.as_ref());
    let amount = list.and_then(|list| list.get("storage"));
    amount.and_then(|amount| quantity::value(&amount.0)).unwrap_or(0)
}

/// Whether an unbound volume can serve a claim on a node. Mirrors `volume.FindMatchingVolume`.
fn fits(volume: &PersistentVolume, claim: &PersistentVolumeClaim, node: &NodeInfo) -> bool {
    let (Some(spec), Some(wanted)) = (&volume.spec, &claim.spec) else { return false };
    let asked = wanted.resources.as_ref().and_then(|r| r.requests.as_ref()?.get("storage"));
    let asked = asked.and_then(|amount| quantity::value(&amount.0)).unwrap_or(0);
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let mine = |claim: &PersistentVolumeClaim| {
        spec.claim_ref.as_ref().is_none_or(|reference| {
            reference.name == claim.metadata.name && reference.namespace == claim.metadata.namespace
        })
    };
    let filesystem =
        |mode: &Option<String>| mode.clone().unwrap_or_else(|| "Filesystem".to_owned());
    mine(claim)
        && !meta::is_terminating(&volume.metadata)
        && spec.storage_class_name == wanted.storage_class_name
        && filesystem(&spec.volume_mode) == filesystem(&wanted.volume_mode)
        && capacity(volume) >= asked
        && wanted.access_modes.iter().flatten().all(|mode| modes.contains(mode))
        && on_node(volume, node)
}

fn on_node(volume: &PersistentVolume, node: &NodeInfo) -> bool {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    required.is_none_or(|selector| matches_selector(selector, node))
}

impl Check for Volumes<'_> {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        if self.bound.iter().any(Option::is_none) {
            return Some(Refusal::unresolvable(
                "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            ));
        }
        if !self.bound.iter().flatten().all(|volume| on_node(volume, node)) {
            return Some(Refusal::unresolvable(
                "node(s) didn't match PersistentVolume's node affinity",
            ));
        }
        let reason = "node(s) didn't find available persistent volumes to bind";
        self.find(node).is_none().then(|| Refusal::unresolvable(reason))
    }
}
