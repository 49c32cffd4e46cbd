//! The claims of a StatefulSet's pods, and who owns them.
//! Mirrors the storage half of `stateful_set_utils.go`.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::identity;

fn templates(set: &StatefulSet) -> &[PersistentVolumeClaim] {
    set.spec.as_ref().and_then(|spec| spec.volume_claim_templates.as_deref()).unwrap_or_default()
}

fn name(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

/// `www-web-0`. Mirrors `getPersistentVolumeClaimName`.
fn claim_name(set: &StatefulSet, template: &PersistentVolumeClaim, ordinal: i64) -> String {
    format!("{}-{}-{ordinal}", name(&template.metadata), name(&set.metadata))
}

/// The names of the claims of the pod with that ordinal.
pub fn of(set: &StatefulSet, ordinal: i64) -> Vec<String> {
    templates(set).iter().map(|template| claim_name(set, template, ordinal)).collect()
}

/// The claims of the pod with that ordinal, as they are to be created.
/// Mirrors `getPersistentVolumeClaims`.
pub fn new(set: &StatefulSet, ordinal: i64) -> Vec<PersistentVolumeClaim> {
    let selector = set.spec.as_ref().and_then(|spec| spec.selector.match_labels.clone());
    let selector = selector.unwrap_or_default();
    let claims = templates(set).iter().map(|template| {
        let mut claim = template.clone();
        claim.metadata.name = Some(claim_name(set, template, ordinal));
        claim.metadata.namespace.clone_from(&set.metadata.namespace);
        let labels = claim.metadata.labels.get_or_insert_default();
        labels.extend(selector.clone());
        claim.metadata.labels = claim.metadata.labels.take().filter(|labels| !labels.is_empty());
        claim
    });
    claims.collect()
}

/// Whether a claim of the pod with that ordinal is missing or about to go.
pub fn lacking<'a>(
    set: &StatefulSet,
    ordinal: i64,
    find: &dyn Fn(&str) -> Option<&'a PersistentVolumeClaim>,
) -> bool {
    of(set, ordinal)
        .iter()
        .any(|name| find(name).is_none_or(|claim| claim.metadata.deletion_timestamp.is_some()))
}

/// Whether a claim still belongs to an earlier pod of that name, and will go after it.
/// Mirrors `PodClaimIsStale`.
pub fn stale<'a>(
    set: &StatefulSet,
    pod: &str,
    ordinal: i64,
    find: &dyn Fn(&str) -> Option<&'a PersistentVolumeClaim>,
) -> bool {
    let deletes = Policy::of(set).when_scaled;
    let is_owner = |owner: &OwnerReference| {
        owner.kind == "Pod" && owner.name == pod && owner.api_version == "v1"
    };
    deletes
        && of(set, ordinal)
            .iter()
            .filter_map(|name| find(name))
            .any(|claim| claim.metadata.owner_references.iter().flatten().any(is_owner))
}

/// Whether the pod mounts all its claims. Mirrors `storageMatches`.
pub fn mounted(set: &StatefulSet, pod: &Pod) -> bool {
    let Some(ordinal) = identity::ordinal(pod) else { return false };
    let volumes = || pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    templates(set).iter().all(|template| {
        let wanted = claim_name(set, template, ordinal);
        let mut named = volumes().filter(|volume| volume.name == name(&template.metadata));
        named.any(|volume| {
            let claim = volume.persistent_volume_claim.as_ref();
            claim.is_some_and(|claim| claim.claim_name == wanted)
        })
    })
}

/// Has the pod mount its claims, in place of volumes of the same name.
/// Mirrors `updateStorage`.
pub fn mount(set: &StatefulSet, pod: &mut Pod) {
    let ordinal = identity::ordinal(pod).unwrap_or(-1);
    let mut volumes: Vec<Volume> = templates(set)
        .iter()
        .map(|template| Volume {
            name: name(&template.metadata).to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim_name(set, template, ordinal),
                read_only: None,
            }),
            ..Volume::default()
        })
        .collect();
    let spec = pod.spec.get_or_insert_default();
    let is_claim = |volume: &Volume| {
        templates(set).iter().any(|template| name(&template.metadata) == volume.name)
    };
    let others = spec.volumes.take().into_iter().flatten();
    volumes.extend(others.filter(|volume| !is_claim(volume)));
    spec.volumes = Some(volumes).filter(|volumes| !volumes.is_empty());
}

/// Whether claims are deleted. Mirrors `getPersistentVolumeClaimRetentionPolicy`.
#[derive(Clone, Copy)]
struct Policy {
    when_scaled: bool,
    when_deleted: bool,
}

