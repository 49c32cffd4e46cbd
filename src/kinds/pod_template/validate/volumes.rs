//! The rules of a pod's volumes.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, HostPathVolumeSource, KeyToPath, PodSpec, ProjectedVolumeSource, Volume,
};

use super::containers::field_ref;
use crate::base::quantity::Quantity;
use crate::kinds::names;
use crate::kinds::path::{Errors, Path};

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES: &[&str] = &[
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];
/// What files can tell of the pod.
const FILE_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// The rules of all volumes; returns the names of the good ones. Mirrors `ValidateVolumes`.
pub fn volumes<'a>(list: &Path<'_>, spec: &'a PodSpec, errors: &mut Errors) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        let path = list.index(index);
        let before = errors.0.len();
        source(&path, volume, errors);
        let name = volume.name.as_str();
        let name_path = path.child("name");
        match name {
            "" => errors.required(&name_path, ""),
            name => errors.invalid_for(&name_path, name, names::label_errors(name)),
        }
        if names.contains(name) {
            errors.duplicate(&name_path, name);
        }
        if errors.0.len() == before {
            names.insert(name);
        }
    }
    names
}

/// Exactly one source. Mirrors `validateVolumeSource`.
fn source(path: &Path<'_>, volume: &Volume, errors: &mut Errors) {
    let mut count = 0;
    let mut is_first = |path: &Path<'_>, errors: &mut Errors| {
        count += 1;
        if count > 1 {
            errors.forbidden(path, "may not specify more than 1 volume type");
        }
        count == 1
    };
    if let Some(empty_dir) = &volume.empty_dir {
        let path = path.child("emptyDir");
        let limit = empty_dir.size_limit.as_ref().and_then(|limit| Quantity::parse(&limit.0).ok());
        if is_first(&path, errors) && limit.is_some_and(|limit| limit.sign() < 0) {
            let text = "SizeLimit field must be a valid resource quantity";
            errors.forbidden(&path.child("sizeLimit"), text);
        }
    }
    if let Some(host) = &volume.host_path {
        let path = path.child("hostPath");
        if is_first(&path, errors) {
            host_path(&path, host, errors);
        }
    }
    if let Some(secret) = &volume.secret {
        let path = path.child("secret");
        if is_first(&path, errors) {
            required(&path.child("secretName"), secret.secret_name.as_ref(), errors);
            mode(&path.child("defaultMode"), secret.default_mode, errors);
            items(&path.child("items"), secret.items.as_deref(), errors);
        }
    }
    if let Some(nfs) = &volume.nfs {
        let path = path.child("nfs");
        if is_first(&path, errors) {
            required(&path.child("server"), Some(&nfs.server), errors);
            required(&path.child("path"), Some(&nfs.path), errors);
            if !nfs.path.is_empty() && !nfs.path.starts_with('/') {
                errors.invalid(&path.child("path"), &nfs.path, "must be an absolute path");
            }
        }
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        let path = path.child("persistentVolumeClaim");
        if is_first(&path, errors) {
            required(&path.child("claimName"), Some(&claim.claim_name), errors);
        }
    }
    if let Some(downward) = &volume.downward_api {
        let path = path.child("downwardAPI");
        if is_first(&path, errors) {
            mode(&path.child("defaultMode"), downward.default_mode, errors);
            files(&path.child("items"), downward.items.as_deref(), errors);
        }
    }
    if let Some(config_map) = &volume.config_map {
        let path = path.child("configMap");
        if is_first(&path, errors) {
            required(&path.child("name"), Some(&config_map.name), errors);
            mode(&path.child("defaultMode"), config_map.default_mode, errors);
            items(&path.child("items"), config_map.items.as_deref(), errors);
        }
    }
    if let Some(all) = &volume.projected {
        let path = path.child("projected");
        if is_first(&path, errors) {
            projected(&path, all, errors);
        }
    }
    for (name, is_given) in rarer_sources(volume) {
        if is_given {
            is_first(&path.child(name), errors);
        }
    }
    if count == 0 {
        errors.required(path, "must specify a volume type");
    }
}

