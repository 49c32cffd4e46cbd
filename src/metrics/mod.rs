//! What pods and nodes use, sampled now and then and served as `metrics.k8s.io`.
//! Mirrors `kubernetes-sigs/metrics-server`.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::{List, Reply, Request, Status, Upstream, Verb};
use crate::base::field_selector::FieldSelector;
use crate::base::label_selector::Selector;
use crate::base::order::Gather;
use crate::base::order::Order as _;
use crate::kinds::metrics::{ContainerMetrics, NodeMetrics, PodMetrics, Usage};
use crate::kubelet::{Kubelets, PodUsage, Reading};
use crate::object::{GroupResource, Key, Object, Str, meta};
use crate::sim::Time;

/// How often usage is sampled by default, which is also the window that each sample covers.
pub const PERIOD: Duration = Duration::from_secs(15);
const WINDOW: &str = "15s";
const GROUP: &str = "metrics.k8s.io";

/// Which pods are asked for, by their keys and objects.
type Wanted<'a> = &'a dyn Fn(&Key, &Object) -> bool;

/// The latest samples.
#[derive(Clone)]
pub struct Metrics {
    period: Duration,
    latest: Option<Rc<Sample>>,
    /// The one before: use is told as the average in between.
    before: Option<Rc<Sample>>,
}

/// The kubelets as they were at a moment. To keep them costs what changes afterwards; what each
/// pod used then is worked out when someone asks for it.
struct Sample {
    kubelets: Kubelets,
    at: Time,
}

impl Metrics {
    /// No samples yet; one is taken every `period`.
    pub fn new(period: Duration) -> Self {
        Self { period, latest: None, before: None }
    }

    /// Takes a sample of what every running pod and every node uses.
    pub fn sample(&mut self, kubelets: &Kubelets, now: Time) {
        self.before = self.latest.replace(Rc::new(Sample { kubelets: kubelets.clone(), at: now }));
    }

    /// What some pods used on average since the sample before.
    fn usage(&self, wanted: Wanted<'_>) -> Vec<PodUsage> {
        let usage = |sample: &Rc<Sample>| sample.kubelets.usage(wanted, sample.at);
        let mut latest = self.latest.as_ref().map(usage).unwrap_or_default();
        let before = self.before.as_ref().map(usage).unwrap_or_default();
        let known = before.iter().flat_map(|pod| {
            let readings =
                pod.containers.iter().filter_map(|c| Some((c.name.as_str(), c.reading?)));
            readings.map(|(name, reading)| ((&pod.key, name), reading))
        });
        let known: BTreeMap<(&Key, &str), Reading> = known.gathered();
        for pod in &mut latest {
            for container in &mut pod.containers {
                if let Some(reading) = container.reading {
                    let earlier = known.get(&(&pod.key, container.name.as_str()));
                    container.cpu_milli = reading.milli_since(earlier);
                }
            }
        }
        latest.order_by(|a, b| a.key.cmp(&b.key));
        latest
    }

    /// What some pods used.
    fn pods(&self, wanted: Wanted<'_>) -> Vec<Object> {
        let Some(sample) = &self.latest else { return Vec::new() };
        let usage = self.usage(wanted);
        let labels = |pod: &PodUsage| sample.kubelets.labels(&pod.key);
        usage.iter().map(|pod| pod_metrics(pod, labels(pod), sample.at)).collect()
    }

    /// What every node used, by name.
    fn nodes(&self) -> Vec<Object> {
        let Some(sample) = &self.latest else { return Vec::new() };
        let mut totals: BTreeMap<Str, (i64, i64)> = BTreeMap::new();
        for (key, cpu, memory) in sample.kubelets.nodes_usage() {
            totals.insert(key.name, (cpu, memory));
        }
        for pod in self.usage(&|_, _| true) {
            if let Some((cpu, memory)) = totals.get_mut(pod.node.as_str()) {
                *cpu += pod.containers.iter().map(|c| c.cpu_milli).sum::<i64>();
                *memory += pod.containers.iter().map(|c| c.memory_bytes).sum::<i64>();
            }
        }
        let totals = totals.into_iter();
        totals.map(|(name, (cpu, memory))| node_metrics(&name, cpu, memory, sample.at)).collect()
    }

