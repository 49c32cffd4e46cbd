//! What the kubelets have to do next, each piece of work once.

use crate::base::shared_map::{SharedMap, SharedSet};
use crate::object::Str;
use crate::sim::Time;

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Tell the API server that a node is well.
    Node(Str),
    /// Bring the pod with this uid closer to what it should be.
    Pod(Str),
    /// Let the processes of the pod with this uid go on.
    Processes(Str),
}

/// Work by the time it is due.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    due: SharedSet<(Time, Work)>,
    planned: SharedMap<Work, Time>,
}

impl Agenda {
    /// Plans work; of several times the earliest wins.
    pub fn plan(&mut self, work: Work, time: Time) {
        match self.planned.get(&work) {
            Some(earlier) if *earlier <= time => {}
            _ => {
                self.cancel(&work);
                self.due.insert((time, work.clone()));
                self.planned.insert(work, time);
            }
        }
    }

    /// Forgets work.
    pub fn cancel(&mut self, work: &Work) {
        if let Some(time) = self.planned.remove(work) {
            self.due.remove(&(time, work.clone()));
        }
    }

    /// Takes one piece of work that is due.
    pub fn pop(&mut self, now: Time) -> Option<Work> {
        let work = self.due.first().filter(|(time, _)| *time <= now)?.1.clone();
        self.cancel(&work);
        Some(work)
    }

    /// When the next work is due.
    pub fn next_time(&self) -> Option<Time> {
        self.due.first().map(|(time, _)| *time)
    }
}
