//! A person's session with a cluster (commands, files, changes of the world), its log and its
//! replay; and transcripts: sessions written down with what they should print.

mod condition;
mod directive;
pub mod lessons;
mod log;
pub mod outdated;
#[cfg(not(target_arch = "wasm32"))]
pub mod recorded;
mod runner;
mod session;
mod shell;
mod transcript;

pub use log::{Input, Log};
pub use runner::{Outcome, run};
pub use session::Session;
pub use shell::Output;
pub use transcript::{Entry, Transcript};
