//! A controller with its queue: the reconcile loop that upstream writes again in every controller.

use std::time::Duration;

use super::event::{plan, take};
use crate::api::Api;
use crate::base::small_map::SmallMap;
use crate::kinds;
use crate::object::{GroupResource, Key};
use crate::runtime::{CUSTOM, Cache, Context, Controller, Next, Queue, Recorder, Watch};
use crate::sim::{Rng, Time, Trace};
use crate::store::Change;

/// How long a controller takes for one key at least.
const SYNC_COST: Duration = Duration::from_micros(50);
/// How long it takes to look at one object of a list: who has thousands to look at is still at it
/// when the next changes arrive, and answers them together.
const LOOK_COST: Duration = Duration::from_micros(25);

/// Which controllers watch a type, in their order: asked once, since every change is looked up.
pub(super) struct Watchers(SmallMap<GroupResource, Vec<(usize, Watch)>>);

impl Watchers {
    /// What the controllers of `workers` watch.
    pub(super) fn of(workers: &[Worker]) -> Self {
        let mut watchers: SmallMap<GroupResource, Vec<(usize, Watch)>> = SmallMap::new();
        for (index, worker) in workers.iter().enumerate() {
            for watch in worker.controller.watches() {
                watchers.entry(watch.resource().clone()).or_default().push((index, watch));
            }
        }
        Self(watchers)
    }

    /// Queues the keys that a change wakes.
    pub(super) fn wake(&self, workers: &mut [Worker], change: &Change, cache: &Cache, now: Time) {
        let resource = change.object.resource();
        let watched = self.0.get(&resource).or_else(|| {
            let is_custom = kinds::kind_of(&resource).is_none();
            self.0.get(&CUSTOM).filter(|_| is_custom)
        });
        for (index, watch) in watched.into_iter().flatten() {
            let keys = watch.wakes(&change.object, change.previous.as_ref(), cache);
            keys.into_iter().for_each(|key| workers[*index].wake(key, change, now));
        }
    }

    /// Queues every object of a controller's own types.
    pub(super) fn wake_all(&self, workers: &mut [Worker], index: usize, cache: &Cache) {
        let own = |(watcher, watch): &&(usize, Watch)| {
            *watcher == index && matches!(watch, Watch::Own(_))
        };
        for (_, watch) in self.0.values().flatten().filter(own) {
            let objects = cache.list(watch.resource());
            objects.for_each(|object| workers[index].queue.add(object.key()));
        }
    }
}

/// A controller and the keys it has to work on.
#[derive(Clone)]
pub(super) struct Worker {
    controller: Box<dyn Controller>,
    queue: Queue,
    rng: Rng,
    recorder: Recorder,
    planned: Option<Time>,
    /// The key that it has done only a part of.
    unfinished: Option<Key>,
    /// Until when it works on its last key.
    busy_until: Time,
}

impl Worker {
    pub(super) fn new(controller: Box<dyn Controller>, rng: &Rng) -> Self {
        let rng = rng.fork(controller.name());
        Self {
            controller,
            queue: Queue::default(),
            rng,
            recorder: Recorder::default(),
            planned: None,
            unfinished: None,
            busy_until: Time::default(),
        }
    }

    pub(super) fn resync_period(&self) -> Option<Duration> {
        self.controller.resync()
    }

    /// Queues a key that a change wakes, at once or as late as the controller likes it.
    fn wake(&mut self, key: Key, change: &Change, now: Time) {
        let previous = change.previous.as_ref();
        let patience = self.controller.patience(&key, &change.object, previous, now);
        if patience.is_zero() {
            self.queue.add(key);
        } else {
            self.queue.add_at(key, now + patience);
        }
    }

    /// When to run next, unless that is planned already.
    pub(super) fn plan(&mut self, now: Time) -> Option<Time> {
        if self.unfinished.is_some() {
            return plan(&mut self.planned, Some(now), now, Duration::ZERO);
        }
        let wanted = self.queue.next_time(now)?.max(self.busy_until);
        plan(&mut self.planned, Some(wanted), now, SYNC_COST)
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
        let unfinished = self.unfinished.take();
        let Some(key) = unfinished.or_else(|| self.queue.pop(now)) else { return false };
        let actor = self.controller.name();
        let (rng, recorder) = (&mut self.rng, &mut self.recorder);
        let mut cx = Context { now, cache, rng, api, trace, recorder, actor };
        let looks = cache.looks();
        let outcome = self.controller.sync(&key, &mut cx);
        let looks = u32::try_from(cache.looks() - looks).unwrap_or(u32::MAX);
        self.busy_until = self.busy_until.max(now + LOOK_COST.saturating_mul(looks));
        match outcome {
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
        match next {
            Next::OnChange => {}
            Next::After(delay) => self.queue.add_at(key, now + delay),
            Next::GoOn => self.unfinished = Some(key),
        }
    }
}
