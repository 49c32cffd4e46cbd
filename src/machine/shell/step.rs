//! One step of a script.

use std::rc::Rc;

use super::activity::Activity;
use super::lex::SyntaxError;
use super::parse::compile;
use super::process::{MOST_TASKS, Process};
use super::syntax::{Code, Op, Simple};
use super::task::{Frame, FrameKind, Interactive, Loop, State, Stream, Task, Wait};
use super::{World, pattern};

impl Process {
    /// Takes one step of `task`'s script.
    pub(super) fn step(&mut self, task: &mut Task, world: &mut World) {
        if !task.pending.is_empty() && task.substituted.is_empty() {
            return self.run_trap(task, world);
        }
        let Some(frame) = task.frames.last_mut() else { return self.out_of_code(task, world) };
        let Some(op) = frame.code.ops.get(frame.at).cloned() else { return self.leave_frame(task) };
        frame.at += 1;
        match op {
            Op::Jump(length) => frame.at += length,
            Op::JumpIfFailure(length) if task.status != 0 => frame.at += length,
            Op::JumpIfSuccess(length) if task.status == 0 => frame.at += length,
            Op::JumpIfFailure(_) | Op::JumpIfSuccess(_) => {}
            Op::Negate => task.status = i32::from(task.status == 0),
            Op::Succeed => task.status = 0,
            Op::CheckError => {
                if task.exit_on_error && task.status != 0 {
                    self.exit(task, task.status);
                }
            }
            Op::Substitute(code) => self.substitute(task, &code),
            Op::Simple(simple) => self.simple(task, &simple, world),
            Op::EnterLoop { .. } | Op::EnterFor { .. } => self.enter_loop(task, &op, world),
            Op::LoopTest { until } => {
                if (task.status == 0) == until {
                    self.leave_loop(task);
                }
            }
            Op::ForNext(name) => match frame.loops.last_mut().and_then(|inner| inner.items.pop()) {
                Some(item) => task.assign(&name, &item),
                None => self.leave_loop(task),
            },
            Op::LoopAgain => {
                if let Some(inner) = frame.loops.last_mut() {
                    inner.status = task.status;
                    frame.at = inner.start;
                }
                task.round_begins(world.now);
            }
            Op::EnterCase(word) => match task.text_of(&word) {
                Ok(text) => {
                    task.substituted.clear();
                    if let Some(frame) = task.frames.last_mut() {
                        frame.cases.push(text);
                    }
                }
                Err(error) => self.complain(task, &error, world),
            },
            Op::CaseTest { patterns, skip } => self.case_test(task, &patterns, skip, world),
            Op::EndCase => {
                frame.cases.pop();
                task.status = 0;
            }
            Op::PushRedirects(redirects) => match self.redirected(task, &redirects, world) {
                Ok(streams) => {
                    task.substituted.clear();
                    let old = std::mem::replace(&mut task.descriptors, streams);
                    if let Some(frame) = task.frames.last_mut() {
                        frame.saved.push(old);
                    }
                }
                Err(error) => self.complain(task, &error, world),
            },
            Op::PopRedirects => {
                if let Some(streams) = frame.saved.pop() {
                    task.descriptors = streams;
                }
            }
            Op::Pipeline(stages) => self.pipeline(task, &stages, world),
            Op::Subshell(code) => {
                let child = self.spawn(task, code);
                task.state = State::Waiting(Wait::Foreground(vec![child.pid]));
                self.tasks.insert(child.pid, Box::new(child));
            }
            Op::Background(code) => self.background(task, code, world),
            Op::Define(name, code) => {
                task.trail.unrepeatable = true;
                task.functions.insert(name, code);
                task.status = 0;
            }
        }
    }

    /// A child of `task` that will run `code`.
    pub(super) fn spawn(&mut self, task: &mut Task, code: Rc<Code>) -> Task {
        let pid = self.next_pid;
        self.next_pid += 1;
        self.spend(task, 100);
        task.fork(pid, code)
    }

    fn substitute(&mut self, task: &mut Task, code: &Rc<Code>) {
        let mut child = self.spawn(task, Rc::clone(code));
        let pipe = child.pid;
        self.pipes.insert(pipe, String::new());
        child.descriptors[1] = Stream::Pipe(pipe);
        task.state = State::Waiting(Wait::Substitution { child: child.pid, pipe });
        self.tasks.insert(child.pid, Box::new(child));
    }

    fn pipeline(&mut self, task: &mut Task, stages: &[Rc<Code>], world: &mut World) {
        if self.tasks.len() + stages.len() > MOST_TASKS {
            return self.complain(task, "can't fork: Resource temporarily unavailable", world);
        }
        let mut input = task.descriptors[0].clone();
        let mut pids = Vec::new();
        for (at, code) in stages.iter().enumerate() {
            let mut child = self.spawn(task, Rc::clone(code));
            child.descriptors[0] = input;
            input = Stream::Pipe(child.pid);
            if at + 1 < stages.len() {
                self.pipes.insert(child.pid, String::new());
                child.descriptors[1] = input.clone();
            }
            pids.push(child.pid);
            self.tasks.insert(child.pid, Box::new(child));
        }
        task.state = State::Waiting(Wait::Foreground(pids));
    }

