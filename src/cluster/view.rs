//! What a component knows: a cache, and how late its watches are.

use std::time::Duration;

use crate::runtime::Cache;
use crate::sim::Rng;
use crate::store::{Change, Store};

/// The components that see the cluster through watches of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewId {
    /// All controllers share one, as in kube-controller-manager.
    Controllers,
    /// The scheduler's.
    Scheduler,
    /// All kubelets share one; each acts only on what is its own.
    Kubelets,
}

impl ViewId {
    pub(super) const COUNT: usize = 3;
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Controllers, Self::Scheduler, Self::Kubelets];

    fn label(self) -> &'static str {
        match self {
            Self::Controllers => "watch-controllers",
            Self::Scheduler => "watch-scheduler",
            Self::Kubelets => "watch-kubelets",
        }
    }
}

/// The shortest and the longest time that a watch event takes to arrive.
const DELAY: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(8));

/// A component's cache and the delivery that is under way to it.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) id: ViewId,
    pub(super) cache: Cache,
    rng: Rng,
    under_way: bool,
}

impl View {
    pub(super) fn new(id: ViewId, rng: &Rng) -> Self {
        Self { id, cache: Cache::default(), rng: rng.fork(id.label()), under_way: false }
    }

    /// How long the next delivery takes, if one is needed and none is under way.
    pub(super) fn plan_delivery(&mut self, revision: u64) -> Option<Duration> {
        if self.under_way || self.cache.revision() == revision {
            return None;
        }
        self.under_way = true;
        Some(self.rng.between(DELAY.0, DELAY.1))
    }

    /// Brings the cache up to the store; the changes that took it there. A view that has fallen
    /// behind the store's history lists again and reports the difference as changes.
    pub(super) fn deliver(&mut self, store: &Store) -> Vec<Change> {
        self.under_way = false;
        match store.since(self.cache.revision()) {
            Ok(changes) => {
                let changes: Vec<Change> = changes.cloned().collect();
                for change in &changes {
                    self.cache.apply(change);
                }
                changes
            }
            Err(_) => self.cache.relist(store),
        }
    }
}
