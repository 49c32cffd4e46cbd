//! `kubectl cp`. Mirrors `k8s.io/kubectl/pkg/cmd/cp`; the files go through `cat`, since the simulated
//! images have no `tar`.

use std::collections::VecDeque;

use k8s_openapi::api::core::v1::Pod;

use super::exec;
use super::spec::Spec;
use super::stream::{self, Input, Stream};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;

/// The verb.
pub const COPY: Spec = Spec {
    name: "cp",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::value("container", "").short('c'),
        Flag::switch("no-preserve"),
        Flag::value("retries", "0"),
    ],
    usage: "kubectl cp <file-spec-src> <file-spec-dest> [options]",
    about: "Copy files and directories to and from containers.",
    start,
};

/// `[[namespace/]pod:]file`.
#[derive(Clone, Debug, Default)]
struct Place {
    namespace: String,
    pod: String,
    file: String,
}

/// Mirrors `extractFileSpec`.
fn place(word: &str) -> Result<Place, Failure> {
    let wrong =
        || Failure::error("filespec must match the canonical format: [[namespace/]pod:]file/path");
    let Some((pod, file)) = word.split_once(':') else {
        return Ok(Place { file: word.to_owned(), ..Place::default() });
    };
    let (namespace, pod) = match pod.split('/').collect::<Vec<_>>()[..] {
        [""] => return Err(wrong()),
        [pod] => ("", pod),
        [namespace, pod] => (namespace, pod),
        _ => return Err(wrong()),
    };
    Ok(Place { namespace: namespace.to_owned(), pod: pod.to_owned(), file: file.to_owned() })
}

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    let [from, to] = args.positional.as_slice() else {
        return Err(Failure::error("source and destination are required"));
    };
    let (from, to) = (place(from)?, place(to)?);
    let wrong = if !from.pod.is_empty() && !to.pod.is_empty() {
        "one of src or dest must be a local file specification"
    } else if from.file.is_empty() || to.file.is_empty() {
        "filepath can not be empty"
    } else if from.pod.is_empty() && to.pod.is_empty() {
        "one of src or dest must be a remote file specification"
    } else {
        return Ok(Box::new(Copy {
            args,
            from,
            to,
            pod: None,
            todo: VecDeque::new(),
            doing: None,
        }));
    };
    Err(Failure::error(wrong))
}

struct Copy {
    args: Args,
    from: Place,
    to: Place,
    /// Where it works: the pod and its container.
    pod: Option<(Object, String)>,
    todo: VecDeque<Task>,
    doing: Option<Doing>,
}

/// Something to be done in the container.
enum Task {
    /// Whether the place is a folder.
    IsFolder,
    /// Which files are in a folder.
    List,
    /// Copies a file from the container.
    Read { from: String, to: String },
    /// Copies a text into the container.
    Write { to: String, text: String },
}

struct Doing {
    task: Task,
    stream: Stream,
    out: String,
    err: String,
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

impl Copy {
    fn remote(&self) -> &Place {
        if self.from.pod.is_empty() { &self.to } else { &self.from }
    }

    fn begin(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        let local = &self.from.file;
        if self.from.pod.is_empty() && io.files.read(local).is_none() && !io.files.is_folder(local)
        {
            let why = format!("{local} doesn't exist in local filesystem");
            return Err(Failure::error(why));
        }
        let remote = self.remote().clone();
        let namespace = match remote.namespace.as_str() {
            "" => self.args.namespace(),
            own => own,
        };
        let object = resource::fetch(io, &resource::kind("pods")?, namespace, &remote.pod)?;
        let Some(pod) = object.get::<Pod>() else { return Err(Failure::error("expected a pod")) };
        stream::check_phase(pod)?;
        let container = stream::container(&self.args, pod, io).map_err(Failure::error)?;
        self.pod = Some((object, container));
        self.todo.push_back(Task::IsFolder);
        Ok(())
    }

