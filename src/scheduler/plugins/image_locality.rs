//! Nodes that have large parts of a pod's images already start it sooner.
//! Mirrors `plugins/imagelocality`.

use k8s_openapi::api::core::v1::ContainerImage;

use super::{Check, Plugin, Prepared, SCORE_MAX, World};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// Less than this many bytes on the node make no difference.
const THRESHOLD_MIN: i64 = 23 * 1024 * 1024;
/// More than this many bytes a container make no further difference.
const THRESHOLD_MAX: i64 = 1000 * 1024 * 1024;

/// The plugin.
pub struct ImageLocality;

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, world: World<'a>) -> Prepared<'a> {
        let nodes = world.nodes.list();
        if nodes.iter().all(|node| images(node).is_empty()) {
            return Prepared::Skip;
        }
        let spec = pod.spec();
        let all = spec.init_containers.iter().flatten().chain(&spec.containers);
        let wanted = all.filter_map(|container| container.image.as_deref()).map(|image| {
            let with = nodes.iter().filter(|node| size(node, image).is_some()).count();
            (image, i64::try_from(with).unwrap_or(0))
        });
        let nodes = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
        Prepared::check(Images { wanted: wanted.collect(), nodes })
    }
}

struct Images<'a> {
    /// The images, and how many nodes have each.
    wanted: Vec<(&'a str, i64)>,
    nodes: i64,
}

impl Check for Images<'_> {
    fn scores(&self) -> bool {
        true
    }

    fn score(&self, node: &NodeInfo) -> i64 {
        let present = self.wanted.iter().filter_map(|(image, on)| Some((size(node, image)?, on)));
        let sum: i64 = present.map(|(bytes, on)| bytes * on / self.nodes.max(1)).sum();
        let containers = i64::try_from(self.wanted.len()).unwrap_or(1);
        let highest = THRESHOLD_MAX * containers;
        let sum = sum.clamp(THRESHOLD_MIN, highest.max(THRESHOLD_MIN + 1));
        SCORE_MAX * (sum - THRESHOLD_MIN) / (highest - THRESHOLD_MIN).max(1)
    }
}

fn images(node: &NodeInfo) -> &[ContainerImage] {
    let status = node.node().and_then(|node| node.status.as_ref());
    status.and_then(|status| status.images.as_deref()).unwrap_or_default()
}

/// The size of an image, in bytes, if the node has it.
fn size(node: &NodeInfo, image: &str) -> Option<i64> {
    let is_it = |name: &String| {
        name == image || name.strip_suffix(":latest").is_some_and(|stem| stem == image)
    };
    let found = images(node).iter().find(|i| i.names.iter().flatten().any(is_it))?;
    found.size_bytes
}
