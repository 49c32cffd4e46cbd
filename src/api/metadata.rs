//! What every object's metadata must satisfy.
//! Mirrors `k8s.io/apimachinery/pkg/api/validation/objectmeta.go`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::kinds::FieldError;

/// What is wrong with an object's metadata.
pub(super) fn validate(meta: &ObjectMeta) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if meta.name.as_deref().unwrap_or_default().is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    }
    errors
}

/// What is wrong with a replacement's metadata.
pub(super) fn validate_update(new: &ObjectMeta, _old: &ObjectMeta) -> Vec<FieldError> {
    validate(new)
}
