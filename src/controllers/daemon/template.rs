//! The pods of a DaemonSet. Mirrors `pkg/controller/daemon/util`.

use k8s_openapi::api::core::v1::{
    NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, PodTemplateSpec,
    Toleration,
};

use crate::controllers::history::REVISION_HASH;
use crate::object::meta;

/// The label with the hash of the revision that a pod is of.
pub const HASH: &str = REVISION_HASH;
/// The label with the number of the template that a pod is of.
const GENERATION: &str = "pod-template-generation";
/// The field that binds a pod to a node.
const NODE_NAME: &str = "metadata.name";
/// What every daemon pod tolerates.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// What one on the host's network tolerates too.
const TOLERATED_BY_HOST: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// Has a pod tolerate what daemon pods tolerate. Mirrors `AddOrUpdateDaemonPodTolerations`.
pub fn tolerate(spec: &mut PodSpec) {
    let host = spec.host_network == Some(true);
    let all = TOLERATED.into_iter().chain(Some(TOLERATED_BY_HOST).filter(|_| host));
    let tolerations = spec.tolerations.get_or_insert_default();
    for (key, effect) in all {
        let wanted = Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        let same = |known: &&mut Toleration| {
            let known = &**known;
            Toleration { toleration_seconds: None, ..known.clone() } == wanted
        };
        match tolerations.iter_mut().find(same) {
            Some(known) => *known = wanted,
            None => tolerations.push(wanted),
        }
    }
}

/// The template as the pod of one node has it. Mirrors `CreatePodTemplate` and
/// `ReplaceDaemonSetPodNodeNameNodeAffinity`.
pub fn for_node(
    template: &PodTemplateSpec,
    generation: Option<i64>,
    hash: &str,
    node: &str,
) -> PodTemplateSpec {
    let mut template = template.clone();
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    if let Some(generation) = generation {
        labels.insert(GENERATION.to_owned(), generation.to_string());
    }
    labels.insert(HASH.to_owned(), hash.to_owned());
    let spec = template.spec.get_or_insert_default();
    tolerate(spec);
    let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    affinity.required_during_scheduling_ignored_during_execution = Some(NodeSelector {
        node_selector_terms: vec![NodeSelectorTerm {
            match_fields: Some(vec![NodeSelectorRequirement {
                key: NODE_NAME.to_owned(),
                operator: "In".to_owned(),
                values: Some(vec![node.to_owned()]),
            }]),
            match_expressions: None,
        }],
    });
    template
}

/// Whether a pod is of the set's template. Mirrors `IsPodUpdated`.
pub fn is_of(pod: &Pod, hash: &str, generation: Option<i64>) -> bool {
    let label = |name| meta::label(&pod.metadata, name);
    label(HASH) == Some(hash)
        || generation.is_some_and(|number| label(GENERATION) == Some(&number.to_string()))
}

/// The node that a pod is for. Mirrors `GetTargetNodeName`.
pub fn target(pod: &Pod) -> Option<&str> {
    let spec = pod.spec.as_ref()?;
    if let Some(node) = spec.node_name.as_deref().filter(|node| !node.is_empty()) {
        return Some(node);
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let selector = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    let fields = selector.node_selector_terms.iter().flat_map(|t| t.match_fields.iter().flatten());
    let mut named = fields.filter(|field| field.key == NODE_NAME && field.operator == "In");
    match named.next()?.values.as_deref()? {
        [node] => Some(node),
        _ => None,
    }
}
