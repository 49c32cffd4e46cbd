//! PersistentVolumeClaim.

mod describe;

/// Its rules.
pub mod validate;

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
};

use super::persistent_volume::{access_modes, storage, storage_class, unset};
use super::pod_template::defaults::text;
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::sim::Time;

/// The kind PersistentVolumeClaim. Mirrors `pkg/registry/core/persistentvolumeclaim`.
pub struct PersistentVolumeClaims;

impl Typed for PersistentVolumeClaims {
    type Object = PersistentVolumeClaim;

    const NAMES: Names = Names {
        short: &["pvc"],
        subresources: &["status"],
        ..Names::namespaced(
            "",
            &["v1"],
            "PersistentVolumeClaim",
            "persistentvolumeclaims",
            "persistentvolumeclaim",
        )
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Status"),
        Column::new("Volume"),
        Column::new("Capacity"),
        Column::new("Access Modes"),
        Column::new("StorageClass"),
        Column::new("VolumeAttributesClass"),
        Column::new("Age"),
        Column::wide("VolumeMode"),
    ];

    fn default(object: &mut PersistentVolumeClaim) {
        text(&mut object.spec.get_or_insert_default().volume_mode, "Filesystem");
    }

    fn prepare_create(object: &mut PersistentVolumeClaim) {
        prepare::protect(&mut object.metadata, "kubernetes.io/pvc-protection");
        let phase = Some("Pending".to_owned());
        object.status =
            Some(PersistentVolumeClaimStatus { phase, ..PersistentVolumeClaimStatus::default() });
    }

    fn prepare_update(new: &mut PersistentVolumeClaim, old: &PersistentVolumeClaim) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut PersistentVolumeClaim, old: &PersistentVolumeClaim) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(object: &PersistentVolumeClaim) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(
        new: &PersistentVolumeClaim,
        old: &PersistentVolumeClaim,
    ) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn row(object: &PersistentVolumeClaim, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let nothing = PersistentVolumeClaimSpec::default();
        let spec = object.spec.as_ref().unwrap_or(&nothing);
        let status = object.status.clone().unwrap_or_default();
        let volume = spec.volume_name.clone().unwrap_or_default();
        let is_bound = !volume.is_empty();
        let phase = match meta.deletion_timestamp {
            Some(_) => "Terminating".to_owned(),
            None => status.phase.unwrap_or_default(),
        };
        vec![
            cells::name(meta),
            phase,
            volume,
            storage(status.capacity.as_ref().filter(|_| is_bound)),
            access_modes(status.access_modes.as_deref().filter(|_| is_bound)),
            storage_class(meta.annotations.as_ref(), spec.storage_class_name.as_deref()),
            unset(spec.volume_attributes_class_name.as_deref()),
            cells::age(meta, now),
            unset(spec.volume_mode.as_deref()),
        ]
    }

    fn describe(object: &PersistentVolumeClaim, others: &mut dyn Lookup, now: Time) -> String {
        describe::describe(object, others, now)
    }
}
