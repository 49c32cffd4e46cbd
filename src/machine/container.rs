//! A container: its processes, files, log, and what it uses of the machine.

use std::rc::Rc;
use std::time::Duration;

use super::files::{FileSystem, Files, Node, Volume};
use super::image::Image;
use super::log::{Log, Output};
use super::shell::{Outcome, Process, STEP_BUDGET, Start, World};
use super::spec::{Ask, Asker, ContainerSpec, ContainerState, Exit, SessionId, SessionState};
use crate::base::shared_map::SharedMap;
use crate::base::small_map::SmallMap;
use crate::sim::Time;

/// Artificial load on top of what the processes do, and steady requests from outside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) cpu_milli: u64,
    pub(super) memory_bytes: u64,
    pub(super) requests_per_kilosecond: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) process: Process,
    pub(super) log: Log,
    pub(super) exit_code: Option<i32>,
}

/// A running or ended container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) spec: Rc<ContainerSpec>,
    pub(super) image: Rc<Image>,
    pub(super) env: Rc<[(String, String)]>,
    pub(super) cwd: Rc<str>,
    pub(super) argv: Rc<[String]>,
    pub(super) files: Files,
    pub(super) process: Process,
    pub(super) sessions: SmallMap<SessionId, Session>,
    pub(super) log: Log,
    pub(super) started: Time,
    pub(super) exit: Option<Exit>,
    pub(super) kill_at: Option<Time>,
    pub(super) load: Load,
    pub(super) cpu_total_micros: u64,
    /// What its programs were told to count.
    pub(super) counts: SmallMap<Rc<str>, u64>,
    pub(super) counted_until: Time,
    pub(super) next_session: u32,
}

/// Sessions take process numbers from here on, a hundred apart.
const FIRST_SESSION_PID: u32 = 1000;

impl Container {
    /// A container at the moment its first process starts.
    pub(super) fn new(spec: ContainerSpec, image: Rc<Image>, argv: Vec<String>, now: Time) -> Self {
        let mut env: Vec<(String, String)> = vec![
            ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOSTNAME".into(), spec.hostname.clone()),
            ("HOME".into(), "/root".into()),
        ];
        env.extend(image.env.iter().map(|(name, value)| (name.clone(), value.clone())));
        env.extend(spec.env.iter().cloned());
        let mut files = image.layer.clone();
        let cwd = match (spec.working_dir.as_str(), image.working_dir.as_str()) {
            ("", "") => "/",
            ("", image) => image,
            (own, _) => own,
        };
        if files.get(cwd).is_none() {
            files.insert(cwd, Node::Directory);
        }
        let start = Start { pid: 1, argv: &argv, env: &env, cwd, stdin: spec.stdin, tty: spec.tty };
        Self {
            process: Process::new(&start),
            cwd: cwd.into(),
            env: env.into(),
            argv: argv.into(),
            spec: Rc::new(spec),
            image,
            files,
            sessions: SmallMap::new(),
            log: Log::default(),
            started: now,
            exit: None,
            kill_at: None,
            load: Load::default(),
            cpu_total_micros: 0,
            counts: SmallMap::new(),
            counted_until: now,
            next_session: 0,
        }
    }

    /// Lets all processes run up to `now`.
    pub(super) fn advance(
        &mut self,
        volumes: &mut SharedMap<Rc<str>, Volume>,
        now: Time,
    ) -> ContainerState {
        if let Some(exit) = &self.exit {
            return ContainerState::Exited(exit.clone());
        }
        self.count(now);
        if self.kill_at.is_some_and(|at| at <= now) {
            return self.end(137, "Error", self.kill_at.unwrap_or(now));
        }
        let mut wake = self.kill_at;
        let ids: Vec<Option<SessionId>> =
            std::iter::once(None).chain(self.sessions.keys().copied().map(Some)).collect();
        for id in ids {
            match self.run(id, volumes, now) {
                Outcome::Exited(code) if id.is_none() => {
                    let reason = if code == 0 { "Completed" } else { "Error" };
                    return self.end(code, reason, now);
                }
                Outcome::Exited(code) => {
                    if let Some(session) = id.and_then(|id| self.sessions.get_mut(&id)) {
                        session.exit_code = Some(code);
                        session.log.flush(now);
                    }
                }
                Outcome::Idle { wake: at } => wake = [wake, at].into_iter().flatten().min(),
                Outcome::Asks { pid, effect } => {
                    let ask = Some(Ask { asker: Asker { session: id, pid }, effect });
                    return ContainerState::Running { wake, ask };
                }
            }
        }
        if self.spec.memory_limit_bytes.is_some_and(|limit| self.memory(volumes, now) > limit) {
            return self.end(137, "OOMKilled", now);
        }
        ContainerState::Running { wake, ask: None }
    }

