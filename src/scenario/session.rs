//! A session: a cluster, the files, and the command that is under way.

use std::collections::VecDeque;
use std::time::Duration;

use super::log::{Input, Log};
use super::words::{self, Command};
use crate::api::Status;
use crate::cluster::{Cluster, Control, Event, Options};
use crate::kubectl::{Files, Io, Run, Step};
use crate::sim::Time;

/// The exit code of an interrupted command, as shells give it.
const INTERRUPTED: i32 = 130;
/// The exit code of an unknown command.
const NOT_FOUND: i32 = 127;

/// What a command printed since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What went to the standard output and the standard error, in order.
    pub text: String,
    /// What of it went to the standard error.
    pub errors: String,
    /// What of it went to the standard output.
    pub out: String,
    /// The exit code of the line, once it has ended.
    pub ended: Option<i32>,
}

impl Output {
    fn print(&mut self, text: &str) {
        self.text.push_str(text);
        self.out.push_str(text);
    }

    fn complain(&mut self, text: &str) {
        self.text.push_str(text);
        self.errors.push_str(text);
    }
}

/// A person's session with a cluster.
pub struct Session {
    cluster: Cluster,
    files: Files,
    waiting: VecDeque<Command>,
    running: Option<Running>,
    output: Output,
    log: Log,
}

/// A command under way.
struct Running {
    run: Run,
    stdin: String,
    /// The store's revision when it was polled last.
    revision: u64,
    wake: Option<Time>,
    deadline: Option<Time>,
}

impl Session {
    /// A session with a cluster that has been up for a while.
    pub fn new(seed: u64) -> Self {
        Self::with_cluster(Cluster::started(seed), seed)
    }

    /// A session with a new cluster of one's own choice.
    pub fn with_options(seed: u64, options: &Options) -> Self {
        let mut cluster = Cluster::with_options(seed, options);
        cluster.run_for(Duration::from_secs(30));
        Self::with_cluster(cluster, seed)
    }

    fn with_cluster(cluster: Cluster, seed: u64) -> Self {
        Self {
            cluster,
            files: Files::default(),
            waiting: VecDeque::new(),
            running: None,
            output: Output::default(),
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
            Input::Line(line) => self.enter(&line),
            Input::Interrupt => self.interrupt(),
            Input::Write { name, text } => self.files.write(&name, text),
            Input::Remove { name } => {
                self.files.remove(&name);
            }
            Input::Control(control) => {
                if let Err(status) = self.control(&control) {
                    self.output.complain(&format!("error: {status}\n"));
                }
            }
            Input::Moment => {}
        }
    }

    /// Whether a command is under way.
    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// What was printed since the last call.
    pub fn take_output(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// Runs the next event that is due at or before `until`, then the command under way as far
    /// as it can go.
    pub fn step(&mut self, until: Time) -> Option<Event> {
        let wake = self.running.as_ref().and_then(|running| match running.deadline {
            Some(deadline) => Some(running.wake.map_or(deadline, |wake| wake.min(deadline))),
            None => running.wake,
        });
        let event = self.cluster.step(wake.map_or(until, |wake| wake.min(until)));
        self.poll();
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

    fn enter(&mut self, line: &str) {
        match words::split(line) {
            Ok(commands) => self.waiting.extend(commands),
            Err(why) => {
                self.output.complain(&format!("sh: {why}\n"));
                self.output.ended = Some(2);
                return;
            }
        }
        self.output.ended = self.waiting.is_empty().then_some(0);
        self.next(0);
    }

    fn interrupt(&mut self) {
        self.waiting.clear();
        if self.running.take().is_some() {
            self.output.print("^C\n");
            self.output.ended = Some(INTERRUPTED);
        }
    }

    /// Starts the next waiting command after one that ended with `code`.
    fn next(&mut self, mut code: i32) {
        while self.running.is_none() {
            let Some(command) = self.waiting.pop_front() else {
                self.output.ended = Some(code);
                return;
            };
            if command.after_success && code != 0 {
                continue;
            }
            code = self.start(command);
            if self.running.is_some() {
                self.poll();
                return;
            }
        }
    }

    /// Starts one command; its exit code, unless it is under way now.
    fn start(&mut self, command: Command) -> i32 {
        let (limit, words) = match command.words.as_slice() {
            [timeout, seconds, rest @ ..] if timeout == "timeout" => (seconds.parse().ok(), rest),
            words => (None, words),
        };
        match words.split_first() {
            Some((name, rest)) if name == "kubectl" || name == "k" => {
                let deadline = limit.map(|s| self.cluster.now() + Duration::from_secs(s));
                let revision = u64::MAX;
                let run = Run::start(rest, &self.files);
                let stdin = command.stdin.unwrap_or_default();
                self.running = Some(Running { run, stdin, revision, wake: None, deadline });
                0
            }
            Some((name, rest)) if name == "cat" => self.cat(rest),
            Some((name, _)) if name == "ls" => {
                let names = self.files.names().filter(|name| !name.starts_with('.'));
                let names: Vec<_> = names.map(|name| format!("{name}\n")).collect();
                self.output.print(&names.concat());
                0
            }
            Some((name, rest)) if name == "echo" => {
                self.output.print(&format!("{}\n", rest.join(" ")));
                0
            }
            Some((name, _)) => {
                self.output.complain(&format!("sh: {name}: not found\n"));
                NOT_FOUND
            }
            None => 0,
        }
    }

    fn cat(&mut self, names: &[String]) -> i32 {
        let mut code = 0;
        for name in names {
            match self.files.read(name) {
                Some(text) => self.output.print(text),
                None => {
                    let line = format!("cat: can't open '{name}': No such file or directory\n");
                    self.output.complain(&line);
                    code = 1;
                }
            }
        }
        code
    }

    /// Polls the command under way if something changed or its time has come.
    fn poll(&mut self) {
        let now = self.cluster.now();
        let revision = self.cluster.store().revision();
        let Some(running) = &mut self.running else { return };
        let is_due = running.wake.is_some_and(|wake| wake <= now);
        let timed_out = running.deadline.is_some_and(|deadline| deadline <= now);
        if running.revision == revision && !is_due && !timed_out {
            return;
        }
        let (mut out, mut err) = (String::new(), String::new());
        let step = running.run.poll(&mut Io {
            api: &mut self.cluster,
            now,
            files: &mut self.files,
            stdin: &running.stdin,
            out: &mut out,
            err: &mut err,
        });
        running.revision = self.cluster.store().revision();
        self.output.print(&out);
        self.output.complain(&err);
        match step {
            Step::Wait(after) if !timed_out => running.wake = after.map(|after| now + after),
            Step::Wait(_) => {
                self.running = None;
                self.next(124);
            }
            Step::Done(code) => {
                self.running = None;
                self.next(code);
            }
        }
    }
}
