//! `kubectl describe configmap`. Mirrors `describe.ConfigMapDescriber`.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::kinds::describe::{Lines, pairs};

/// The text.
pub fn describe(object: &ConfigMap) -> String {
    let mut out = Lines::default();
    pairs::head(&mut out, &object.metadata);
    out.text("\nData\n====\n");
    for (key, value) in object.data.iter().flatten() {
        out.text(&format!("{key}:\n----\n{value}\n\n"));
    }
    out.text("\nBinaryData\n====\n");
    for (key, value) in object.binary_data.iter().flatten() {
        out.text(&format!("{key}: {} bytes\n", value.0.len()));
    }
    out.text("\n");
    out.raw()
}
