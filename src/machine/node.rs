//! A machine: its capacity, the images it has, the containers it runs, its volumes.

use std::rc::Rc;
use std::time::Duration;

use super::container::Container;
use super::files::{Files, Node, Volume};
use super::image::{Image, PullError, Registry};
use super::log::{Log, LogLine};
use super::network::{Asked, HttpReply, Reply, RequestRate};
use super::reference::Reference;
use super::shell::is_applet;
use super::spec::{Asker, ContainerSpec, ContainerState, SessionId, SessionState, Usage};
use crate::base::shared_map::SharedMap;
use crate::sim::Time;

/// What a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// CPU in thousandths of a core.
    pub cpu_milli: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// How many pods it may run.
    pub pods: u64,
    /// Disk in bytes.
    pub disk_bytes: u64,
}

/// A container of one machine. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(u64);

impl ContainerId {
    /// The number; what a container's full id is made from.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A pull that will succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// When the image will be on the machine.
    pub ready_at: Time,
    /// How long the pull itself takes, without waiting for others.
    pub takes: Duration,
    /// The image was there already, so nothing is downloaded.
    pub present: bool,
    /// Size in bytes, as kubelet's `Image size: … bytes.` gives it.
    pub size_bytes: u64,
}

/// Why a container does not start: upstream's state `terminated` with exit code 128 and reason
/// `StartError`, or `waiting` with reason `CreateContainerError`/`RunContainerError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    /// 128 for a command that cannot be executed.
    pub exit_code: i32,
    /// `StartError`, as kubelet reports containerd's failure to create the task.
    pub reason: &'static str,
    /// containerd's words.
    pub message: String,
}

/// A simulated machine. Cheap to clone: containers are shared until they change.
#[derive(Clone, Debug)]
pub struct Machine {
    name: Rc<str>,
    capacity: Capacity,
    registry: Registry,
    images: SharedMap<Rc<str>, Time>,
    containers: SharedMap<ContainerId, Rc<Container>>,
    volumes: SharedMap<Rc<str>, Volume>,
    next_container: u64,
    /// Images are pulled one after the other; until then one is.
    busy_until: Time,
}

const PULL_OVERHEAD: Duration = Duration::from_millis(500);
const PULL_MIB_PER_SECOND: u64 = 50;
/// Time on the wire of a request and its answer.
const ROUND_TRIP: Duration = Duration::from_millis(2);

impl Machine {
    /// A machine without containers that has pulled nothing yet.
    pub fn new(name: &str, capacity: Capacity) -> Self {
        Self::with_registry(name, capacity, Registry::new())
    }

