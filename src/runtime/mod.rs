//! What every controller stands on: caches fed by watches, work queues, events, the reconcile loop.
//! Mirrors `client-go/tools/cache`, `client-go/util/workqueue` and `client-go/tools/record`.

/// Creating many things while the API server may refuse them all.
pub mod batch;
mod cache;
/// Which dependents belong to an owner.
pub mod claim;
mod controller;
mod correlator;
mod expectations;
mod lru;
mod queue;
mod recorder;

pub use cache::Cache;
pub use controller::{CUSTOM, Context, Controller, Next, Watch};
pub use expectations::Expectations;
pub use queue::{Backoff, Queue};
pub use recorder::{EventType, News, Place, Recorder, reference};
