//! What every controller stands on: caches fed by watches, work queues, events, the reconcile loop.
//! Mirrors `client-go/tools/cache`, `client-go/util/workqueue` and `client-go/tools/record`.

mod cache;
mod controller;
mod queue;
mod recorder;

pub use cache::Cache;
pub use controller::{Context, Controller, Next, Watch};
pub use queue::Queue;
pub use recorder::{EventType, record_event};
