//! One process of a shell: where it is in its script, its variables, its open files.

use std::rc::Rc;

use super::activity::Activity;
use super::syntax::Code;
use crate::base::shared_map::SharedMap;
use crate::machine::log::Output;
use crate::sim::Time;

/// What a file descriptor leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stream {
    Null,
    /// The container's log, or a session's output.
    Log(Output),
    /// Input that comes from outside (`kubectl run -i`, `kubectl attach`).
    Console,
    /// An opened text and how much of it was read.
    Text(Rc<str>, usize),
    /// `/dev/zero`, `/dev/urandom`: never ends.
    Endless,
    Pipe(u32),
    /// A file open for appending.
    File(Rc<str>),
}

pub(super) type Descriptors = [Stream; 3];

#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) value: Rc<str>,
    pub(super) exported: bool,
}

impl PartialEq for Variable {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

pub(super) type Variables = SharedMap<Rc<str>, Variable>;

/// Why a stretch of code runs, which decides what its end does.
#[derive(Clone, Debug)]
pub(super) enum FrameKind {
    Script,
    Function { parameters: Vec<String>, locals: Vec<(Rc<str>, Option<Variable>)> },
    Trap { status: i32 },
}

#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) code: Rc<Code>,
    pub(super) at: usize,
    pub(super) kind: FrameKind,
    pub(super) loops: Vec<Loop>,
    pub(super) cases: Vec<String>,
    /// Descriptors to go back to when a compound command's redirection ends.
    pub(super) saved: Vec<Descriptors>,
}

impl Frame {
    pub(super) fn new(code: Rc<Code>, kind: FrameKind) -> Self {
        Self { code, at: 0, kind, loops: Vec::new(), cases: Vec::new(), saved: Vec::new() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Loop {
    /// First step of a round.
    pub(super) start: usize,
    /// First step behind the loop.
    pub(super) exit: usize,
    /// What a `for` loop still has to visit, last first.
    pub(super) items: Vec<String>,
    pub(super) status: i32,
    pub(super) saved_depth: usize,
    pub(super) cases_depth: usize,
    pub(super) round: Round,
    /// The trail of the enclosing loop, to go on with afterwards.
    pub(super) outer: Trail,
}

/// What the last rounds of a loop looked like, to notice that it goes round in circles.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub(super) began: Time,
    pub(super) variables: Variables,
    pub(super) trail: Trail,
    pub(super) took: u64,
    /// How many rounds in a row were the same.
    pub(super) same: u32,
}

/// What a task did that can be seen from outside, since its loop's round began.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trail {
    pub(super) hash: u64,
    pub(super) requests: Vec<Rc<str>>,
    /// It did something that makes the next round differ (read input, wrote a file, …).
    pub(super) unrepeatable: bool,
    /// It wrote to a pipe, which fills up: its own next round differs, that of its parent need not.
    pub(super) piped: bool,
}

impl Trail {
    pub(super) fn note(&mut self, what: &str) {
        for byte in what.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.hash = self.hash.rotate_left(7);
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.hash = self.hash.rotate_left(11) ^ other.hash;
        self.requests.extend(other.requests.iter().cloned());
        self.unrepeatable |= other.unrepeatable;
        self.piped |= other.piped;
    }
}

/// What a task is doing.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Going through its code.
    Ready,
    Busy(Box<Activity>),
    /// For other tasks.
    Waiting(Wait),
    Done(i32),
}

#[derive(Clone, Debug)]
pub(super) enum Wait {
    /// A pipeline or subshell: its status is that of the last.
    Foreground(Vec<u32>),
    /// `$(…)`, whose output collects in the pipe.
    Substitution { child: u32, pipe: u32 },
    /// The `wait` builtin.
    Builtin(Vec<u32>),
}

