//! What a container uses of its machine, and the requests it serves.

use std::rc::Rc;

use serde_json::{Value, json};

use super::container::Container;
use super::files::{FileSystem, Volume};
use super::network::{Asked, HttpReply, RequestRate};
use super::shell::{Listener, Process};
use super::spec::Usage;
use crate::base::order::Gather;
use crate::base::shared_map::SharedMap;
use crate::sim::{Time, duration};

/// In a page, what the container's programs have counted.
const COUNTS: &str = "{counts}";

impl Container {
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

    /// What whoever listens on a port says of JSON that it is posted.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn judge(
        &self,
        port: u16,
        path: &str,
        posted: &serde_json::Value,
        now: Time,
    ) -> Option<(u64, serde_json::Value)> {
        let listeners = self.listeners(now);
        listeners.iter().find(|one| one.ports().contains(&port))?.judge(path, posted)
    }

    /// Handles one HTTP request; `None` when nothing listens on `port`.
    pub(super) fn request(
        &mut self,
        volumes: &mut SharedMap<Rc<str>, Volume>,
        port: u16,
        asked: Asked<'_>,
        now: Time,
    ) -> Option<HttpReply> {
        let listener =
            self.listeners(now).into_iter().find(|listener| listener.ports().contains(&port))?;
        let files = FileSystem {
            own: &mut self.files,
            given: &self.spec.files,
            mounts: &self.spec.mounts,
            volumes,
            read_only_root: false,
        };
        let (status, mut body) = listener.page(port, asked, &self.spec.hostname, &files, now);
        if let Some(counted) = listener.counted(asked) {
            *self.counts.entry(counted.into()).or_default() += 1;
        }
        if body.contains(COUNTS) {
            let counts = self.counts.iter().map(|(name, count)| (name.to_string(), json!(count)));
            body = body.replace(COUNTS, &Value::Object(counts.gathered()).to_string());
        }
        self.cpu_total_micros += listener.program.request_cpu_micros;
        if let Some(line) = listener.access_line(asked, (status, body.len()), now) {
            self.log.write(now, super::Output::Stdout, &line);
        }
        let location = listener.location(asked).unwrap_or_default();
        let status = if location.is_empty() { status } else { 302 };
        let took_micros = self.request_micros(&listener);
        Some(HttpReply { status, body: body.into(), location: location.into(), took_micros })
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
    pub(super) fn count(&mut self, now: Time) {
        let micros = duration::micros(now.since(self.counted_until));
        self.cpu_total_micros += self.cpu_milli(self.counted_until).saturating_mul(micros) / 1000;
        self.counted_until = self.counted_until.max(now);
    }

    pub(super) fn memory(&self, volumes: &SharedMap<Rc<str>, Volume>, now: Time) -> u64 {
        if self.exit.is_some() {
            return 0;
        }
        let processes: u64 = self.processes().map(|process| process.memory_bytes(now)).sum();
        let shared = self.files.size_below("/dev/shm/");
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

    pub(super) fn usage(&self, volumes: &SharedMap<Rc<str>, Volume>, now: Time) -> Usage {
        let cpu_milli = self.cpu_milli(now);
        let since = duration::micros(now.since(self.counted_until));
        Usage {
            cpu_milli,
            cpu_total_micros: self.cpu_total_micros + cpu_milli.saturating_mul(since) / 1000,
            memory_bytes: self.memory(volumes, now),
        }
    }
}
