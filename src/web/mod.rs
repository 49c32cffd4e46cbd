//! The browser: the only place that speaks to it. Knows nothing of Kubernetes.

/// The clipboard.
pub mod clipboard;
/// The monotonic clock that paces the simulation.
pub mod clock;
/// Small acts on the document that Yew has no words for.
pub mod dom;
/// Files from beside the page.
pub mod fetch;
/// What an event says about the field it happened in.
pub mod field;
/// One call per animation frame.
pub mod frame;
/// What the page shows when the program fails.
pub mod panic;
/// Entropy for a new seed.
pub mod seed;
/// What survives a reload.
pub mod storage;
/// The page's own address.
pub mod url;
