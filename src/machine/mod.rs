//! The physical world: images, processes, their files, their use of CPU and memory. Knows no API object.
//!
//! A kubelet drives a [`Machine`] so: `pull` an image, `start` a container once it is there, then
//! `advance` it. While it runs, `advance` says when to look again (`wake`) or what it asks of the
//! network (`ask`), which is answered with `answer`, followed by another `advance`. The same
//! `advance` moves the sessions begun with `exec`. Nothing happens between two calls, and every
//! call takes the time it happens at.

mod container;
mod files;
mod image;
mod log;
mod machines;
mod network;
mod node;
mod reference;
#[cfg(not(target_arch = "wasm32"))]
mod review;
mod serve;
mod shell;
mod spec;
mod terminal;
#[cfg(test)]
mod tests;
mod usage;

pub use files::{Files, Mount, Node, Volume};
pub use image::{Image, Page, Program, PullError, Registry};
pub use log::{Log, LogLine, Output, Position, Sink};
pub use machines::{Answer, Host, Machines, Probe};
pub use network::{
    Asked, Effect, HttpReply, HttpRequest, Record, Reply, RequestRate, Resolver, Sender,
    status_text,
};
pub use node::{Capacity, ContainerId, Machine, Pull, StartError};
pub use reference::Reference;
pub use shell::Called;
use shell::Outcome;
pub use spec::{
    Ask, Asker, ContainerSpec, ContainerState, Exit, SessionId, SessionState, Usage, User,
};
pub use terminal::{Surroundings, Terminal};
