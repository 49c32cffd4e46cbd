//! One terminal of a person: its shell, the line under way, and the kubectl commands it waits for.

use std::collections::VecDeque;

use crate::base::small_map::SmallMap;
use crate::cluster::Cluster;
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

/// What the commands of a terminal work with.
pub(super) struct World<'a> {
    pub(super) cluster: &'a mut Cluster,
    pub(super) files: &'a mut Files,
}

/// One terminal.
pub(super) struct Shell {
    terminal: Terminal,
    /// Lines entered while another was under way.
    waiting: VecDeque<String>,
    /// Whether a line is under way.
    busy: bool,
    /// The kubectl commands under way, by the task of the shell that waits for each.
    running: SmallMap<u32, Running>,
    output: Output,
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

impl Shell {
    /// A shell at its first prompt.
    pub(super) fn new() -> Self {
        Self {
            terminal: Terminal::new(HOME, kubectl::reads_input),
            waiting: VecDeque::new(),
            busy: false,
            running: SmallMap::new(),
            output: Output::default(),
        }
    }

    /// Whether a line is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether what is entered goes to the command under way.
    pub(super) fn is_read(&self) -> bool {
        self.running.values().any(|running| running.reads.is_some())
    }

    /// What was printed since the last call.
    pub(super) fn take_output(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// Prints an error that no command made.
    pub(super) fn complain(&mut self, text: &str) {
        self.output.complain(text);
    }

    /// Hands something typed to the command that reads; false if none does.
    pub(super) fn type_for_command(&mut self, typed: Typed, world: &mut World<'_>) -> bool {
        let now = world.cluster.now();
        let Some(running) = self.running.values_mut().rev().find(|r| r.reads.is_some()) else {
            return false;
        };
        if let (Typed::Line(line), Some(false)) = (&typed, running.reads) {
            self.output.print(&format!("{line}\n"));
        }
        running.typed.push(typed);
        running.wake = Some(now);
        self.advance(world);
        true
    }

    /// Enters a line: for the command that reads, or else for the shell, once it is free.
    pub(super) fn enter(&mut self, line: &str, world: &mut World<'_>) {
        if self.type_for_command(Typed::Line(line.to_owned()), world) {
            return;
        }
        self.output.ended = None;
        self.waiting.push_back(line.to_owned());
        self.advance(world);
    }

    /// Ctrl-C.
    pub(super) fn interrupt(&mut self, world: &mut World<'_>) {
        let raw = self.running.values().any(|running| running.reads == Some(true));
        if raw && self.type_for_command(Typed::Interrupt, world) {
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
    pub(super) fn wake(&self, now: Time) -> Option<Time> {
        let commands = self.running.values().filter_map(|running| running.wake);
        commands.chain(self.terminal.wake(now)).min()
    }

    /// Lets the terminal go on as far as it can.
    pub(super) fn advance(&mut self, world: &mut World<'_>) {
        let is_idle = !self.busy && self.waiting.is_empty() && self.running.is_empty();
        if is_idle && self.terminal.wake(world.cluster.now()).is_none() {
            return;
        }
        loop {
            if !self.busy
                && let Some(line) = self.waiting.pop_front()
            {
                self.busy = true;
                self.around(world, |terminal, around| terminal.enter(&line, around));
            }
            for call in self.around(world, |terminal, around| terminal.run(around)) {
                world.files.seen_from(&call.folder, &call.variables);
                self.running.insert(call.pid, Running::start(call, world.files));
            }
            let pids: Vec<u32> = self.running.keys().copied().collect();
            let moved = pids.into_iter().filter(|pid| self.poll(*pid, world)).count() > 0;
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

    fn around<T>(
        &mut self,
        world: &mut World<'_>,
        act: impl FnOnce(&mut Terminal, &mut Surroundings<'_>) -> T,
    ) -> T {
        let now = world.cluster.now();
        let mut around = Surroundings { now, files: world.files.tree(), sink: &mut self.output };
        act(&mut self.terminal, &mut around)
    }

    /// Polls a command under way if something changed or its time has come; whether the shell has
    /// something to do afterwards.
    fn poll(&mut self, pid: u32, world: &mut World<'_>) -> bool {
        if !self.terminal.awaits(pid) {
            self.running.remove(&pid);
            return true;
        }
        let now = world.cluster.now();
        let revision = world.cluster.store().revision();
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
        world.files.seen_from(&running.call.folder, &running.call.variables);
        let (mut out, mut err) = (String::new(), String::new());
        let step = running.run.poll(&mut Io {
            api: world.cluster,
            now,
            files: world.files,
            stdin: &running.call.input,
            terminal: running.call.terminal,
            typed: &mut running.typed,
            script,
            out: &mut out,
            err: &mut err,
        });
        running.revision = world.cluster.store().revision();
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
        self.around(world, |terminal, around| {
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