    /// Begins a task; what it printed if it is over already.
    fn launch(&mut self, task: Task, io: &mut Io<'_>) -> Result<Option<i32>, Failure> {
        let Some((object, container)) = &self.pod else { return Ok(Some(1)) };
        let place = self.remote().file.clone();
        let words =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (command, stdin) = match &task {
            Task::IsFolder => (words(&["test", "-d", &place]), None),
            Task::List => (words(&["find", &place, "-type", "f"]), None),
            Task::Read { from, .. } => (words(&["cat", from]), None),
            Task::Write { to, text } => {
                let script = "mkdir -p \"$(dirname \"$0\")\" && cat > \"$0\"";
                (words(&["sh", "-c", script, to]), Some(text.clone()))
            }
        };
        let request = exec::request(object, container, &command)?;
        let input = Input { stdin: stdin.is_some(), tty: false };
        let (mut out, mut err) = (String::new(), String::new());
        let text = stdin.unwrap_or_default();
        let mut inner = quiet(io, &text, &mut out, &mut err);
        let (stream, ended) = Stream::begin(request, input, &mut inner)?;
        self.doing = Some(Doing { task, stream, out, err });
        Ok(ended)
    }

    /// Draws the conclusions from a task.
    fn end(&mut self, doing: Doing, code: i32, io: &mut Io<'_>) -> Result<(), Failure> {
        let (from, to) = (self.from.file.clone(), self.to.file.clone());
        match doing.task {
            Task::IsFolder if self.from.pod.is_empty() => {
                let target = match code {
                    0 => format!("{}/{}", to.trim_end_matches('/'), last(&from)),
                    _ => to,
                };
                self.send(&from, &target, io);
            }
            Task::IsFolder if code == 0 => self.todo.push_back(Task::List),
            Task::IsFolder => {
                let into = io.files.is_folder(&to);
                let to =
                    if into { format!("{}/{}", to.trim_end_matches('/'), last(&from)) } else { to };
                self.todo.push_back(Task::Read { from, to });
            }
            Task::List => {
                for file in doing.out.lines() {
                    let inner = file.strip_prefix(from.trim_end_matches('/')).unwrap_or(file);
                    let to = format!("{}{inner}", to.trim_end_matches('/'));
                    self.todo.push_back(Task::Read { from: file.to_owned(), to });
                }
            }
            Task::Read { to, .. } if code == 0 => io.files.write(&to, doing.out),
            Task::Write { .. } if code == 0 => {}
            Task::Read { .. } | Task::Write { .. } => {
                io.err.push_str(&doing.err);
                let text = format!("command terminated with exit code {code}\n");
                return Err(Failure { text, code, ..Failure::default() });
            }
        }
        Ok(())
    }

    /// Writes a file, or all below a folder.
    fn send(&mut self, from: &str, target: &str, io: &Io<'_>) {
        if let Some(text) = io.files.read(from) {
            let (to, text) = (target.to_owned(), text.to_owned());
            self.todo.push_back(Task::Write { to, text });
            return;
        }
        for (inner, text) in io.files.below(from) {
            let to = format!("{target}/{inner}");
            self.todo.push_back(Task::Write { to, text: text.to_owned() });
        }
    }
}

/// An [`Io`] whose output is kept.
fn quiet<'a>(
    io: &'a mut Io<'_>,
    stdin: &'a str,
    out: &'a mut String,
    err: &'a mut String,
) -> Io<'a> {
    Io {
        api: io.api,
        now: io.now,
        files: io.files,
        stdin,
        terminal: false,
        typed: io.typed,
        script: None,
        out,
        err,
    }
}

impl Job for Copy {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.pod.is_none() {
            self.begin(io)?;
        }
        loop {
            let ended = match &mut self.doing {
                Some(Doing { stream, out, err, .. }) => {
                    stream.poll(&mut quiet(io, "", out, err))?
                }
                None => match self.todo.pop_front() {
                    Some(task) => self.launch(task, io)?,
                    None => return Ok(Step::Done(0)),
                },
            };
            let (Some(code), true) = (ended, self.doing.is_some()) else {
                let step = self.doing.as_ref().map(|doing| doing.stream.step(io));
                return Ok(step.unwrap_or(Step::Done(1)));
            };
            if let Some(doing) = self.doing.take() {
                self.end(doing, code, io)?;
            }
        }
    }
}
