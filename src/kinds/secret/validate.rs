//! The rules of Secrets. Mirrors `pkg/apis/core/validation.ValidateSecret`.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use crate::base::json_read;
use crate::kinds::config_map::validate::{IMMUTABLE, SIZE};
use crate::kinds::path::{Errors, Path};
use crate::kinds::{FieldError, names};
use crate::object::meta;

const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// What is wrong with a Secret.
pub fn validate(object: &Secret) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let path = Path::new("data");
    let nothing = BTreeMap::new();
    let data = object.data.as_ref().unwrap_or(&nothing);
    for key in data.keys() {
        errors.invalid_for(&path.key(key), key, names::config_key_errors(key));
    }
    if data.values().map(|value| value.0.len()).sum::<usize>() > SIZE {
        errors.too_long(&path, SIZE);
    }
    let require = |key: &str, errors: &mut Errors| {
        if !data.contains_key(key) {
            errors.required(&path.key(key), "");
        }
    };
    match object.type_.as_deref().unwrap_or_default() {
        "kubernetes.io/service-account-token"
            if meta::annotation(&object.metadata, ACCOUNT).is_none_or(str::is_empty) =>
        {
            let metadata = Path::new("metadata");
            let annotations = metadata.child("annotations");
            errors.required(&annotations.key(ACCOUNT), "");
        }
        "kubernetes.io/dockercfg" => docker_config(".dockercfg", data, &mut errors),
        "kubernetes.io/dockerconfigjson" => docker_config(".dockerconfigjson", data, &mut errors),
        "kubernetes.io/basic-auth"
            if !data.contains_key("username") && !data.contains_key("password") =>
        {
            require("username", &mut errors);
            require("password", &mut errors);
        }
        "kubernetes.io/ssh-auth" => require("ssh-privatekey", &mut errors),
        "kubernetes.io/tls" => {
            require("tls.crt", &mut errors);
            require("tls.key", &mut errors);
        }
        _ => {}
    }
    errors.0
}

/// The key must hold JSON.
fn docker_config(key: &str, data: &BTreeMap<String, ByteString>, errors: &mut Errors) {
    let path = Path::new("data");
    let Some(bytes) = data.get(key) else { return errors.required(&path.key(key), "") };
    let text = String::from_utf8_lossy(&bytes.0);
    if let Err(why) = json_read::read(&text) {
        errors.invalid(&path.key(key), "<secret contents redacted>", why);
    }
}

/// What is wrong with a replacement.
pub fn validate_update(new: &Secret, old: &Secret) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.immutable(&Path::new("type"), &new.type_, &old.type_);
    if old.immutable == Some(true) {
        let is_changed = new.immutable != Some(true);
        for (name, is_changed) in [("immutable", is_changed), ("data", new.data != old.data)] {
            if is_changed {
                errors.forbidden(&Path::new(name), IMMUTABLE);
            }
        }
    }
    errors.0
}
