//! Whether a provisioner makes a volume for a claim, and what volume.
//! Mirrors `shouldProvision`, `provisionClaimOperation` and `shouldDelete`.

use k8s_openapi::api::core::v1::{
    CSIPersistentVolumeSource, HostPathVolumeSource, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeSpec, VolumeNodeAffinity,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::controllers::persistentvolume::{PROVISIONED_BY, PROVISIONER, SELECTED_NODE};
use crate::object::meta;
use crate::sim::{Explain, Fact};

/// On a volume: its provisioner has still to delete what is behind it.
pub const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// The simulated provisioners, by the name that a class gives.
pub const PROVISIONERS: [(&str, Source); 2] =
    [("rancher.io/local-path", Source::LocalPath), ("hostpath.csi.k8s.io", Source::Csi)];

/// What a provisioner's volumes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Directories of one node, for one node's pods, made when it is known which one's.
    LocalPath,
    /// Volumes of a CSI driver, for pods of any node.
    Csi,
}

/// What to do for a claim.
#[derive(Debug)]
pub enum ClaimPlan {
    /// Nothing: it is another's, or has its volume, or waits for its pod.
    Leave,
    /// It cannot have a volume, and this is said about it.
    Refuse(String),
    /// Make this volume.
    Make(Box<PersistentVolume>),
}

/// Decides about a claim.
pub fn plan_claim(
    claim: &PersistentVolumeClaim,
    class: Option<&StorageClass>,
    (provisioner, source): (&str, Source),
) -> ClaimPlan {
    let annotation = |name: &str| meta::annotation(&claim.metadata, name);
    let asked = PROVISIONER.iter().rev().find_map(|name| annotation(name));
    let has_volume = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref());
    let (Some(class), true) = (class, asked == Some(provisioner)) else { return ClaimPlan::Leave };
    if has_volume.is_some_and(|name| !name.is_empty()) || meta::is_terminating(&claim.metadata) {
        return ClaimPlan::Leave;
    }
    let node = annotation(SELECTED_NODE).filter(|node| !node.is_empty());
    let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
    if waits && node.is_none() {
        return ClaimPlan::Leave;
    }
    match refusal(claim, source, node) {
        Some(why) => {
            let class = class.metadata.name.as_deref().unwrap_or_default();
            ClaimPlan::Refuse(format!(
                "failed to provision volume with StorageClass \"{class}\": {why}"
            ))
        }
        None => ClaimPlan::Make(Box::new(volume(claim, class, (provisioner, source), node))),
    }
}

/// Why the provisioner itself says no. Mirrors `local-path-provisioner`'s and
/// `external-provisioner`'s `Provision`.
fn refusal(
    claim: &PersistentVolumeClaim,
    source: Source,
    node: Option<&str>,
) -> Option<&'static str> {
    let spec = claim.spec.as_ref();
    if spec.is_some_and(|spec| spec.selector.is_some()) {
        return Some("claim.Spec.Selector is not supported");
    }
    let mut modes = spec.and_then(|spec| spec.access_modes.as_deref()).unwrap_or_default().iter();
    match source {
        Source::LocalPath if modes.any(|mode| !mode.starts_with("ReadWriteOnce")) => {
            Some("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes")
        }
        Source::LocalPath if node.is_none() => Some("configuration error, no node was specified"),
        Source::LocalPath | Source::Csi => None,
    }
}

fn volume(
    claim: &PersistentVolumeClaim,
    class: &StorageClass,
    (provisioner, source): (&str, Source),
    node: Option<&str>,
) -> PersistentVolume {
    let uid = claim.metadata.uid.as_deref().unwrap_or_default();
    let name = format!("pvc-{uid}");
    let wanted = claim.spec.clone().unwrap_or_default();
    let mut metadata = ObjectMeta {
        annotations: Some([(PROVISIONED_BY.to_owned(), provisioner.to_owned())].into()),
        ..ObjectMeta::default()
    };
    let mut spec = PersistentVolumeSpec {
        capacity: wanted.resources.and_then(|resources| resources.requests),
        access_modes: wanted.access_modes,
        volume_mode: wanted.volume_mode,
        storage_class_name: class.metadata.name.clone(),
        persistent_volume_reclaim_policy: class.reclaim_policy.clone(),
        mount_options: class.mount_options.clone(),
        claim_ref: Some(ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("PersistentVolumeClaim".to_owned()),
            namespace: claim.metadata.namespace.clone(),
            name: claim.metadata.name.clone(),
            uid: claim.metadata.uid.clone(),
            resource_version: claim.metadata.resource_version.clone(),
            field_path: None,
        }),
        ..PersistentVolumeSpec::default()
    };
    match source {
        Source::LocalPath => {
            let word = |word: &Option<String>| word.clone().unwrap_or_default();
            let (namespace, claim) = (word(&claim.metadata.namespace), word(&claim.metadata.name));
            spec.host_path = Some(HostPathVolumeSource {
                path: format!("/opt/local-path-provisioner/{name}_{namespace}_{claim}"),
                type_: Some("DirectoryOrCreate".to_owned()),
            });
            spec.node_affinity = node.map(on);
        }
        Source::Csi => {
            metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
            for part in ["name", "namespace"] {
                let secret = format!("volume.kubernetes.io/provisioner-deletion-secret-{part}");
                metadata.annotations.get_or_insert_default().insert(secret, String::new());
            }
            spec.csi = Some(CSIPersistentVolumeSource {
                driver: provisioner.to_owned(),
                volume_handle: uid.to_owned(),
                ..CSIPersistentVolumeSource::default()
            });
        }
    }
    metadata.name = Some(name);
    PersistentVolume { metadata, spec: Some(spec), status: None }
}

/// Only on this node.
fn on(node: &str) -> VolumeNodeAffinity {
    let here = NodeSelectorRequirement {
        key: "kubernetes.io/hostname".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    let term = NodeSelectorTerm { match_expressions: Some(vec![here]), match_fields: None };
    VolumeNodeAffinity { required: Some(NodeSelector { node_selector_terms: vec![term] }) }
}

/// Whether a volume has served, and its provisioner is to delete it.
pub fn should_delete(volume: &PersistentVolume, provisioner: &str) -> bool {
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    let policy = volume.spec.as_ref().map(|spec| &spec.persistent_volume_reclaim_policy);
    phase == Some("Released")
        && policy.and_then(|policy| policy.as_deref()) == Some("Delete")
        && meta::annotation(&volume.metadata, PROVISIONED_BY) == Some(provisioner)
}

impl Explain for ClaimPlan {
    fn summary(&self) -> String {
        match self {
            Self::Leave => "nothing to do".to_owned(),
            Self::Refuse(why) => why.clone(),
            Self::Make(volume) => {
                format!("make {}", volume.metadata.name.as_deref().unwrap_or_default())
            }
        }
    }

    fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }
}
