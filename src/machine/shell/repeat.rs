//! Notices loops that go round in circles, so that an hour of one costs a few steps to simulate.
//!
//! A round of a loop is the same as the one before when it did the same visible things, took the
//! same time and left every variable as it was. After three of them a loop that took no time only
//! burns a processor, and a loop of requests is a request rate; both are looked at again each
//! second, because the world around them may have changed.

use std::rc::Rc;
use std::time::Duration;

use super::activity::Activity;
use super::task::{Round, State, Task, Trail};
use crate::sim::{Time, duration};

const ENOUGH: u32 = 3;
const RECHECK: Duration = Duration::from_secs(1);
/// A loop whose requests are further apart is simulated request by request.
const SLOWEST_MICROS: u64 = 250_000;

impl Task {
    /// A round of the innermost loop begins at `now`.
    pub(super) fn round_begins(&mut self, now: Time) {
        let (variables, trail) = (self.variables.clone(), std::mem::take(&mut self.trail));
        let Some(round) = self.innermost_round() else { return };
        let took = duration::micros(now.since(round.began));
        let same = !trail.unrepeatable
            && !trail.piped
            && round.trail == trail
            && round.took == took
            && (round.variables.ptr_eq(&variables) || round.variables == variables);
        let same = if same { round.same + 1 } else { 0 };
        *round = Round { began: now, variables, trail, took, same };
        if same < ENOUGH {
            return;
        }
        round.same = ENOUGH - 1;
        let requests = round.trail.requests.clone();
        let activity = match requests.len() as u64 {
            0 if took == 0 => Activity::Spin { recheck: Some(now + RECHECK) },
            count if count > 0 && took > 0 && took / count <= SLOWEST_MICROS => {
                Activity::Requests { loads: rates(&requests, took), until: now + RECHECK }
            }
            _ => return,
        };
        // The time in between is not the length of a round.
        round.began = now + RECHECK;
        self.state = State::Busy(Box::new(activity));
    }

    fn innermost_round(&mut self) -> Option<&mut Round> {
        self.frames.last_mut()?.loops.last_mut().map(|inner| &mut inner.round)
    }

    /// A loop begins: its trail is its own until it ends.
    pub(super) fn first_round(&mut self, now: Time) -> (Round, Trail) {
        let outer = std::mem::take(&mut self.trail);
        let round = Round { began: now, variables: self.variables.clone(), ..Round::default() };
        (round, outer)
    }

    /// The innermost loop ended.
    pub(super) fn rounds_end(&mut self, round: &Round, mut outer: Trail) {
        outer.join(&round.trail);
        outer.join(&self.trail);
        self.trail = outer;
    }
}

fn rates(requests: &[Rc<str>], took: u64) -> Vec<(Rc<str>, u64)> {
    let mut counts: Vec<(Rc<str>, u64)> = Vec::new();
    for url in requests {
        match counts.iter_mut().find(|(other, _)| other == url) {
            Some((_, count)) => *count += 1,
            None => counts.push((Rc::clone(url), 1)),
        }
    }
    counts.into_iter().map(|(url, count)| (url, count * 1_000_000_000 / took)).collect()
}
