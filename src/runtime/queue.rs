//! A work queue: each key waits at most once, and failures wait longer each time.
//! Mirrors `client-go/util/workqueue`.

use std::time::Duration;

use imbl::Vector;

use crate::base::order::Order as _;
use crate::base::shared_map::{SharedMap, SharedSet};
use crate::object::Key;
use crate::sim::Time;

/// How long a key waits after failures: twice as long each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

/// Mirrors `DefaultControllerRateLimiter`.
impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(5), longest: Duration::from_secs(1000) }
    }
}

/// Keys to work on, in order of arrival, and keys to be added later.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    ready: Vector<Key>,
    waiting: SharedSet<Key>,
    later: SharedMap<Key, Time>,
    /// The same by time: a queue is asked after every event when it next has work.
    due: SharedSet<(Time, Key)>,
    failures: SharedMap<Key, u32>,
}

impl Queue {
    /// Adds a key unless it is waiting already.
    pub fn add(&mut self, key: Key) {
        if self.waiting.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// Adds a key at `time`; of several times the earliest wins.
    pub fn add_at(&mut self, key: Key, time: Time) {
        if let Some(planned) = self.later.get(&key).copied() {
            if planned <= time {
                return;
            }
            self.due.remove(&(planned, key.clone()));
        }
        self.due.insert((time, key.clone()));
        self.later.insert(key, time);
    }

    /// Adds a key after a failure, later each time it fails again; the time it will be added.
    pub fn add_rate_limited(&mut self, key: Key, now: Time, backoff: Backoff) -> Time {
        let failures = self.failures.get_or_default(key.clone());
        let doubled = backoff.first.saturating_mul(1 << (*failures).min(20));
        let delay = doubled.min(backoff.longest);
        *failures += 1;
        let time = now + delay;
        self.add_at(key, time);
        time
    }

    /// Forgets a key's failures.
    pub fn forget(&mut self, key: &Key) {
        self.failures.remove(key);
    }

    /// Takes the next key to work on.
    pub fn pop(&mut self, now: Time) -> Option<Key> {
        self.promote(now);
        let key = self.ready.pop_front()?;
        self.waiting.remove(&key);
        Some(key)
    }

    /// When there will be work: now if a key is ready, else the earliest planned addition.
    pub fn next_time(&self, now: Time) -> Option<Time> {
        if !self.ready.is_empty() {
            return Some(now);
        }
        self.due.first().map(|(time, _)| *time)
    }

    fn promote(&mut self, now: Time) {
        let passed = self.due.iter().take_while(|(time, _)| *time <= now).cloned();
        let mut passed: Vec<(Time, Key)> = passed.collect();
        // What has become due together comes in the order of the keys.
        passed.order_by(|(_, a), (_, b)| a.cmp(b));
        for entry in passed {
            self.due.remove(&entry);
            self.later.remove(&entry.1);
            self.add(entry.1);
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
    fn a_waiting_key_is_not_added_twice() {
        let mut queue = Queue::default();
        queue.add(key("a"));
        queue.add(key("b"));
        queue.add(key("a"));
        let now = Time::from_seconds(1);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(now)).map(|k| k.name).collect();
        assert_eq!(order, ["a".into(), "b".into()]);
    }

    #[test]
    fn failures_wait_longer_each_time_until_forgotten() {
        let mut queue = Queue::default();
        let now = Time::from_seconds(1);
        let first = queue.add_rate_limited(key("a"), now, Backoff::default());
        queue.pop(first);
        let second = queue.add_rate_limited(key("a"), now, Backoff::default());
        queue.pop(second);
        queue.forget(&key("a"));
        let third = queue.add_rate_limited(key("a"), now, Backoff::default());
        let waits = [first, second, third].map(|t| t.since(now).as_millis());
        assert_eq!(waits, [5, 10, 5]);
    }
}
