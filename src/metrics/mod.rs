//! What pods and nodes use, sampled now and then and served as `metrics.k8s.io`.
//! Mirrors `kubernetes-sigs/metrics-server`.

use crate::base::small_map::SmallMap;
use std::collections::BTreeMap;
use std::time::Duration;

use imbl::OrdMap;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::{List, Reply, Request, Status, Upstream, Verb};
use crate::base::field_selector::FieldSelector;
use crate::base::label_selector::Selector;
use crate::kinds::metrics::{ContainerMetrics, NodeMetrics, PodMetrics, Usage};
use crate::kubelet::{Kubelets, PodUsage, Reading};
use crate::object::{GroupResource, Object, Str, meta};
use crate::sim::Time;

/// How often usage is sampled, which is also the window that each sample covers.
const PERIOD: Duration = Duration::from_secs(15);
const WINDOW: &str = "15s";
const GROUP: &str = "metrics.k8s.io";

/// The latest samples.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pods: OrdMap<(Str, Str), Object>,
    nodes: SmallMap<Str, Object>,
    /// What each container's CPU time was at the last sample.
    readings: OrdMap<(Str, Str, Str), Reading>,
    sampled: Option<Time>,
}

impl Metrics {
    /// Takes a sample of what every running pod and every node uses.
    pub fn sample(&mut self, kubelets: &Kubelets, now: Time) {
        self.sampled = Some(now);
        let mut totals: BTreeMap<Str, (i64, i64)> = BTreeMap::new();
        for (key, cpu, memory) in kubelets.nodes_usage() {
            totals.insert(key.name, (cpu, memory));
        }
        let usage = self.averages(kubelets.usage(now));
        for pod in &usage {
            if let Some((cpu, memory)) = totals.get_mut(pod.node.as_str()) {
                *cpu += pod.containers.iter().map(|c| c.cpu_milli).sum::<i64>();
                *memory += pod.containers.iter().map(|c| c.memory_bytes).sum::<i64>();
            }
        }
        self.nodes = totals
            .into_iter()
            .map(|(name, (cpu, memory))| (name.clone(), node_metrics(&name, cpu, memory, now)))
            .collect();
        self.pods = usage
            .iter()
            .map(|pod| {
                let labels = kubelets.labels(&pod.key);
                let place = (pod.key.namespace.clone(), pod.key.name.clone());
                (place, pod_metrics(pod, labels, now))
            })
            .collect();
    }

    /// Replaces each container's use at the moment by its average since the last sample.
    fn averages(&mut self, mut usage: Vec<PodUsage>) -> Vec<PodUsage> {
        let mut readings = OrdMap::new();
        for pod in &mut usage {
            for container in &mut pod.containers {
                let Some(reading) = container.reading else { continue };
                let place: (Str, Str, Str) = (
                    pod.key.namespace.clone(),
                    pod.key.name.clone(),
                    container.name.as_str().into(),
                );
                container.cpu_milli = reading.milli_since(self.readings.get(&place));
                readings.insert(place, reading);
            }
        }
        self.readings = readings;
        usage
    }

    /// When the next sample is due.
    pub fn next_time(&self, now: Time) -> Option<Time> {
        Some(self.sampled.map_or(now, |last| last + PERIOD))
    }

    fn get(&self, request: &Request) -> Result<Reply, Status> {
        let (namespace, name) = (&request.namespace, &request.name);
        let (found, kind, shown) = if request.resource.resource == "pods" {
            let found = self.pods.get(&(namespace.as_str().into(), name.as_str().into()));
            (found, "podmetrics", format!("{namespace}/{name}"))
        } else {
            (self.nodes.get(name.as_str()), "nodemetrics", name.clone())
        };
        let missing = || Status::not_found(&GroupResource::dynamic(GROUP, kind), &shown);
        found.cloned().map(Reply::Object).ok_or_else(missing)
    }

    fn list(&self, request: &Request) -> Result<Reply, Status> {
        let labels = Selector::parse(&request.label_selector).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(&request.field_selector).map_err(Status::bad_request)?;
        let empty = BTreeMap::new();
        let matches = |object: &&Object| {
            let in_namespace =
                request.namespace.is_empty() || object.namespace() == request.namespace;
            in_namespace
                && labels.matches(object.meta().labels.as_ref().unwrap_or(&empty))
                && fields.matches(|field| match field {
                    "metadata.name" => object.name().to_owned(),
                    "metadata.namespace" => object.namespace().to_owned(),
                    _ => String::new(),
                })
        };
        let items: Vec<Object> = if request.resource.resource == "pods" {
            self.pods.values().filter(matches).cloned().collect()
        } else {
            self.nodes.values().filter(matches).cloned().collect()
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