impl Policy {
    fn of(set: &StatefulSet) -> Self {
        let spec = set.spec.as_ref();
        let policy = spec.and_then(|spec| spec.persistent_volume_claim_retention_policy.as_ref());
        let deletes = |when: Option<&String>| when.is_some_and(|when| when == "Delete");
        Self {
            when_scaled: deletes(policy.and_then(|policy| policy.when_scaled.as_ref())),
            when_deleted: deletes(policy.and_then(|policy| policy.when_deleted.as_ref())),
        }
    }
}

/// The owners that the claims of one pod should have: the set, if they go with it; the pod, if
/// they go with that.
pub struct Owners<'a> {
    set: &'a ObjectMeta,
    pod: &'a ObjectMeta,
    policy: Policy,
    /// Whether the pod is one too many.
    condemned: bool,
}

impl<'a> Owners<'a> {
    /// The owners of the claims of `pod`.
    pub fn new(set: &'a StatefulSet, pod: &'a Pod, condemned: bool) -> Self {
        Self { set: &set.metadata, pod: &pod.metadata, policy: Policy::of(set), condemned }
    }

    fn is_set(&self, owner: &OwnerReference) -> bool {
        owner.api_version == "apps/v1"
            && owner.kind == "StatefulSet"
            && Some(&owner.name) == self.set.name.as_ref()
    }

    fn is_pod(&self, owner: &OwnerReference) -> bool {
        owner.api_version == "v1"
            && owner.kind == "Pod"
            && Some(&owner.name) == self.pod.name.as_ref()
    }

    fn has(claim: &PersistentVolumeClaim, owner: &ObjectMeta) -> bool {
        let mut owners = claim.metadata.owner_references.iter().flatten();
        owners.any(|reference| Some(&reference.uid) == owner.uid.as_ref())
    }

    /// Which of the two should own the claim: the set, the pod.
    fn wanted(&self) -> (bool, bool) {
        let scaled_down = self.policy.when_scaled && self.condemned;
        (self.policy.when_deleted && !scaled_down, scaled_down)
    }

    /// Whether somebody else manages the claim. Mirrors `hasUnexpectedController`.
    pub fn conflict(&self, claim: &PersistentVolumeClaim) -> bool {
        if !self.policy.when_scaled && !self.policy.when_deleted {
            return false;
        }
        claim.metadata.owner_references.iter().flatten().any(|owner| {
            if self.is_set(owner) {
                Some(&owner.uid) != self.set.uid.as_ref()
            } else if self.is_pod(owner) {
                Some(&owner.uid) != self.pod.uid.as_ref()
            } else {
                owner.controller == Some(true)
            }
        })
    }

    /// Whether the claim's owners are as they should be. Mirrors `isClaimOwnerUpToDate`.
    pub fn are_up_to_date(&self, claim: &PersistentVolumeClaim) -> bool {
        let owners = || claim.metadata.owner_references.iter().flatten();
        // A claim of an earlier set or pod of the same name is not touched.
        let is_stale = |is: &dyn Fn(&OwnerReference) -> bool, meta: &ObjectMeta| {
            let mut ours = owners().filter(|owner| is(owner));
            ours.next().is_some_and(|owner| Some(&owner.uid) != meta.uid.as_ref())
        };
        if is_stale(&|owner| self.is_set(owner), self.set)
            || is_stale(&|owner| self.is_pod(owner), self.pod)
        {
            return true;
        }
        let (by_set, by_pod) = (Self::has(claim, self.set), Self::has(claim, self.pod));
        if self.conflict(claim) {
            return !by_set && !by_pod;
        }
        let is_ours = |owner: &&OwnerReference| {
            [self.set, self.pod].iter().any(|meta| Some(&owner.uid) == meta.uid.as_ref())
        };
        if owners().filter(is_ours).any(|owner| owner.controller != Some(true)) {
            return false;
        }
        (by_set, by_pod) == self.wanted()
    }

    /// Sets the claim's owners. Mirrors `updateClaimOwnerRefForSetAndPod`.
    pub fn set(&self, claim: &mut PersistentVolumeClaim) {
        let conflict = self.conflict(claim);
        let mut owners = claim.metadata.owner_references.take().unwrap_or_default();
        owners.retain(|owner| !self.is_set(owner) && !self.is_pod(owner));
        let (by_set, by_pod) = self.wanted();
        if !conflict && by_set {
            owners.push(reference("apps/v1", "StatefulSet", self.set));
        }
        if !conflict && by_pod {
            owners.push(reference("v1", "Pod", self.pod));
        }
        claim.metadata.owner_references = Some(owners).filter(|owners| !owners.is_empty());
    }
}

fn reference(api_version: &str, kind: &str, meta: &ObjectMeta) -> OwnerReference {
    OwnerReference {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}
