//! A container: its processes, files, log, and what it uses of the machine.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use imbl::OrdMap;

use super::files::{FileSystem, Files, Mount, Node, Volume};
use super::image::Image;
use super::log::Log;
use super::network::{Effect, HttpReply, RequestRate};
use super::shell::{Listener, Outcome, Process, STEP_BUDGET, Start, World};
use crate::sim::{Time, duration};

/// Everything needed to start a container.
#[derive(Clone, Debug, Default)]
pub struct ContainerSpec {
    /// Image reference; it must have been pulled.
    pub image: String,
    /// Replaces the image's entry point unless empty.
    pub command: Vec<String>,
    /// Replaces the image's command unless empty (or `command` is given).
    pub args: Vec<String>,
    /// Environment, in order; later ones win.
    pub env: Vec<(String, String)>,
    /// Working directory; empty for the image's.
    pub working_dir: String,
    /// Volumes to show.
    pub mounts: Vec<Mount>,
    /// Files to lay over the image's (`/etc/hosts`, `/etc/resolv.conf`), by path.
    pub files: Vec<(String, String)>,
    /// The image's own layer refuses writes.
    pub read_only_root: bool,
    /// CPU limit in thousandths of a core.
    pub cpu_limit_milli: Option<u64>,
    /// Memory limit in bytes; using more kills the container.
    pub memory_limit_bytes: Option<u64>,
    /// Host name inside.
    pub hostname: String,
    /// Address of the network namespace it is in.
    pub address: String,
    /// Standard input stays open.
    pub stdin: bool,
    /// Standard input is a terminal.
    pub tty: bool,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Exit code: 128 + signal when a signal ended it.
    pub code: i32,
    /// Upstream's `reason`: `Completed`, `Error` or `OOMKilled`.
    pub reason: &'static str,
    /// When.
    pub at: Time,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs. Call `advance` again at `wake` (never, if `None`) or after answering `ask`.
    Running {
        /// When it next does something by itself.
        wake: Option<Time>,
        /// A question to the network; nothing else of this container moves on until it is answered.
        ask: Option<Ask>,
    },
    /// It ended.
    Exited(Exit),
}

/// A question of a process to the network; see `Machine::answer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub asker: Asker,
    /// What it asks.
    pub effect: Effect,
}

/// Identifies the process that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    pub(super) session: Option<SessionId>,
    pub(super) pid: u32,
}

/// A further process in a container: `kubectl exec`, an exec probe, a lifecycle hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub(super) u32);

/// What a session has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionState {
    /// Its exit code, once it ended.
    pub exit_code: Option<i32>,
    /// Everything it printed, both outputs as they came.
    pub output: String,
}

/// What a container uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Steady CPU use at this moment in thousandths of a core, without single requests and steps.
    pub cpu_milli: u64,
    /// All CPU time so far in microseconds; the difference of two readings over the time between
    /// them is the average use, which is what metrics show.
    pub cpu_total_micros: u64,
    /// Memory at this moment in bytes.
    pub memory_bytes: u64,
    /// Bytes written to the container's own layer.
    pub disk_bytes: u64,
}

/// Artificial load on top of what the processes do, and steady requests from outside.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    cpu_milli: u64,
    memory_bytes: u64,
    requests_per_kilosecond: u64,
}

#[derive(Clone, Debug)]
struct Session {
    process: Process,
    log: Log,
    exit_code: Option<i32>,
}

