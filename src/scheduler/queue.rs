//! The pods that wait for a node. Mirrors `pkg/scheduler/backend/queue`.

use std::cmp::Reverse;
use std::time::Duration;

use crate::base::shared_map::SharedMap;
use crate::object::Key;
use crate::sim::Time;

/// The first wait after a failed attempt; each further one doubles it.
const BACKOFF_INITIAL: Duration = Duration::from_secs(1);
/// The longest wait.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// After this long a pod is tried again although nothing changed.
const UNSCHEDULABLE_MAX: Duration = Duration::from_secs(5 * 60);

/// Higher priority first, then first come, first served.
type Order = (Reverse<i32>, Time, u64);

/// Where a pod waits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In line.
    Active(Order),
    /// Until its back-off is over.
    BackOff(Time, u64),
    /// Until something changes, or at the latest at this time.
    Unschedulable(Time, u64),
    /// It is being worked on, or its volumes are being bound.
    InFlight,
}

/// A pod that waits.
#[derive(Clone, Debug)]
struct Waiting {
    place: Place,
    priority: i32,
    since: Time,
    attempts: u32,
    tried: Time,
    /// The plugins that said no.
    refused_by: Vec<&'static str>,
}

/// The pods that wait for a node, in three lines.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pods: SharedMap<Key, Waiting>,
    active: SharedMap<Order, Key>,
    backing_off: SharedMap<(Time, u64), Key>,
    unschedulable: SharedMap<(Time, u64), Key>,
    sequence: u64,
}

impl Queue {
    /// Adds a pod to the active line, unless it waits already. `since` is when it was created.
    pub fn add(&mut self, key: Key, priority: i32, since: Time) {
        if !self.pods.contains_key(&key) {
            let waiting = Waiting {
                place: Place::InFlight,
                priority,
                since,
                attempts: 0,
                tried: Time::default(),
                refused_by: Vec::new(),
            };
            self.pods.insert(key.clone(), waiting);
            self.activate(&key);
        }
    }

    /// Whether the pod waits.
    pub fn contains(&self, key: &Key) -> bool {
        self.pods.contains_key(key)
    }

    /// Forgets a pod.
    pub fn remove(&mut self, key: &Key) {
        self.leave(key);
        self.pods.remove(key);
    }

    /// Takes the next pod to schedule; it stays known until `remove` or `failed`.
    pub fn pop(&mut self, now: Time) -> Option<Key> {
        self.promote(now);
        if self.active.is_empty() {
            // With nothing else to do there is no reason to wait: SchedulerPopFromBackoffQ.
            let next = self.eager().cloned();
            next.iter().for_each(|key| {
                self.leave(key);
                self.activate(key);
            });
        }
        let key = self.active.first().map(|(_, key)| key.clone())?;
        self.leave(&key);
        if let Some(waiting) = self.pods.get_mut(&key) {
            waiting.place = Place::InFlight;
            waiting.attempts += 1;
            waiting.tried = now;
        }
        Some(key)
    }

    /// No node fits: the pod waits until something changes.
    pub fn failed(&mut self, key: &Key, refused_by: Vec<&'static str>, now: Time) {
        self.sequence += 1;
        let slot = (now + UNSCHEDULABLE_MAX, self.sequence);
        if let Some(waiting) = self.pods.get_mut(key) {
            waiting.refused_by = refused_by;
            waiting.place = Place::Unschedulable(slot.0, slot.1);
            self.unschedulable.insert(slot, key.clone());
        }
    }

    /// An error that is no decision: the pod is tried again after its back-off.
    pub fn errored(&mut self, key: &Key, now: Time) {
        self.failed(key, Vec::new(), now);
        self.requeue(key, now);
    }

    /// Something changed for one pod.
    pub fn requeue(&mut self, key: &Key, now: Time) {
        let Some(waiting) = self.pods.get(key) else { return };
        if !matches!(waiting.place, Place::Unschedulable(..)) {
            return;
        }
        let doubled =
            BACKOFF_INITIAL.saturating_mul(1 << waiting.attempts.saturating_sub(1).min(10));
        let ready = waiting.tried + doubled.min(BACKOFF_MAX);
        self.leave(key);
        if ready <= now {
            self.activate(key);
            return;
        }
        self.sequence += 1;
        let slot = (ready, self.sequence);
        if let Some(waiting) = self.pods.get_mut(key) {
            waiting.place = Place::BackOff(slot.0, slot.1);
        }
        self.backing_off.insert(slot, key.clone());
    }

