//! Which command a word names: a function, a builtin, a program of the image, a script, a tool.

use std::rc::Rc;

use super::parse::compile;
use super::process::Process;
use super::syntax::Code;
use super::task::{Frame, FrameKind, Interactive, State, Stream, Task, Wait};
use super::{World, applet};
use crate::machine::files::{Node, normalize};
use crate::machine::image::base_name;

impl Process {
    /// Runs the command `argv` in `task`.
    pub(super) fn run_argv(&mut self, task: &mut Task, argv: &[String], world: &mut World) {
        let replacing = std::mem::take(&mut task.replacing);
        let Some(name) = argv.first() else { return self.finish(task, 0) };
        if !replacing {
            if let Some(code) = task.functions.get(name.as_str()).cloned() {
                return self.call(task, code, &argv[1..]);
            }
            if self.builtin(task, argv, world) {
                return;
            }
        }
        task.command = argv.join(" ").into();
        if let Some(reads) = (world.host)(argv) {
            return self.call_out(task, argv, reads);
        }
        if let Some(program) = world.image.program(argv) {
            self.spend(task, 1000);
            if program.runs_arguments {
                task.replacing = replacing;
                return self.run_argv(task, &argv[1..], world);
            }
            if !program.script.is_empty() {
                return self.run_script(task, &program.script, argv, replacing, world);
            }
            return self.start_program(task, program, argv, world);
        }
        let path = normalize(&task.cwd, name);
        if name.contains('/')
            && let Some(Node::File(text)) = world.files.get(&path)
        {
            return self.run_script(task, &text, argv, replacing, world);
        }
        if world.image.shell && applet::is_applet(name) {
            let base = base_name(name);
            if matches!(base, "sh" | "ash" | "bash" | "dash") {
                return self.shell(task, argv, replacing, world);
            }
            self.spend(task, if replacing { 250 } else { 50 });
            return self.applet(task, base, &argv[1..], world);
        }
        if world.image.unknown && replacing {
            // Nothing is known about the image: whatever it is told to run keeps running.
            let program = world.image.program(&["entrypoint".to_owned()]).unwrap_or_default();
            return self.start_program(task, program, argv, world);
        }
        let shell = Rc::clone(&task.name);
        self.write(task, 2, &format!("{shell}: {name}: not found\n"), world);
        self.finish(task, 127);
    }

    fn call(&mut self, task: &mut Task, code: Rc<Code>, arguments: &[String]) {
        let parameters = std::mem::replace(&mut task.parameters, arguments.to_vec());
        let mut frame = Frame::new(code, FrameKind::Function { parameters, locals: Vec::new() });
        frame.saved.extend(task.restore.take().map(|streams| *streams));
        if task.frames.len() > 200 {
            return self.exit(task, 2);
        }
        task.frames.push(frame);
    }

    /// Runs code in a shell of its own: in this task after `exec`, else in a child.
    fn run_shell(
        &mut self,
        task: &mut Task,
        code: Option<Rc<Code>>,
        name: &str,
        parameters: Vec<String>,
        replacing: bool,
    ) {
        let fill = |task: &mut Task| {
            task.name = name.into();
            task.parameters = parameters;
            task.functions = crate::base::shared_map::SharedMap::new();
            let exported = task.variables.iter().filter(|(_, variable)| variable.exported);
            task.variables =
                exported.map(|(name, variable)| (name.clone(), variable.clone())).collect();
            task.exit_on_error = false;
            task.trace_commands = false;
        };
        if replacing {
            fill(task);
            task.frames.clear();
            task.state = State::Ready;
            match code {
                Some(code) => task.frames.push(Frame::new(code, FrameKind::Script)),
                None => task.interactive = Some(self.session(task)),
            }
            return;
        }
        self.spend(task, 300);
        let session = self.session(task);
        let interactive = code.is_none();
        let mut child = self.spawn(task, code.unwrap_or_default());
        fill(&mut child);
        child.interactive = interactive.then_some(session);
        task.state = State::Waiting(Wait::Foreground(vec![child.pid]));
        self.tasks.insert(child.pid, Box::new(child));
    }

    fn session(&self, task: &Task) -> Interactive {
        let prompts = self.tty && task.descriptors[0] == Stream::Console;
        Interactive { pending: String::new(), prompts, prompted: false }
    }

    /// `sh`, `sh -c script`, `sh file`.
    fn shell(&mut self, task: &mut Task, argv: &[String], replacing: bool, world: &mut World) {
        let mut words = argv[1..].iter().peekable();
        let (mut command, mut on_error, mut trace) = (false, false, false);
        while let Some(flags) = words.next_if(|arg| arg.starts_with('-') && arg.len() > 1) {
            let letters = flags.trim_start_matches('-');
            if flags.starts_with("--") {
                continue;
            }
            command |= letters.contains('c');
            on_error |= letters.contains('e');
            trace |= letters.contains('x');
            if letters.ends_with('o') {
                words.next();
            }
        }
        let prefix =
            if on_error { "set -e\n" } else { "" }.to_owned() + if trace { "set -x\n" } else { "" };
        let rest: Vec<String> = words.cloned().collect();
        let (text, name, parameters) = match rest.split_first() {
            Some((script, rest)) if command => {
                let name = rest.first().cloned().unwrap_or_else(|| argv[0].clone());
                (script.clone(), name, rest.get(1..).unwrap_or_default().to_vec())
            }
            Some((path, rest)) => match world.files.get(&normalize(&task.cwd, path)) {
                Some(Node::File(text)) => (text.to_string(), path.clone(), rest.to_vec()),
                _ => {
                    let line =
                        format!("{}: can't open '{path}': No such file or directory\n", argv[0]);
                    self.write(task, 2, &line, world);
                    return self.finish(task, 2);
                }
            },
            None if command => {
                self.write(task, 2, &format!("{}: -c requires an argument\n", argv[0]), world);
                return self.finish(task, 2);
            }
            None => return self.run_shell(task, None, &argv[0], Vec::new(), replacing),
        };
        match compile(&(prefix + &text)) {
            Ok(code) => self.run_shell(task, Some(code), &name, parameters, replacing),
            Err(error) => {
                task.name = name.as_str().into();
                self.complain_syntax(task, &error, world);
                self.finish(task, 2);
                if replacing {
                    self.exit(task, 2);
                }
            }
        }
    }

    fn run_script(
        &mut self,
        task: &mut Task,
        text: &str,
        argv: &[String],
        replacing: bool,
        world: &mut World,
    ) {
        match compile(text) {
            Ok(code) => self.run_shell(task, Some(code), &argv[0], argv[1..].to_vec(), replacing),
            Err(error) => {
                self.complain_syntax(task, &error, world);
                self.finish(task, 2);
            }
        }
    }
}
