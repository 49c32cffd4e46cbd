//! `kubectl describe storageclass`. Mirrors `describe.describeStorageClass`.

use k8s_openapi::api::storage::v1::StorageClass;

use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::{Lines, boolean};
use crate::object::meta;

/// Annotations that make a class the default one.
const DEFAULTS: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// The text.
pub fn describe(object: &StorageClass) -> String {
    let mut out = Lines::default();
    let about = &object.metadata;
    let is_default = DEFAULTS.iter().any(|name| meta::annotation(about, name) == Some("true"));
    out.field(0, "Name", cells::name(about));
    out.field(0, "IsDefaultClass", if is_default { "Yes" } else { "No" });
    out.field(0, "Annotations", cells::labels(about.annotations.as_ref()));
    out.field(0, "Provisioner", &object.provisioner);
    out.field(0, "Parameters", cells::labels(object.parameters.as_ref()));
    let expands = object.allow_volume_expansion.map_or("<unset>", boolean);
    out.field(0, "AllowVolumeExpansion", expands);
    let options = object.mount_options.as_deref().unwrap_or_default();
    if options.is_empty() {
        out.field(0, "MountOptions", NONE);
    } else {
        out.line(0, "MountOptions:");
    }
    for option in options {
        out.line(1, option);
    }
    if let Some(policy) = &object.reclaim_policy {
        out.field(0, "ReclaimPolicy", policy);
    }
    if let Some(mode) = &object.volume_binding_mode {
        out.field(0, "VolumeBindingMode", mode);
    }
    out.raw()
}
