//! Commands in running containers, and their output: the `exec` and `attach` subresources of pods.
//! Mirrors the kubelet's `/exec` and `/attach` and `pkg/registry/core/pod/rest/subresources.go`.
//!
//! `create` with the query `command` (once a word), `container` and `tty` begins a session; the reply
//! names it. `get` with the query `session` tells how it fares. Both may hold `stdin` (text to type;
//! without it in `create` there is no standard input), `eof` (the end of it) and, with `get`,
//! `interrupt` (Ctrl-C) and `close` (whoever asked is gone). Every reply is `{"session", "stdout", "stderr", "exitCode"}`: what was
//! printed since the last one, and the exit code once it is over, after which the session is
//! forgotten.

use serde_json::json;

use super::Kubelets;
use super::agenda::Work;
use super::logs::choose;
use crate::api::{Reply, Request, Status, Verb};
use crate::machine::{ContainerId, Machine, Position, SessionId};
use crate::object::Str;

/// A person's hold on a process in a container.
#[derive(Clone, Debug)]
pub struct Session {
    pod: Str,
    node: Str,
    container: ContainerId,
    /// The process; absent for the container's own.
    process: Option<SessionId>,
    /// How much of the log has been told.
    position: Position,
    /// Both outputs are one, as on a terminal.
    tty: bool,
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
        self.feed_session(number, request);
        if request.parameter("close") == Some("true") {
            self.hang_up(number);
            return Some(Ok(Reply::Nothing));
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
        let tty = request.parameter("tty") == Some("true");
        let position = Position::default();
        let mut session =
            Session { pod: pod.clone(), node, container: id, process: None, position, tty };
        if request.subresource == "exec" {
            let words = request.query.iter().filter(|(key, _)| key == "command");
            let command: Vec<String> = words.map(|(_, word)| word.clone()).collect();
            if command.is_empty() {
                return Err(Status::bad_request("you must specify at least 1 command"));
            }
            let stdin = request.parameter("stdin").is_some();
            let begun = machine.exec(id, &command, stdin, tty).map_err(|why| {
                Status::internal(&format!("error executing command in container: {why}"))
            })?;
            session.process = Some(begun);
        } else if let Some(log) = machine.log(id) {
            session.position = log.end();
        }
        self.sessions_begun += 1;
        self.sessions.insert(self.sessions_begun, session);
        self.agenda.plan(Work::Processes(pod), self.now);
        Ok(self.sessions_begun)
    }

    /// Carries out what a request does to the session's standard input.
    fn feed_session(&mut self, number: u64, request: &Request) {
        let asks = |name: &str| request.parameter(name) == Some("true");
        let (text, interrupts, ends) = (request.parameter("stdin"), asks("interrupt"), asks("eof"));
        if text.is_none() && !interrupts && !ends {
            return;
        }
        let Some(session) = self.sessions.get(&number) else { return };
        let Some(machine) = self.machines.get_mut(&session.node) else { return };
        let (container, process) = (session.container, session.process);
        if interrupts {
            machine.interrupt(container, process, self.now);
        }
        if let Some(text) = text {
            machine.type_in(container, process, text, self.now);
        }
        if ends {
            machine.close_input(container, process);
        }
        self.agenda.plan(Work::Processes(session.pod.clone()), self.now);
    }

    /// What still runs for a client that is gone is killed.
    fn hang_up(&mut self, number: u64) {
        let Some(session) = self.sessions.remove(&number) else { return };
        let machine = self.machines.get_mut(&session.node);
        if let (Some(machine), Some(process)) = (machine, session.process) {
            machine.end_session(session.container, process);
        }
    }

    fn report_session(&mut self, number: u64) -> Result<Reply, Status> {
        let Some(session) = self.sessions.get_mut(&number) else {
            return Err(Status::bad_request(format!("there is no session {number}")));
        };
        let machine = self.machines.get_mut(&session.node);
        let [stdout, stderr] =
            machine.as_deref().map(|machine| session.read_on(machine)).unwrap_or_default();
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
    /// What was printed since it was asked last.
    fn read_on(&mut self, machine: &Machine) -> [String; 2] {
        let log = match self.process {
            Some(process) => machine.session_log(self.container, process),
            None => machine.log(self.container),
        };
        log.map(|log| log.read_on(&mut self.position, self.tty)).unwrap_or_default()
    }
}