    /// Such a machine that pulls from `registry`.
    pub fn with_registry(name: &str, capacity: Capacity, registry: Registry) -> Self {
        Self {
            name: name.into(),
            capacity,
            registry,
            busy_until: Time::default(),
            images: SharedMap::new(),
            containers: SharedMap::new(),
            volumes: SharedMap::new(),
            next_container: 1,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it has.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// The registries it pulls from, to mark images missing.
    pub fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Whether `reference` is on the machine at `now`.
    pub fn has_image(&self, reference: &str, now: Time) -> bool {
        Reference::parse(reference).is_ok_and(|full| {
            self.images.get(full.to_string().as_str()).is_some_and(|at| *at <= now)
        })
    }

    /// Begins to pull `reference` (or joins a pull under way), after the pulls before it, as
    /// kubelet's `serializeImagePulls` has it. A machine that has the image downloads nothing, but
    /// still asks the registry whether it exists.
    ///
    /// # Errors
    /// See [`PullError`].
    pub fn pull(&mut self, reference: &str, now: Time) -> Result<Pull, PullError> {
        let image = self.registry.resolve(reference)?;
        let full = Reference::parse(reference).map_err(PullError::InvalidName)?.to_string();
        let size_bytes = image.size_mib << 20;
        if let Some(at) = self.images.get(full.as_str()) {
            let ready_at = (*at).max(now) + PULL_OVERHEAD;
            return Ok(Pull { ready_at, takes: PULL_OVERHEAD, present: *at <= now, size_bytes });
        }
        let download = Duration::from_millis(image.size_mib * 1000 / PULL_MIB_PER_SECOND);
        let takes = PULL_OVERHEAD + download;
        let ready_at = self.busy_until.max(now) + takes;
        self.busy_until = ready_at;
        self.images.insert(full.into(), ready_at);
        Ok(Pull { ready_at, takes, present: false, size_bytes })
    }

    /// Removes an image, as the kubelet's image garbage collection does.
    pub fn remove_image(&mut self, reference: &str) {
        if let Ok(full) = Reference::parse(reference) {
            self.images.remove(full.to_string().as_str());
        }
    }

    /// Images on the machine at `now`: full references and sizes in bytes.
    pub fn images(&self, now: Time) -> Vec<(Rc<str>, u64)> {
        let size = |name: &str| self.registry.resolve(name).map_or(0, |image| image.size_mib << 20);
        self.images
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(name, _)| (Rc::clone(name), size(name)))
            .collect()
    }

    /// Starts a container. Call [`Machine::advance`] right afterwards.
    ///
    /// # Errors
    /// [`StartError`] when its command cannot be executed.
    pub fn start(&mut self, spec: ContainerSpec, now: Time) -> Result<ContainerId, StartError> {
        self.make_places(&spec);
        let image = self.registry.resolve(&spec.image).map_err(|error| StartError {
            exit_code: 128,
            reason: "StartError",
            message: match error {
                PullError::InvalidName(text) | PullError::NotFound(text) => text,
            },
        })?;
        let argv: Vec<String> = match (spec.command.is_empty(), spec.args.is_empty()) {
            (true, true) => image.entrypoint.iter().chain(&image.cmd).cloned().collect(),
            (true, false) => image.entrypoint.iter().chain(&spec.args).cloned().collect(),
            (false, _) => spec.command.iter().chain(&spec.args).cloned().collect(),
        };
        let mounted = spec
            .mounts
            .iter()
            .any(|mount| argv.first().is_some_and(|name| name.starts_with(&mount.path)));
        if !image.unknown && !mounted {
            executable(&image, &argv).map_err(|problem| start_error(&problem))?;
        }
        let id = ContainerId(self.next_container);
        self.next_container += 1;
        self.containers.insert(id, Rc::new(Container::new(spec, image, argv, now)));
        Ok(id)
    }

    /// Makes the directories within volumes that are to be shown and are not there.
    fn make_places(&mut self, spec: &ContainerSpec) {
        for mount in spec.mounts.iter().filter(|mount| !mount.sub_path.is_empty()) {
            let volume = self.volume_mut(&mount.volume);
            let path = format!("/{}", mount.sub_path);
            if volume.files.get(&path).is_none() {
                volume.files.insert(&path, Node::Directory);
            }
        }
    }

    fn container(&mut self, id: ContainerId) -> Option<&mut Container> {
        self.containers.get_mut(&id).map(Rc::make_mut)
    }

    /// Lets the container's processes run up to `now`. An unknown container counts as killed.
    pub fn advance(&mut self, id: ContainerId, now: Time) -> ContainerState {
        match self.containers.get_mut(&id) {
            Some(container) => Rc::make_mut(container).advance(&mut self.volumes, now),
            None => ContainerState::Exited(super::Exit { code: 137, reason: "Error", at: now }),
        }
    }

    /// Answers an [`super::Ask`]; the process goes on when the answer has travelled. Call
    /// [`Machine::advance`] afterwards.
    pub fn answer(&mut self, id: ContainerId, asker: Asker, reply: Reply, now: Time) {
        let took = match &reply {
            Reply::Http(reply) => Duration::from_micros(reply.took_micros),
            _ => Duration::ZERO,
        };
        if let Some(container) = self.container(id) {
            container.answer(asker, reply, now + ROUND_TRIP + took);
        }
    }

    /// Sends SIGTERM now and SIGKILL after `grace`; returns what [`Machine::advance`] does, so
    /// `wake` tells when to look again: a server's own exit, a trap's end, or the kill.
    pub fn stop(&mut self, id: ContainerId, now: Time, grace: Duration) -> ContainerState {
        if let Some(container) = self.container(id) {
            container.stop(now, grace);
        }
        self.advance(id, now)
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self, id: ContainerId, now: Time) -> ContainerState {
        match self.container(id) {
            Some(container) => container.kill(now),
            None => self.advance(id, now),
        }
    }

    /// Forgets an ended container and its log.
    pub fn remove(&mut self, id: ContainerId) {
        self.containers.remove(&id);
    }

    /// The container's exit code, once it ended; a removed one counts as killed.
    pub fn exit_code(&self, id: ContainerId) -> Option<i32> {
        match self.containers.get(&id) {
            Some(container) => container.exit.as_ref().map(|exit| exit.code),
            None => Some(137),
        }
    }

    /// All containers that were not removed.
    pub fn containers(&self) -> impl Iterator<Item = ContainerId> {
        self.containers.keys().copied()
    }

    /// When the container started.
    pub fn started_at(&self, id: ContainerId) -> Option<Time> {
        self.containers.get(&id).map(|container| container.started())
    }

    /// Starts another process in a running container (`kubectl exec`, probes, hooks). It runs with
    /// the next [`Machine::advance`]; read it with [`Machine::session`].
    ///
    /// # Errors
    /// The runtime's words when the container does not run or the command cannot be executed.
    pub fn exec(
        &mut self,
        id: ContainerId,
        argv: &[String],
        stdin: bool,
        tty: bool,
    ) -> Result<SessionId, String> {
        let Some(container) = self.container(id).filter(|container| container.exit.is_none())
        else {
            return Err("container not running".into());
        };
        if !container.image().unknown {
            executable(container.image(), argv).map_err(|problem| {
                format!("failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: {problem}: unknown")
            })?;
        }
        Ok(container.exec(argv, stdin, tty))
    }

    /// What a session has printed and whether it ended; a forgotten one counts as killed.
    pub fn session(&self, id: ContainerId, session: SessionId) -> SessionState {
        match self.containers.get(&id) {
            Some(container) => container.session(session),
            None => SessionState { exit_code: Some(137), output: String::new() },
        }
    }

    /// A session's output line by line, for clients that keep the two outputs apart.
    pub fn session_log(&self, id: ContainerId, session: SessionId) -> Option<&Log> {
        self.containers.get(&id)?.session_log(session)
    }

    /// Forgets a session, killing what still runs in it.
    pub fn end_session(&mut self, id: ContainerId, session: SessionId) {
        if let Some(container) = self.container(id) {
            container.end_session(session);
        }
    }

    /// Types text at a session's standard input, or at the container's own (`None`); a terminal
    /// shows it. Advance afterwards.
    pub fn type_in(&mut self, id: ContainerId, session: Option<SessionId>, text: &str, now: Time) {
        if let Some(container) = self.container(id) {
            container.type_in(session, text, now);
        }
    }

    /// Closes that standard input.
    pub fn close_input(&mut self, id: ContainerId, session: Option<SessionId>) {
        if let Some(container) = self.container(id) {
            container.close_input(session);
        }
    }

    /// Ctrl-C at that terminal.
    pub fn interrupt(&mut self, id: ContainerId, session: Option<SessionId>, now: Time) {
        if let Some(container) = self.container(id) {
            container.interrupt(session, now);
        }
    }

    /// Whether something in the container listens on `port`.
    pub fn listens(&self, id: ContainerId, port: u16, now: Time) -> bool {
        self.containers.get(&id).is_some_and(|container| container.ports(now).contains(&port))
    }

    /// What the container says of JSON that is posted to it; `None` where it has no such page.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn judge(
        &self,
        id: ContainerId,
        (port, path): (u16, &str),
        posted: &serde_json::Value,
        now: Time,
    ) -> Option<(u64, serde_json::Value)> {
        self.containers.get(&id)?.judge(port, path, posted, now)
    }

