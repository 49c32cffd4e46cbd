//! StorageClass.

mod describe;
mod validate;

use k8s_openapi::api::storage::v1::StorageClass;

use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::object::meta;
use crate::sim::Time;

/// The kind StorageClass. Mirrors `pkg/registry/storage/storageclass`.
pub struct StorageClasses;

impl Typed for StorageClasses {
    type Object = StorageClass;

    const NAMES: Names = Names {
        short: &["sc"],
        ..Names::cluster(
            "storage.k8s.io",
            &["v1"],
            "StorageClass",
            "storageclasses",
            "storageclass",
        )
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Provisioner"),
        Column::new("ReclaimPolicy"),
        Column::new("VolumeBindingMode"),
        Column::truth("AllowVolumeExpansion"),
        Column::new("Age"),
    ];

    fn default(object: &mut StorageClass) {
        object.reclaim_policy.get_or_insert_with(|| "Delete".to_owned());
        object.volume_binding_mode.get_or_insert_with(|| "Immediate".to_owned());
    }

    fn validate(object: &StorageClass) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &StorageClass, old: &StorageClass) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn row(object: &StorageClass, now: Time) -> Vec<String> {
        let mut name = cells::name(&object.metadata);
        if is_default(object) {
            name.push_str(" (default)");
        }
        vec![
            name,
            object.provisioner.clone(),
            object.reclaim_policy.clone().unwrap_or_default(),
            object.volume_binding_mode.clone().unwrap_or_default(),
            object.allow_volume_expansion.unwrap_or(false).to_string(),
            cells::age(&object.metadata, now),
        ]
    }

    fn describe(object: &StorageClass, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}

/// Whether claims without a class get this one. Mirrors `util.IsDefaultAnnotation`.
pub fn is_default(object: &StorageClass) -> bool {
    [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ]
    .iter()
    .any(|name| meta::annotation(&object.metadata, name) == Some("true"))
}
