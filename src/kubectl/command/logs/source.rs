//! Which containers' logs are meant. Mirrors `k8s.io/kubectl/pkg/polymorphichelpers/logsforobject.go`.

use std::cmp::Reverse;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, ReplicationController, Service};

use super::Options;
use crate::api::{Reply, Verb};
use crate::base::duration;
use crate::base::label_selector::Selector;
use crate::base::order::Order as _;
use crate::kinds::selectors;
use crate::kubectl::resource::{self, Asked, Target};
use crate::kubectl::{Args, Failure, Io, Step};
use crate::object::{Object, meta};
use crate::sim::Time;

/// Names the container that is meant when none is given.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// One container of one pod.
#[derive(Clone)]
pub struct Source {
    pub namespace: String,
    pub pod: String,
    pub container: String,
}

/// What the command line stands for.
pub enum Found {
    Sources(Vec<Source>),
    /// Nothing matches, which has been said.
    Nothing,
    /// There is no pod yet.
    NotYet(Step),
}

impl Source {
    /// The text of the log.
    pub fn read(&self, io: &mut Io<'_>, query: Vec<(String, String)>) -> Result<String, Failure> {
        let mut request =
            resource::kind("pods")?.request(Verb::Get, &self.namespace, &self.pod).to("log");
        request.query = query;
        request.query.push(("container".to_owned(), self.container.clone()));
        match io.api.call(request)? {
            Reply::Text(text) => Ok(text),
            Reply::Nothing => Ok(String::new()),
            _ => Err(Failure::error("the server answered with no text")),
        }
    }

    /// The text with `[pod/NAME/CONTAINER] ` before each line, if that is asked for.
    pub fn decorate(&self, text: &str, options: &Options) -> String {
        if !options.prefix {
            return text.to_owned();
        }
        let lines = text.split_inclusive('\n');
        lines.map(|line| format!("[pod/{}/{}] {line}", self.pod, self.container)).collect()
    }
}

/// Finds the containers.
pub fn find(
    args: &Args,
    options: &Options,
    started: Time,
    io: &mut Io<'_>,
) -> Result<Found, Failure> {
    let namespace = args.namespace();
    let selector = args.get("selector");
    if !selector.is_empty() {
        let asked = resource::kind("pods")?;
        let (pods, _) = resource::list(io, &asked, namespace, selector, "")?;
        if pods.is_empty() {
            io.err.push_str(&format!("No resources found in {namespace} namespace.\n"));
            return Ok(Found::Nothing);
        }
        return of_pods(&pods, options, io);
    }
    let (asked, name) = named(args)?;
    let object = resource::fetch(io, &asked, namespace, &name).map_err(|failure| match failure
        .text
        .strip_prefix("Error from server (NotFound): ")
    {
        Some(why) => Failure::error(format!(
            "error from server (NotFound): {} in namespace \"{namespace}\"",
            why.trim_end()
        )),
        None => failure,
    })?;
    if object.get::<Pod>().is_some() {
        return of_pods(&[object], options, io);
    }
    let selector = selector_of(&object).ok_or_else(|| {
        let kind = format!("*{}.{}", asked.names().versions[0], object.kind());
        Failure::error(format!(
            "cannot get the logs from {kind}: selector for {kind} not implemented"
        ))
    })?;
    let pods = resource::kind("pods")?;
    let (mut pods, _) = resource::list(io, &pods, namespace, &selector, "")?;
    if pods.is_empty() {
        return wait(args, started, io).map(Found::NotYet);
    }
    if !options.all_pods {
        sort(&mut pods);
        if pods.len() > 1 {
            let first = pods[0].name();
            io.err.push_str(&format!("Found {} pods, using pod/{first}\n", pods.len()));
        }
        pods.truncate(1);
    }
    of_pods(&pods, options, io)
}

fn named(args: &Args) -> Result<(Asked, String), Failure> {
    let word = args.positional.first().cloned().unwrap_or_default();
    if !word.contains('/') {
        return Ok((resource::kind("pods")?, word));
    }
    match resource::target(&[word], &[])? {
        Target::Named(mut named) if named.len() == 1 => Ok(named.remove(0)),
        _ => Err(Failure::error("expected a resource")),
    }
}

/// When to look for a pod again: within `--pod-running-timeout` after `started`.
///
/// # Errors
/// The time is over.
pub fn wait(args: &Args, started: Time, io: &Io<'_>) -> Result<Step, Failure> {
    let text = args.get("pod-running-timeout");
    let nanos = duration::parse_go(text).map_err(Failure::error)?;
    let limit = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    if started + limit <= io.now {
        return Err(Failure::error("timed out waiting for the condition"));
    }
    Ok(Step::Wait(Some(Duration::from_secs(1))))
}

