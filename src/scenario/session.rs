//! A session: a cluster, the files, and the command that is under way.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::log::{Input, Log};
use crate::api::Status;
use crate::cluster::{Cluster, Control, Event, Options};
use crate::kubectl::{self, Files, HOME, Io, Run, Step, Typed};
use crate::machine::{self, Called, Sink, Surroundings, Terminal};
use crate::sim::Time;

/// The exit code of an interrupted command, as shells give it.
const INTERRUPTED: i32 = 130;

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

impl Sink for Output {
    fn write(&mut self, _: Time, stream: machine::Output, text: &str) {
        match stream {
            machine::Output::Stdout => self.print(text),
            machine::Output::Stderr => self.complain(text),
        }
    }
}

/// A person's session with a cluster.
pub struct Session {
    cluster: Cluster,
    files: Files,
    terminal: Terminal,
    /// Lines entered while another was under way.
    waiting: VecDeque<String>,
    /// Whether a line is under way.
    busy: bool,
    /// The kubectl commands under way, by the task of the shell that waits for each.
    running: BTreeMap<u32, Running>,
    output: Output,
    log: Log,
}

/// A kubectl command under way.
struct Running {
    run: Run,
    call: Called,
    /// The store's revision when it was polled last.
    revision: u64,
    wake: Option<Time>,
    /// It runs a script in the shell, and waits for its end only.
    runs_script: bool,
    /// What is typed is for it; whether it sees to showing it and to Ctrl-C itself.
    reads: Option<bool>,
    /// What was typed for it.
    typed: Vec<Typed>,
}

impl Running {
    fn start(call: Called, files: &Files) -> Self {
        Self {
            run: Run::start(&call.argv[1..], files),
            call,
            revision: u64::MAX,
            wake: None,
            runs_script: false,
            reads: None,
            typed: Vec::new(),
        }
    }
}

impl Session {
    /// How long its cluster has been up when it begins.
    pub const WARM_UP: Duration = Duration::from_secs(30);

    /// A session with a cluster that has been up for a while.
    pub fn new(seed: u64) -> Self {
        Self::with_cluster(Cluster::started(seed), seed)
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
            terminal: Terminal::new(HOME, kubectl::reads_input),
            waiting: VecDeque::new(),
            busy: false,
            running: BTreeMap::new(),
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
            Input::End => {
                self.type_for_command(Typed::End);
            }
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
        self.busy
    }

    /// Whether what is entered goes to the command under way.
    pub fn is_read(&self) -> bool {
        self.running.values().any(|running| running.reads.is_some())
    }

    /// What was printed since the last call.
    pub fn take_output(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// Runs the next event that is due at or before `until`, then the command under way as far
    /// as it can go.
    pub fn step(&mut self, until: Time) -> Option<Event> {
        let wake = self.wake();
        let event = self.cluster.step(wake.map_or(until, |wake| wake.min(until)));
        self.advance();
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

    /// Hands something typed to the command that reads; false if none does.
    fn type_for_command(&mut self, typed: Typed) -> bool {
        let now = self.cluster.now();
        let Some(running) = self.running.values_mut().rev().find(|r| r.reads.is_some()) else {
            return false;
        };
        if let (Typed::Line(line), Some(false)) = (&typed, running.reads) {
            self.output.print(&format!("{line}\n"));
        }
        running.typed.push(typed);
        running.wake = Some(now);
        self.advance();
        true
    }

    fn enter(&mut self, line: &str) {
        if self.type_for_command(Typed::Line(line.to_owned())) {
            return;
        }
        self.output.ended = None;
        self.waiting.push_back(line.to_owned());
        self.advance();
    }

    fn interrupt(&mut self) {
        let raw = self.running.values().any(|running| running.reads == Some(true));
        if raw && self.type_for_command(Typed::Interrupt) {
            return;
        }
        self.waiting.clear();
        if std::mem::take(&mut self.busy) {
            self.terminal.interrupt();
            self.running.clear();
            self.output.print("^C\n");
            self.output.ended = Some(INTERRUPTED);
        }
    }

    /// When something in the terminal is to go on by itself.
    fn wake(&self) -> Option<Time> {
        let commands = self.running.values().filter_map(|running| running.wake);
        commands.chain(self.terminal.wake(self.cluster.now())).min()
    }

    /// Lets the terminal go on as far as it can.
    fn advance(&mut self) {
        let is_idle = !self.busy && self.waiting.is_empty() && self.running.is_empty();
        if is_idle && self.terminal.wake(self.cluster.now()).is_none() {
            return;
        }
        loop {
            if !self.busy
                && let Some(line) = self.waiting.pop_front()
            {
                self.busy = true;
                self.around(|terminal, around| terminal.enter(&line, around));
            }
            for call in self.around(|terminal, around| terminal.run(around)) {
                self.files.seen_from(&call.folder, &call.variables);
                self.running.insert(call.pid, Running::start(call, &self.files));
            }
            let pids: Vec<u32> = self.running.keys().copied().collect();
            let moved = pids.into_iter().filter(|pid| self.poll(*pid)).count() > 0;
            if self.busy
                && let Some(code) = self.terminal.ended()
            {
                self.busy = false;
                self.output.ended = Some(code);
            } else if !moved {
                return;
            }
            if !self.busy && self.waiting.is_empty() && !moved {
                return;
            }
        }
    }

    fn around<T>(&mut self, act: impl FnOnce(&mut Terminal, &mut Surroundings<'_>) -> T) -> T {
        let now = self.cluster.now();
        let mut around = Surroundings { now, files: self.files.tree(), sink: &mut self.output };
        act(&mut self.terminal, &mut around)
    }

    /// Polls a command under way if something changed or its time has come; whether the shell has
    /// something to do afterwards.
    fn poll(&mut self, pid: u32) -> bool {
        if !self.terminal.awaits(pid) {
            self.running.remove(&pid);
            return true;
        }
        let now = self.cluster.now();
        let revision = self.cluster.store().revision();
        let Some(running) = self.running.get_mut(&pid) else { return false };
        let script = if running.runs_script {
            let Some(code) = self.terminal.script_ended(pid) else { return false };
            running.runs_script = false;
            Some(code)
        } else {
            None
        };
        let is_due = script.is_some() || running.wake.is_some_and(|wake| wake <= now);
        if running.revision == revision && !is_due {
            return false;
        }
        self.files.seen_from(&running.call.folder, &running.call.variables);
        let (mut out, mut err) = (String::new(), String::new());
        let step = running.run.poll(&mut Io {
            api: &mut self.cluster,
            now,
            files: &mut self.files,
            stdin: &running.call.input,
            terminal: running.call.terminal,
            typed: &mut running.typed,
            script,
            out: &mut out,
            err: &mut err,
        });
        running.revision = self.cluster.store().revision();
        running.wake = match step {
            Step::Wait(after) => after.map(|after| now + after),
            Step::Read { after, .. } => Some(now + after),
            _ => None,
        };
        running.reads = match step {
            Step::Read { raw, .. } => Some(raw),
            _ => None,
        };
        running.runs_script = matches!(step, Step::Script(_));
        let said = !(out.is_empty() && err.is_empty());
        self.around(|terminal, around| {
            terminal.say(pid, 1, &out, around);
            terminal.say(pid, 2, &err, around);
            match step {
                Step::Done(code) => terminal.end(pid, code),
                Step::Script(text) => terminal.run_for(pid, &text),
                Step::Wait(_) | Step::Read { .. } => return said,
            }
            true
        })
    }
}
