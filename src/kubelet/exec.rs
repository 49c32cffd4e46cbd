//! Commands in running containers, and their output: the `exec` and `attach` subresources of pods.
//! Mirrors the kubelet's `/exec` and `/attach` and `pkg/registry/core/pod/rest/subresources.go`.
//!
//! `create` with the query `command` (once a word), `container` and `stdin` (text to type) begins a
//! session; the reply names it. `get` with the query `session` tells how it fares, and may type more.
//! Every reply is `{"session", "stdout", "stderr", "exitCode"}`: everything printed so far, and the
//! exit code once it is over, after which the session is forgotten.

use serde_json::json;

use super::Kubelets;
use super::agenda::Work;
use super::logs::choose;
use crate::api::{Reply, Request, Status, Verb};
use crate::machine::{ContainerId, Machine, Output, SessionId};
use crate::object::Str;

/// A person's hold on a process in a container.
#[derive(Clone, Debug)]
pub struct Session {
    pod: Str,
    node: Str,
    container: ContainerId,
    /// The process; absent for the container's own.
    process: Option<SessionId>,
    /// How many lines of the log came before.
    skip: u64,
}

impl Kubelets {
    /// Answers a request to `exec` or `attach`; `None` for pods that no kubelet has.
    pub(super) fn serve_session(&mut self, request: &Request) -> Option<Result<Reply, Status>> {
        self.find(&request.namespace, &request.name)?;
        let number = match (request.verb, request.parameter("session")) {
            (Verb::Create, _) => match self.begin_session(request) {
                Ok(number) => number,
                Err(status) => return Some(Err(status)),
            },
            (_, Some(text)) => text.parse().unwrap_or(0),
            (_, None) => return Some(Err(Status::bad_request("a session must be named"))),
        };
        if let Some(text) = request.parameter("stdin") {
            self.type_in(number, text);
        }
        Some(self.report_session(number))
    }

    fn begin_session(&mut self, request: &Request) -> Result<u64, Status> {
        let name = &request.name;
        let Some(worker) = self.find(&request.namespace, name) else {
            return Err(Status::not_found(&request.resource, name));
        };
        if worker.phase.is_final() {
            return Err(Status::bad_request(format!(
                "cannot exec into a container in a completed pod; current phase is {}",
                worker.phase.word()
            )));
        }
        let container = choose(worker, name, request.parameter("container").unwrap_or_default())?;
        let missing = || {
            let text = format!(
                "unable to upgrade connection: container not found (\"{}\")",
                container.name
            );
            Status::bad_request(text)
        };
        let id = container.instance.filter(|_| container.is_alive()).ok_or_else(missing)?;
        let (pod, node) = (worker.uid.clone(), worker.node.clone());
        let machine = self.machines.get_mut(&node).ok_or_else(|| Status::internal("no machine"))?;
        let mut session = Session { pod: pod.clone(), node, container: id, process: None, skip: 0 };
        if request.subresource == "exec" {
            let words = request.query.iter().filter(|(key, _)| key == "command");
            let command: Vec<String> = words.map(|(_, word)| word.clone()).collect();
            if command.is_empty() {
                return Err(Status::bad_request("you must specify at least 1 command"));
            }
            let stdin = request.parameter("stdin").is_some();
            let begun = machine.exec(id, &command, stdin, false).map_err(|why| {
                Status::internal(&format!("error executing command in container: {why}"))
            })?;
            session.process = Some(begun);
        } else if let Some(log) = machine.log(id) {
            session.skip = log.forgotten() + log.lines().len() as u64;
        }
        self.sessions_begun += 1;
        self.sessions.insert(self.sessions_begun, session);
        self.agenda.plan(Work::Processes(pod), self.now);
        Ok(self.sessions_begun)
    }

    fn type_in(&mut self, number: u64, text: &str) {
        let Some(session) = self.sessions.get(&number) else { return };
        let Some(machine) = self.machines.get_mut(&session.node) else { return };
        machine.type_in(session.container, session.process, text);
        self.agenda.plan(Work::Processes(session.pod.clone()), self.now);
    }

    fn report_session(&mut self, number: u64) -> Result<Reply, Status> {
        let Some(session) = self.sessions.get(&number).cloned() else {
            return Err(Status::bad_request(format!("there is no session {number}")));
        };
        let machine = self.machines.get_mut(&session.node);
        let [stdout, stderr] = machine
            .as_deref()
            .map(|machine| [Output::Stdout, Output::Stderr].map(|o| session.text(machine, o)))
            .unwrap_or_default();
        let exit_code = match (machine, session.process) {
            (Some(machine), Some(process)) => {
                let code = machine.session(session.container, process).exit_code;
                if code.is_some() {
                    machine.end_session(session.container, process);
                }
                code
            }
            (Some(machine), None) => machine.exit_code(session.container),
            (None, _) => Some(137),
        };
        if exit_code.is_some() {
            self.sessions.remove(&number);
        }
        Ok(Reply::Json(json!({
            "session": number.to_string(), "stdout": stdout, "stderr": stderr,
            "exitCode": exit_code,
        })))
    }
}

impl Session {
    /// What was printed since it began.
    fn text(&self, machine: &Machine, output: Output) -> String {
        if let Some(process) = self.process {
            let log = machine.session_log(self.container, process);
            return log.map(|log| log.text_of(output)).unwrap_or_default();
        }
        let Some(log) = machine.log(self.container) else { return String::new() };
        let skip = usize::try_from(self.skip.saturating_sub(log.forgotten())).unwrap_or(0);
        let lines = log.lines().iter().skip(skip).filter(|line| line.stream == output);
        lines
            .map(|line| format!("{}{}", line.text, if line.complete { "\n" } else { "" }))
            .collect()
    }
}