    /// Gives a running container other limits: thousandths of a core, bytes. What it reads of them
    /// changes, too.
    pub fn resize(
        &mut self,
        id: ContainerId,
        (cpu_milli, memory_bytes): (Option<u64>, Option<u64>),
        files: &[(Rc<str>, Rc<str>)],
    ) {
        let Some(container) = self.container(id) else { return };
        let spec = Rc::make_mut(&mut container.spec);
        (spec.cpu_limit_milli, spec.memory_limit_bytes) = (cpu_milli, memory_bytes);
        let kept = spec.files.iter().filter(|(path, _)| files.iter().all(|(own, _)| own != path));
        spec.files = kept.cloned().chain(files.iter().cloned()).collect();
    }

    /// Sends one HTTP request to the container; `None` when nothing listens on `port`. It costs the container CPU time and a line of its access log.
    pub fn request(
        &mut self,
        id: ContainerId,
        port: u16,
        request: Asked<'_>,
        now: Time,
    ) -> Option<HttpReply> {
        let container = self.containers.get_mut(&id)?;
        Rc::make_mut(container).request(&mut self.volumes, port, request, now)
    }

    /// Requests that the container's processes keep sending at a steady rate; the caller passes
    /// them on to whom they reach with [`Machine::set_request_rate`]. They change only in
    /// [`Machine::advance`].
    pub fn request_rates(&self, id: ContainerId) -> Vec<RequestRate> {
        self.containers.get(&id).map(|container| container.request_rates()).unwrap_or_default()
    }

