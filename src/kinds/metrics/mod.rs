//! PodMetrics and NodeMetrics: what metrics.k8s.io serves.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as Timestamp};
use k8s_openapi::{ClusterResourceScope, Metadata, NamespaceResourceScope, Resource};
use serde::{Deserialize, Serialize};

use super::{Column, Names, Typed, cells};
use crate::sim::Time;

const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";
const API_VERSION: &str = "metrics.k8s.io/v1beta1";

/// Amounts of `cpu` and `memory`.
pub type Usage = BTreeMap<String, Quantity>;

/// What one container uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerMetrics {
    /// The container's name.
    #[serde(default)]
    pub name: String,
    /// What it uses.
    #[serde(default)]
    pub usage: Usage,
}

/// What a pod's containers use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMetrics {
    #[serde(default = "pod_kind")]
    kind: String,
    #[serde(default = "api_version")]
    api_version: String,
    /// The pod's name, namespace and labels.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The end of the window.
    pub timestamp: Option<Timestamp>,
    /// The length of the window, as Go prints durations.
    #[serde(default)]
    pub window: String,
    /// The containers.
    #[serde(default)]
    pub containers: Vec<ContainerMetrics>,
}

/// What a node uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeMetrics {
    #[serde(default = "node_kind")]
    kind: String,
    #[serde(default = "api_version")]
    api_version: String,
    /// The node's name and labels.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The end of the window.
    pub timestamp: Option<Timestamp>,
    /// The length of the window, as Go prints durations.
    #[serde(default)]
    pub window: String,
    /// What it uses.
    #[serde(default)]
    pub usage: Usage,
}

fn api_version() -> String {
    API_VERSION.to_owned()
}

fn pod_kind() -> String {
    PodMetrics::KIND.to_owned()
}

fn node_kind() -> String {
    NodeMetrics::KIND.to_owned()
}

impl PodMetrics {
    /// Metrics of the pod that `metadata` names.
    pub fn new(
        metadata: ObjectMeta,
        timestamp: Timestamp,
        window: String,
        containers: Vec<ContainerMetrics>,
    ) -> Self {
        let (kind, api_version) = (pod_kind(), api_version());
        Self { kind, api_version, metadata, timestamp: Some(timestamp), window, containers }
    }
}

impl NodeMetrics {
    /// Metrics of the node that `metadata` names.
    pub fn new(metadata: ObjectMeta, timestamp: Timestamp, window: String, usage: Usage) -> Self {
        let (kind, api_version) = (node_kind(), api_version());
        Self { kind, api_version, metadata, timestamp: Some(timestamp), window, usage }
    }
}

impl Resource for PodMetrics {
    const API_VERSION: &'static str = API_VERSION;
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "PodMetrics";
    const VERSION: &'static str = VERSION;
    const URL_PATH_SEGMENT: &'static str = "pods";
    type Scope = NamespaceResourceScope;
}

impl Metadata for PodMetrics {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Resource for NodeMetrics {
    const API_VERSION: &'static str = API_VERSION;
    const GROUP: &'static str = GROUP;
    const KIND: &'static str = "NodeMetrics";
    const VERSION: &'static str = VERSION;
    const URL_PATH_SEGMENT: &'static str = "nodes";
    type Scope = ClusterResourceScope;
}

impl Metadata for NodeMetrics {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// The kind PodMetrics.
pub struct PodMetricsKind;

impl Typed for PodMetricsKind {
    type Object = PodMetrics;

    const NAMES: Names = Names::namespaced(GROUP, &[VERSION], "PodMetrics", "pods", "");
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("CPU"), Column::new("Memory"), Column::new("Window")];

    fn row(object: &PodMetrics, _: Time) -> Vec<String> {
        let total = |name: &str| {
            let amounts = object.containers.iter().map(|container| &container.usage);
            sum(amounts.filter_map(|usage| usage.get(name)))
        };
        let name = cells::name(&object.metadata);
        vec![name, total("cpu"), total("memory"), object.window.clone()]
    }
}

/// The kind NodeMetrics.
pub struct NodeMetricsKind;

impl Typed for NodeMetricsKind {
    type Object = NodeMetrics;

    const NAMES: Names = Names::cluster(GROUP, &[VERSION], "NodeMetrics", "nodes", "");
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("CPU"), Column::new("Memory"), Column::new("Window")];

    fn row(object: &NodeMetrics, _: Time) -> Vec<String> {
        let amount = |name: &str| sum(object.usage.get(name).into_iter());
        let name = cells::name(&object.metadata);
        vec![name, amount("cpu"), amount("memory"), object.window.clone()]
    }
}

fn sum<'a>(amounts: impl Iterator<Item = &'a Quantity>) -> String {
    use crate::base::quantity::Quantity;
    let known = amounts.filter_map(|amount| Quantity::parse(&amount.0).ok());
    known.reduce(Quantity::add).unwrap_or(Quantity::ZERO).to_string()
}
