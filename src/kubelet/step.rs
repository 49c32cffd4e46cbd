//! What one visible step of a pod works with.

use super::images::Registry;
use super::node::NodeState;
use crate::object::Object;
use crate::runtime::{Context, EventType, Place};
use crate::sim::Time;

/// One step of a pod.
pub struct Step<'s, 'c> {
    /// The door to the API, the clock, the cache.
    pub cx: &'s mut Context<'c>,
    /// The pod's node.
    pub node: &'s mut NodeState,
    /// Which images can be had.
    pub registry: &'s Registry,
    /// The pod's newest known version.
    pub pod: Object,
    /// When the pod wants to be looked at again.
    pub next: Option<Time>,
}

impl Step<'_, '_> {
    /// The current time.
    pub fn now(&self) -> Time {
        self.cx.now
    }

    /// Looks at the pod again at `time`; of several the earliest counts.
    pub fn again_at(&mut self, time: Option<Time>) {
        self.next = self.next.into_iter().chain(time).min();
    }

    /// Records an Event about a part of the pod (empty: all of it).
    pub fn event(&mut self, field_path: &str, kind: EventType, reason: &str, message: &str) {
        let host = self.node.name.clone();
        let place = Place { host: &host, field_path };
        self.cx.event_at(&self.pod, place, kind, reason, message);
    }

    /// The pod's name, namespace and uid.
    pub fn names(&self) -> (&str, &str, &str) {
        (self.pod.name(), self.pod.namespace(), self.pod.uid())
    }
}