    fn background(&mut self, task: &mut Task, code: Rc<Code>, world: &mut World) {
        if self.tasks.len() > MOST_TASKS {
            let forgotten: Vec<u32> = self.all().filter(|t| t.is_done()).map(|t| t.pid).collect();
            for pid in &forgotten {
                self.tasks.remove(pid);
            }
            if forgotten.is_empty() {
                return self.complain(task, "can't fork: Resource temporarily unavailable", world);
            }
        }
        let mut child = self.spawn(task, code);
        if child.descriptors[0] == Stream::Console {
            child.descriptors[0] = Stream::Null;
        }
        task.trail.unrepeatable = true;
        task.last_background = child.pid;
        task.background.push(child.pid);
        task.status = 0;
        self.tasks.insert(child.pid, Box::new(child));
    }

    fn enter_loop(&mut self, task: &mut Task, op: &Op, world: &mut World) {
        let (items, length) = match op {
            Op::EnterFor { words: Some(words), length } => {
                match task.arguments(words, &world.files) {
                    Ok(items) => (items, *length),
                    Err(error) => return self.complain(task, &error, world),
                }
            }
            Op::EnterFor { words: None, length } => (task.parameters.clone(), *length),
            Op::EnterLoop { length } => (Vec::new(), *length),
            _ => return,
        };
        task.substituted.clear();
        let (round, outer) = task.first_round(world.now);
        let Some(frame) = task.frames.last_mut() else { return };
        frame.loops.push(Loop {
            start: frame.at,
            exit: frame.at + length,
            items: items.into_iter().rev().collect(),
            status: 0,
            saved_depth: frame.saved.len(),
            cases_depth: frame.cases.len(),
            round,
            outer,
        });
    }

    /// Ends the innermost loop.
    pub(super) fn leave_loop(&mut self, task: &mut Task) {
        let Some(frame) = task.frames.last_mut() else { return };
        let Some(inner) = frame.loops.pop() else { return };
        frame.at = inner.exit;
        task.status = inner.status;
        task.rounds_end(&inner.round, inner.outer);
    }

    /// `break` and `continue`: leaves `levels - 1` loops, and the last one too if `out`.
    pub(super) fn jump_out(&mut self, task: &mut Task, levels: usize, out: bool, world: &World) {
        let Some(depth) = task.frames.last().map(|frame| frame.loops.len()) else { return };
        for level in 1..=levels.min(depth) {
            let last = level == levels.min(depth);
            if let Some(frame) = task.frames.last_mut()
                && let Some(inner) = frame.loops.last_mut()
            {
                inner.status = 0;
                if frame.saved.len() > inner.saved_depth {
                    let mut cut = frame.saved.split_off(inner.saved_depth);
                    task.descriptors = cut.swap_remove(0);
                }
                frame.cases.truncate(inner.cases_depth);
                if last && !out {
                    frame.at = inner.start;
                    task.round_begins(world.now);
                    return;
                }
            }
            self.leave_loop(task);
        }
    }

    fn case_test(
        &mut self,
        task: &mut Task,
        patterns: &[super::syntax::Word],
        skip: usize,
        world: &mut World,
    ) {
        let subject =
            task.frames.last().and_then(|frame| frame.cases.last().cloned()).unwrap_or_default();
        let mut matched = false;
        for word in patterns {
            match task.pattern_of(word) {
                Ok(pattern) => matched |= pattern::matches(&pattern, &subject),
                Err(error) => return self.complain(task, &error, world),
            }
        }
        task.substituted.clear();
        if let Some(frame) = task.frames.last_mut() {
            if matched {
                frame.cases.pop();
            } else {
                frame.at += skip;
            }
        }
    }

    fn simple(&mut self, task: &mut Task, simple: &Simple, world: &mut World) {
        let argv = match task.arguments(&simple.words, &world.files) {
            Ok(argv) => argv,
            Err(error) => return self.fail_expansion(task, &error, world),
        };
        let mut values = Vec::new();
        for (name, word) in &simple.assignments {
            match task.text_of(word) {
                Ok(value) => {
                    // Later assignments see earlier ones, as in `A=1 B=$A`.
                    if argv.is_empty() {
                        task.assign(name, &value);
                    }
                    values.push((name, value));
                }
                Err(error) => return self.fail_expansion(task, &error, world),
            }
        }
        let streams = match self.redirected(task, &simple.redirects, world) {
            Ok(streams) => streams,
            Err(error) => return self.complain(task, &error, world),
        };
        let had_substitution = !task.substituted.is_empty();
        task.substituted.clear();
        if task.trace_commands && !argv.is_empty() {
            self.write(task, 2, &format!("+ {}\n", argv.join(" ")), world);
        }
        if argv.is_empty() {
            if !had_substitution {
                task.status = 0;
            }
            return;
        }
        if simple.redirects.is_empty() {
            // Reading moves on in the stream itself, so nothing is to be restored.
        } else if argv[0] == "exec" && argv.len() == 1 {
            task.descriptors = streams;
        } else {
            task.restore = Some(Box::new(std::mem::replace(&mut task.descriptors, streams)));
        }
        let before: Vec<_> = values
            .iter()
            .map(|(name, _)| ((*name).clone(), task.variables.get(name.as_str()).cloned()))
            .collect();
        for (name, value) in &values {
            task.export(name, Some(value));
        }
        self.run_argv(task, &argv, world);
        // `A=1 command` sets A for that command only; it has its environment by now.
        for (name, old) in before {
            match old {
                Some(old) => drop(task.variables.insert(name.as_str().into(), old)),
                None => drop(task.variables.remove(name.as_str())),
            }
        }
    }

