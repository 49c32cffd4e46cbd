//! A process with its children: who runs next, who waits for whom, and signals.

use std::rc::Rc;
use std::time::Duration;

use super::activity::{Activity, Serve};
use super::syntax::Code;
use super::task::{Frame, FrameKind, Interactive, State, Stream, Task, Variable, Wait};
use super::{Outcome, World};
use crate::base::small_map::SmallMap;
use crate::machine::image::Program;
use crate::machine::log::Output;
use crate::machine::network::{Reply, RequestRate};
use crate::sim::Time;

/// How a process begins.
#[derive(Clone, Debug, Default)]
pub(in crate::machine) struct Start<'a> {
    pub(in crate::machine) pid: u32,
    pub(in crate::machine) argv: &'a [String],
    pub(in crate::machine) env: &'a [(String, String)],
    pub(in crate::machine) cwd: &'a str,
    /// Standard input stays open for text from outside.
    pub(in crate::machine) stdin: bool,
    /// Standard input is a terminal.
    pub(in crate::machine) tty: bool,
}

/// A port on which a process answers.
#[derive(Clone, Debug)]
pub(in crate::machine) struct Listener {
    pub(in crate::machine) program: Rc<Program>,
    pub(in crate::machine) argv: Rc<[String]>,
    pub(in crate::machine) started: Time,
    /// What it says on which port, where its environment says so.
    pub(in crate::machine) says: Rc<[(u16, String)]>,
}

/// A process and everything it started.
#[derive(Clone, Debug)]
pub(in crate::machine) struct Process {
    pub(super) root: u32,
    /// Boxed: a node of the map has room for eleven.
    pub(super) tasks: SmallMap<u32, Box<Task>>,
    pub(super) pipes: SmallMap<u32, String>,
    pub(super) next_pid: u32,
    pub(super) input: String,
    pub(super) input_open: bool,
    pub(super) tty: bool,
    /// The shell of a person's terminal, whose tools are GNU's where that shows.
    pub(super) terminal: bool,
    /// CPU time used and not yet asked for, in microseconds.
    pub(super) cpu_micros: u64,
    /// Signals for processes elsewhere in the container.
    pub(super) signals: Vec<(u32, Rc<str>)>,
}

/// What Ctrl-D sends: whoever reads a terminal takes it for the end.
pub(super) const END_OF_INPUT: char = '\u{4}';

/// A bomb of background processes ends here.
pub(super) const MOST_TASKS: usize = 256;
/// What a pipe holds before its writer has to wait.
const PIPE_CAPACITY: usize = 65_536;

impl Process {
    pub(in crate::machine) fn new(start: &Start) -> Self {
        let input = if start.stdin { Stream::Console } else { Stream::Null };
        let streams = [input, Stream::Log(Output::Stdout), Stream::Log(Output::Stderr)];
        let mut task = Task::new(start.pid, "sh", streams);
        task.cwd = if start.cwd.is_empty() { "/".into() } else { start.cwd.into() };
        for (name, value) in start.env {
            let variable = Variable { value: value.as_str().into(), exported: true };
            task.variables.insert(name.as_str().into(), variable);
        }
        task.command = start.argv.join(" ").into();
        task.replacing = true;
        let code = Rc::new(Code::of_argv(start.argv));
        task.frames.push(Frame::new(code, FrameKind::Script));
        Self {
            root: start.pid,
            tasks: SmallMap::from([(start.pid, Box::new(task))]),
            pipes: SmallMap::new(),
            next_pid: start.pid + 1,
            input: String::new(),
            input_open: start.stdin,
            tty: start.tty,
            terminal: false,
            cpu_micros: 0,
            signals: Vec::new(),
        }
    }

    /// Every task, by number.
    pub(super) fn all(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().map(Box::as_ref)
    }