/// Sources that this cluster does not look into.
fn rarer_sources(volume: &Volume) -> [(&'static str, bool); 21] {
    [
        ("gitRepo", volume.git_repo.is_some()),
        ("gcePersistentDisk", volume.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", volume.aws_elastic_block_store.is_some()),
        ("iscsi", volume.iscsi.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("rbd", volume.rbd.is_some()),
        ("cinder", volume.cinder.is_some()),
        ("cephfs", volume.cephfs.is_some()),
        ("flocker", volume.flocker.is_some()),
        ("fc", volume.fc.is_some()),
        ("flexVolume", volume.flex_volume.is_some()),
        ("azureFile", volume.azure_file.is_some()),
        ("vsphereVolume", volume.vsphere_volume.is_some()),
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
        ("portworxVolume", volume.portworx_volume.is_some()),
        ("azureDisk", volume.azure_disk.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("csi", volume.csi.is_some()),
        ("ephemeral", volume.ephemeral.is_some()),
        ("image", volume.image.is_some() || volume.storageos.is_some()),
    ]
}

/// Mirrors `validateHostPathVolumeSource`.
pub fn host_path(path: &Path<'_>, source: &HostPathVolumeSource, errors: &mut Errors) {
    required(&path.child("path"), Some(&source.path), errors);
    if source.path.split('/').any(|part| part == "..") {
        errors.invalid(&path.child("path"), &source.path, "must not contain '..'");
    }
    errors.one_of(&path.child("type"), source.type_.as_ref(), HOST_PATH_TYPES);
}

fn required(path: &Path<'_>, text: Option<&String>, errors: &mut Errors) {
    if text.is_none_or(String::is_empty) {
        errors.required(path, "");
    }
}

fn mode(path: &Path<'_>, mode: Option<i32>, errors: &mut Errors) {
    if let Some(mode) = mode.filter(|mode| !(0..=0o777).contains(mode)) {
        errors.invalid(path, &mode, MODE);
    }
}

/// A path below the volume that does not lead out of it.
fn relative(path: &Path<'_>, text: &str, errors: &mut Errors) {
    if text.starts_with('/') {
        errors.invalid(path, text, "must be a relative path");
    }
    if text.split('/').any(|part| part == "..") {
        errors.invalid(path, text, "must not contain '..'");
    } else if text.starts_with("..") {
        errors.invalid(path, text, "must not start with '..'");
    }
}

fn items(list: &Path<'_>, items: Option<&[KeyToPath]>, errors: &mut Errors) {
    for (index, item) in items.unwrap_or_default().iter().enumerate() {
        let path = list.index(index);
        required(&path.child("key"), Some(&item.key), errors);
        required(&path.child("path"), Some(&item.path), errors);
        relative(&path.child("path"), &item.path, errors);
        mode(&path.child("mode"), item.mode, errors);
    }
}

fn files(list: &Path<'_>, files: Option<&[DownwardAPIVolumeFile]>, errors: &mut Errors) {
    for (index, file) in files.unwrap_or_default().iter().enumerate() {
        let path = list.index(index);
        required(&path.child("path"), Some(&file.path), errors);
        relative(&path.child("path"), &file.path, errors);
        match (&file.field_ref, &file.resource_field_ref) {
            (Some(field), None) => field_ref(&path.child("fieldRef"), field, FILE_FIELDS, errors),
            (Some(_), Some(_)) => {
                let text = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(&path, "resource", text);
            }
            (None, Some(_)) => {}
            (None, None) => {
                errors.required(&path, "one of fieldRef and resourceFieldRef is required");
            }
        }
        mode(&path.child("mode"), file.mode, errors);
    }
}

fn projected(path: &Path<'_>, projected: &ProjectedVolumeSource, errors: &mut Errors) {
    mode(&path.child("defaultMode"), projected.default_mode, errors);
    let list = path.child("sources");
    for (index, source) in projected.sources.iter().flatten().enumerate() {
        let path = list.index(index);
        if let Some(secret) = &source.secret {
            let path = path.child("secret");
            required(&path.child("name"), Some(&secret.name), errors);
            items(&path.child("items"), secret.items.as_deref(), errors);
        }
        if let Some(config_map) = &source.config_map {
            let path = path.child("configMap");
            required(&path.child("name"), Some(&config_map.name), errors);
            items(&path.child("items"), config_map.items.as_deref(), errors);
        }
        if let Some(downward) = &source.downward_api {
            let path = path.child("downwardAPI");
            files(&path.child("items"), downward.items.as_deref(), errors);
        }
        if let Some(token) = &source.service_account_token {
            let path = path.child("serviceAccountToken");
            let seconds = token.expiration_seconds.unwrap_or(3600);
            if seconds < 600 {
                let text = "may not specify a duration less than 10 minutes";
                errors.invalid(&path.child("expirationSeconds"), &seconds, text);
            }
            required(&path.child("path"), Some(&token.path), errors);
        }
    }
}
