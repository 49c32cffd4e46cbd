//! No node gives more CPU than it has.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod};

use crate::base::quantity;
use crate::cluster::Cluster;
use crate::object::GroupResource;

const NODES: GroupResource = GroupResource::new("", "nodes");
const PODS: GroupResource = GroupResource::new("", "pods");

pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    let mut asked: BTreeMap<&str, i64> = BTreeMap::new();
    for pod in cluster.objects(&PODS).filter_map(|object| object.get::<Pod>()) {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let Some(spec) = &pod.spec else { continue };
        if let (Some(node), false) =
            (&spec.node_name, matches!(phase, Some("Failed" | "Succeeded")))
        {
            let statuses = pod.status.iter().flat_map(|s| s.container_statuses.iter().flatten());
            // What a pod has counts, where it is asked to have something else.
            let given = |name: &str| {
                let mut own = statuses.clone().filter(|status| status.name == name);
                own.find_map(|status| status.allocated_resources.as_ref())
            };
            let requests = spec.containers.iter().filter_map(|container| {
                let asked = || container.resources.as_ref()?.requests.as_ref();
                given(&container.name).or_else(asked)?.get("cpu")
            });
            let milli = requests.filter_map(|amount| quantity::milli_value(&amount.0)).sum::<i64>();
            *asked.entry(node).or_default() += milli;
        }
    }
    for object in cluster.objects(&NODES) {
        let status = object.get::<Node>().and_then(|node| node.status.as_ref());
        let has = status.and_then(|status| status.allocatable.as_ref()?.get("cpu"));
        let has = has.and_then(|amount| quantity::milli_value(&amount.0)).unwrap_or(0);
        let asked = asked.get(object.name()).copied().unwrap_or(0);
        if asked > has {
            return Err(format!("{} has {has}m CPU and is asked for {asked}m", object.name()));
        }
    }
    Ok(())
}