    /// Something changed that may help the pods that one of `plugins` refused.
    /// A simple form of upstream's queueing hints.
    pub fn requeue_refused_by(&mut self, plugins: &[&str], now: Time) {
        let helped = |key: &&Key| {
            let waiting = self.pods.get(*key);
            waiting.is_some_and(|w| w.refused_by.iter().any(|plugin| plugins.contains(plugin)))
        };
        let keys: Vec<Key> = self.unschedulable.values().filter(helped).cloned().collect();
        keys.iter().for_each(|key| self.requeue(key, now));
    }

    /// When there is something to do.
    pub fn next_time(&self, now: Time) -> Option<Time> {
        if !self.active.is_empty() || self.eager().is_some() {
            return Some(now);
        }
        let first = |line: &SharedMap<(Time, u64), Key>| line.first().map(|((time, _), _)| *time);
        first(&self.backing_off).into_iter().chain(first(&self.unschedulable)).min()
    }

    /// The first that backs off though nothing went wrong.
    fn eager(&self) -> Option<&Key> {
        let erred = |key: &&Key| self.pods.get(*key).is_some_and(|w| w.refused_by.is_empty());
        self.backing_off.values().find(|key| !erred(key))
    }

    /// Brings the pods whose time has come into the active line.
    fn promote(&mut self, now: Time) {
        let due = |line: &SharedMap<(Time, u64), Key>| -> Vec<Key> {
            let passed = line.iter().take_while(|((time, _), _)| *time <= now);
            passed.map(|(_, key)| key.clone()).collect()
        };
        for key in due(&self.backing_off).into_iter().chain(due(&self.unschedulable)) {
            self.leave(&key);
            self.activate(&key);
        }
    }

    fn activate(&mut self, key: &Key) {
        self.sequence += 1;
        let sequence = self.sequence;
        if let Some(waiting) = self.pods.get_mut(key) {
            let order = (Reverse(waiting.priority), waiting.since, sequence);
            waiting.place = Place::Active(order);
            self.active.insert(order, key.clone());
        }
    }

    fn leave(&mut self, key: &Key) {
        match self.pods.get(key).map(|waiting| waiting.place.clone()) {
            Some(Place::Active(order)) => drop(self.active.remove(&order)),
            Some(Place::BackOff(time, sequence)) => {
                drop(self.backing_off.remove(&(time, sequence)))
            }
            Some(Place::Unschedulable(time, sequence)) => {
                drop(self.unschedulable.remove(&(time, sequence)));
            }
            Some(Place::InFlight) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::GroupResource;

    fn key(name: &str) -> Key {
        Key::new(GroupResource::new("", "pods"), "default", name)
    }

    #[test]
    fn priority_first_then_age() {
        let mut queue = Queue::default();
        let at = Time::from_seconds;
        for (name, priority, since) in [("young", 0, 3), ("old", 0, 1), ("vip", 9, 5)] {
            queue.add(key(name), priority, at(since));
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(at(9))).map(|k| k.name).collect();
        assert_eq!(order, ["vip".into(), "old".into(), "young".into()]);
    }

    #[test]
    fn backoff_doubles_after_errors() {
        let mut queue = Queue::default();
        queue.add(key("a"), 0, Time::default());
        let mut now = Time::from_seconds(100);
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(queue.pop(now).is_some());
            queue.errored(&key("a"), now);
            let next = queue.next_time(now).unwrap();
            waits.push(next.since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn the_unschedulable_wait_for_what_helps_them_and_then_for_nobody() {
        let mut queue = Queue::default();
        queue.add(key("a"), 0, Time::default());
        let now = Time::from_seconds(100);
        assert!(queue.pop(now).is_some());
        queue.failed(&key("a"), vec!["NodeResourcesFit"], now);
        queue.requeue_refused_by(&["NodePorts"], now);
        assert_eq!(queue.next_time(now), Some(now + UNSCHEDULABLE_MAX));
        assert_eq!(queue.pop(now), None);
        queue.requeue_refused_by(&["NodeResourcesFit"], now);
        queue.add(key("b"), 0, Time::default());
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(now)).map(|key| key.name).collect();
        assert_eq!(order, ["b".into(), "a".into()], "those who need not wait come first");
    }
}
