//! Who a pod of a StatefulSet is. Mirrors the identity half of `stateful_set_utils.go`.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};

use super::claims;
use crate::controllers::history::REVISION_HASH;
use crate::controllers::pod_control;
use crate::object::{Object, meta};

/// The label with the pod's own name.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// The label with the pod's ordinal.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The set's name and the ordinal that a pod's name says. Mirrors `getParentNameAndOrdinal`.
fn parts(name: &str) -> Option<(&str, i64)> {
    let (parent, digits) = name.rsplit_once('-')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((parent, i64::from(digits.parse::<i32>().ok()?)))
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// A pod's ordinal; `None` if its name has none.
pub fn ordinal(pod: &Pod) -> Option<i64> {
    parts(name(pod)).map(|(_, ordinal)| ordinal)
}

/// Whether a pod's name is that of one of the set's pods. Mirrors `isMemberOf`.
pub fn is_member(set: &str, pod: &str) -> bool {
    parts(pod).is_some_and(|(parent, _)| parent == set)
}

/// The first ordinal. Mirrors `getStartOrdinal`.
pub fn start(spec: &StatefulSetSpec) -> i64 {
    i64::from(spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0))
}

/// Whether there should be a pod with that ordinal. Mirrors `podInOrdinalRange`.
pub fn in_range(spec: &StatefulSetSpec, ordinal: i64) -> bool {
    let start = start(spec);
    (start..start + i64::from(spec.replicas.unwrap_or(1))).contains(&ordinal)
}

/// The name of the revision that a pod is of.
pub fn revision(pod: &Pod) -> &str {
    meta::label(&pod.metadata, REVISION_HASH).unwrap_or_default()
}

/// Whether a pod says itself who it is. Mirrors `identityMatches`.
pub fn matches(set: &StatefulSet, pod: &Pod) -> bool {
    let parent = set.metadata.name.as_deref().unwrap_or_default();
    is_member(parent, name(pod)) && meta::label(&pod.metadata, POD_NAME) == Some(name(pod))
}

/// Has a pod say who it is. Mirrors `updateIdentity`.
pub fn restore(pod: &mut Pod) {
    let own = name(pod).to_owned();
    let index = ordinal(pod).unwrap_or(-1).to_string();
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(POD_NAME.to_owned(), own);
    labels.insert(POD_INDEX.to_owned(), index);
}

/// A pod of the set, as `template` describes it. Mirrors `newStatefulSetPod`.
pub fn new_pod(
    owner: &Object,
    set: &StatefulSet,
    template: &PodTemplateSpec,
    revision: &str,
    ordinal: i64,
) -> Pod {
    let mut pod = pod_control::from_template(owner, template);
    let name = format!("{}-{ordinal}", owner.name());
    pod.metadata.name = Some(name.clone());
    restore(&mut pod);
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(REVISION_HASH.to_owned(), revision.to_owned());
    let service = set.spec.as_ref().and_then(|spec| spec.service_name.clone());
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(name);
    spec.subdomain = service.filter(|name| !name.is_empty());
    claims::mount(set, &mut pod);
    pod
}
