//! `kubectl describe secret`: sizes, no values. Mirrors `describe.describeSecret`.

use k8s_openapi::api::core::v1::Secret;

use crate::kinds::describe::{Lines, pairs};

/// The text.
pub fn describe(object: &Secret) -> String {
    let mut out = Lines::default();
    pairs::head(&mut out, &object.metadata);
    out.text(&format!("\nType:\t{}\n", object.type_.as_deref().unwrap_or_default()));
    out.text("\nData\n====\n");
    for (key, value) in object.data.iter().flatten() {
        out.field(0, key, format!("{} bytes", value.0.len()));
    }
    out.raw()
}
