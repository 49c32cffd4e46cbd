//! A hold on a process in a pod, which `exec`, `attach` and `run` share. Mirrors `StreamOptions` of
//! `k8s.io/kubectl/pkg/cmd/exec` and `AttachablePodForObject` of `pkg/polymorphichelpers`.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::logs::{Names, Standing, selector_of, wait};
use crate::api::{Reply, Request, Verb};
use crate::base::order::Order as _;
use crate::kubectl::resource::{self, Target};
use crate::kubectl::{Args, Failure, Io, Step, Typed};
use crate::object::Object;
use crate::sim::Time;

/// How often a process that has not ended is asked after.
const PERIOD: Duration = Duration::from_millis(100);

/// What of the standard input goes to the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input {
    /// It is passed on.
    pub stdin: bool,
    /// It is a terminal, and the process is to have one.
    pub tty: bool,
}

impl Input {
    /// What the flags ask for, as far as the standard input allows it.
    pub fn of(args: &Args, tty: bool, io: &mut Io<'_>) -> Self {
        let stdin = args.is("stdin");
        let tty = stdin && tty;
        if tty && !io.terminal && !args.is("quiet") {
            io.err.push_str(
                "Unable to use a TTY - input is not a terminal or the right kind of file\n",
            );
        }
        Self { stdin, tty: tty && io.terminal }
    }
}

/// A session with a process.
pub struct Stream {
    /// Asks how the process fares.
    request: Request,
    input: Input,
}

impl Stream {
    /// Begins the session that `request` describes, and prints what there is; the exit code if it
    /// is over already.
    ///
    /// # Errors
    /// The server refuses.
    pub fn begin(
        mut request: Request,
        input: Input,
        io: &mut Io<'_>,
    ) -> Result<(Self, Option<i32>), Failure> {
        let mut query = |name: &str, value: &str| request.query.push((name.into(), value.into()));
        if input.tty {
            query("tty", "true");
        }
        if input.stdin {
            query("stdin", io.stdin);
        }
        if input.stdin && !io.terminal {
            query("eof", "true");
        }
        let state = ask(request.clone(), io)?;
        request.verb = Verb::Get;
        let session = state["session"].as_str().unwrap_or_default().to_owned();
        request.query = vec![("session".to_owned(), session)];
        Ok((Self { request, input }, print(&state, io)))
    }

    /// Passes on what was typed, and prints what is new; the exit code once it is over.
    ///
    /// # Errors
    /// The session is gone.
    pub fn poll(&self, io: &mut Io<'_>) -> Result<Option<i32>, Failure> {
        let mut request = self.request.clone();
        let mut text = String::new();
        for typed in io.typed.drain(..) {
            match typed {
                Typed::Line(line) => text.extend([line.as_str(), "\n"]),
                Typed::Interrupt => {
                    text.clear();
                    request.query.push(("interrupt".to_owned(), "true".to_owned()));
                }
                Typed::End => request.query.push(("eof".to_owned(), "true".to_owned())),
            }
        }
        if !text.is_empty() {
            request.query.push(("stdin".to_owned(), text));
        }
        Ok(print(&ask(request, io)?, io))
    }

    /// What to wait for.
    pub fn step(&self, io: &Io<'_>) -> Step {
        if self.input.stdin && io.terminal {
            Step::Read { after: PERIOD, raw: self.input.tty }
        } else {
            Step::Wait(Some(PERIOD))
        }
    }
}

/// What begins a refusal of an upgraded connection.
const UPGRADE: &str = "unable to upgrade connection: ";

fn ask(request: Request, io: &mut Io<'_>) -> Result<Value, Failure> {
    match io.api.call(request) {
        Ok(Reply::Json(state)) => Ok(state),
        Ok(_) => Err(Failure::error("the server answered with no session")),
        // What refuses an upgraded connection is told without the status' reason.
        Err(status) => {
            let why = &status.message;
            let known = status.reason == "InternalError" || why.starts_with(UPGRADE);
            Err(Failure::error(if known { why.clone() } else { format!("{UPGRADE}{why}") }))
        }
    }
}

fn print(state: &Value, io: &mut Io<'_>) -> Option<i32> {
    io.out.push_str(state["stdout"].as_str().unwrap_or_default());
    io.err.push_str(state["stderr"].as_str().unwrap_or_default());
    state["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok())
}

/// Finds the pod that words stand for: `POD`, `TYPE/NAME` or `TYPE NAME`; of a workload's pods the
/// one that serves best. While there is none yet, what to wait for.
///
/// # Errors
/// There is no such object, it has no pods, or none came in time.
pub fn find_pod(
    words: &[String],
    args: &Args,
    started: Time,
    io: &mut Io<'_>,
) -> Result<Result<Object, Step>, Failure> {
    let namespace = args.namespace();
    let pods = resource::kind("pods")?;
    let (asked, name) = match words {
        [word] if !word.contains('/') => (pods, word.clone()),
        words => match resource::target(words, &[])? {
            Target::Named(mut named) if named.len() == 1 => named.remove(0),
            _ => return Err(Failure::error("cannot use more than one object at a time")),
        },
    };
    let object = resource::fetch(io, &asked, namespace, &name)?;
    if object.get::<Pod>().is_some() {
        return Ok(Ok(object));
    }
    let selector = selector_of(&object).ok_or_else(|| {
        let kind = format!("*{}.{}", asked.names().versions[0], object.kind());
        Failure::error(format!("cannot attach to {kind}: selector for {kind} not implemented"))
    })?;
    let pods = resource::kind("pods")?;
    let (mut found, _) = resource::list(io, &pods, namespace, &selector, "")?;
    if found.is_empty() {
        return wait(args, started, io).map(Err);
    }
    best_first(&mut found);
    Ok(Ok(found.remove(0)))
}

/// The pod that serves best first. Mirrors the reverse of `podutils.ActivePods`.
fn best_first(pods: &mut [Object]) {
    pods.order_by_key(|object| {
        let standing = Standing::of(object);
        let phase = match standing.phase {
            "Running" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        let leaves = object.meta().deletion_timestamp.is_some();
        let Standing { assigned, ready, restarts, created, .. } = standing;
        (!assigned, phase, !ready, leaves, restarts, created)
    });
}

/// Refuses pods in which nothing runs any more.
///
/// # Errors
/// The pod has completed.
pub fn check_phase(pod: &Pod) -> Result<(), Failure> {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    match phase {
        Some(phase @ ("Succeeded" | "Failed")) => Err(Failure::error(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        ))),
        _ => Ok(()),
    }
}

/// The container that is meant: the one of `--container`, or the pod's default one.
///
/// # Errors
/// The pod has none of that name.
pub fn container(args: &Args, pod: &Pod, io: &mut Io<'_>) -> Result<String, String> {
    let names = Names::of(pod);
    let wanted = match args.get("container") {
        "" => names.default(pod, io),
        given => given.to_owned(),
    };
    if names.all().any(|name| name == wanted) {
        return Ok(wanted);
    }
    let pod = pod.metadata.name.as_deref().unwrap_or_default();
    Err(format!("container {wanted} is not valid for pod {pod} out of: {names}"))
}
