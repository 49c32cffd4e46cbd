//! The nodes of a new cluster, and nodes that join later.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, NodeSpec as ApiNodeSpec, NodeStatus, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Cluster, START};
use crate::api::{Request, Status};
use crate::base::order::Gather;
use crate::controllers::Settings;
use crate::kubelet::Pace;
use crate::metrics;
use crate::object::Object;
use crate::sim::Time;

/// The taint and the role label of control-plane nodes.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// A node to be: its name, its size, its labels and taints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// The node's name.
    pub name: String,
    /// Cores.
    pub cpu: u32,
    /// Memory in GiB.
    pub memory_gib: u32,
    /// How many Pods fit.
    pub pods: u32,
    /// Labels beyond the usual ones.
    pub labels: BTreeMap<String, String>,
    /// Taints, as (key, value, effect).
    pub taints: Vec<(String, String, String)>,
}

impl NodeSpec {
    /// A worker of the usual size: 4 cores, 8 GiB, 110 Pods.
    pub fn worker(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cpu: 4,
            memory_gib: 8,
            pods: 110,
            labels: BTreeMap::new(),
            taints: Vec::new(),
        }
    }

    /// A control-plane node of the usual size, with its role and its taint.
    pub fn control_plane(name: &str) -> Self {
        let mut node = Self::worker(name);
        node.labels.insert(CONTROL_PLANE.to_owned(), String::new());
        node.taints.push((CONTROL_PLANE.to_owned(), String::new(), "NoSchedule".to_owned()));
        node
    }
}

/// What a new cluster is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The nodes.
    pub nodes: Vec<NodeSpec>,
    /// The settings of the controllers.
    pub settings: Settings,
    /// What its clock shows when it is switched on.
    pub start: Time,
    /// Whether it runs the Pods itself, or leaves them to kubelets outside.
    pub kubelets: bool,
    /// How long images and containers take, where that is not left to them.
    pub pace: Pace,
    /// How often usage is sampled: metrics-server's `--metric-resolution`.
    pub metrics_period: Duration,
}

/// One tainted control-plane node and two workers.
impl Default for Options {
    fn default() -> Self {
        let nodes = vec![
            NodeSpec::control_plane("master1"),
            NodeSpec::worker("node1"),
            NodeSpec::worker("node2"),
        ];
        Self {
            nodes,
            settings: Settings::default(),
            start: START,
            kubelets: true,
            pace: Pace::default(),
            metrics_period: metrics::PERIOD,
        }
    }
}

impl Options {
    /// One control-plane node and `count` workers.
    pub fn workers(count: u32) -> Self {
        let workers = (1..=count).map(|n| NodeSpec::worker(&format!("node{n}")));
        let nodes = std::iter::once(NodeSpec::control_plane("master1")).chain(workers).collect();
        Self { nodes, ..Self::default() }
    }
}

/// Fills a new cluster; what the API server makes of itself is there already.
pub(super) fn populate(cluster: &mut Cluster, options: &Options) {
    for node in &options.nodes {
        let added = add_node(cluster, node);
        assert!(added.is_ok(), "a new cluster takes its own nodes: {added:?}");
    }
}

/// Adds a node: its kubelet registers it as soon as it sees the object.
pub(super) fn add_node(cluster: &mut Cluster, node: &NodeSpec) -> Result<(), Status> {
    let mut labels = node.labels.clone();
    let usual = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", node.name.as_str()),
        ("kubernetes.io/os", "linux"),
    ];
    for (key, value) in usual {
        labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
    let taints: Vec<Taint> = node.taints.iter().map(taint).collect();
    let capacity: BTreeMap<String, Quantity> = [
        ("cpu", node.cpu.to_string()),
        ("ephemeral-storage", "100Gi".to_owned()),
        ("memory", format!("{}Gi", node.memory_gib)),
        ("pods", node.pods.to_string()),
    ]
    .into_iter()
    .map(|(name, amount)| (name.to_owned(), Quantity(amount)))
    .gathered();
    let object = Node {
        metadata: ObjectMeta {
            name: Some(node.name.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        spec: Some(ApiNodeSpec {
            taints: (!taints.is_empty()).then_some(taints),
            ..ApiNodeSpec::default()
        }),
        status: Some(NodeStatus {
            allocatable: Some(capacity.clone()),
            capacity: Some(capacity),
            ..NodeStatus::default()
        }),
    };
    cluster.call(Request::create(Object::new(object))).map(|_| ())
}

fn taint((key, value, effect): &(String, String, String)) -> Taint {
    Taint {
        key: key.clone(),
        value: Some(value.clone()).filter(|value| !value.is_empty()),
        effect: effect.clone(),
        time_added: None,
    }
}
