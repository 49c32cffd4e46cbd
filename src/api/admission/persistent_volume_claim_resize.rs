//! Claims grow only where their storage class allows it.
//! Mirrors `plugin/pkg/admission/storage/persistentvolume/resize`.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::base::quantity::Quantity;
use crate::object::{GroupResource, Key};

const CLASSES: GroupResource = GroupResource::new("storage.k8s.io", "storageclasses");

pub(super) struct PersistentVolumeClaimResize;

impl Plugin for PersistentVolumeClaimResize {
    fn validate(&self, write: &Write<'_>) -> Result<(), Status> {
        let old = write.old.and_then(|old| old.get::<PersistentVolumeClaim>());
        let (Some(old), Some(new)) = (old, write.object.get::<PersistentVolumeClaim>()) else {
            return Ok(());
        };
        if write.operation != Operation::Update
            || !write.subresource.is_empty()
            || size(new) <= size(old)
        {
            return Ok(());
        }
        let phase = old.status.as_ref().and_then(|status| status.phase.as_deref());
        if phase != Some("Bound") {
            return Err(write.forbidden("Only bound persistent volume claims can be expanded"));
        }
        let class = new.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
        let key = Key::new(CLASSES, "", class.unwrap_or_default());
        let class = write.store.get(&key).and_then(|object| object.get::<StorageClass>());
        if class.and_then(|class| class.allow_volume_expansion) == Some(true) {
            return Ok(());
        }
        Err(write.forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that \
             provisions the pvc must support resize",
        ))
    }
}

fn size(claim: &PersistentVolumeClaim) -> Option<Quantity> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    requests.get("storage")?.0.parse().ok()
}
