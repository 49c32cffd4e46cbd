//! The rules of StorageClasses. Mirrors `pkg/apis/storage/validation`.

use k8s_openapi::api::storage::v1::StorageClass;

use crate::base::label_name::qualified_name_errors;
use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};

/// What is wrong with a StorageClass.
pub fn validate(object: &StorageClass) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (path, name) = (Path::new("provisioner"), object.provisioner.as_str());
    if name.is_empty() {
        errors.required(&path, "");
    } else {
        errors.invalid_for(&path, name, qualified_name_errors(&name.to_ascii_lowercase()));
    }
    for key in object.parameters.iter().flatten().map(|(key, _)| key) {
        if key.is_empty() {
            errors.invalid(&Path::new("parameters"), key, "field must not be empty.");
        }
    }
    let policies = ["Delete", "Retain"];
    errors.one_of(&Path::new("reclaimPolicy"), object.reclaim_policy.as_ref(), &policies);
    let modes = ["Immediate", "WaitForFirstConsumer"];
    errors.one_of(&Path::new("volumeBindingMode"), object.volume_binding_mode.as_ref(), &modes);
    errors.0
}

/// What is wrong with a replacement.
pub fn validate_update(new: &StorageClass, old: &StorageClass) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for (name, is_changed) in [
        ("parameters", new.parameters != old.parameters),
        ("provisioner", new.provisioner != old.provisioner),
        ("reclaimPolicy", new.reclaim_policy != old.reclaim_policy),
    ] {
        if is_changed {
            errors.forbidden(&Path::new(name), format!("updates to {name} are forbidden."));
        }
    }
    let path = Path::new("volumeBindingMode");
    errors.immutable(&path, &new.volume_binding_mode, &old.volume_binding_mode);
    errors.0
}
