use super::Session;
use crate::scenario::{Log, Session as Simulation};
use crate::sim::Time;
use crate::ui::files;
use crate::ui::state::Pace;
use crate::web::{clock, seed};

/// How long one frame may replay, in milliseconds. Nothing but the progress is drawn meanwhile, so
/// nearly all of the frame is the replay's; it stays below what a person feels as a delay.
const BUDGET_MS: f64 = 40.0;

impl Session {
    /// The session that was saved, or a new one.
    pub(super) fn open() -> Self {
        let saved = files::load_log();
        let log = saved.log.unwrap_or_else(|| Log { seed: seed::fresh(), inputs: Vec::new() });
        Self::replaying(log, saved.until)
    }

    /// A session that starts by putting in `log` again, and then lets time pass until `until`.
    fn replaying(log: Log, until: Option<Time>) -> Self {
        let mut session = Self::new(Simulation::new(log.seed));
        let last = log.inputs.last().map(|(_, time, _)| *time);
        session.until = until.max(last);
        session.pace.restoring = session.until.is_some();
        session.replay = log.inputs.into();
        session.publish();
        session
    }

    /// Goes on with the replay for a few milliseconds.
    pub(super) fn restore(&mut self) {
        let deadline = clock::now_ms() + BUDGET_MS;
        while clock::now_ms() < deadline {
            let (now, steps) = (self.now(), self.simulation.cluster().steps());
            match self.replay.front() {
                Some((at_steps, time, _)) if steps < *at_steps || now < *time => {
                    let time = *time;
                    let is_stuck = self.simulation.step(time).is_none();
                    if is_stuck && steps < *at_steps && now >= time {
                        // The log does not fit this version of the simulator; go on regardless.
                        self.put_in();
                    }
                }
                Some(_) => self.put_in(),
                None => match self.until {
                    Some(until) if now < until => {
                        self.simulation.step(until);
                    }
                    _ => {
                        self.pace.restoring = false;
                        self.until = None;
                        return;
                    }
                },
            }
        }
        self.pace.restored = self.restored();
    }

    /// How much of the replay is done, in percent of its time.
    fn restored(&self) -> u8 {
        let Some(until) = self.until else { return 100 };
        let all = until.since(self.start).as_millis().max(1);
        let done = self.now().since(self.start).as_millis();
        u8::try_from((done * 100 / all).min(100)).unwrap_or(100)
    }

    fn put_in(&mut self) {
        if let Some((_, _, input)) = self.replay.pop_front() {
            self.input(input);
        }
    }

    /// Takes back the last command: replays the log without it.
    pub(super) fn undo(&mut self) {
        let mut log = self.simulation.log().clone();
        let mut until = None;
        while let Some((_, time, input)) = log.inputs.pop() {
            if super::is_act(&input) {
                until = Some(time);
                break;
            }
        }
        self.restart(log, until);
    }

    /// Starts over with a new cluster.
    pub(super) fn reset(&mut self) {
        self.restart(Log { seed: seed::fresh(), inputs: Vec::new() }, None);
    }

    /// Saves the log and how far the clock has got.
    pub(super) fn save(&self) {
        if !self.pace.restoring {
            files::save_log(self.simulation.log(), self.now());
        }
    }

    fn restart(&mut self, log: Log, until: Option<Time>) {
        let Pace { speed, playing, .. } = self.pace;
        let history = std::mem::take(&mut self.history);
        files::save_log(&log, until.unwrap_or(self.start));
        *self = Self::replaying(log, until);
        self.history = history;
        self.pace.speed = speed;
        self.pace.playing = playing;
    }
}