/// A running or ended container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) spec: Rc<ContainerSpec>,
    image: Rc<Image>,
    env: Rc<[(String, String)]>,
    cwd: Rc<str>,
    argv: Rc<[String]>,
    files: Files,
    image_bytes: u64,
    process: Process,
    sessions: BTreeMap<SessionId, Session>,
    pub(super) log: Log,
    started: Time,
    pub(super) exit: Option<Exit>,
    kill_at: Option<Time>,
    load: Load,
    cpu_total_micros: u64,
    counted_until: Time,
    next_session: u32,
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
        let mut files = Files::default();
        for path in [
            "/bin", "/dev/shm", "/etc", "/home", "/mnt", "/opt", "/proc", "/root", "/run", "/sys",
            "/tmp", "/usr", "/var/log", "/var/run", "/var/tmp",
        ] {
            files.insert(path, Node::Directory);
        }
        let texts = image.files.iter().map(|(path, text)| (path.clone(), text.clone()));
        for (path, text) in texts
            .chain([("/etc/hostname".into(), format!("{}\n", spec.hostname))])
            .chain(spec.files.iter().cloned())
        {
            files.insert(&path, Node::File(text.into()));
        }
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
            image_bytes: files.size(),
            env: env.into(),
            argv: argv.into(),
            spec: Rc::new(spec),
            image,
            files,
            sessions: BTreeMap::new(),
            log: Log::default(),
            started: now,
            exit: None,
            kill_at: None,
            load: Load::default(),
            cpu_total_micros: 0,
            counted_until: now,
            next_session: 0,
        }
    }

    /// Lets all processes run up to `now`.
    pub(super) fn advance(
        &mut self,
        volumes: &mut OrdMap<Rc<str>, Volume>,
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
        volumes: &mut OrdMap<Rc<str>, Volume>,
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
            address: &self.spec.address,
            listening: &listening,
            first_command: &self.argv.join(" "),
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

    fn process_of(&mut self, id: Option<SessionId>) -> Option<&mut Process> {
        match id {
            None => Some(&mut self.process),
            Some(id) => self.sessions.get_mut(&id).map(|session| &mut session.process),
        }
    }

    pub(super) fn type_in(&mut self, id: Option<SessionId>, text: &str) {
        if let Some(process) = self.process_of(id) {
            process.type_in(text);
        }
    }

    pub(super) fn close_input(&mut self, id: Option<SessionId>) {
        if let Some(process) = self.process_of(id) {
            process.close_input();
        }
    }

    pub(super) fn interrupt(&mut self, id: Option<SessionId>) {
        if let Some(process) = self.process_of(id) {
            process.interrupt();
        }
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    fn processes(&self) -> impl Iterator<Item = &Process> {
        let live = self.sessions.values().filter(|session| session.exit_code.is_none());
        std::iter::once(&self.process).chain(live.map(|session| &session.process))
    }

    fn listeners(&self, now: Time) -> Vec<Listener> {
        if self.exit.is_some() {
            return Vec::new();
        }
        self.processes().flat_map(|process| process.listeners(now)).collect()
    }

    /// Ports on which it listens.
    pub(super) fn ports(&self, now: Time) -> Vec<u16> {
        self.listeners(now).iter().flat_map(|listener| listener.ports()).collect()
    }

    /// Requests it keeps sending at a steady rate.
    pub(super) fn request_rates(&self) -> Vec<RequestRate> {
        if self.exit.is_some() {
            return Vec::new();
        }
        self.processes().flat_map(Process::request_rates).collect()
    }

    /// Handles one HTTP request; `None` when nothing listens on `port`.
    pub(super) fn request(
        &mut self,
        volumes: &mut OrdMap<Rc<str>, Volume>,
        port: u16,
        (method, path, agent): (&str, &str, &str),
        now: Time,
    ) -> Option<HttpReply> {
        let listener =
            self.listeners(now).into_iter().find(|listener| listener.ports().contains(&port))?;
        let files = FileSystem {
            own: &mut self.files,
            mounts: &self.spec.mounts,
            volumes,
            read_only_root: false,
        };
        let (status, body) = listener.page(method, path, &self.spec.hostname, &files, now);
        self.cpu_total_micros += listener.program.request_cpu_micros;
        if let Some(line) = listener.access_line(method, path, agent, (status, body.len()), now) {
            self.log.write(now, super::Output::Stdout, &line);
        }
        Some(HttpReply { status, body: body.into(), took_micros: self.request_micros(&listener) })
    }

    /// A request takes its CPU time, stretched when the container is short of CPU.
    fn request_micros(&self, listener: &Listener) -> u64 {
        let cost = listener.program.request_cpu_micros;
        match self.spec.cpu_limit_milli {
            Some(limit) if limit < 1000 => cost * 1000 / limit.max(1),
            _ => cost,
        }
    }

    pub(super) fn set_load(&mut self, now: Time, cpu_milli: u64, memory_bytes: u64) {
        self.count(now);
        self.load.cpu_milli = cpu_milli;
        self.load.memory_bytes = memory_bytes;
    }

    pub(super) fn set_request_rate(&mut self, now: Time, per_kilosecond: u64) {
        self.count(now);
        self.load.requests_per_kilosecond = per_kilosecond;
    }

    /// Steady CPU use, capped by the limit.
    fn cpu_milli(&self, now: Time) -> u64 {
        if self.exit.is_some() {
            return 0;
        }
        let own: u64 = self.processes().map(Process::cpu_milli).sum();
        let cost =
            self.listeners(now).first().map_or(0, |listener| listener.program.request_cpu_micros);
        // A microsecond a second is a millionth of a core.
        let requests = self.load.requests_per_kilosecond.saturating_mul(cost) / 1_000_000;
        let wanted = own + self.load.cpu_milli + requests;
        self.spec.cpu_limit_milli.map_or(wanted, |limit| wanted.min(limit))
    }

    /// Adds the steady use since the last time to the total.
    fn count(&mut self, now: Time) {
        let micros = duration::micros(now.since(self.counted_until));
        self.cpu_total_micros += self.cpu_milli(self.counted_until).saturating_mul(micros) / 1000;
        self.counted_until = self.counted_until.max(now);
    }

    fn memory(&self, volumes: &OrdMap<Rc<str>, Volume>, now: Time) -> u64 {
        if self.exit.is_some() {
            return 0;
        }
        let processes: u64 = self.processes().map(|process| process.memory_bytes(now)).sum();
        let shared: u64 = self
            .files
            .iter()
            .filter(|(path, _)| path.starts_with("/dev/shm/"))
            .map(|(_, node)| node.size())
            .sum();
        let volumes: u64 = self
            .spec
            .mounts
            .iter()
            .filter_map(|mount| volumes.get(&mount.volume))
            .filter(|volume| volume.in_memory)
            .map(|volume| volume.files.size())
            .sum();
        processes + shared + volumes + self.load.memory_bytes
    }

    pub(super) fn usage(&self, volumes: &OrdMap<Rc<str>, Volume>, now: Time) -> Usage {
        let cpu_milli = self.cpu_milli(now);
        let since = duration::micros(now.since(self.counted_until));
        Usage {
            cpu_milli,
            cpu_total_micros: self.cpu_total_micros + cpu_milli.saturating_mul(since) / 1000,
            memory_bytes: self.memory(volumes, now),
            disk_bytes: self.files.size().saturating_sub(self.image_bytes),
        }
    }

    pub(super) fn started(&self) -> Time {
        self.started
    }

    /// The text of a file as the container sees it: the termination log, for one.
    pub(super) fn read_file(
        &mut self,
        volumes: &mut OrdMap<Rc<str>, Volume>,
        path: &str,
    ) -> Option<Rc<str>> {
        let files = FileSystem {
            own: &mut self.files,
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
