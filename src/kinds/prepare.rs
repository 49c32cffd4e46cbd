//! What most kinds do with generation and status when they are written.
//! Mirrors the common part of `pkg/registry/*/strategy.go`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A new object is of generation 1.
pub fn first_generation(meta: &mut ObjectMeta) {
    meta.generation = Some(1);
}

/// A replacement is of the next generation if its spec changed.
pub fn next_generation(new: &mut ObjectMeta, old: &ObjectMeta, changed: bool) {
    new.generation = if changed { Some(old.generation.unwrap_or(0) + 1) } else { old.generation };
}

/// The finalizer that keeps a new object for as long as it is in use.
/// Mirrors the admission plugin StorageObjectInUseProtection.
pub fn protect(meta: &mut ObjectMeta, finalizer: &str) {
    let finalizers = meta.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|name| name == finalizer) {
        finalizers.push(finalizer.to_owned());
    }
}

/// `prepare_create`, `prepare_update` and `prepare_status` of a kind with `spec`, `status` and a
/// generation that follows the spec.
macro_rules! generational {
    () => {
        fn prepare_create(object: &mut Self::Object) {
            object.status = Some(Default::default());
            $crate::kinds::prepare::first_generation(&mut object.metadata);
        }

        fn prepare_update(new: &mut Self::Object, old: &Self::Object) {
            new.status.clone_from(&old.status);
            let changed = new.spec != old.spec;
            $crate::kinds::prepare::next_generation(&mut new.metadata, &old.metadata, changed);
        }

        fn prepare_status(new: &mut Self::Object, old: &Self::Object) {
            new.spec.clone_from(&old.spec);
            new.metadata.generation = old.metadata.generation;
        }
    };
}

pub(crate) use generational;
