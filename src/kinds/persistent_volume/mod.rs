//! PersistentVolume.

mod describe;

/// Its rules.
pub mod validate;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus};

use super::pod_template::defaults::text;
use super::pod_template::volume_defaults;
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::sim::Time;

/// The kind PersistentVolume. Mirrors `pkg/registry/core/persistentvolume`.
pub struct PersistentVolumes;

impl Typed for PersistentVolumes {
    type Object = PersistentVolume;

    const NAMES: Names = Names {
        short: &["pv"],
        subresources: &["status"],
        ..Names::cluster("", &["v1"], "PersistentVolume", "persistentvolumes", "persistentvolume")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Capacity"),
        Column::new("Access Modes"),
        Column::new("Reclaim Policy"),
        Column::new("Status"),
        Column::new("Claim"),
        Column::new("StorageClass"),
        Column::new("VolumeAttributesClass"),
        Column::new("Reason"),
        Column::new("Age"),
        Column::wide("VolumeMode"),
    ];

    fn default(object: &mut PersistentVolume) {
        let spec = object.spec.get_or_insert_default();
        text(&mut spec.persistent_volume_reclaim_policy, "Retain");
        text(&mut spec.volume_mode, "Filesystem");
        volume_defaults::persistent(spec);
    }

    /// Mirrors `GetWarningsForPersistentVolume`.
    fn warnings(object: &PersistentVolume) -> Vec<String> {
        let policy =
            object.spec.as_ref().and_then(|s| s.persistent_volume_reclaim_policy.as_deref());
        let recycles = (policy == Some("Recycle")).then(|| {
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, \
             the recommended approach is to use dynamic provisioning."
                .to_owned()
        });
        recycles.into_iter().collect()
    }

    fn prepare_create(object: &mut PersistentVolume) {
        prepare::protect(&mut object.metadata, "kubernetes.io/pv-protection");
        let phase = Some("Pending".to_owned());
        object.status = Some(PersistentVolumeStatus { phase, ..PersistentVolumeStatus::default() });
    }

    fn prepare_update(new: &mut PersistentVolume, old: &PersistentVolume) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut PersistentVolume, old: &PersistentVolume) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(object: &PersistentVolume) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &PersistentVolume, old: &PersistentVolume) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn row(object: &PersistentVolume, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let nothing = PersistentVolumeSpec::default();
        let spec = object.spec.as_ref().unwrap_or(&nothing);
        let status = object.status.clone().unwrap_or_default();
        let claim = spec.claim_ref.as_ref().map(|claim| {
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{}/{}", part(&claim.namespace), part(&claim.name))
        });
        let phase = match meta.deletion_timestamp {
            Some(_) => "Terminating".to_owned(),
            None => status.phase.unwrap_or_default(),
        };
        vec![
            cells::name(meta),
            storage(spec.capacity.as_ref()),
            access_modes(spec.access_modes.as_deref()),
            spec.persistent_volume_reclaim_policy.clone().unwrap_or_default(),
            phase,
            claim.unwrap_or_default(),
            storage_class(object.metadata.annotations.as_ref(), spec.storage_class_name.as_deref()),
            unset(spec.volume_attributes_class_name.as_deref()),
            status.reason.unwrap_or_default(),
            cells::age(meta, now),
            unset(spec.volume_mode.as_deref()),
        ]
    }

    fn describe(object: &PersistentVolume, _: &mut dyn Lookup, now: Time) -> String {
        describe::describe(object, now)
    }
}

type Resources =
    std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>;

/// The amount of storage, blank when there is none.
pub fn storage(resources: Option<&Resources>) -> String {
    let amount = resources.and_then(|resources| resources.get("storage"));
    amount.map(|amount| amount.0.clone()).unwrap_or_default()
}

/// `RWO,ROX`. Mirrors `storageutil.GetAccessModesAsString`.
pub fn access_modes(modes: Option<&[String]>) -> String {
    const SHORT: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let modes = modes.unwrap_or_default();
    let given = SHORT.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    given.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

/// The storage class, which an old annotation may name.
pub fn storage_class(
    annotations: Option<&std::collections::BTreeMap<String, String>>,
    name: Option<&str>,
) -> String {
    let old = annotations.and_then(|all| all.get("volume.beta.kubernetes.io/storage-class"));
    old.map(String::as_str).or(name).unwrap_or_default().to_owned()
}

/// The text, or `<unset>`.
pub fn unset(text: Option<&str>) -> String {
    text.unwrap_or("<unset>").to_owned()
}
