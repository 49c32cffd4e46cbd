//! What a container is started with, and what it tells about itself.

use std::rc::Rc;

use super::files::Mount;
use super::network::Effect;
use crate::sim::Time;

/// Everything needed to start a container.
#[derive(Clone, Debug, Default)]
pub struct ContainerSpec {
    /// Image reference; it must have been pulled.
    pub image: String,
    /// Replaces the image's entry point unless empty.
    pub command: Vec<String>,
    /// Replaces the image's command unless empty (or `command` is given).
    pub args: Vec<String>,
    /// Environment, in order; later ones win.
    pub env: Vec<(String, String)>,
    /// Working directory; empty for the image's.
    pub working_dir: String,
    /// Volumes to show.
    pub mounts: Vec<Mount>,
    /// Files laid over the image's (`/etc/hosts`, `/etc/resolv.conf`), by path.
    pub files: Rc<[(Rc<str>, Rc<str>)]>,
    /// The image's own layer refuses writes.
    pub read_only_root: bool,
    /// CPU limit in thousandths of a core.
    pub cpu_limit_milli: Option<u64>,
    /// Memory limit in bytes; using more kills the container.
    pub memory_limit_bytes: Option<u64>,
    /// Whom its processes run as.
    pub user: User,
    /// Host name inside.
    pub hostname: String,
    /// Address of the network namespace it is in.
    pub address: String,
    /// Standard input stays open.
    pub stdin: bool,
    /// Standard input is a terminal.
    pub tty: bool,
}

/// Whom processes run as; by default the superuser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub uid: i64,
    /// The number of its group.
    pub gid: i64,
    /// Further groups.
    pub groups: Vec<i64>,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Exit code: 128 + signal when a signal ended it.
    pub code: i32,
    /// Upstream's `reason`: `Completed`, `Error` or `OOMKilled`.
    pub reason: &'static str,
    /// When.
    pub at: Time,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs. Call `advance` again at `wake` (never, if `None`) or after answering `ask`.
    Running {
        /// When it next does something by itself.
        wake: Option<Time>,
        /// A question to the network; nothing else of this container moves on until it is answered.
        ask: Option<Ask>,
    },
    /// It ended.
    Exited(Exit),
}

/// A question of a process to the network; see `Machine::answer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub asker: Asker,
    /// What it asks.
    pub effect: Effect,
}

/// Identifies the process that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    pub(super) session: Option<SessionId>,
    pub(super) pid: u32,
}

/// A further process in a container: `kubectl exec`, an exec probe, a lifecycle hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub(super) u32);

/// What a session has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionState {
    /// Its exit code, once it ended.
    pub exit_code: Option<i32>,
    /// Everything it printed, both outputs as they came.
    pub output: String,
}

/// What a container uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Steady CPU use at this moment in thousandths of a core, without single requests and steps.
    pub cpu_milli: u64,
    /// All CPU time so far in microseconds; the difference of two readings over the time between
    /// them is the average use, which is what metrics show.
    pub cpu_total_micros: u64,
    /// Memory at this moment in bytes.
    pub memory_bytes: u64,
}
