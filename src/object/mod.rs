//! API objects: one immutable, shared version of any kind, its metadata, its key and its codec.

/// The only door between JSON and typed objects.
pub mod codec;
mod decoder;
mod encoder;
/// JSON in the order and with the escapes of Go.
pub mod go_json;
/// Names of kinds and of objects.
pub mod key;
/// Who manages which fields, and server-side apply.
pub mod managed;
/// Helpers on `ObjectMeta`: owners, finalizers, timestamps.
pub mod meta;
mod never;
/// Patches: JSON, merge, strategic, and the three-way merges of `kubectl apply`.
pub mod patch;
mod shared;
mod survey;
mod untyped;

pub use key::{GroupResource, Key, Str};
pub use shared::{Object, Resource};
pub use untyped::Untyped;
