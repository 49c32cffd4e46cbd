//! The rules of PersistentVolumes.
//! Mirrors `pkg/apis/core/validation.ValidatePersistentVolumeSpec`.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeSpec};
use serde_json::Value;

use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate::{host_path, node_selector};
use crate::kinds::{FieldError, names};
use crate::object::codec;

/// How volumes may be used, as upstream lists the modes.
pub const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// What volumes may be.
pub const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

/// Fields of the spec that are no source.
const PLAIN: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// What is wrong with a PersistentVolume.
pub fn validate(object: &PersistentVolume) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if let Some(spec) = &object.spec {
        validate_spec(&Path::new("spec"), spec, &mut errors);
    }
    errors.0
}

fn validate_spec(path: &Path<'_>, spec: &PersistentVolumeSpec, errors: &mut Errors) {
    let modes = path.child("accessModes");
    access_modes(&modes, spec.access_modes.as_deref(), "", errors);
    capacity(&path.child("capacity"), spec, errors);
    let policy = spec.persistent_volume_reclaim_policy.as_ref();
    let policy_path = path.child("persistentVolumeReclaimPolicy");
    errors.one_of(&policy_path, policy, &["Delete", "Recycle", "Retain"]);
    let required = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
    if let Some(selector) = required {
        let path = path.child("nodeAffinity");
        node_selector(&path.child("required"), &selector.node_selector_terms, errors);
    }
    if let Some(source) = &spec.host_path {
        host_path(&path.child("hostPath"), source, errors);
        if source.path == "/" && policy.is_some_and(|policy| policy == "Recycle") {
            errors.forbidden(&policy_path, "may not be 'recycle' for a hostPath mount of '/'");
        }
    }
    if let Some(local) = &spec.local {
        if local.path.is_empty() {
            errors.required(&path.child("local").child("path"), "");
        }
        if spec.node_affinity.is_none() {
            let text = "Local volume requires node affinity";
            errors.required(&path.child("nodeAffinity"), text);
        }
    }
    let sources = sources(spec);
    for extra in sources.iter().skip(1) {
        errors.forbidden(&path.child(extra), "may not specify more than 1 volume type");
    }
    if sources.is_empty() {
        errors.required(path, "must specify a volume type");
    }
    if let Some(class) = spec.storage_class_name.as_ref().filter(|class| !class.is_empty()) {
        errors.invalid_for(&path.child("storageClassName"), class, names::subdomain_errors(class));
    }
    errors.one_of(&path.child("volumeMode"), spec.volume_mode.as_ref(), VOLUME_MODES);
}

/// At least one mode, and only known ones.
pub fn access_modes(path: &Path<'_>, modes: Option<&[String]>, missing: &str, errors: &mut Errors) {
    let modes = modes.unwrap_or_default();
    if modes.is_empty() {
        errors.required(path, missing);
    }
    let once = |mode: &&String| *mode == "ReadWriteOncePod";
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(&mode.as_str())) {
        errors.not_supported(path, mode, ACCESS_MODES);
    }
    if modes.iter().any(|mode| once(&mode)) && modes.iter().any(|mode| !once(&mode)) {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

fn capacity(path: &Path<'_>, spec: &PersistentVolumeSpec, errors: &mut Errors) {
    let nothing = std::collections::BTreeMap::new();
    let capacity = spec.capacity.as_ref().unwrap_or(&nothing);
    if capacity.is_empty() {
        errors.required(path, "");
    }
    if capacity.len() != 1 || !capacity.contains_key("storage") {
        let value = codec::encode(&spec.capacity).to_string();
        let error = FieldError::not_supported(&path.to_string(), "", &["storage"]);
        errors.0.push(FieldError { value, ..error });
    }
    for (name, amount) in capacity {
        errors.amount_positive(&path.key(name), &amount.0);
    }
}

/// The names of the sources that are given.
fn sources(spec: &PersistentVolumeSpec) -> Vec<String> {
    let Value::Object(fields) = codec::encode(spec) else { return Vec::new() };
    fields.into_iter().map(|(name, _)| name).filter(|n| !PLAIN.contains(&n.as_str())).collect()
}

/// What is wrong with a replacement.
pub fn validate_update(new: &PersistentVolume, old: &PersistentVolume) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return Vec::new() };
    if source_only(new) != source_only(old) {
        let text = "spec.persistentvolumesource is immutable after creation";
        errors.forbidden(&Path::new("spec").child("persistentvolumesource"), text);
    }
    errors.immutable(&Path::new("volumeMode"), &new.volume_mode, &old.volume_mode);
    if old.node_affinity.is_some() && new.node_affinity != old.node_affinity {
        let text = "field is immutable, except for updating from beta label to GA";
        errors.invalid(&Path::new("spec").child("nodeAffinity"), &new.node_affinity, text);
    }
    errors.0
}

fn source_only(spec: &PersistentVolumeSpec) -> PersistentVolumeSpec {
    PersistentVolumeSpec {
        access_modes: None,
        capacity: None,
        claim_ref: None,
        mount_options: None,
        node_affinity: None,
        persistent_volume_reclaim_policy: None,
        storage_class_name: None,
        volume_attributes_class_name: None,
        volume_mode: None,
        ..spec.clone()
    }
}
