//! `kubectl exec`, without a terminal. Mirrors `k8s.io/kubectl/pkg/cmd/exec`.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::logs::Names;
use super::{Command, FILENAME};
use crate::api::{Reply, Request, Verb};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};

/// How often a command that has not ended is asked after.
const PERIOD: Duration = Duration::from_millis(100);

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
            return Err(Failure::usage("exec", "pod, type/name or --filename must be specified"));
        };
        if front.len() > 1 || args.dash.is_none() && !command.is_empty() {
            return Err(Failure::error(
                "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] \
                 instead\nSee 'kubectl exec -h' for help and examples",
            ));
        }
        if command.is_empty() {
            let why = "you must specify at least one command for the container";
            return Err(Failure::usage("exec", why));
        }
        let command = command.to_vec();
        Ok(Box::new(ExecJob { args, pod, command, session: None, printed: (0, 0) }))
    }
}

struct ExecJob {
    args: Args,
    pod: String,
    command: Vec<String>,
    /// The request that asks how the command fares.
    session: Option<Request>,
    /// How many bytes of both outputs have been printed.
    printed: (usize, usize),
}

impl ExecJob {
    fn begin(&self, io: &mut Io<'_>) -> Result<Request, Failure> {
        let pods = resource::kind("pods")?;
        let name = self.pod.strip_prefix("pod/").or_else(|| self.pod.strip_prefix("pods/"));
        let name = name.unwrap_or(&self.pod);
        let object = resource::fetch(io, &pods, self.args.namespace(), name)?;
        let Some(pod) = object.get::<Pod>() else { return Err(Failure::error("expected a pod")) };
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        if let Some(phase @ ("Succeeded" | "Failed")) = phase {
            return Err(Failure::error(format!(
                "cannot exec into a container in a completed pod; current phase is {phase}"
            )));
        }
        let names = Names::of(pod);
        let container = match self.args.get("container") {
            "" => names.default(pod, io),
            given => given.to_owned(),
        };
        if !names.all().any(|name| name == container) {
            return Err(Failure::error(format!(
                "container {container} not found in pod {name}_{}",
                self.args.namespace()
            )));
        }
        let mut request = pods.request(Verb::Create, self.args.namespace(), name).to("exec");
        request.query.push(("container".to_owned(), container));
        let words = self.command.iter().map(|word| ("command".to_owned(), word.clone()));
        request.query.extend(words);
        if self.args.is("stdin") && !io.stdin.is_empty() {
            request.query.push(("stdin".to_owned(), io.stdin.to_owned()));
        }
        Ok(request)
    }

    /// Prints what is new; the exit code once the command has ended.
    fn print(&mut self, state: &Value, io: &mut Io<'_>) -> Option<i32> {
        let text = |name: &str| state[name].as_str().unwrap_or_default();
        let (out, err) = (text("stdout"), text("stderr"));
        io.out.push_str(out.get(self.printed.0..).unwrap_or_default());
        io.err.push_str(err.get(self.printed.1..).unwrap_or_default());
        self.printed = (out.len(), err.len());
        state["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok())
    }
}

impl Job for ExecJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let request = match &self.session {
            Some(request) => request.clone(),
            None => self.begin(io)?,
        };
        let begins = self.session.is_none();
        let mut next = request.clone();
        let reply = match io.api.call(request) {
            Ok(Reply::Json(state)) => state,
            Ok(_) => return Err(Failure::error("the server answered with no session")),
            // What refuses an upgraded connection is told without the status' reason.
            Err(status) => return Err(Failure::error(status.message)),
        };
        if begins {
            let session = reply["session"].as_str().unwrap_or_default().to_owned();
            next.verb = Verb::Get;
            next.query = vec![("session".to_owned(), session)];
            self.session = Some(next);
        }
        match self.print(&reply, io) {
            None => Ok(Step::Wait(Some(PERIOD))),
            Some(0) => Ok(Step::Done(0)),
            Some(code) => {
                let text = format!("command terminated with exit code {code}\n");
                Err(Failure { text, code, ..Failure::default() })
            }
        }
    }
}
