//! Managed fields: who manages which field of an object, and what that means for those who write
//! it. Mirrors `sigs.k8s.io/structured-merge-diff` and `k8s.io/apimachinery/pkg/util/managedfields`.

#[cfg(not(target_arch = "wasm32"))]
mod atomic;
mod element;
mod managers;
mod merge;
mod schema;
mod set;
#[cfg(test)]
mod tests;
mod updater;
mod walk;

#[cfg(not(target_arch = "wasm32"))]
pub use atomic::{atomic_paths, merged};
pub use managers::{Managed, Manager, Managers};
pub use schema::{Field, Items, Scalar, Schema, Struct, Type};
pub use set::FieldSet;
pub use updater::{Conflict, Refusal, Write};
