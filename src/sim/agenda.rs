//! The event queue: everything that will happen, in the order it will happen.

use std::time::Duration;

use super::Time;
use crate::base::shared_map::SharedMap;

/// Future events, ordered by time and, at one moment, by the order they were added.
///
/// Cloning is cheap (a persistent map), which is what makes forks and checkpoints cheap.
#[derive(Clone, Debug)]
pub struct Agenda<E: Clone> {
    now: Time,
    sequence: u64,
    events: SharedMap<(Time, u64), E>,
}

impl<E: Clone> Agenda<E> {
    /// An empty agenda whose clock shows `now`.
    pub fn new(now: Time) -> Self {
        Self { now, sequence: 0, events: SharedMap::new() }
    }

    /// The current simulated time. It never decreases.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Adds an event that happens `delay` from now.
    pub fn after(&mut self, delay: Duration, event: E) {
        self.at(self.now + delay, event);
    }

    /// Adds an event that happens at `time`, or now if that has passed.
    pub fn at(&mut self, time: Time, event: E) {
        self.sequence += 1;
        self.events.insert((time.max(self.now), self.sequence), event);
    }

    /// Takes the next event that is due at or before `until` and moves the clock to it.
    /// With nothing due the clock moves to `until`.
    pub fn pop(&mut self, until: Time) -> Option<E> {
        let due = self.events.first().map(|(key, _)| *key).filter(|key| key.0 <= until);
        let Some(key) = due else {
            self.now = self.now.max(until);
            return None;
        };
        assert!(key.0 >= self.now, "the agenda never goes back in time");
        self.now = key.0;
        self.events.pop_first().map(|(_, event)| event)
    }

    /// When the next event is due.
    pub fn next_time(&self) -> Option<Time> {
        self.events.first().map(|(key, _)| key.0)
    }

    /// Every future event with its time, soonest first.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &E)> {
        self.events.iter().map(|((time, _), event)| (*time, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_time_order_then_in_insertion_order() {
        let mut agenda = Agenda::new(Time::from_seconds(1));
        agenda.after(Duration::from_secs(2), "late");
        agenda.after(Duration::from_secs(1), "first");
        agenda.after(Duration::from_secs(1), "second");
        let until = Time::from_seconds(10);
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop(until)).collect();
        assert_eq!(order, ["first", "second", "late"]);
        assert_eq!(agenda.now(), until);
    }

    #[test]
    fn nothing_due_moves_the_clock_but_keeps_the_future() {
        let mut agenda = Agenda::new(Time::from_seconds(0));
        agenda.after(Duration::from_secs(5), ());
        assert_eq!(agenda.pop(Time::from_seconds(4)), None);
        assert_eq!(agenda.now(), Time::from_seconds(4));
        assert_eq!(agenda.next_time(), Some(Time::from_seconds(5)));
    }
}