    /// Lets everything that can run go on until all wait or the budget is spent.
    pub(in crate::machine) fn run(&mut self, world: &mut World, mut budget: u32) -> Outcome {
        loop {
            let mut progress = false;
            let pids: Vec<u32> = self.tasks.keys().copied().collect();
            for pid in pids {
                let Some(mut task) = self.tasks.remove(&pid) else { continue };
                progress |= self.turn(&mut task, world, &mut budget);
                if let State::Busy(activity) = &mut task.state
                    && let Activity::Ask { effect, sent: sent @ false, after, .. } =
                        activity.as_mut()
                    && *after <= world.now
                {
                    *sent = true;
                    let effect = effect.clone();
                    self.tasks.insert(pid, task);
                    return Outcome::Asks { pid, effect };
                }
                self.tasks.insert(pid, task);
            }
            if let Some(State::Done(code)) = self.tasks.get(&self.root).map(|task| &task.state) {
                return Outcome::Exited(*code);
            }
            if !progress {
                return Outcome::Idle { wake: self.wake(world.now) };
            }
        }
    }

    /// One task's turn; true if anything happened.
    fn turn(&mut self, task: &mut Task, world: &mut World, budget: &mut u32) -> bool {
        if task.deadline.is_some_and(|at| at <= world.now) && !task.is_done() {
            task.state = State::Done(if self.terminal { 124 } else { 143 });
            return true;
        }
        let mut progress = false;
        // Tasks take turns so that both ends of a pipe get on.
        for _ in 0..2_000 {
            let moved = match task.state {
                State::Done(_) => false,
                State::Ready if *budget == 0 => {
                    self.compute_on(task, world.now);
                    return progress;
                }
                State::Ready => {
                    if self.blocked_by_pipe(task) {
                        return progress | task.is_done();
                    }
                    *budget -= 1;
                    self.spend(task, 1);
                    self.step(task, world);
                    true
                }
                State::Waiting(_) => self.reap(task),
                State::Busy(_) => self.carry_on(task, world),
            };
            if !moved {
                return progress;
            }
            progress = true;
        }
        progress
    }

    /// The budget is spent: the longer a task has been computing, the longer until it is looked
    /// at again, so that an endless computation costs little to simulate.
    fn compute_on(&mut self, task: &mut Task, now: Time) {
        let pause = (task.streak / 4).clamp(20_000, 60_000_000);
        task.streak += pause;
        let until = now + Duration::from_micros(pause);
        task.state = State::Busy(Box::new(Activity::Computing { until }));
    }

    pub(super) fn spend(&mut self, task: &mut Task, micros: u64) {
        task.streak += micros;
        self.cpu_micros += micros;
    }

    /// Whether a write would have to wait; a writer whose pipe nobody reads gets SIGPIPE.
    pub(super) fn blocked_by_pipe(&self, task: &mut Task) -> bool {
        let Stream::Pipe(pipe) = task.descriptors[1] else { return false };
        let Some(text) = self.pipes.get(&pipe) else { return false };
        let collects = |other: &Task| matches!(other.state, State::Waiting(Wait::Substitution { pipe: p, .. }) if p == pipe);
        if !self.all().any(|other| other.holds(&[0], pipe) || collects(other)) {
            task.state = State::Done(141);
            return true;
        }
        text.len() >= PIPE_CAPACITY && !self.all().any(collects)
    }

    /// Whether anybody may still write to `pipe`.
    pub(super) fn has_writer(&self, pipe: u32) -> bool {
        self.all().any(|task| task.holds(&[1, 2], pipe))
    }

    /// Takes the results of children that a waiting task waits for.
    fn reap(&mut self, task: &mut Task) -> bool {
        let State::Waiting(wait) = &task.state else { return false };
        let pids = match wait {
            Wait::Foreground(pids) | Wait::Builtin(pids) => pids.clone(),
            Wait::Substitution { child, .. } => vec![*child],
        };
        let interrupted = matches!(wait, Wait::Builtin(_)) && !task.pending.is_empty();
        let running = pids.iter().any(|pid| self.tasks.get(pid).is_some_and(|t| !t.is_done()));
        if running && !interrupted {
            return false;
        }
        let wait = wait.clone();
        task.state = State::Ready;
        if interrupted {
            self.finish(task, 143);
            return true;
        }
        let mut status = if pids.is_empty() { 0 } else { 127 };
        for pid in &pids {
            let Some(mut child) = self.tasks.remove(pid) else { continue };
            child.trail.piped = false;
            task.trail.join(&child.trail);
            task.background.retain(|other| other != pid);
            if let State::Done(code) = child.state {
                status = code;
            }
        }
        task.status = status;
        if let Wait::Substitution { pipe, .. } = wait {
            let text = self.pipes.remove(&pipe).unwrap_or_default();
            task.substituted.push(text.trim_end_matches('\n').into());
        } else if let Some(streams) = task.restore.take() {
            task.descriptors = *streams;
        }
        let others = self.all().chain([&*task]);
        let used: Vec<u32> = others.flat_map(Task::pipes).collect();
        self.pipes.retain(|pipe, _| used.contains(pipe));
        true
    }

