//! Building blocks without Kubernetes objects and without time.

/// Counts given as a number or a percentage.
pub mod int_or_percent;
/// Amounts of resources.
pub mod quantity;