/// Reading commands from standard input.
#[derive(Clone, Debug)]
pub(super) struct Interactive {
    /// Lines so far of an unfinished command.
    pub(super) pending: String,
    /// A terminal: prints prompts.
    pub(super) prompts: bool,
    pub(super) prompted: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) frames: Vec<Frame>,
    pub(super) state: State,
    pub(super) variables: Variables,
    pub(super) functions: SharedMap<Rc<str>, Rc<Code>>,
    pub(super) cwd: Rc<str>,
    pub(super) name: Rc<str>,
    pub(super) parameters: Vec<String>,
    pub(super) status: i32,
    pub(super) descriptors: Descriptors,
    /// Descriptors to go back to when the current activity ends.
    pub(super) restore: Option<Box<Descriptors>>,
    /// Outputs of `$(…)` for the step to come.
    pub(super) substituted: Vec<Rc<str>>,
    pub(super) traps: SharedMap<Rc<str>, Rc<str>>,
    pub(super) pending: Vec<Rc<str>>,
    pub(super) last_background: u32,
    pub(super) background: Vec<u32>,
    pub(super) exit_on_error: bool,
    pub(super) trace_commands: bool,
    pub(super) interactive: Option<Interactive>,
    pub(super) trail: Trail,
    /// Killed at this time by `timeout`.
    pub(super) deadline: Option<Time>,
    /// CPU time used since it last slept, in microseconds.
    pub(super) streak: u64,
    pub(super) command: Rc<str>,
    /// The next command takes this task's place, as after `exec`.
    pub(super) replacing: bool,
}

impl Task {
    pub(super) fn new(pid: u32, name: &str, descriptors: Descriptors) -> Self {
        Self {
            pid,
            parent: 0,
            frames: Vec::new(),
            state: State::Ready,
            variables: SharedMap::new(),
            functions: SharedMap::new(),
            cwd: "/".into(),
            name: name.into(),
            parameters: Vec::new(),
            status: 0,
            descriptors,
            restore: None,
            substituted: Vec::new(),
            traps: SharedMap::new(),
            pending: Vec::new(),
            last_background: 0,
            background: Vec::new(),
            exit_on_error: false,
            trace_commands: false,
            interactive: None,
            trail: Trail::default(),
            deadline: None,
            streak: 0,
            command: name.into(),
            replacing: false,
        }
    }

    /// A child that will run `code` with a copy of everything.
    pub(super) fn fork(&self, pid: u32, code: Rc<Code>) -> Self {
        Self {
            pid,
            parent: self.pid,
            frames: vec![Frame::new(code, FrameKind::Script)],
            state: State::Ready,
            restore: None,
            substituted: Vec::new(),
            traps: SharedMap::new(),
            pending: Vec::new(),
            background: Vec::new(),
            interactive: None,
            trail: Trail::default(),
            deadline: None,
            streak: 0,
            replacing: false,
            ..self.clone()
        }
    }

    /// The pipes that it reads, writes, or collects at its end.
    pub(super) fn pipes(&self) -> Vec<u32> {
        let streams = self.descriptors.iter().chain(self.restore.iter().flat_map(|s| s.iter()));
        let mut pipes: Vec<u32> = streams
            .filter_map(|stream| match stream {
                Stream::Pipe(pipe) => Some(*pipe),
                _ => None,
            })
            .collect();
        if let State::Waiting(Wait::Substitution { pipe, .. }) = self.state {
            pipes.push(pipe);
        }
        pipes
    }

    /// Whether this is bash, not a plain POSIX shell.
    pub(super) fn is_bash(&self) -> bool {
        self.name.rsplit('/').next() == Some("bash")
    }

    /// What an interactive shell asks for the next command with.
    pub(super) fn prompt(&self, hostname: &str) -> String {
        if !self.is_bash() {
            return format!("{} # ", self.cwd);
        }
        let home = self.variable("HOME").map_or("", |home| home);
        let place = match self.cwd.strip_prefix(home).filter(|_| !home.is_empty()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
            _ => self.cwd.to_string(),
        };
        format!("root@{hostname}:{place}# ")
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Rc<str>> {
        self.variables.get(name).map(|variable| &variable.value)
    }

    pub(super) fn assign(&mut self, name: &str, value: &str) {
        let exported = self.variables.get(name).is_some_and(|old| old.exported);
        self.variables.insert(name.into(), Variable { value: value.into(), exported });
    }

    pub(super) fn export(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(Rc::from).or_else(|| self.variable(name).cloned());
        let value = value.unwrap_or_else(|| "".into());
        self.variables.insert(name.into(), Variable { value, exported: true });
    }

    /// Whether one of its descriptors `fds` is an end of `pipe`, now or after a redirection ends.
    pub(super) fn holds(&self, fds: &[usize], pipe: u32) -> bool {
        let open = |streams: &Descriptors| fds.iter().any(|fd| streams[*fd] == Stream::Pipe(pipe));
        !self.is_done()
            && (open(&self.descriptors)
                || self.restore.as_deref().is_some_and(open)
                || self.frames.iter().any(|frame| frame.saved.iter().any(open)))
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }
}
