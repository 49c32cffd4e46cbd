//! A session: a cluster, the files, and the terminals.

use std::time::Duration;

use super::lessons;
use super::log::{Input, Log};
use super::shell::{Output, Shell, World};
use crate::api::Status;
use crate::cluster::{Cluster, Control, Event, Options};
use crate::kubectl::{Files, Typed};
use crate::sim::Time;

/// A person's session with a cluster.
pub struct Session {
    cluster: Cluster,
    files: Files,
    shells: Vec<Shell>,
    /// The terminal in which the person works.
    current: usize,
    log: Log,
}

impl Session {
    /// How many terminals a session has at most.
    pub const TERMINALS_MAX: usize = 9;

    /// How long its cluster has been up when it begins.
    pub const WARM_UP: Duration = Duration::from_secs(30);

    /// A session with a cluster that has been up for a while, and the lessons' manifests at hand.
    pub fn new(seed: u64) -> Self {
        Self::with_cluster(Cluster::started(seed), seed).with_lessons()
    }

    /// The session with the lessons' manifests among its files.
    pub fn with_lessons(mut self) -> Self {
        for (name, text) in lessons::all() {
            self.files.write(name, text);
        }
        self
    }

    /// A session with a new cluster of one's own choice.
    pub fn with_options(seed: u64, options: &Options) -> Self {
        let mut cluster = Cluster::with_options(seed, options);
        cluster.run_for(Self::WARM_UP);
        Self::with_cluster(cluster, seed)
    }

    fn with_cluster(cluster: Cluster, seed: u64) -> Self {
        Self {
            cluster,
            files: Files::default(),
            shells: vec![Shell::new()],
            current: 0,
            log: Log { seed, inputs: Vec::new() },
        }
    }

    /// The session that a log describes, at the moment of its last input.
    pub fn replay(log: &Log) -> Self {
        let mut session = Self::new(log.seed);
        for (steps, time, input) in &log.inputs {
            while session.cluster.steps() < *steps {
                if session.step(*time).is_none() {
                    break;
                }
            }
            if session.cluster.now() < *time {
                session.step(*time);
            }
            session.input(input.clone());
        }
        session
    }

    /// Everything that was put in so far: with it the session can be replayed.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The cluster, to read.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The files.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Takes an input, and logs it.
    ///
    /// Refusals of [`Input::Control`] are printed like a command's errors.
    pub fn input(&mut self, input: Input) {
        let now = self.cluster.now();
        self.log.inputs.push((self.cluster.steps(), now, input.clone()));
        match input {
            Input::Terminal(number) => self.turn_to(number),
            Input::Line(line) => self.with_shell(|shell, world| shell.enter(&line, world)),
            Input::Interrupt => self.with_shell(Shell::interrupt),
            Input::End => self.with_shell(|shell, world| {
                shell.type_for_command(Typed::End, world);
            }),
            Input::Write { name, text } => self.files.write(&name, text),
            Input::Remove { name } => {
                self.files.remove(&name);
            }
            Input::Control(control) => {
                if let Err(status) = self.control(&control) {
                    let text = format!("error: {status}\n");
                    self.with_shell(|shell, _| shell.complain(&text));
                }
            }
            Input::Moment => {}
        }
    }

    /// Whether a command is under way in the current terminal.
    pub fn is_busy(&self) -> bool {
        self.shells.get(self.current).is_some_and(Shell::is_busy)
    }

    /// The terminal in which the person works, from 0.
    pub fn terminal(&self) -> usize {
        self.current
    }

    /// How many terminals there are.
    pub fn terminals(&self) -> usize {
        self.shells.len()
    }

    /// A terminal in which nothing is under way: the current one if it can be, or a new one.
    pub fn free_terminal(&self) -> usize {
        let is_free = |n: &usize| self.shells.get(*n).is_none_or(|shell| !shell.is_busy());
        let all = std::iter::once(self.current).chain(0..Self::TERMINALS_MAX);
        all.into_iter().find(is_free).unwrap_or(self.current)
    }

    /// Whether what is entered in the current terminal goes to the command under way.
    pub fn is_read(&self) -> bool {
        self.shells.get(self.current).is_some_and(Shell::is_read)
    }

    /// What the current terminal printed since the last call.
    pub fn take_output(&mut self) -> Output {
        self.take_output_of(self.current)
    }

    /// What a terminal printed since the last call.
    pub fn take_output_of(&mut self, terminal: usize) -> Output {
        self.shells.get_mut(terminal).map(Shell::take_output).unwrap_or_default()
    }

    /// Runs the next event that is due at or before `until`, then the command under way as far
    /// as it can go.
    pub fn step(&mut self, until: Time) -> Option<Event> {
        let now = self.cluster.now();
        let wake = self.shells.iter().filter_map(|shell| shell.wake(now)).min();
        let event = self.cluster.step(wake.map_or(until, |wake| wake.min(until)));
        let mut world = World { cluster: &mut self.cluster, files: &mut self.files };
        for shell in &mut self.shells {
            shell.advance(&mut world);
        }
        event
    }

    /// Runs for `duration`.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.cluster.now() + duration;
        while self.cluster.now() < until {
            self.step(until);
        }
        while self.step(until).is_some() {}
    }

    /// Runs until `done`, for at most `limit`; whether it was reached.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let until = self.cluster.now() + limit;
        while !done(self) {
            if self.cluster.now() >= until {
                return false;
            }
            self.step(until);
        }
        true
    }

    fn control(&mut self, control: &Control) -> Result<(), Status> {
        self.cluster.control(control)
    }

    /// Turns to a terminal, a new one if it is the next after the last.
    fn turn_to(&mut self, number: usize) {
        if number == self.shells.len() && number < Self::TERMINALS_MAX {
            self.shells.push(Shell::new());
        }
        if number < self.shells.len() {
            self.current = number;
        }
    }

    fn with_shell(&mut self, act: impl FnOnce(&mut Shell, &mut World<'_>)) {
        let mut world = World { cluster: &mut self.cluster, files: &mut self.files };
        if let Some(shell) = self.shells.get_mut(self.current) {
            act(shell, &mut world);
        }
    }
}