    /// When the next task has something to do by itself.
    pub(in crate::machine) fn wake(&self, now: Time) -> Option<Time> {
        let due = |task: &Task| -> Option<Time> {
            let at = match &task.state {
                State::Busy(activity) => match activity.as_ref() {
                    Activity::Sleep { until }
                    | Activity::Computing { until }
                    | Activity::Burn { until }
                    | Activity::Requests { until, .. } => Some(*until),
                    Activity::Spin { recheck } => *recheck,
                    Activity::Ask { sent: false, after, .. } => Some(*after),
                    Activity::Ask { reply: Some((_, at)), .. } => Some(*at),
                    Activity::Hog { .. } => Some(now + Duration::from_millis(250)),
                    Activity::Follow { next, .. } => Some(*next),
                    Activity::Serve(serve) => serve.next_change(),
                    _ => None,
                },
                _ => None,
            };
            if task.is_done() { None } else { [at, task.deadline].into_iter().flatten().min() }
        };
        self.all().filter_map(due).min()
    }

    /// The network's answer to what task `pid` asked; it goes on at `at`.
    pub(in crate::machine) fn answer(&mut self, pid: u32, reply: Reply, at: Time) {
        if let Some(State::Busy(activity)) = self.tasks.get_mut(&pid).map(|task| &mut task.state)
            && let Activity::Ask { client, reply: slot, .. } = activity.as_mut()
        {
            let at = if matches!(reply, Reply::TimedOut { .. }) { at + client.timeout } else { at };
            *slot = Some((reply, at));
        }
    }

    /// Sends `signal` (without `SIG`) to the first process. True if it will react by itself.
    pub(in crate::machine) fn signal(&mut self, signal: &str, now: Time) -> bool {
        let root = self.root;
        self.signal_task(root, signal, now)
    }

    /// Delivers a signal to one task. As the first process of a container it ignores what it does
    /// not handle, as the kernel has it.
    pub(super) fn signal_task(&mut self, pid: u32, signal: &str, now: Time) -> bool {
        let Some(task) = self.tasks.get_mut(&pid) else { return false };
        deliver(task, signal, now)
    }

    /// Text typed at standard input; whether a terminal shows what is typed.
    pub(in crate::machine) fn type_in(&mut self, text: &str) -> bool {
        if self.input_open {
            self.input.push_str(text);
        }
        self.input_open && self.tty
    }

    /// Closes standard input; at a terminal, ends only what is being read.
    pub(in crate::machine) fn close_input(&mut self) {
        if self.tty {
            self.input.push(END_OF_INPUT);
        } else {
            self.input_open = false;
        }
    }

    /// Ctrl-C at the terminal: ends what the interactive shell runs, or the process itself.
    pub(in crate::machine) fn interrupt(&mut self) {
        self.input.clear();
        let root = self.root;
        self.tasks.retain(|pid, _| *pid == root);
        let Some(task) = self.tasks.get_mut(&root) else { return };
        if task.interactive.is_some() {
            task.frames.clear();
            task.substituted.clear();
            if let Some(streams) = task.restore.take() {
                task.descriptors = *streams;
            }
            task.status = 130;
            task.state = State::Ready;
            task.interactive =
                Some(Interactive { pending: String::new(), prompts: true, prompted: false });
        } else if root != 1 {
            task.state = State::Done(130);
        }
    }

