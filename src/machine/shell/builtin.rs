//! The commands that act on the shell itself.

use super::activity::Activity;
use super::filter::Line;
use super::parse::compile;
use super::process::{END_OF_INPUT, Process};
use super::task::{Frame, FrameKind, State, Stream, Task, Wait};
use super::{World, applet};
use crate::machine::files::{Node, normalize};
use crate::machine::image::base_name;
use crate::sim::Time;

/// The number of a signal named without `SIG`, or written as a number.
pub(super) fn signal_number(name: &str) -> Option<i32> {
    let names = [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("KILL", 9),
        ("USR1", 10),
        ("USR2", 12),
        ("TERM", 15),
        ("CHLD", 17),
        ("CONT", 18),
        ("STOP", 19),
    ];
    names
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, number)| *number)
        .or_else(|| name.parse().ok())
}

/// The name of a signal however it is written: `15`, `SIGTERM`, `term`.
fn signal_name(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let named = ["HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM"]
        .into_iter()
        .find(|known| name.parse::<i32>().is_ok() && signal_number(known) == name.parse().ok());
    if name == "0" { "EXIT".into() } else { named.unwrap_or(name).to_owned() }
}

impl Process {
    /// Runs a builtin; false when `argv` is none.
    pub(super) fn builtin(&mut self, task: &mut Task, argv: &[String], world: &mut World) -> bool {
        let args = &argv[1..];
        let first = args.first().map(String::as_str);
        let number = |default: i32| first.and_then(|text| text.parse().ok()).unwrap_or(default);
        let status = match argv[0].as_str() {
            ":" => 0,
            "let" => i32::from(args.last().is_none_or(|text| text == "0")),
            "exit" => {
                let status = number(task.status);
                let prompts = task.interactive.as_ref().is_some_and(|session| session.prompts);
                if prompts && task.is_bash() {
                    self.write(task, 2, "exit\n", world);
                }
                self.finish(task, status);
                self.exit(task, status);
                return true;
            }
            "return" => {
                let status = number(task.status);
                self.finish(task, status);
                while let Some(frame) = task.frames.last() {
                    let function = matches!(frame.kind, FrameKind::Function { .. });
                    self.leave_frame(task);
                    if function {
                        break;
                    }
                }
                task.status = status;
                return true;
            }
            "break" | "continue" => {
                self.finish(task, 0);
                let levels = usize::try_from(number(1)).unwrap_or(1);
                self.jump_out(task, levels, argv[0] == "break", world);
                return true;
            }
            "eval" | "." | "source" => return self.evaluate(task, argv, world),
            "exec" => {
                if !args.is_empty() {
                    task.frames.clear();
                    task.interactive = None;
                    task.restore = None;
                    task.replacing = true;
                    self.run_argv(task, args, world);
                }
                return true;
            }
            "command" | "builtin" if first.is_some_and(|word| !word.starts_with('-')) => {
                self.run_argv(task, args, world);
                return true;
            }
            "command" | "type" | "which" => self.locate(task, argv, world),
            "cd" => self.change_directory(task, first, world),
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                self.declare(task, argv, world)
            }
            "unset" => {
                for name in args {
                    task.variables.remove(name.as_str());
                    task.functions.remove(name.as_str());
                }
                0
            }
            "set" => self.set(task, args, world),
            "shift" => {
                let count = usize::try_from(number(1)).unwrap_or(1);
                let enough = count <= task.parameters.len();
                task.parameters.drain(..count.min(task.parameters.len()));
                task.trail.unrepeatable = true;
                i32::from(!enough)
            }
            "read" => {
                task.trail.unrepeatable = true;
                let names =
                    args.iter().filter(|arg| !arg.starts_with('-')).cloned().collect::<Vec<_>>();
                let names = if names.is_empty() { vec!["REPLY".to_owned()] } else { names };
                if !self.read_line(task, &names) {
                    task.state = State::Busy(Box::new(Activity::Read { names }));
                }
                return true;
            }
            "trap" => self.trap(task, args, world),
            "wait" => {
                let pids: Vec<u32> = args.iter().filter_map(|pid| pid.parse().ok()).collect();
                let pids = if args.is_empty() { task.background.clone() } else { pids };
                task.state = State::Waiting(Wait::Builtin(pids));
                return true;
            }
            "kill" => self.kill(task, args, world),
            "jobs" | "umask" | "ulimit" | "hash" | "alias" | "times" => 0,
            _ => return false,
        };
        self.finish(task, status);
        true
    }

    fn evaluate(&mut self, task: &mut Task, argv: &[String], world: &mut World) -> bool {
        let text = if argv[0] == "eval" {
            argv[1..].join(" ")
        } else {
            let path = argv.get(1).map(|path| normalize(&task.cwd, path)).unwrap_or_default();
            match world.files.get(&path) {
                Some(Node::File(text)) => text.to_string(),
                _ => {
                    self.complain(
                        task,
                        &format!(
                            "can't open '{}': No such file or directory",
                            argv.get(1).map_or("", String::as_str)
                        ),
                        world,
                    );
                    self.finish(task, 2);
                    return true;
                }
            }
        };
        match compile(&text) {
            Ok(code) => {
                let mut frame = Frame::new(code, FrameKind::Script);
                frame.saved.extend(task.restore.take().map(|streams| *streams));
                task.status = 0;
                task.frames.push(frame);
            }
            Err(error) => {
                self.complain_syntax(task, &error, world);
                self.finish(task, 2);
            }
        }
        true
    }

    fn locate(&mut self, task: &mut Task, argv: &[String], world: &mut World) -> i32 {
        let mut status = 0;
        for name in argv[1..].iter().filter(|arg| !arg.starts_with('-')) {
            let word = std::slice::from_ref(name);
            let known = world.image.program(word).is_some() || (world.host)(word).is_some();
            if known || (world.image.shell && applet::is_applet(name)) {
                self.write(task, 1, &format!("/bin/{}\n", base_name(name)), world);
            } else if task.functions.contains_key(name.as_str()) {
                self.write(task, 1, &format!("{name}\n"), world);
            } else {
                status = 1;
            }
        }
        status
    }

    fn change_directory(&mut self, task: &mut Task, to: Option<&str>, world: &mut World) -> i32 {
        let home = task.variable("HOME").map_or("/".to_owned(), |home| home.to_string());
        let old = task.variable("OLDPWD").map_or("/".to_owned(), |old| old.to_string());
        let to = match to {
            None => home,
            Some("-") => old,
            Some(path) => path.to_owned(),
        };
        let path = normalize(&task.cwd, &to);
        if !matches!(world.files.get(&path), Some(Node::Directory)) {
            self.complain(task, &format!("cd: can't cd to {to}: No such file or directory"), world);
            return 2;
        }
        let old = std::mem::replace(&mut task.cwd, path.as_str().into());
        task.assign("OLDPWD", &old);
        task.assign("PWD", &path);
        0
    }

    fn declare(&mut self, task: &mut Task, argv: &[String], world: &mut World) -> i32 {
        let local = matches!(argv[0].as_str(), "local" | "declare" | "typeset");
        if argv.len() == 1 && argv[0] == "export" {
            let text: String = task
                .variables
                .iter()
                .filter(|(_, variable)| variable.exported)
                .map(|(name, variable)| format!("export {name}='{}'\n", variable.value))
                .collect();
            self.write(task, 1, &text, world);
        }
        for word in argv[1..].iter().filter(|word| !word.starts_with('-')) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            if local {
                let old = task.variables.get(name).cloned();
                let function =
                    task.frames.iter_mut().rev().find_map(|frame| match &mut frame.kind {
                        FrameKind::Function { locals, .. } => Some(locals),
                        _ => None,
                    });
                if let Some(locals) = function {
                    locals.push((name.into(), old));
                }
                task.assign(name, value.unwrap_or(""));
            } else if argv[0] == "export" {
                task.export(name, value);
            } else if let Some(value) = value {
                task.assign(name, value);
            }
        }
        0
    }

    fn set(&mut self, task: &mut Task, args: &[String], world: &mut World) -> i32 {
        if args.is_empty() {
            let text: String =
                task.variables.iter().map(|(name, v)| format!("{name}='{}'\n", v.value)).collect();
            self.write(task, 1, &text, world);
        }
        for (at, arg) in args.iter().enumerate() {
            if arg == "--" {
                task.parameters = args[at + 1..].to_vec();
                break;
            }
            let Some(sign) = arg.chars().next().filter(|c| matches!(c, '-' | '+')) else {
                // `set -o pipefail`: the word after -o is not a parameter.
                if at > 0 && args[at - 1].ends_with('o') && args[at - 1].starts_with(['-', '+']) {
                    continue;
                }
                task.parameters = args[at..].to_vec();
                break;
            };
            if arg.contains('e') {
                task.exit_on_error = sign == '-';
            }
            if arg.contains('x') {
                task.trace_commands = sign == '-';
            }
        }
        0
    }

    fn trap(&mut self, task: &mut Task, args: &[String], world: &mut World) -> i32 {
        task.trail.unrepeatable = true;
        let Some((action, signals)) = args.split_first() else {
            let text: String = task
                .traps
                .iter()
                .map(|(signal, action)| format!("trap -- '{action}' {signal}\n"))
                .collect();
            self.write(task, 1, &text, world);
            return 0;
        };
        if signals.is_empty() {
            task.traps.remove(signal_name(action).as_str());
        }
        for signal in signals {
            let signal = signal_name(signal);
            match action.as_str() {
                "-" => drop(task.traps.remove(signal.as_str())),
                action => drop(task.traps.insert(signal.into(), action.into())),
            }
        }
        0
    }

    fn kill(&mut self, task: &mut Task, args: &[String], world: &mut World) -> i32 {
        let mut signal = "TERM".to_owned();
        let mut status = 0;
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "-s" {
                signal = words.next().map(|name| signal_name(name)).unwrap_or(signal);
            } else if let Some(name) = word.strip_prefix('-') {
                signal = if name == "0" { "0".into() } else { signal_name(name) };
            } else if let Ok(pid) = word.parse::<u32>() {
                status = i32::from(!self.kill_pid(task, pid, &signal, world.now));
                if status != 0 {
                    self.write(
                        task,
                        2,
                        &format!("sh: can't kill pid {pid}: No such process\n"),
                        world,
                    );
                }
            }
        }
        status
    }

    fn kill_pid(&mut self, task: &mut Task, pid: u32, signal: &str, now: Time) -> bool {
        if pid == task.pid {
            super::process::deliver(task, signal, now);
            return true;
        }
        if self.tasks.get(&pid).is_some_and(|other| !other.is_done()) {
            self.signal_task(pid, signal, now);
            return true;
        }
        if pid == 1 {
            self.signals.push((pid, signal.into()));
        }
        pid == 1
    }

    /// Whether a read of `stream` would not have to wait.
    fn input_ready(&self, stream: &Stream) -> bool {
        match stream {
            Stream::Console => self.input.contains(['\n', END_OF_INPUT]) || !self.input_open,
            Stream::Pipe(pipe) => {
                self.pipes.get(pipe).is_some_and(|text| text.contains('\n'))
                    || !self.has_writer(*pipe)
            }
            _ => true,
        }
    }

    /// `read`: false when there is no line yet.
    pub(super) fn read_line(&mut self, task: &mut Task, names: &[String]) -> bool {
        if names.is_empty() {
            return self.input_ready(&task.descriptors[0]);
        }
        let mut stream = task.descriptors[0].clone();
        let line = self.next_line(&mut stream);
        task.descriptors[0] = stream;
        let (text, status) = match line {
            Line::Waits => return false,
            Line::Text { text, complete } => (text, i32::from(!complete)),
            Line::End | Line::Endless => (String::new(), 1),
        };
        let separators = task.variable("IFS").map_or(" \t\n".into(), |ifs| ifs.to_string());
        let mut rest = text.trim_matches(|c: char| c.is_whitespace() && separators.contains(c));
        for (at, name) in names.iter().enumerate() {
            let (value, tail) = match rest.find(|c| separators.contains(c)) {
                Some(end) if at + 1 < names.len() => {
                    let tail = &rest[end + 1..];
                    (
                        &rest[..end],
                        tail.trim_start_matches(|c: char| {
                            c.is_whitespace() && separators.contains(c)
                        }),
                    )
                }
                _ => (rest, ""),
            };
            task.assign(name, value);
            rest = tail;
        }
        self.finish(task, status);
        true
    }
}
