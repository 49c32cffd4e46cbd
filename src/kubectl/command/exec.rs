//! `kubectl exec`. Mirrors `k8s.io/kubectl/pkg/cmd/exec`.

use k8s_openapi::api::core::v1::Pod;

use super::stream::{self, Input, Stream};
use super::{Command, FILENAME};
use crate::api::{Request, Verb};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;
use crate::sim::Time;

/// The verb.
pub struct Exec;

impl Command for Exec {
    fn name(&self) -> &'static str {
        "exec"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            FILENAME,
            Flag::value("container", "").short('c'),
            Flag::value("pod-running-timeout", "1m0s"),
            Flag::switch("quiet").short('q'),
            Flag::switch("stdin").short('i'),
            Flag::switch("tty").short('t'),
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]"
    }

    fn about(&self) -> &'static str {
        "Execute a command in a container."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let (front, command) = match args.dash {
            Some(at) => args.positional.split_at(at),
            None => args.positional.split_at(args.positional.len().min(1)),
        };
        let Some(pod) = front.first().cloned() else {
            return Err(Failure::error("pod, type/name or --filename must be specified"));
        };
        if front.len() > 1 || args.dash.is_none() && !command.is_empty() {
            return Err(Failure::error(
                "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] \
                 instead\nSee 'kubectl exec -h' for help and examples",
            ));
        }
        if command.is_empty() {
            let why = "you must specify at least one command for the container";
            return Err(Failure::error(why));
        }
        let (pod, command) = (vec![pod], command.to_vec());
        Ok(Box::new(ExecJob { args, pod, command, started: None, stream: None }))
    }
}

/// Asks to run a command in a container of a pod.
pub(super) fn request(
    object: &Object,
    container: &str,
    command: &[String],
) -> Result<Request, Failure> {
    let mut request =
        resource::kind("pods")?.request(Verb::Create, object.namespace(), object.name()).to("exec");
    request.query.push(("container".to_owned(), container.to_owned()));
    request.query.extend(command.iter().map(|word| ("command".to_owned(), word.clone())));
    Ok(request)
}

struct ExecJob {
    args: Args,
    pod: Vec<String>,
    command: Vec<String>,
    started: Option<Time>,
    stream: Option<Stream>,
}

impl ExecJob {
    /// Begins in a pod; the exit code if it is over by then.
    fn begin(&mut self, object: &Object, io: &mut Io<'_>) -> Result<Option<i32>, Failure> {
        let Some(pod) = object.get::<Pod>() else { return Err(Failure::error("expected a pod")) };
        stream::check_phase(pod)?;
        let container = stream::container(&self.args, pod, io).map_err(Failure::error)?;
        let input = Input::of(&self.args, self.args.is("tty"), io);
        let request = request(object, &container, &self.command)?;
        let (stream, ended) = Stream::begin(request, input, io)?;
        self.stream = Some(stream);
        Ok(ended)
    }
}

impl Job for ExecJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let ended = match &self.stream {
            Some(stream) => stream.poll(io)?,
            None => {
                let started = *self.started.get_or_insert(io.now);
                match stream::find_pod(&self.pod, &self.args, started, io)? {
                    Ok(object) => self.begin(&object, io)?,
                    Err(step) => return Ok(step),
                }
            }
        };
        match (ended, &self.stream) {
            (None, Some(stream)) => Ok(stream.step(io)),
            (Some(code), _) if code != 0 => {
                let text = format!("command terminated with exit code {code}\n");
                Err(Failure { text, code, ..Failure::default() })
            }
            _ => Ok(Step::Done(0)),
        }
    }
}
