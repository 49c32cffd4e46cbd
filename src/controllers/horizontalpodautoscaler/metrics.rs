//! What the metrics of an autoscaler's spec are called, and what is measured for them.
//! Mirrors `pkg/controller/podautoscaler/metrics/client.go`.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
    ResourceMetricStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use super::calculator::{Proposal, Sample, Target};
use crate::api::{Api, Request};
use crate::base::duration;
use crate::base::quantity::{self, Format, Quantity};
use crate::base::small_map::SmallMap;
use crate::kinds::metrics::PodMetrics;
use crate::object::{GroupResource, Object, meta};

const POD_METRICS: GroupResource = GroupResource::new("metrics.k8s.io", "pods");

/// A metric that is understood here: a resource of whole pods, or of one container of each.
#[derive(Clone, Copy, Debug)]
pub struct Metric<'a> {
    /// `cpu` or `memory`.
    pub resource: &'a str,
    /// The container; empty for whole pods.
    pub container: &'a str,
    target: &'a MetricTarget,
}

impl<'a> Metric<'a> {
    /// The metric of a spec.
    pub fn of(spec: &'a MetricSpec) -> Option<Self> {
        if let Some(source) = spec.resource.as_ref().filter(|_| spec.type_ == "Resource") {
            return Some(Self { resource: &source.name, container: "", target: &source.target });
        }
        let source = spec.container_resource.as_ref()?;
        let (resource, container) = (&source.name, &source.container);
        Some(Self { resource, container, target: &source.target })
    }

    /// What is to be reached; `None` if the spec does not say.
    pub fn target(&self) -> Option<Target> {
        if let Some(amount) = &self.target.average_value {
            return quantity::milli_value(&amount.0).map(Target::AverageValue);
        }
        self.target.average_utilization.map(Target::Utilization)
    }

    /// `cpu resource`, `memory container resource utilization (percentage of request)` …
    pub fn name(&self, target: Target) -> String {
        let container = if self.container.is_empty() { "" } else { " container" };
        let percent = match target {
            Target::Utilization(_) => " utilization (percentage of request)",
            Target::AverageValue(_) => "",
        };
        format!("{}{container} resource{percent}", self.resource)
    }

    /// The reason of the event when it cannot be had.
    pub fn failure(&self) -> &'static str {
        if self.container.is_empty() {
            "FailedGetResourceMetric"
        } else {
            "FailedGetContainerResourceMetric"
        }
    }

    /// The sentence about a fault, in the words of the event `FailedComputeMetricsReplicas`.
    pub fn wrap(&self, fault: &str) -> String {
        if self.container.is_empty() {
            format!("failed to get {} resource metric value: {fault}", self.resource)
        } else {
            format!("failed to get {} container metric value: {fault}", self.container)
        }
    }

    /// `status.currentMetrics` after a successful reading.
    pub fn status(&self, proposal: &Proposal) -> MetricStatus {
        let format = if self.resource == "memory" { Format::BinarySi } else { Format::DecimalSi };
        let average = Quantity::from_milli(proposal.average, format).to_string();
        let current = MetricValueStatus {
            average_utilization: proposal.utilization,
            average_value: Some(Amount(average)),
            value: None,
        };
        let name = self.resource.to_owned();
        if self.container.is_empty() {
            let resource = Some(ResourceMetricStatus { current, name });
            return MetricStatus {
                type_: "Resource".to_owned(),
                resource,
                ..MetricStatus::default()
            };
        }
        let container = self.container.to_owned();
        MetricStatus {
            type_: "ContainerResource".to_owned(),
            container_resource: Some(ContainerResourceMetricStatus { container, current, name }),
            ..MetricStatus::default()
        }
    }

    /// What the selected pods use, by name.
    ///
    /// # Errors
    /// Upstream's sentence when nothing can be said.
    pub fn samples(
        &self,
        api: &mut dyn Api,
        namespace: &str,
        selector: &str,
        user: &'static str,
    ) -> Result<SmallMap<String, Sample>, String> {
        let mut request = Request::list(POD_METRICS, namespace).by(user);
        selector.clone_into(&mut request.label_selector);
        let unable = format!("unable to get metrics for resource {}: ", self.resource);
        let items = match api.call(request) {
            Ok(reply) => reply.items(),
            Err(status) => {
                // Mirrors `NewGenericServerResponse`, which names what was asked for.
                let asked =
                    if status.is_generic { format!(" (get {POD_METRICS})") } else { String::new() };
                return Err(format!(
                    "{unable}unable to fetch metrics from resource metrics API: {status}{asked}"
                ));
            }
        };
        if items.is_empty() {
            return Err(format!("{unable}no metrics returned from resource metrics API"));
        }
        let mut samples = SmallMap::new();
        for metrics in items.iter().filter_map(Object::get::<PodMetrics>) {
            if let Some(sample) = self.sample(metrics).map_err(|why| format!("{unable}{why}"))? {
                samples.insert(metrics.metadata.name.clone().unwrap_or_default(), sample);
            }
        }
        Ok(samples)
    }

    /// A pod's usage; `None` unless every container was measured.
    fn sample(&self, metrics: &PodMetrics) -> Result<Option<Sample>, String> {
        let mut containers = metrics
            .containers
            .iter()
            .filter(|container| self.container.is_empty() || container.name == self.container);
        if !self.container.is_empty() && containers.clone().next().is_none() {
            let meta = &metrics.metadata;
            let [namespace, pod] = [&meta.namespace, &meta.name].map(Option::as_deref);
            return Err(format!(
                "container {} not present in metrics for pod {}/{}",
                self.container,
                namespace.unwrap_or_default(),
                pod.unwrap_or_default()
            ));
        }
        let total = containers.try_fold(0_i64, |total, container| {
            let amount = quantity::milli_value(&container.usage.get(self.resource)?.0)?;
            Some(total.saturating_add(amount))
        });
        let nanos = duration::parse_go(&metrics.window).unwrap_or(0);
        Ok(total.map(|milli| Sample {
            milli,
            at: metrics.timestamp.as_ref().map(meta::moment).unwrap_or_default(),
            window: Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)),
        }))
    }
}
