//! Claims that name no storage class get the default one.
//! Mirrors `plugin/pkg/admission/storage/storageclass/setdefault`.

use std::cmp::Reverse;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::object::{GroupResource, Object, meta};
use crate::store::Store;

const CLASSES: GroupResource = GroupResource::new("storage.k8s.io", "storageclasses");
const IS_DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) struct DefaultStorageClass;

impl Plugin for DefaultStorageClass {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        let Some(claim) = write.object.get::<PersistentVolumeClaim>() else { return Ok(()) };
        let names_one = claim.spec.as_ref().is_some_and(|spec| spec.storage_class_name.is_some())
            || meta::annotation(&claim.metadata, OLD_CLASS).is_some();
        if write.operation != Operation::Create || names_one {
            return Ok(());
        }
        let Some(name) = default_class(write.store).map(|class| class.name().to_owned()) else {
            return Ok(());
        };
        if let Some(claim) = write.object.edit::<PersistentVolumeClaim>() {
            claim.spec.get_or_insert_default().storage_class_name = Some(name);
        }
        Ok(())
    }
}

/// Of several default classes the newest, then the first by name. Mirrors `GetDefaultClass`.
fn default_class(store: &Store) -> Option<&Object> {
    store
        .list(&CLASSES)
        .filter(|class| {
            IS_DEFAULT.iter().any(|name| meta::annotation(class.meta(), name) == Some("true"))
        })
        .min_by_key(|class| (Reverse(meta::created(class.meta())), class.name().to_owned()))
}