    /// Everything in it that listens at `now`.
    pub(in crate::machine) fn listeners(&self, now: Time) -> Vec<Listener> {
        self.serving()
            .filter(|serve| serve.listens(now))
            .map(|serve| Listener {
                program: Rc::clone(&serve.program),
                argv: Rc::clone(&serve.argv),
                started: serve.started,
                says: Rc::clone(&serve.says),
            })
            .collect()
    }

    fn serving(&self) -> impl Iterator<Item = &Serve> {
        self.all().filter_map(|task| match &task.state {
            State::Busy(activity) => match activity.as_ref() {
                Activity::Serve(serve) => Some(serve),
                _ => None,
            },
            _ => None,
        })
    }

    /// Requests that it keeps sending at a steady rate.
    pub(in crate::machine) fn request_rates(&self) -> Vec<RequestRate> {
        let mut rates = Vec::new();
        for task in self.all() {
            if let State::Busy(activity) = &task.state
                && let Activity::Requests { loads, .. } = activity.as_ref()
            {
                rates.extend(loads.iter().map(|(url, per_kilosecond)| RequestRate {
                    url: Rc::clone(url),
                    per_kilosecond: *per_kilosecond,
                }));
            }
        }
        rates
    }

    /// The steady CPU use at present, in thousandths of a core.
    pub(in crate::machine) fn cpu_milli(&self) -> u64 {
        let of = |task: &Task| match &task.state {
            State::Busy(activity) => match activity.as_ref() {
                Activity::Computing { .. }
                | Activity::Burn { .. }
                | Activity::Spin { .. }
                | Activity::Hog { .. } => 1000,
                // A client of a request loop mostly waits.
                Activity::Requests { .. } => 300,
                Activity::Serve(serve) => serve.program.cpu_milli + serve.demand.0,
                _ => 0,
            },
            _ => 0,
        };
        self.all().map(of).sum()
    }

    /// Memory in use, in bytes.
    pub(in crate::machine) fn memory_bytes(&self, now: Time) -> u64 {
        const MIB: u64 = 1 << 20;
        let of = |task: &Task| {
            let text: u64 = task.variables.values().map(|v| v.value.len() as u64).sum();
            let busy = match &task.state {
                State::Done(_) => return 0,
                State::Busy(activity) => match activity.as_ref() {
                    Activity::Serve(serve) => serve.memory(now),
                    Activity::Hog { since } => now.since(*since).as_millis() as u64 * MIB / 2,
                    Activity::Filter(filter) => filter.memory(),
                    _ => 0,
                },
                _ => 0,
            };
            MIB / 4 + text + busy
        };
        self.all().map(of).sum()
    }

    /// CPU time used in steps since the last call, in microseconds.
    pub(in crate::machine) fn take_cpu_micros(&mut self) -> u64 {
        std::mem::take(&mut self.cpu_micros)
    }

    /// Signals it sent to processes elsewhere in the container since the last call.
    pub(in crate::machine) fn take_signals(&mut self) -> Vec<(u32, Rc<str>)> {
        std::mem::take(&mut self.signals)
    }
}

/// Delivers `signal` to `task`; true if it will end or handle it.
pub(super) fn deliver(task: &mut Task, signal: &str, now: Time) -> bool {
    if task.is_done() {
        return true;
    }
    if let Some(action) = task.traps.get(signal) {
        if !action.is_empty() {
            task.pending.push(signal.into());
        }
        return !action.is_empty();
    }
    if let State::Busy(activity) = &mut task.state
        && let Activity::Serve(serve) = activity.as_mut()
        && matches!(signal, "TERM" | "INT" | "QUIT")
        && !serve.program.ignores_term
    {
        let stop = now + Duration::from_millis(serve.program.stop_ms);
        serve.stops = Some(serve.stops.map_or(stop, |at| at.min(stop)));
        return true;
    }
    if task.pid == 1 || matches!(signal, "0" | "CHLD" | "WINCH" | "CONT") {
        return false;
    }
    let number = super::builtin::signal_number(signal).unwrap_or(15);
    task.state = State::Done(128 + number);
    true
}