    /// A failed `${x:?}` or arithmetic ends a script.
    fn fail_expansion(&mut self, task: &mut Task, error: &str, world: &mut World) {
        self.complain(task, error, world);
        if task.interactive.is_none() {
            self.exit(task, 2);
        }
    }

    /// Prints the shell's own complaint.
    pub(super) fn complain(&mut self, task: &mut Task, error: &str, world: &mut World) {
        task.substituted.clear();
        let name = Rc::clone(&task.name);
        self.write(task, 2, &format!("{name}: {error}\n"), world);
        task.status = if error.starts_with("can't") { 1 } else { 2 };
    }

    fn run_trap(&mut self, task: &mut Task, world: &mut World) {
        let signal = task.pending.remove(0);
        let Some(action) = task.traps.get(&signal).cloned() else { return };
        match compile(&action) {
            Ok(code) => task.frames.push(Frame::new(code, FrameKind::Trap { status: task.status })),
            Err(error) => self.complain_syntax(task, &error, world),
        }
    }

    pub(super) fn complain_syntax(
        &mut self,
        task: &mut Task,
        error: &SyntaxError,
        world: &mut World,
    ) {
        let text = match error {
            SyntaxError::Incomplete => "syntax error: unexpected end of file",
            SyntaxError::Wrong(text) => text,
        };
        self.complain(task, text, world);
        task.status = 2;
    }

    /// The innermost stretch of code is at its end.
    pub(super) fn leave_frame(&mut self, task: &mut Task) {
        let Some(frame) = task.frames.pop() else { return };
        if let Some(first) = frame.saved.into_iter().next() {
            task.descriptors = first;
        }
        for inner in frame.loops.into_iter().rev() {
            task.rounds_end(&inner.round, inner.outer);
        }
        match frame.kind {
            FrameKind::Script => {}
            FrameKind::Function { parameters, locals } => {
                task.parameters = parameters;
                for (name, old) in locals.into_iter().rev() {
                    match old {
                        Some(old) => drop(task.variables.insert(name, old)),
                        None => drop(task.variables.remove(&name)),
                    }
                }
            }
            FrameKind::Trap { status } => task.status = status,
        }
    }

    /// `exit`: runs the EXIT trap, if any, and ends the task.
    pub(super) fn exit(&mut self, task: &mut Task, status: i32) {
        task.status = status & 0xff;
        task.interactive = None;
        task.frames.clear();
        task.state = State::Ready;
    }

    fn out_of_code(&mut self, task: &mut Task, world: &mut World) {
        if task.interactive.is_some() {
            return self.next_command(task, world);
        }
        if let Some(action) = task.traps.remove("EXIT")
            && let Ok(code) = compile(&action)
        {
            task.frames.push(Frame::new(code, FrameKind::Trap { status: task.status }));
            return;
        }
        task.state = State::Done(task.status);
    }

    /// Reads the next command of a shell that takes its script from standard input.
    fn next_command(&mut self, task: &mut Task, world: &mut World) {
        let Some(mut session) = task.interactive.take() else { return };
        if session.prompts && !session.prompted {
            let prompt = if session.pending.is_empty() {
                task.prompt(world.hostname)
            } else {
                "> ".to_owned()
            };
            self.write(task, 1, &prompt, world);
            session.prompted = true;
        }
        let mut stream = task.descriptors[0].clone();
        let line = self.next_line(&mut stream);
        task.descriptors[0] = stream;
        let ended = match line {
            super::filter::Line::Text { text, .. } => {
                session.pending.push_str(&text);
                session.pending.push('\n');
                false
            }
            super::filter::Line::Waits => {
                task.interactive = Some(session);
                task.state = State::Busy(Box::new(Activity::Read { names: Vec::new() }));
                return;
            }
            super::filter::Line::End | super::filter::Line::Endless => true,
        };
        if ended && session.pending.is_empty() {
            if session.prompts {
                let farewell = if task.is_bash() { "exit\n" } else { "\n" };
                self.write(task, 2, farewell, world);
            }
            return;
        }
        let compiled = compile(&session.pending);
        if !ended && compiled == Err(SyntaxError::Incomplete) {
            session.prompted = false;
            task.interactive = Some(session);
            return;
        }
        task.interactive = (!ended).then_some(Interactive {
            pending: String::new(),
            prompts: session.prompts,
            prompted: false,
        });
        match compiled {
            Ok(code) => task.frames.push(Frame::new(code, FrameKind::Script)),
            Err(error) => self.complain_syntax(task, &error, world),
        }
    }
}
