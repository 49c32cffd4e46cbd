//! A controller with its queue: the reconcile loop that upstream writes again in every controller.

use std::rc::Rc;
use std::time::Duration;

use super::event::{plan, take};
use crate::api::Api;
use crate::object::Key;
use crate::runtime::{Cache, Context, Controller, Next, Queue, Recorder, Watch};
use crate::sim::{Rng, Time, Trace};
use crate::store::Change;

/// A controller, what wakes it, and the keys it has to work on.
#[derive(Clone)]
pub(super) struct Worker {
    controller: Box<dyn Controller>,
    /// What wakes it: asked once, since every change is held against it.
    watches: Rc<[Watch]>,
    queue: Queue,
    rng: Rng,
    recorder: Recorder,
    planned: Option<Time>,
}

impl Worker {
    pub(super) fn new(controller: Box<dyn Controller>, rng: &Rng) -> Self {
        let rng = rng.fork(controller.name());
        let watches = controller.watches().into();
        Self {
            controller,
            watches,
            queue: Queue::default(),
            rng,
            recorder: Recorder::default(),
            planned: None,
        }
    }

    pub(super) fn resync_period(&self) -> Option<Duration> {
        self.controller.resync()
    }

    /// Queues the keys that a change wakes.
    pub(super) fn wake(&mut self, change: &Change, cache: &Cache, now: Time) {
        let resource = change.object.resource();
        for watch in self.watches.iter() {
            if *watch.resource() == resource {
                let keys = watch.wakes(&change.object, change.previous.as_ref(), cache);
                for key in keys {
                    let previous = change.previous.as_ref();
                    let patience = self.controller.patience(&key, &change.object, previous, now);
                    if patience.is_zero() {
                        self.queue.add(key);
                    } else {
                        self.queue.add_at(key, now + patience);
                    }
                }
            }
        }
    }

    /// Queues every object of the controller's own types.
    pub(super) fn wake_all(&mut self, cache: &Cache) {
        for watch in self.watches.iter() {
            if let Watch::Own(resource) = watch {
                cache.list(resource).for_each(|object| self.queue.add(object.key()));
            }
        }
    }

    /// When to run next, unless that is planned already.
    pub(super) fn plan(&mut self, now: Time, cost: Duration) -> Option<Time> {
        let wanted = self.queue.next_time(now);
        plan(&mut self.planned, wanted, now, cost)
    }

    /// Works on the next key; false if there was none.
    pub(super) fn run(
        &mut self,
        now: Time,
        cache: &Cache,
        api: &mut dyn Api,
        trace: &mut Trace,
    ) -> bool {
        if !take(&mut self.planned, now) {
            return false;
        }
        let Some(key) = self.queue.pop(now) else { return false };
        let actor = self.controller.name();
        let (rng, recorder) = (&mut self.rng, &mut self.recorder);
        let mut cx = Context { now, cache, rng, api, trace, recorder, actor };
        match self.controller.sync(&key, &mut cx) {
            Ok(next) => self.succeeded(key, next, now),
            Err(status) => {
                let summary = format!("will try again: {status}");
                trace.add(now, actor, key.to_string(), summary, Vec::new());
                self.queue.add_rate_limited(key, now, self.controller.backoff());
            }
        }
        true
    }

    fn succeeded(&mut self, key: Key, next: Next, now: Time) {
        self.queue.forget(&key);
        if let Next::After(delay) = next {
            self.queue.add_at(key, now + delay);
        }
    }
}
