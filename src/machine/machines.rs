//! All machines of a world, and who answers at which address.

use std::rc::Rc;

use imbl::Vector;

use super::image::Registry;
use super::network::{Asked, HttpReply};
use super::node::{Capacity, ContainerId, Machine};
use crate::base::shared_map::SharedMap;
use crate::sim::Time;

/// Machines by name, connected by wires: what one sends to an address reaches the other.
#[derive(Clone, Debug, Default)]
pub struct Machines {
    registry: Registry,
    machines: SharedMap<Rc<str>, Machine>,
    hosts: SharedMap<Rc<str>, Host>,
}

/// What is at an address: containers that share one network namespace.
#[derive(Clone, Debug)]
pub struct Host {
    /// The machine it is on.
    pub machine: Rc<str>,
    /// The containers, in the order in which they started.
    pub containers: Vector<ContainerId>,
}

/// How often a client lets itself be sent elsewhere.
const REDIRECTS_MAX: usize = 10;

/// A probe of what is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Succeeds on statuses 200 to 399.
    Http {
        /// Address to show in messages: the pod's.
        host: String,
        /// TCP port.
        port: u16,
        /// Path, beginning with `/`.
        path: String,
        /// `https`.
        tls: bool,
    },
    /// Succeeds when something listens.
    Tcp {
        /// Address to show in messages: the pod's.
        host: String,
        /// TCP port.
        port: u16,
    },
}

/// What became of a request to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody has that address.
    Nobody,
    /// Nothing listens on that port.
    Refused,
    /// A server answered.
    Http(HttpReply),
}

impl Machines {
    /// Adds a machine unless there is one of that name.
    pub fn add(&mut self, name: &str, capacity: Capacity) {
        if !self.machines.contains_key(name) {
            let machine = Machine::with_registry(name, capacity, self.registry.clone());
            self.machines.insert(name.into(), machine);
        }
    }

    /// Takes a machine away, with everything on it.
    pub fn remove(&mut self, name: &str) {
        self.machines.remove(name);
        let gone = self.hosts.iter().filter(|(_, host)| &*host.machine == name);
        let addresses: Vec<Rc<str>> = gone.map(|(address, _)| address.clone()).collect();
        addresses.iter().for_each(|address| drop(self.hosts.remove(address)));
    }

    /// A machine.
    pub fn get(&self, name: &str) -> Option<&Machine> {
        self.machines.get(name)
    }

