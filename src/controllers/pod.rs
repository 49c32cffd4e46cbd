//! Facts about pods that several controllers decide by.
//! Mirrors `pkg/api/v1/pod` and `pkg/controller/controller_utils.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodCondition};

use crate::object::{GroupResource, Object, meta};
use crate::sim::Time;

/// The type of pods.
pub static PODS: GroupResource = GroupResource::new("", "pods");

/// The typed pods among `objects`.
pub fn typed<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Vec<&'a Pod> {
    objects.into_iter().filter_map(Object::get).collect()
}

/// The phase; empty while it has none.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Whether every container has stopped for good.
pub fn is_finished(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether the pod runs or may yet run. Mirrors `controller.IsPodActive`.
pub fn is_active(pod: &Pod) -> bool {
    !is_finished(pod) && pod.metadata.deletion_timestamp.is_none()
}

/// Whether the pod still runs although its deletion was asked for.
/// Mirrors `controller.IsPodTerminating`.
pub fn is_terminating(pod: &Pod) -> bool {
    !is_finished(pod) && pod.metadata.deletion_timestamp.is_some()
}

/// One of the pod's conditions.
pub fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

/// Since when the pod has been ready; `None` while it is not.
pub fn ready_since(pod: &Pod) -> Option<Time> {
    let ready = condition(pod, "Ready").filter(|condition| condition.status == "True")?;
    Some(ready.last_transition_time.as_ref().map(meta::moment).unwrap_or_default())
}

/// Whether the pod may be sent requests.
pub fn is_ready(pod: &Pod) -> bool {
    ready_since(pod).is_some()
}

/// When the pod counts as available, having been ready for `min_ready`; `None` while not ready.
/// It is available if that moment has passed; where nothing is to be waited for it always has, by
/// whatever clock the readiness was noted. Mirrors `podutil.IsPodAvailable`.
pub fn available_at(pod: &Pod, min_ready: Duration) -> Option<Time> {
    let since = ready_since(pod)?;
    Some(if min_ready.is_zero() { Time::default() } else { since + min_ready })
}

/// The node the pod is bound to; empty before.
pub fn node_name(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default()
}

/// The restarts of the container that restarted most. Mirrors `maxContainerRestarts`.
pub fn max_restarts(pod: &Pod) -> i32 {
    let status = pod.status.as_ref();
    let containers = status.and_then(|status| status.container_statuses.as_deref());
    containers
        .unwrap_or_default()
        .iter()
        .map(|container| container.restart_count)
        .max()
        .unwrap_or(0)
}

/// The names of the claims that the pod mounts.
pub fn claims(pod: &Pod) -> impl Iterator<Item = &str> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
    claims.map(|claim| claim.claim_name.as_str())
}
