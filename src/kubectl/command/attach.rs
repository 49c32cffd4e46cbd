//! `kubectl attach`. Mirrors `k8s.io/kubectl/pkg/cmd/attach`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use super::Command;
use super::stream::{self, Input, Stream};
use crate::api::{Request, Verb};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;
use crate::sim::Time;

/// What a session begins with.
const NOTICE: &str = "All commands and output from this session will be recorded in container \
    logs, including credentials and sensitive information passed through the command prompt.\n\
    If you don't see a command prompt, try pressing enter.\n";

/// The verb.
pub struct Attach;

impl Command for Attach {
    fn name(&self) -> &'static str {
        "attach"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag::value("container", "").short('c'),
            Flag::value("detach-keys", "ctrl-p,ctrl-q"),
            Flag::value("pod-running-timeout", "1m0s"),
            Flag::switch("quiet").short('q'),
            Flag::switch("stdin").short('i'),
            Flag::switch("tty").short('t'),
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl attach (POD | TYPE/NAME) -c CONTAINER [options]"
    }

    fn about(&self) -> &'static str {
        "Attach to a process that is already running inside an existing container."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let words = &args.positional;
        if words.is_empty() {
            return Err(Failure::error("at least 1 argument is required for attach"));
        }
        if words.len() > 2 {
            let (count, words) = (words.len(), words.join(" "));
            return Err(Failure::error(format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {count}: [{words}]"
            )));
        }
        Ok(Box::new(AttachJob { args, started: None, attached: None }))
    }
}

struct AttachJob {
    args: Args,
    started: Option<Time>,
    attached: Option<Attached>,
}

impl Job for AttachJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if let Some(attached) = &mut self.attached {
            // With what code the process ended is the pod's affair.
            return Ok(attached.poll(io)?.unwrap_or(Step::Done(0)));
        }
        let started = *self.started.get_or_insert(io.now);
        match stream::find_pod(&self.args.positional, &self.args, started, io)? {
            Ok(object) => self.attached = Some(Attached::announce(&self.args, &object, io)?),
            Err(step) => return Ok(step),
        }
        Ok(Step::Wait(Some(Duration::ZERO)))
    }
}

/// A hold on the main process of a container.
pub(super) struct Attached {
    state: State,
    /// What is said at the end.
    farewell: String,
}

enum State {
    /// The notice stands; what the process prints comes below it.
    Announced(Request, Input),
    Streaming(Stream),
}

impl Attached {
    /// Passes on what was typed and prints what is new; what to wait for, `None` once it is over.
    ///
    /// # Errors
    /// The server refuses.
    pub(super) fn poll(&mut self, io: &mut Io<'_>) -> Result<Option<Step>, Failure> {
        let ended = match &self.state {
            State::Announced(request, input) => {
                let (stream, ended) = Stream::begin(request.clone(), *input, io)?;
                self.state = State::Streaming(stream);
                ended
            }
            State::Streaming(stream) => stream.poll(io)?,
        };
        match &self.state {
            State::Streaming(stream) if ended.is_none() => Ok(Some(stream.step(io))),
            _ => {
                io.out.push_str(&self.farewell);
                Ok(None)
            }
        }
    }

    /// Prepares to attach to a pod, and says so.
    ///
    /// # Errors
    /// It has completed, or has no such container.
    pub(super) fn announce(args: &Args, object: &Object, io: &mut Io<'_>) -> Result<Self, Failure> {
        let (request, input, farewell) = prepare(args, object, io)?;
        Ok(Self { state: State::Announced(request, input), farewell })
    }
}

fn prepare(
    args: &Args,
    object: &Object,
    io: &mut Io<'_>,
) -> Result<(Request, Input, String), Failure> {
    let Some(pod) = object.get::<Pod>() else { return Err(Failure::error("expected a pod")) };
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    if let Some(phase @ ("Succeeded" | "Failed")) = phase {
        return Err(Failure::error(format!(
            "cannot attach a container in a completed pod; current phase is {phase}"
        )));
    }
    let container = stream::container(args, pod, io)
        .map_err(|why| Failure::error(format!("cannot attach to the container: {why}")))?;
    let quiet = args.is("quiet");
    let has_terminal = named(pod, &container).is_some_and(|found| found.tty == Some(true));
    if args.is("tty") && !has_terminal && !quiet {
        io.err.push_str(&format!(
            "error: Unable to use a TTY - container {container} did not allocate one\n"
        ));
    }
    let input = Input::of(args, has_terminal, io);
    if !quiet {
        io.err.push_str(NOTICE);
    }
    let mut request = resource::kind("pods")?
        .request(Verb::Create, object.namespace(), object.name())
        .to("attach");
    request.query.push(("container".to_owned(), container.clone()));
    let farewell = if input.tty && !quiet {
        format!(
            "Session ended, resume using 'kubectl attach {} -c {container} -n {} -i -t' command\n",
            object.name(),
            object.namespace()
        )
    } else {
        String::new()
    };
    Ok((request, input, farewell))
}

fn named<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    pod.spec.iter().flat_map(|spec| &spec.containers).find(|container| container.name == name)
}
