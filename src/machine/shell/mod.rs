//! A small POSIX shell with the usual tools, as a value: it can stop anywhere, be cloned and go on.

mod activity;
mod applet;
mod arithmetic;
mod awk;
mod builtin;
mod call;
mod command;
mod dig;
mod expand;
mod filter;
mod lex;
mod network;
mod parse;
mod pattern;
mod process;
mod redirect;
mod repeat;
mod reply;
mod sed;
mod step;
mod syntax;
mod task;
#[cfg(test)]
mod tests;
mod tool;

use super::files::FileSystem;
use super::image::Image;
use super::log::Sink;
use super::network::Effect;
use super::spec::User;
use crate::sim::Time;

pub(super) use activity::fill_in;
pub(super) use applet::is_applet;
pub use call::Called;
pub(super) use process::{Listener, Process, Start};

/// Whether somebody outside carries a command out, and if so, whether it reads its input first.
pub(super) type Host = fn(&[String]) -> Option<bool>;

/// What a process sees of the machine around it while it runs.
pub(super) struct World<'a> {
    pub(super) now: Time,
    pub(super) files: FileSystem<'a>,
    pub(super) log: &'a mut dyn Sink,
    pub(super) image: &'a Image,
    pub(super) hostname: &'a str,
    pub(super) user: &'a User,
    pub(super) address: &'a str,
    /// Ports on which something in the container listens.
    pub(super) listening: &'a [u16],
    /// The command of the container's first process.
    pub(super) first_command: &'a str,
    /// Which commands somebody outside carries out.
    pub(super) host: Host,
}

/// What a process is up to after it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It waits; at `wake`, if that is known, it goes on.
    Idle { wake: Option<Time> },
    /// It ended.
    Exited(i32),
    /// Its task `pid` waits for the network.
    Asks { pid: u32, effect: Effect },
}

/// Steps a process may take in one run before it counts as computing; one step stands for a
/// microsecond on a processor.
pub(super) const STEP_BUDGET: u32 = 20_000;
