//! What containers printed: the `log` subresource of pods.
//! Mirrors `pkg/registry/core/pod/rest/log.go` and the kubelet's `GetKubeletContainerLogs`.

use super::Kubelets;
use super::container::{Container, State};
use super::pod::PodWorker;
use crate::api::{Reply, Request, Status, Upstream, Verb};
use crate::machine::{ContainerId, LogLine};
use crate::sim::Time;

/// What of a log is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; empty where the pod has only one.
    pub container: String,
    /// The instance before the current one.
    pub previous: bool,
    /// Each line with its time.
    pub timestamps: bool,
    /// Only so many of the last lines.
    pub tail_lines: Option<usize>,
    /// Only what is younger.
    pub since: Option<Time>,
    /// Only so many bytes.
    pub limit_bytes: Option<usize>,
}

impl LogOptions {
    fn of(request: &Request, now: Time) -> Self {
        let number = |name: &str| request.parameter(name).and_then(|text| text.parse::<u64>().ok());
        let count = |name: &str| number(name).and_then(|n| usize::try_from(n).ok());
        let truth = |name: &str| matches!(request.parameter(name), Some("true" | "1"));
        let since = number("sinceSeconds").map(|s| now - std::time::Duration::from_secs(s));
        let stamp =
            request.parameter("sinceTime").and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let since_time = stamp.and_then(|stamp| u64::try_from(stamp.as_microsecond()).ok());
        Self {
            container: request.parameter("container").unwrap_or_default().to_owned(),
            previous: truth("previous"),
            timestamps: truth("timestamps"),
            tail_lines: count("tailLines"),
            since: since.or(since_time.map(Time::from_micros)),
            limit_bytes: count("limitBytes"),
        }
    }
}

impl Kubelets {
    /// What a container printed.
    ///
    /// # Errors
    /// Upstream's refusals: no such pod or container, several containers to choose from, or
    /// nothing printed yet.
    pub fn logs(
        &self,
        namespace: &str,
        name: &str,
        options: &LogOptions,
    ) -> Result<String, Status> {
        let Some(worker) = self.find(namespace, name) else {
            let text = format!("pod \"{name}\" does not exist");
            return Err(Status::bad_request(text));
        };
        let container = choose(worker, name, &options.container)?;
        let instance = instance(container, name, options.previous)?;
        let machine = self.machines.get(&worker.node);
        let printed = machine.map(|machine| machine.logs(instance)).unwrap_or_default();
        let young = |line: &&LogLine| options.since.is_none_or(|since| line.at >= since);
        let mut lines: Vec<&LogLine> = printed.iter().filter(young).collect();
        if let Some(tail) = options.tail_lines {
            lines.drain(..lines.len().saturating_sub(tail));
        }
        let mut text = String::new();
        for line in lines {
            if options.timestamps {
                text.push_str(&format!("{} ", stamp(line.at)));
            }
            text.push_str(&line.text);
            if line.complete {
                text.push('\n');
            }
        }
        if let Some(limit) = options.limit_bytes {
            let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
        }
        Ok(text)
    }
}

/// RFC 3339 with nanoseconds.
fn stamp(at: Time) -> String {
    let text = format!("{at:?}");
    text.strip_suffix('Z').map_or(text.clone(), |text| format!("{text}000Z"))
}

pub(super) fn choose<'a>(
    worker: &'a PodWorker,
    pod: &str,
    wanted: &str,
) -> Result<&'a Container, Status> {
    let names = |init: bool| -> Vec<&str> {
        let own = worker.containers.iter().filter(|c| c.init == init && !c.ephemeral);
        own.map(|c| c.name.as_str()).collect()
    };
    let (inits, mains) = (names(true), names(false));
    if wanted.is_empty() {
        if let ([_], true) = (mains.as_slice(), inits.is_empty()) {
            return worker.containers.first().ok_or_else(|| Status::internal("no containers"));
        }
        let mut text = format!(
            "a container name must be specified for pod {pod}, choose one of: [{}]",
            mains.join(" ")
        );
        if !inits.is_empty() {
            text.push_str(&format!(" or one of the init containers: [{}]", inits.join(" ")));
        }
        return Err(Status::bad_request(text));
    }
    let found = worker.containers.iter().find(|c| c.name == wanted);
    found.ok_or_else(|| {
        Status::bad_request(format!("container {wanted} is not valid for pod {pod}"))
    })
}

/// The asked-for instance of a container.
fn instance(container: &Container, pod: &str, previous: bool) -> Result<ContainerId, Status> {
    let name = &container.name;
    if previous {
        // While it is held back, the instance that ended last is the previous one.
        let held_back =
            container.last.is_some() && matches!(container.state, State::Waiting { .. });
        let found = if held_back { container.instance } else { container.previous };
        return found.filter(|_| container.last.is_some()).ok_or_else(|| {
            let text =
                format!("previous terminated container \"{name}\" in pod \"{pod}\" not found");
            Status::bad_request(text)
        });
    }
    container.instance.ok_or_else(|| {
        let word = match &container.state {
            State::Waiting { reason: "ErrImagePull", .. } => "image can't be pulled",
            State::Waiting { reason: "ImagePullBackOff", .. } => "trying and failing to pull image",
            State::Waiting { reason, .. } => *reason,
            _ => "ContainerCreating",
        };
        Status::bad_request(format!(
            "container \"{name}\" in pod \"{pod}\" is waiting to start: {word}"
        ))
    })
}

impl Upstream for Kubelets {
    fn serve(&mut self, request: &Request) -> Option<Result<Reply, Status>> {
        if request.resource.resource != "pods" || !request.resource.group.is_empty() {
            return None;
        }
        match (request.subresource, request.verb) {
            ("log", Verb::Get) => {}
            ("exec" | "attach", Verb::Get | Verb::Create) => return self.serve_session(request),
            ("proxy", Verb::Get | Verb::Create) => return self.serve_proxy(request),
            _ => return None,
        }
        let options = LogOptions::of(request, self.now);
        // Pods that no kubelet has are the server's to answer for.
        self.find(&request.namespace, &request.name)?;
        Some(self.logs(&request.namespace, &request.name, &options).map(Reply::Text))
    }
}
