//! The rules of ConfigMaps. Mirrors `pkg/apis/core/validation.ValidateConfigMap`.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::kinds::path::{Errors, Path};
use crate::kinds::{FieldError, names};

/// How many bytes of data a ConfigMap or Secret may hold.
pub const SIZE: usize = 1024 * 1024;
/// Why an immutable field was not changed.
pub const IMMUTABLE: &str = "field is immutable when `immutable` is set";

/// What is wrong with a ConfigMap.
pub fn validate(object: &ConfigMap) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (data, binary) = (Path::new("data"), Path::new("binaryData"));
    let mut size = 0;
    for (key, value) in object.data.iter().flatten() {
        errors.invalid_for(&data.key(key), key, names::config_key_errors(key));
        if object.binary_data.as_ref().is_some_and(|binary| binary.contains_key(key)) {
            errors.invalid(&data.key(key), key, "duplicate of key present in binaryData");
        }
        size += value.len();
    }
    for (key, value) in object.binary_data.iter().flatten() {
        errors.invalid_for(&binary.key(key), key, names::config_key_errors(key));
        size += value.0.len();
    }
    if size > SIZE {
        errors.too_long(&Path::new("[]"), SIZE);
    }
    errors.0
}

/// What is wrong with a replacement.
pub fn validate_update(new: &ConfigMap, old: &ConfigMap) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if old.immutable == Some(true) {
        for (name, is_changed) in [
            ("immutable", new.immutable != Some(true)),
            ("data", new.data != old.data),
            ("binaryData", new.binary_data != old.binary_data),
        ] {
            if is_changed {
                errors.forbidden(&Path::new(name), IMMUTABLE);
            }
        }
    }
    errors.0
}
