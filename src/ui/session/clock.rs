use std::time::Duration;

use super::Session;
use crate::sim::Time;
use crate::ui::state::SPEEDS;
use crate::ui::view::View;
use crate::web::clock;

/// How long one frame may simulate, in milliseconds.
const BUDGET_MS: f64 = 5.0;
/// Real time that one frame can stand for, in milliseconds: a tab that slept does not catch up.
const FRAME_MAX_MS: f64 = 100.0;
/// "Nothing is due" means that nothing changed for this long.
const QUIET: Duration = Duration::from_secs(20);
/// "Run until nothing is due" gives up after this long.
const IDLE_MAX: Duration = Duration::from_secs(900);

/// The run ahead until nothing happens any more.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    from: Time,
    changed: Time,
    pulse: u64,
}

impl Session {
    /// One animation frame at real time `now_ms`: simulates for a few milliseconds at most.
    pub(super) fn frame(&mut self, now_ms: f64) {
        let real = self.last_frame.map_or(0.0, |last| (now_ms - last).clamp(0.0, FRAME_MAX_MS));
        self.last_frame = Some(now_ms);
        if self.pace.restoring {
            self.restore();
            if self.pace.restoring {
                return;
            }
        } else if self.ahead.is_some() {
            self.run_ahead();
        } else if self.pace.playing {
            let (_, rate) = SPEEDS[self.pace.speed];
            // Real milliseconds times thousandths are simulated microseconds.
            self.advance((real * rate as f64) as u64);
        }
        self.collect();
        let second = self.now().seconds();
        let changed = self.simulation.cluster().store().revision() != self.view.revision;
        if changed {
            self.unseen = View::TURNS;
        }
        if changed || second != self.second || (self.unseen > 0 && self.view.is_large()) {
            self.second = second;
            self.publish();
        }
    }

    /// Lets `micros` pass, or as much of it as fits into a frame: a machine that is too slow for
    /// the speed lets the rest go.
    fn advance(&mut self, micros: u64) {
        let until = self.now() + Duration::from_micros(micros);
        let deadline = clock::now_ms() + BUDGET_MS;
        while self.now() < until && clock::now_ms() < deadline {
            self.simulation.step(until);
        }
    }

    /// Starts to run ahead.
    pub(super) fn start_ahead(&mut self) {
        let now = self.now();
        self.items.refresh(self.simulation.cluster());
        self.ahead = Some(Ahead { from: now, changed: now, pulse: self.items.pulse() });
        self.pace.to_idle = true;
    }

    /// Stops running ahead.
    pub(super) fn stop_ahead(&mut self) {
        self.ahead = None;
        self.pace.to_idle = false;
    }

    fn run_ahead(&mut self) {
        let Some(mut ahead) = self.ahead else { return };
        let deadline = clock::now_ms() + BUDGET_MS;
        while clock::now_ms() < deadline {
            let now = self.now();
            if now.since(ahead.changed) > QUIET || now.since(ahead.from) > IDLE_MAX {
                self.stop_ahead();
                self.pace.playing = false;
                return;
            }
            self.simulation.step(now + Duration::from_secs(1));
            self.items.refresh(self.simulation.cluster());
            let pulse = self.items.pulse();
            if pulse != ahead.pulse {
                ahead = Ahead { changed: self.now(), pulse, ..ahead };
            }
        }
        self.ahead = Some(ahead);
    }
}