    fn run(
        &mut self,
        id: Option<SessionId>,
        volumes: &mut SharedMap<Rc<str>, Volume>,
        now: Time,
    ) -> Outcome {
        let listening: Vec<u16> = self.ports(now);
        let (process, log) = match id {
            None => (&mut self.process, &mut self.log),
            Some(id) => match self.sessions.get_mut(&id) {
                Some(Session { exit_code: None, process, log }) => (process, log),
                _ => return Outcome::Idle { wake: None },
            },
        };
        let files = FileSystem {
            own: &mut self.files,
            given: &self.spec.files,
            mounts: &self.spec.mounts,
            volumes,
            read_only_root: self.spec.read_only_root,
        };
        let mut world = World {
            now,
            files,
            log,
            image: &self.image,
            hostname: &self.spec.hostname,
            user: &self.spec.user,
            address: &self.spec.address,
            listening: &listening,
            first_command: &self.argv.join(" "),
            host: |_| None,
        };
        let outcome = process.run(&mut world, STEP_BUDGET);
        self.cpu_total_micros += process.take_cpu_micros();
        for (pid, signal) in process.take_signals() {
            if pid == 1 {
                self.process.signal(&signal, now);
            }
        }
        outcome
    }

    fn end(&mut self, code: i32, reason: &'static str, at: Time) -> ContainerState {
        self.count(at);
        self.log.flush(at);
        for session in self.sessions.values_mut() {
            session.exit_code.get_or_insert(137);
        }
        let exit = Exit { code, reason, at };
        self.exit = Some(exit.clone());
        ContainerState::Exited(exit)
    }

    /// Kills it at once.
    pub(super) fn kill(&mut self, now: Time) -> ContainerState {
        match &self.exit {
            Some(exit) => ContainerState::Exited(exit.clone()),
            None => self.end(137, "Error", now),
        }
    }

    /// SIGTERM now, SIGKILL after `grace`.
    pub(super) fn stop(&mut self, now: Time, grace: Duration) {
        self.kill_at = Some(self.kill_at.map_or(now + grace, |at| at.min(now + grace)));
        self.process.signal("TERM", now);
    }

    pub(super) fn answer(&mut self, asker: Asker, reply: super::Reply, at: Time) {
        match asker.session {
            None => self.process.answer(asker.pid, reply, at),
            Some(id) => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.process.answer(asker.pid, reply, at);
                }
            }
        }
    }

    /// Starts another process; it runs with the next `advance`.
    pub(super) fn exec(&mut self, argv: &[String], stdin: bool, tty: bool) -> SessionId {
        let id = SessionId(self.next_session);
        self.next_session += 1;
        let pid = FIRST_SESSION_PID + id.0 * 100;
        let start = Start { pid, argv, env: &self.env, cwd: &self.cwd, stdin, tty };
        let process = Process::new(&start);
        self.sessions.insert(id, Session { process, log: Log::default(), exit_code: None });
        id
    }

    pub(super) fn session(&self, id: SessionId) -> SessionState {
        match self.sessions.get(&id) {
            Some(session) => {
                SessionState { exit_code: session.exit_code, output: session.log.text() }
            }
            None => SessionState { exit_code: Some(137), output: String::new() },
        }
    }

    pub(super) fn session_log(&self, id: SessionId) -> Option<&Log> {
        self.sessions.get(&id).map(|session| &session.log)
    }

    pub(super) fn end_session(&mut self, id: SessionId) {
        self.sessions.remove(&id);
    }

    fn process_of(&mut self, id: Option<SessionId>) -> Option<(&mut Process, &mut Log)> {
        match id {
            None => Some((&mut self.process, &mut self.log)),
            Some(id) => {
                let session = self.sessions.get_mut(&id)?;
                Some((&mut session.process, &mut session.log))
            }
        }
    }

    pub(super) fn type_in(&mut self, id: Option<SessionId>, text: &str, now: Time) {
        if let Some((process, log)) = self.process_of(id)
            && process.type_in(text)
        {
            log.write(now, Output::Stdout, text);
        }
    }

    pub(super) fn close_input(&mut self, id: Option<SessionId>) {
        if let Some((process, _)) = self.process_of(id) {
            process.close_input();
        }
    }

    pub(super) fn interrupt(&mut self, id: Option<SessionId>, now: Time) {
        if let Some((process, log)) = self.process_of(id) {
            process.interrupt();
            log.write(now, Output::Stdout, "^C\n");
        }
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    pub(super) fn started(&self) -> Time {
        self.started
    }

    /// The text of a file as the container sees it: the termination log, for one.
    pub(super) fn read_file(
        &mut self,
        volumes: &mut SharedMap<Rc<str>, Volume>,
        path: &str,
    ) -> Option<Rc<str>> {
        let files = FileSystem {
            own: &mut self.files,
            given: &self.spec.files,
            mounts: &self.spec.mounts,
            volumes,
            read_only_root: true,
        };
        match files.get(path) {
            Some(Node::File(text)) => Some(text),
            _ => None,
        }
    }
}
