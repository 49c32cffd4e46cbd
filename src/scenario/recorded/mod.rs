//! Scenarios as the conformance recordings write them: played on a simulated cluster with the tab's
//! own kubectl, and compared with what a real control plane answered.

mod compare;
mod names;
mod normalise;
mod player;
mod scenario;
mod until;

pub use compare::{Comparison, Expected};
pub use player::play;
pub use scenario::Scenario;

/// A command that ran, and what it printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The command line.
    pub line: String,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub errors: String,
    /// Its exit code, or `timeout`.
    pub code: String,
}

/// Everything that playing or recording a scenario left.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// The commands, in order.
    pub commands: Vec<Ran>,
    /// The objects that were seen, in order of their creation.
    pub objects: Vec<Seen>,
}

/// An object that was seen, as far as its name is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its resource: `pods`.
    pub resource: String,
    /// Its name.
    pub name: String,
    /// What its name was generated from.
    pub generate_name: String,
    /// Its first owner: `ReplicaSet/web`.
    pub owner: String,
}
