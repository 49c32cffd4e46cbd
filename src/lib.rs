//! Kubernetes' control plane as a value. The module list below is the table of contents;
//! arrows between layers point upwards only (see ARCHITECTURE.md, enforced by `tests/tidy.rs`).

/// Quantities, tables, YAML, JSONPath and label selectors: knows neither Kubernetes objects nor time.
pub mod base;
/// Processes, images and files of the simulated machines: knows no API object.
pub mod machine;
/// The clock, the agenda of future events, seeded randomness and the trace.
pub mod sim;
