//! Claims and volumes in use do not vanish: a finalizer holds them until their controller lets go.
//! Mirrors `plugin/pkg/admission/storage/storageobjectinuseprotection`.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::object::meta;

pub(super) struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        let finalizer = if write.object.get::<PersistentVolumeClaim>().is_some() {
            "kubernetes.io/pvc-protection"
        } else if write.object.get::<PersistentVolume>().is_some() {
            "kubernetes.io/pv-protection"
        } else {
            return Ok(());
        };
        if write.operation == Operation::Create
            && !meta::has_finalizer(write.object.meta(), finalizer)
        {
            let finalizers = write.object.meta_mut().finalizers.get_or_insert_default();
            finalizers.push(finalizer.to_owned());
        }
        Ok(())
    }
}