    /// From now on the container gets that many requests in 1000 seconds, all sources together.
    pub fn set_request_rate(&mut self, id: ContainerId, per_kilosecond: u64, now: Time) {
        if let Some(container) = self.container(id) {
            container.set_request_rate(now, per_kilosecond);
        }
    }

    /// Artificial load on top of what the processes use, until set again (the page's sliders).
    pub fn set_load(&mut self, id: ContainerId, cpu_milli: u64, memory_bytes: u64, now: Time) {
        if let Some(container) = self.container(id) {
            container.set_load(now, cpu_milli, memory_bytes);
        }
    }

    /// What the container uses; nothing once it ended, except its CPU total.
    pub fn usage(&self, id: ContainerId, now: Time) -> Usage {
        self.containers
            .get(&id)
            .map(|container| container.usage(&self.volumes, now))
            .unwrap_or_default()
    }

    /// What all containers use together, CPU capped by the machine's.
    pub fn total_usage(&self, now: Time) -> Usage {
        let mut total = Usage::default();
        for container in self.containers.values() {
            let usage = container.usage(&self.volumes, now);
            total.cpu_milli += usage.cpu_milli;
            total.cpu_total_micros += usage.cpu_total_micros;
            total.memory_bytes += usage.memory_bytes;
        }
        total.cpu_milli = total.cpu_milli.min(self.capacity.cpu_milli);
        total
    }

    /// The container's log.
    pub fn logs(&self, id: ContainerId) -> imbl::Vector<LogLine> {
        self.containers.get(&id).map(|container| container.log.lines().clone()).unwrap_or_default()
    }

    /// The container's log with its numbering, for followers.
    pub fn log(&self, id: ContainerId) -> Option<&Log> {
        self.containers.get(&id).map(|container| &container.log)
    }

    /// The text of a file as the container sees it (`/dev/termination-log`, `kubectl cp`).
    pub fn read_file(&mut self, id: ContainerId, path: &str) -> Option<Rc<str>> {
        let container = self.containers.get_mut(&id)?;
        Rc::make_mut(container).read_file(&mut self.volumes, path)
    }

    /// The volume called `name`, made empty if it does not exist. Containers see changes at once.
    pub fn volume_mut(&mut self, name: &str) -> &mut Volume {
        self.volumes.get_or_default(name.into())
    }

    /// A volume's files.
    pub fn volume_files(&self, name: &str) -> Option<&Files> {
        self.volumes.get(name).map(|volume| &volume.files)
    }

    /// Takes a volume off the machine, to be thrown away or attached elsewhere.
    pub fn take_volume(&mut self, name: &str) -> Option<Volume> {
        self.volumes.remove(name)
    }
}

/// Whether `argv` can be executed in `image`; the error is runc's.
fn executable(image: &Image, argv: &[String]) -> Result<(), String> {
    let Some(name) = argv.first() else { return Err("no command specified".into()) };
    let found = image.program(argv).is_some()
        || (image.shell && is_applet(name))
        || image.files.contains_key(name);
    if found {
        Ok(())
    } else if name.contains('/') {
        Err(format!("exec: \"{name}\": stat {name}: no such file or directory"))
    } else {
        Err(format!("exec: \"{name}\": executable file not found in $PATH"))
    }
}

fn start_error(problem: &str) -> StartError {
    StartError {
        exit_code: 128,
        reason: "StartError",
        message: format!(
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: \
             runc create failed: unable to start container process: error during container init: {problem}: unknown"
        ),
    }
}
