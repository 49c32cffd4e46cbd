//! All that can happen.

use std::time::Duration;

use super::view::ViewId;
use crate::sim::Time;

/// Everything that can happen below the API: one closed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A component's watches deliver what happened.
    Deliver(ViewId),
    /// A controller works on its next key.
    Sync(usize),
    /// A controller looks at all of its objects again.
    Resync(usize),
    /// The scheduler works on its next Pod.
    Schedule,
    /// A kubelet takes its next step.
    Kubelet,
    /// The use of CPU and memory is sampled.
    Sample,
    /// The API server removes what has expired.
    Expire,
}

/// For each component with one event at a time, when that event is planned.
///
/// A plan can only be brought forward; the later event then finds that it is stale.
#[derive(Clone, Debug, Default)]
pub(super) struct Planned {
    schedule: Option<Time>,
    kubelet: Option<Time>,
    sample: Option<Time>,
    expire: Option<Time>,
}

impl Planned {
    /// The time to plan `event` at, unless it is planned early enough already.
    pub(super) fn plan(
        &mut self,
        wanted: Option<Time>,
        now: Time,
        cost: Duration,
        event: &Event,
    ) -> Option<Time> {
        let slot = match event {
            Event::Schedule => &mut self.schedule,
            Event::Kubelet => &mut self.kubelet,
            Event::Sample => &mut self.sample,
            Event::Expire => &mut self.expire,
            Event::Deliver(_) | Event::Sync(_) | Event::Resync(_) => return None,
        };
        plan(slot, wanted, now, cost)
    }

    pub(super) fn take_schedule(&mut self, now: Time) -> bool {
        take(&mut self.schedule, now)
    }

    pub(super) fn take_kubelet(&mut self, now: Time) -> bool {
        take(&mut self.kubelet, now)
    }

    pub(super) fn take_sample(&mut self, now: Time) -> bool {
        take(&mut self.sample, now)
    }

    pub(super) fn take_expire(&mut self, now: Time) -> bool {
        take(&mut self.expire, now)
    }
}

/// Plans `slot` for `wanted`, at the earliest `cost` from now, unless it is early enough already.
pub(super) fn plan(
    slot: &mut Option<Time>,
    wanted: Option<Time>,
    now: Time,
    cost: Duration,
) -> Option<Time> {
    let time = wanted?.max(now + cost);
    if slot.is_some_and(|planned| planned <= time) {
        return None;
    }
    *slot = Some(time);
    Some(time)
}

/// Whether an event that happens now is the planned one; if so, the plan is fulfilled.
pub(super) fn take(slot: &mut Option<Time>, now: Time) -> bool {
    let is_planned = *slot == Some(now);
    if is_planned {
        *slot = None;
    }
    is_planned
}
