//! Amounts that pods ask for and nodes have.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::base::quantity;

/// What a container without a request counts for when nodes are scored: CPU in thousandths.
/// Mirrors `DefaultMilliCPURequest`.
const DEFAULT_CPU_MILLI: i64 = 100;
/// The same for memory, in bytes. Mirrors `DefaultMemoryRequest`.
const DEFAULT_MEMORY_BYTES: i64 = 200 * 1024 * 1024;

/// Amounts of resources. Mirrors `framework.Resource`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_milli: i64,
    /// Bytes of memory.
    pub memory: i64,
    /// Bytes of local disk.
    pub storage: i64,
    /// Everything else, in whole units.
    pub extended: BTreeMap<String, i64>,
}

impl Resources {
    /// The amounts of a resource list; what it does not name is zero.
    pub fn from_list(list: Option<&BTreeMap<String, Quantity>>) -> Self {
        let mut amounts = Self::default();
        for (name, amount) in list.into_iter().flatten() {
            let whole = || quantity::value(&amount.0).unwrap_or(0);
            match name.as_str() {
                "cpu" => amounts.cpu_milli = quantity::milli_value(&amount.0).unwrap_or(0),
                "memory" => amounts.memory = whole(),
                "ephemeral-storage" => amounts.storage = whole(),
                "pods" => {}
                _ => {
                    amounts.extended.insert(name.clone(), whole());
                }
            }
        }
        amounts
    }

    /// Adds `other`, `times` times (minus one takes it away).
    pub fn add(&mut self, other: &Self, times: i64) {
        self.cpu_milli += other.cpu_milli * times;
        self.memory += other.memory * times;
        self.storage += other.storage * times;
        for (name, amount) in &other.extended {
            *self.extended.entry(name.clone()).or_default() += amount * times;
        }
    }

    /// Raises every amount to at least that of `other`.
    fn raise(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.max(other.cpu_milli);
        self.memory = self.memory.max(other.memory);
        self.storage = self.storage.max(other.storage);
        for (name, amount) in &other.extended {
            let own = self.extended.entry(name.clone()).or_default();
            *own = (*own).max(*amount);
        }
    }
}

/// What a pod asks for: its containers and sidecars together, or its largest init container
/// with the sidecars started before it. Mirrors `resource.PodRequests`.
pub fn pod_requests(spec: &PodSpec) -> Resources {
    total(spec, |container| {
        Resources::from_list(container.resources.as_ref().and_then(|r| r.requests.as_ref()))
    })
}

/// The same with the defaults that stand in for absent requests when nodes are scored.
pub fn pod_requests_for_scoring(spec: &PodSpec) -> Resources {
    total(spec, |container| {
        let requests = container.resources.as_ref().and_then(|r| r.requests.as_ref());
        let mut amounts = Resources::from_list(requests);
        let has = |name: &str| requests.is_some_and(|list| list.contains_key(name));
        if !has("cpu") {
            amounts.cpu_milli = DEFAULT_CPU_MILLI;
        }
        if !has("memory") {
            amounts.memory = DEFAULT_MEMORY_BYTES;
        }
        amounts
    })
}

fn total(spec: &PodSpec, amounts: impl Fn(&Container) -> Resources) -> Resources {
    let mut sum = Resources::default();
    for container in &spec.containers {
        sum.add(&amounts(container), 1);
    }
    let (mut sidecars, mut largest) = (Resources::default(), Resources::default());
    for container in spec.init_containers.iter().flatten() {
        let mut with_sidecars = amounts(container);
        if container.restart_policy.as_deref() == Some("Always") {
            sum.add(&with_sidecars, 1);
            sidecars.add(&with_sidecars, 1);
            largest.raise(&sidecars);
        } else {
            with_sidecars.add(&sidecars, 1);
            largest.raise(&with_sidecars);
        }
    }
    sum.raise(&largest);
    sum.add(&Resources::from_list(spec.overhead.as_ref()), 1);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::codec;

    fn spec(json: serde_json::Value) -> PodSpec {
        codec::decode(&json).unwrap()
    }

    #[test]
    fn the_largest_init_container_counts_when_it_outweighs_the_rest() {
        let container =
            |cpu: &str| serde_json::json!({"name": "c", "resources": {"requests": {"cpu": cpu}}});
        let sidecar = |cpu: &str| {
            let mut value = container(cpu);
            value["restartPolicy"] = "Always".into();
            value
        };
        let table = [
            (vec![], vec![container("100m"), container("1")], 1100),
            (vec![container("2")], vec![container("1")], 2000),
            (vec![sidecar("500m")], vec![container("1")], 1500),
            (vec![sidecar("500m"), container("2")], vec![container("1")], 2500),
        ];
        for (init, main, cpu) in table {
            let spec = spec(serde_json::json!({"initContainers": init, "containers": main}));
            assert_eq!(pod_requests(&spec).cpu_milli, cpu);
        }
    }
}