    /// When the next sample is due.
    pub fn next_time(&self, now: Time) -> Option<Time> {
        Some(self.latest.as_ref().map_or(now, |sample| sample.at + self.period))
    }

    fn get(&self, request: &Request) -> Result<Reply, Status> {
        let (namespace, name) = (&request.namespace, &request.name);
        let (found, kind, shown) = if request.resource.resource == "pods" {
            let wanted =
                |key: &Key, _: &Object| *key.name == **name && *key.namespace == **namespace;
            (self.pods(&wanted), "podmetrics", format!("{namespace}/{name}"))
        } else {
            let mut nodes = self.nodes();
            nodes.retain(|node| node.name() == name);
            (nodes, "nodemetrics", name.clone())
        };
        let missing = || Status::not_found(&GroupResource::dynamic(GROUP, kind), &shown);
        found.into_iter().next().map(Reply::Object).ok_or_else(missing)
    }

    fn list(&self, request: &Request) -> Result<Reply, Status> {
        let labels = Selector::parse(&request.label_selector).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(&request.field_selector).map_err(Status::bad_request)?;
        let empty = BTreeMap::new();
        let matches = |namespace: &str, name: &str, object: &Object| {
            let in_namespace = request.namespace.is_empty() || namespace == request.namespace;
            in_namespace
                && labels.matches(object.meta().labels.as_ref().unwrap_or(&empty))
                && fields.matches(|field| match field {
                    "metadata.name" => name,
                    "metadata.namespace" => namespace,
                    _ => "",
                })
        };
        let items = if request.resource.resource == "pods" {
            self.pods(&|key, pod| matches(&key.namespace, &key.name, pod))
        } else {
            let mut nodes = self.nodes();
            nodes.retain(|node| matches("", node.name(), node));
            nodes
        };
        Ok(Reply::List(List {
            resource: request.resource.clone(),
            items,
            revision: 0,
            remaining: 0,
        }))
    }
}

impl Upstream for Metrics {
    fn serve(&mut self, request: &Request) -> Option<Result<Reply, Status>> {
        if request.resource.group != GROUP {
            return None;
        }
        Some(match request.verb {
            Verb::Get => self.get(request),
            Verb::List => self.list(request),
            _ => Err(Status::method_not_supported(&request.resource, "this")),
        })
    }
}

fn usage(cpu_milli: i64, memory_bytes: i64) -> Usage {
    let cpu = if cpu_milli == 0 { "0".to_owned() } else { format!("{cpu_milli}m") };
    let memory = match memory_bytes / 1024 {
        0 => "0".to_owned(),
        kibibytes => format!("{kibibytes}Ki"),
    };
    [("cpu".to_owned(), Quantity(cpu)), ("memory".to_owned(), Quantity(memory))].into()
}

fn pod_metrics(pod: &PodUsage, labels: Option<BTreeMap<String, String>>, now: Time) -> Object {
    let metadata = ObjectMeta {
        name: Some(pod.key.name.to_string()),
        namespace: Some(pod.key.namespace.to_string()),
        labels,
        creation_timestamp: Some(meta::timestamp(now)),
        ..ObjectMeta::default()
    };
    let containers = pod.containers.iter().map(|container| ContainerMetrics {
        name: container.name.clone(),
        usage: usage(container.cpu_milli, container.memory_bytes),
    });
    let stamp = meta::timestamp(now);
    Object::new(PodMetrics::new(metadata, stamp, WINDOW.to_owned(), containers.collect()))
}

fn node_metrics(name: &str, cpu: i64, memory: i64, now: Time) -> Object {
    let label = ("kubernetes.io/hostname".to_owned(), name.to_owned());
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some([label].into()),
        creation_timestamp: Some(meta::timestamp(now)),
        ..ObjectMeta::default()
    };
    let stamp = meta::timestamp(now);
    Object::new(NodeMetrics::new(metadata, stamp, WINDOW.to_owned(), usage(cpu, memory)))
}