/// The text that selects an object's pods.
pub fn selector_of(object: &Object) -> Option<String> {
    if let Some(deployment) = object.get::<Deployment>() {
        return Some(selectors::text(deployment.spec.as_ref().map(|spec| &spec.selector)));
    }
    if let Some(set) = object.get::<ReplicaSet>() {
        return Some(selectors::text(set.spec.as_ref().map(|spec| &spec.selector)));
    }
    if let Some(set) = object.get::<ReplicationController>() {
        let labels = set.spec.as_ref()?.selector.clone().unwrap_or_default();
        return Some(Selector::from_labels(&labels).to_string());
    }
    if let Some(service) = object.get::<Service>() {
        let labels = service.spec.as_ref()?.selector.clone().unwrap_or_default();
        return Some(Selector::from_labels(&labels).to_string());
    }
    let value = object.to_value();
    let selector = value.pointer("/spec/selector")?;
    let selector = crate::object::codec::decode(selector).ok()?;
    value.pointer("/spec/template")?;
    Some(selectors::text(Some(&selector)))
}

/// The pod whose log says most first. Mirrors `podutils.ByLogging`.
fn sort(pods: &mut [Object]) {
    pods.order_by_key(|object| {
        let standing = Standing::of(object);
        let phase = match standing.phase {
            "Unknown" => 1,
            "Pending" => 2,
            _ => 0,
        };
        let Standing { assigned, ready, restarts, created, .. } = standing;
        (!assigned, phase, !ready, Reverse(restarts), created)
    });
}

/// What makes one pod a better choice than another.
#[derive(Default)]
pub struct Standing<'a> {
    /// It has a node.
    pub assigned: bool,
    /// Its phase.
    pub phase: &'a str,
    /// It is Ready.
    pub ready: bool,
    /// The most restarts of any of its containers.
    pub restarts: i32,
    /// When it was created, in microseconds.
    pub created: u64,
}

impl<'a> Standing<'a> {
    /// How a pod stands.
    pub fn of(object: &'a Object) -> Self {
        let Some(pod) = object.get::<Pod>() else { return Self::default() };
        let status = pod.status.as_ref();
        let mut conditions =
            status.and_then(|status| status.conditions.as_ref()).into_iter().flatten();
        let containers = status.and_then(|status| status.container_statuses.as_ref());
        let restarts = containers.into_iter().flatten().map(|c| c.restart_count).max();
        Self {
            assigned: pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some()),
            phase: status.and_then(|status| status.phase.as_deref()).unwrap_or_default(),
            ready: conditions.any(|c| c.type_ == "Ready" && c.status == "True"),
            restarts: restarts.unwrap_or(0),
            created: meta::created(&pod.metadata).micros(),
        }
    }
}

fn of_pods(pods: &[Object], options: &Options, io: &mut Io<'_>) -> Result<Found, Failure> {
    let mut sources = Vec::new();
    for object in pods {
        let Some(pod) = object.get::<Pod>() else { continue };
        let source = |container: &str| Source {
            namespace: object.namespace().to_owned(),
            pod: object.name().to_owned(),
            container: container.to_owned(),
        };
        let names = Names::of(pod);
        if options.all_containers {
            sources.extend(names.all().map(source));
            continue;
        }
        let wanted = if options.container.is_empty() {
            names.default(pod, io)
        } else {
            options.container.clone()
        };
        if !names.all().any(|name| name == wanted) {
            return Err(Failure::error(format!(
                "container {wanted} is not valid for pod {} out of: {names}",
                object.name()
            )));
        }
        sources.push(source(&wanted));
    }
    Ok(Found::Sources(sources))
}

/// The names of a pod's containers.
pub struct Names {
    containers: Vec<String>,
    inits: Vec<String>,
    ephemerals: Vec<String>,
}

impl Names {
    pub fn of(pod: &Pod) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        Self {
            containers: spec.containers.into_iter().map(|c| c.name).collect(),
            inits: spec.init_containers.into_iter().flatten().map(|c| c.name).collect(),
            ephemerals: spec.ephemeral_containers.into_iter().flatten().map(|c| c.name).collect(),
        }
    }

    /// In the order in which `--all-containers` prints them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        [&self.inits, &self.containers, &self.ephemerals].into_iter().flatten().map(String::as_str)
    }

    /// The container that is meant when none is given; says so if it had to be guessed.
    pub fn default(&self, pod: &Pod, io: &mut Io<'_>) -> String {
        let annotated = meta::annotation(&pod.metadata, DEFAULT_CONTAINER);
        if let Some(name) = annotated.filter(|name| self.all().any(|known| known == *name)) {
            return name.to_owned();
        }
        let name = self.containers.first().cloned().unwrap_or_default();
        if self.all().count() > 1 {
            io.err.push_str(&format!("Defaulted container \"{name}\" out of: {self}\n"));
        }
        name
    }
}

/// `a, b, i (init)`.
impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inits = self.inits.iter().map(|name| format!("{name} (init)"));
        let ephemerals = self.ephemerals.iter().map(|name| format!("{name} (ephem)"));
        let all: Vec<_> = self.containers.iter().cloned().chain(inits).chain(ephemerals).collect();
        f.write_str(&all.join(", "))
    }
}