    /// A machine, to be acted on.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Machine> {
        self.machines.get_mut(name)
    }

    /// From now on no machine can pull `reference`.
    pub fn mark_missing(&mut self, reference: &str) {
        self.registry.mark_missing(reference);
        let names: Vec<Rc<str>> = self.machines.keys().cloned().collect();
        for name in names {
            if let Some(machine) = self.machines.get_mut(&name) {
                machine.registry_mut().mark_missing(reference);
            }
        }
    }

    /// Gives an address to a network namespace on a machine, if nobody has it.
    pub fn join(&mut self, address: &str, machine: &str) {
        if !self.hosts.contains_key(address) {
            let host = Host { machine: machine.into(), containers: Vector::new() };
            self.hosts.insert(address.into(), host);
        }
    }

    /// Takes an address back.
    pub fn leave(&mut self, address: &str) {
        self.hosts.remove(address);
    }

    /// A container joins the network namespace with that address.
    pub fn attach(&mut self, address: &str, container: ContainerId) {
        if let Some(host) = self.hosts.get_mut(address) {
            host.containers.push_back(container);
        }
    }

    /// A container leaves it.
    pub fn detach(&mut self, address: &str, container: ContainerId) {
        if let Some(host) = self.hosts.get_mut(address) {
            host.containers.retain(|other| *other != container);
        }
    }

    /// What is at an address.
    pub fn host(&self, address: &str) -> Option<&Host> {
        self.hosts.get(address)
    }

    /// The container at `address` that listens on `port`, with its machine's name.
    pub fn listener(&self, address: &str, port: u16, now: Time) -> Option<(Rc<str>, ContainerId)> {
        let host = self.hosts.get(address)?;
        let machine = self.machines.get(&host.machine)?;
        let listens = |id: &&ContainerId| machine.listens(**id, port, now);
        host.containers.iter().find(listens).map(|id| (host.machine.clone(), *id))
    }

    /// Sends one HTTP request to an address.
    pub fn request(&mut self, address: &str, port: u16, request: Asked<'_>, now: Time) -> Answer {
        if !self.hosts.contains_key(address) {
            return Answer::Nobody;
        }
        let Some((machine, container)) = self.listener(address, port, now) else {
            return Answer::Refused;
        };
        let machine = self.machines.get_mut(&machine);
        let reply = machine.and_then(|machine| machine.request(container, port, request, now));
        reply.map_or(Answer::Refused, Answer::Http)
    }

    /// The answer of whoever is asked, or of whom that one refers to; `None` where nobody answers.
    pub fn follow(
        &mut self,
        (host, port, path): (&str, u16, &str),
        agent: &str,
        now: Time,
    ) -> Option<HttpReply> {
        let (mut host, mut port, mut path) = (host.to_owned(), port, path.to_owned());
        for _ in 0..REDIRECTS_MAX {
            let asked = Asked { method: "GET", path: &path, agent, body: "" };
            let Answer::Http(reply) = self.request(&host, port, asked, now) else { return None };
            if reply.location.is_empty() {
                return Some(reply);
            }
            match reply.location.split_once("://") {
                None => path = reply.location.to_string(),
                Some((_, rest)) => {
                    let (authority, place) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                    let (name, number) = authority.rsplit_once(':').unwrap_or((authority, "80"));
                    (host, port) = (name.to_owned(), number.parse().ok()?);
                    path = place.to_owned();
                }
            }
        }
        None
    }

    /// What is said of JSON that is posted to an address, and after how many milliseconds; `None`
    /// where there is no such page.
    ///
    /// # Errors
    /// Nothing listens there.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn judge(
        &self,
        (address, port): (&str, u16),
        path: &str,
        posted: &serde_json::Value,
        now: Time,
    ) -> Result<Option<(u64, serde_json::Value)>, String> {
        let found = self.listener(address, port, now);
        let (machine, id) = found.ok_or("connect: connection refused")?;
        let machine = self.machines.get(&machine);
        Ok(machine.and_then(|machine| machine.judge(id, (port, path), posted, now)))
    }

    /// Probes an address. Exec probes are a [`Machine::exec`] of their own.
    ///
    /// # Errors
    /// What went wrong, in the words kubelet puts behind `Liveness probe failed: `.
    pub fn probe(&mut self, probe: &Probe, now: Time) -> Result<(), String> {
        let refused =
            |host: &str, port: u16| format!("dial tcp {host}:{port}: connect: connection refused");
        let (host, port, path, tls) = match probe {
            Probe::Tcp { host, port } => {
                let listens = self.listener(host, *port, now).is_some();
                return if listens { Ok(()) } else { Err(refused(host, *port)) };
            }
            Probe::Http { host, port, path, tls } => (host, *port, path, *tls),
        };
        let asked = Asked { method: "GET", path, agent: "kube-probe/1.36", body: "" };
        match self.request(host, port, asked, now) {
            Answer::Http(reply) if (200..400).contains(&reply.status) => Ok(()),
            Answer::Http(reply) => {
                Err(format!("HTTP probe failed with statuscode: {}", reply.status))
            }
            Answer::Nobody | Answer::Refused => {
                let scheme = if tls { "https" } else { "http" };
                Err(format!("Get \"{scheme}://{host}:{port}{path}\": {}", refused(host, port)))
            }
        }
    }

    /// Brings a volume that is not tied to one machine to the machine that mounts it now.
    pub fn move_volume(&mut self, volume: &str, to: &str) {
        let elsewhere = self
            .machines
            .iter()
            .find(|(name, machine)| &***name != to && machine.volume_files(volume).is_some());
        let Some(from) = elsewhere.map(|(name, _)| name.clone()) else { return };
        let taken = self.machines.get_mut(&from).and_then(|machine| machine.take_volume(volume));
        if let (Some(taken), Some(machine)) = (taken, self.machines.get_mut(to)) {
            *machine.volume_mut(volume) = taken;
        }
    }

    /// Throws a volume away wherever it is.
    pub fn drop_volume(&mut self, volume: &str) {
        let names: Vec<Rc<str>> = self.machines.keys().cloned().collect();
        for name in names {
            let has = self.get(&name).is_some_and(|m| m.volume_files(volume).is_some());
            if let (true, Some(machine)) = (has, self.machines.get_mut(&name)) {
                machine.take_volume(volume);
            }
        }
    }
}
