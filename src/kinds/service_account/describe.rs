//! `kubectl describe serviceaccount`. Mirrors `describe.describeServiceAccount`.

use k8s_openapi::api::core::v1::ServiceAccount;

use crate::kinds::describe::{Lines, pairs};

/// The text.
pub fn describe(object: &ServiceAccount) -> String {
    let mut out = Lines::default();
    pairs::head(&mut out, &object.metadata);
    let secrets = object.image_pull_secrets.iter().flatten().map(|secret| &secret.name);
    out.list(0, "Image pull secrets", secrets);
    out.raw()
}
