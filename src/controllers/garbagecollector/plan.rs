//! What becomes of an object, given the state of its owners and its dependents.
//! Mirrors `attemptToDeleteItem` of `pkg/controller/garbagecollector`.

use crate::api::Propagation;
use crate::sim::{Explain, Fact};

/// The finalizer of an owner that goes after its dependents.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an owner that leaves its dependents behind.
pub const ORPHAN: &str = "orphan";

/// What is known of one owner reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The owner is there.
    Solid,
    /// No object of that name has that uid.
    Absent,
    /// The owner waits for its dependents to go before it.
    Waiting,
}

/// An object and its surroundings, as far as garbage collection cares.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// Whether deletion has been asked for.
    pub deleting: bool,
    /// Whether it has the finalizer [`FOREGROUND`].
    pub foreground: bool,
    /// Whether it has the finalizer [`ORPHAN`].
    pub orphan: bool,
    /// Its owner references: the uid and what became of that owner.
    pub owners: Vec<(String, Owner)>,
    /// How many objects name it as an owner.
    pub dependents: usize,
    /// How many of them block its deletion.
    pub blocking: usize,
    /// Whether one of them waits for dependents itself, this object perhaps among them.
    pub circular: bool,
}

/// What to do with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Keep,
    /// Take the references with these uids off it.
    Forget(Vec<String>),
    /// Delete it; in a circle, no longer as one that blocks its owners.
    Delete {
        /// The fate of its own dependents.
        propagation: Propagation,
        /// Whether it must stop blocking its owners first.
        unblock: bool,
    },
    /// Its dependents are gone: take the finalizer [`FOREGROUND`] off.
    Finish,
    /// Take it off its dependents' references, then the finalizer [`ORPHAN`] off it.
    Orphan,
}

/// The decision and what it rests on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to do.
    pub verdict: Verdict,
    item: Item,
}

/// Decides about one object.
pub fn plan(item: Item) -> Plan {
    let verdict = verdict(&item);
    Plan { verdict, item }
}

fn verdict(item: &Item) -> Verdict {
    if item.deleting {
        return match item {
            Item { orphan: true, .. } => Verdict::Orphan,
            Item { foreground: true, blocking: 0, .. } => Verdict::Finish,
            _ => Verdict::Keep,
        };
    }
    let uids = |wanted: fn(Owner) -> bool| -> Vec<String> {
        let found = item.owners.iter().filter(|(_, owner)| wanted(*owner));
        found.map(|(uid, _)| uid.clone()).collect()
    };
    let waiting = item.owners.iter().any(|(_, owner)| *owner == Owner::Waiting);
    if item.owners.is_empty() {
        Verdict::Keep
    } else if item.owners.iter().any(|(_, owner)| *owner == Owner::Solid) {
        let gone = uids(|owner| owner != Owner::Solid);
        if gone.is_empty() { Verdict::Keep } else { Verdict::Forget(gone) }
    } else if waiting && item.dependents > 0 {
        Verdict::Delete { propagation: Propagation::Foreground, unblock: item.circular }
    } else {
        let propagation = match item {
            Item { orphan: true, .. } => Propagation::Orphan,
            Item { foreground: true, .. } => Propagation::Foreground,
            _ => Propagation::Background,
        };
        Verdict::Delete { propagation, unblock: false }
    }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        match &self.verdict {
            Verdict::Keep => "keep".to_owned(),
            Verdict::Forget(uids) => format!("forget {} owners that are gone", uids.len()),
            Verdict::Delete { propagation, .. } => {
                format!("delete ({propagation:?}): no owner is left")
            }
            Verdict::Finish => "no dependent blocks the deletion any more".to_owned(),
            Verdict::Orphan => format!("leave {} dependents behind", self.item.dependents),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let count = |wanted: Owner| {
            let found = self.item.owners.iter().filter(|(_, owner)| *owner == wanted);
            found.count().to_string()
        };
        vec![
            Fact { name: "owners present", value: count(Owner::Solid) },
            Fact { name: "owners absent", value: count(Owner::Absent) },
            Fact { name: "owners waiting", value: count(Owner::Waiting) },
            Fact { name: "dependents", value: self.item.dependents.to_string() },
            Fact { name: "blocking dependents", value: self.item.blocking.to_string() },
        ]
    }
}
