//! Patches on JSON values: the three kinds the API server takes, and the three-way merges with
//! which `kubectl apply` makes them.

/// RFC 6902.
pub mod json;
mod list;
/// RFC 7386.
pub mod merge;
mod merge_keys;
/// Kubernetes' own patches, which know how each list merges.
pub mod strategic;
mod strategic_diff;
/// What `kubectl apply` sends.
pub mod three_way;

pub(super) use merge_keys::list_kind;
