//! Commands that somebody outside carries out: what the terminal's shell does not know itself.

use std::rc::Rc;

use super::World;
use super::activity::Activity;
use super::filter::Line;
use super::parse::compile;
use super::process::Process;
use super::task::{Frame, FrameKind, State, Stream, Task};

/// A command under way outside.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) argv: Rc<[String]>,
    variables: Vec<(Rc<str>, Rc<str>)>,
    /// What it has read so far.
    input: String,
    /// Its input is the terminal.
    terminal: bool,
    /// It reads its input to the end first.
    reads: bool,
    /// It has been handed over.
    taken: bool,
    /// What it runs itself: an editor, for one.
    child: Option<u32>,
}

/// A command as it is handed over.
#[derive(Clone, Debug)]
pub struct Called {
    /// Which task waits for it.
    pub pid: u32,
    /// Its words, the command's own first.
    pub argv: Rc<[String]>,
    /// Its standard input.
    pub input: String,
    /// Whether that is the terminal, which gives nothing by itself.
    pub terminal: bool,
    /// Its working folder.
    pub folder: Rc<str>,
    /// Its environment.
    pub variables: Vec<(Rc<str>, Rc<str>)>,
}

impl Process {
    /// A shell at a prompt.
    pub(in crate::machine) fn prompt(env: &[(String, String)], cwd: &str) -> Self {
        let start = super::Start { pid: 2, argv: &[], env, cwd, stdin: false, tty: false };
        let mut process = Self::new(&start);
        process.terminal = true;
        if let Some(task) = process.tasks.get_mut(&start.pid) {
            task.frames.clear();
            task.replacing = false;
            task.state = State::Done(0);
            // A terminal: what reads it here finds nothing, since nobody types for it.
            task.descriptors[0] = Stream::Console;
        }
        process
    }

    /// Enters a line at the prompt.
    pub(in crate::machine) fn enter(&mut self, line: &str, world: &mut World) {
        let root = self.root;
        let Some(mut task) = self.tasks.remove(&root) else { return };
        match compile(line) {
            Ok(code) => {
                task.frames = vec![Frame::new(code, FrameKind::Script)];
                task.state = State::Ready;
                task.streak = 0;
            }
            Err(error) => {
                self.complain_syntax(&mut task, &error, world);
                task.state = State::Done(task.status);
            }
        }
        self.tasks.insert(root, task);
    }

    /// The exit code of the line that was entered, once it has ended.
    pub(in crate::machine) fn ended(&self) -> Option<i32> {
        match self.tasks.get(&self.root)?.state {
            State::Done(code) => Some(code),
            _ => None,
        }
    }

    /// Starts a command that is carried out outside.
    pub(super) fn call_out(&mut self, task: &mut Task, argv: &[String], reads: bool) {
        task.trail.unrepeatable = true;
        let exported = task.variables.iter().filter(|(_, variable)| variable.exported);
        let call = Call {
            argv: argv.into(),
            variables: exported.map(|(name, v)| (name.clone(), v.value.clone())).collect(),
            input: String::new(),
            terminal: task.descriptors[0] == Stream::Console,
            reads,
            taken: false,
            child: None,
        };
        task.state = State::Busy(Box::new(Activity::Call(call)));
    }

    /// Reads on for a command outside; whether anything happened.
    pub(super) fn gather(&mut self, task: &mut Task, call: &mut Call) -> bool {
        let mut moved = false;
        while call.reads {
            let mut stream = task.descriptors[0].clone();
            let line = self.next_line(&mut stream);
            task.descriptors[0] = stream;
            match line {
                Line::Text { text, complete } => {
                    call.input.push_str(&text);
                    call.input.push_str(if complete { "\n" } else { "" });
                }
                Line::Waits => return moved,
                Line::End | Line::Endless => call.reads = false,
            }
            moved = true;
        }
        moved
    }

    /// The commands that wait to be handed over.
    pub(in crate::machine) fn calls(&mut self) -> Vec<Called> {
        let mut calls = Vec::new();
        for task in self.tasks.values_mut() {
            if let State::Busy(activity) = &mut task.state
                && let Activity::Call(call @ Call { reads: false, taken: false, .. }) =
                    activity.as_mut()
            {
                call.taken = true;
                calls.push(Called {
                    pid: task.pid,
                    argv: Rc::clone(&call.argv),
                    input: std::mem::take(&mut call.input),
                    terminal: call.terminal,
                    folder: task.cwd.clone(),
                    variables: std::mem::take(&mut call.variables),
                });
            }
        }
        calls
    }

    fn call_of(&mut self, pid: u32) -> Option<&mut Call> {
        match &mut self.tasks.get_mut(&pid)?.state {
            State::Busy(activity) => match activity.as_mut() {
                Activity::Call(call) => Some(call),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether task `pid` still waits for its command.
    pub(in crate::machine) fn awaits(&mut self, pid: u32) -> bool {
        self.call_of(pid).is_some()
    }

    /// A command outside writes.
    pub(in crate::machine) fn say(&mut self, pid: u32, fd: usize, text: &str, world: &mut World) {
        let Some(mut task) = self.tasks.remove(&pid) else { return };
        self.write(&mut task, fd, text, world);
        if fd == 1 && !text.is_empty() {
            // A write to a pipe that nobody reads kills the writer.
            self.blocked_by_pipe(&mut task);
        }
        self.tasks.insert(pid, task);
    }

    /// A command outside has ended.
    pub(in crate::machine) fn end_call(&mut self, pid: u32, status: i32) {
        let Some(mut task) = self.tasks.remove(&pid) else { return };
        self.finish(&mut task, status);
        self.tasks.insert(pid, task);
    }

    /// A command outside runs a script of its own.
    pub(in crate::machine) fn run_for(&mut self, pid: u32, script: &str) {
        let code = compile(script).unwrap_or_default();
        let Some(mut task) = self.tasks.remove(&pid) else { return };
        let child = self.spawn(&mut task, code);
        if let State::Busy(activity) = &mut task.state
            && let Activity::Call(call) = activity.as_mut()
        {
            call.child = Some(child.pid);
        }
        self.tasks.insert(pid, task);
        self.tasks.insert(child.pid, Box::new(child));
    }

    /// How the script that a command outside runs has ended; asked once.
    pub(in crate::machine) fn script_ended(&mut self, pid: u32) -> Option<i32> {
        let child = self.call_of(pid)?.child?;
        let code = match self.tasks.get(&child).map(|task| &task.state) {
            Some(State::Done(code)) => *code,
            Some(_) => return None,
            None => 127,
        };
        self.tasks.remove(&child);
        if let Some(call) = self.call_of(pid) {
            call.child = None;
        }
        Some(code)
    }
}
