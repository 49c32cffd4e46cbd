//! Templates, their hashes, and the annotations that number them.
//! Mirrors `pkg/controller/deployment/util` and `controller.ComputeHash`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::set::{Bounds, DESIRED, MAX, REVISION, REVISION_HISTORY};
use crate::controllers::template_hash;
use crate::object::{Object, meta};

/// The label that tells the pods of a Deployment's ReplicaSets apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

/// Annotations that stay on the Deployment.
const OWN_ANNOTATIONS: [&str; 6] = [
    meta::LAST_APPLIED,
    "deprecated.deployment.rollback.rollback-to",
    REVISION,
    REVISION_HISTORY,
    DESIRED,
    MAX,
];
/// How long the list of former revisions may get.
const HISTORY_MAX: usize = 2000;

type Texts = BTreeMap<String, String>;

/// Whether two templates differ in nothing but the hash label. Mirrors `EqualIgnoreHash`.
pub fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    a.spec == b.spec && without_hash(a.metadata.as_ref()) == without_hash(b.metadata.as_ref())
}

fn without_hash(meta: Option<&ObjectMeta>) -> ObjectMeta {
    let mut meta = meta.cloned().unwrap_or_default();
    if let Some(labels) = &mut meta.labels {
        labels.remove(TEMPLATE_HASH);
    }
    meta.labels = meta.labels.filter(|labels| !labels.is_empty());
    meta.annotations = meta.annotations.filter(|annotations| !annotations.is_empty());
    meta
}

/// The ReplicaSet of the Deployment's current template.
pub fn new_set(
    deployment: &Deployment,
    object: &Object,
    spec: &DeploymentSpec,
    replicas: i32,
    revision: i64,
) -> ReplicaSet {
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let hash = template_hash::of(&spec.template, collisions);
    let mut template = spec.template.clone();
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(TEMPLATE_HASH.to_owned(), hash.clone());
    let labels = labels.clone();
    let mut selector = spec.selector.clone();
    let wanted = selector.match_labels.get_or_insert_default();
    wanted.insert(TEMPLATE_HASH.to_owned(), hash.clone());
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", object.name())),
            namespace: Some(object.namespace().to_owned()),
            labels: Some(labels),
            owner_references: Some(vec![meta::controller_ref(object)]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(replicas),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    };
    number(&mut set, deployment, revision);
    note_replicas(&mut set, Bounds::of(deployment));
    set
}

/// Copies the Deployment's annotations to a set and gives it a revision, unless it has a higher
/// one. A set that had a lower one keeps that in its history. Mirrors `SetNewReplicaSetAnnotations`.
pub fn number(set: &mut ReplicaSet, deployment: &Deployment, revision: i64) {
    let annotations = set.metadata.annotations.get_or_insert_default();
    let given = deployment.metadata.annotations.iter().flatten();
    for (name, value) in given.filter(|(name, _)| !OWN_ANNOTATIONS.contains(&name.as_str())) {
        annotations.insert(name.clone(), value.clone());
    }
    let former = annotations.get(REVISION).cloned();
    let number = former.as_deref().map_or(Ok(0), str::parse::<i64>).unwrap_or(i64::MAX);
    if number >= revision {
        return;
    }
    annotations.insert(REVISION.to_owned(), revision.to_string());
    if let Some(former) = former {
        remember_revision(annotations, &former);
    }
}

fn remember_revision(annotations: &mut Texts, former: &str) {
    let known = annotations.get(REVISION_HISTORY).map(String::as_str).unwrap_or_default();
    let mut revisions: Vec<&str> = known.split(',').filter(|text| !text.is_empty()).collect();
    revisions.push(former);
    while revisions.join(",").len() > HISTORY_MAX {
        revisions.remove(0);
    }
    let history = revisions.join(",");
    annotations.insert(REVISION_HISTORY.to_owned(), history);
}

/// Notes on a set for how many replicas it was scaled. Mirrors `SetReplicasAnnotations`.
pub fn note_replicas(set: &mut ReplicaSet, bounds: Bounds) {
    let annotations = set.metadata.annotations.get_or_insert_default();
    annotations.insert(DESIRED.to_owned(), bounds.replicas.to_string());
    annotations.insert(MAX.to_owned(), bounds.most().to_string());
}

/// Copies the revision, and nothing else, from the new set to the Deployment; whether it differed.
pub fn set_revision(annotations: &mut Option<Texts>, revision: &str) -> bool {
    let annotations = annotations.get_or_insert_default();
    annotations.insert(REVISION.to_owned(), revision.to_owned()).as_deref() != Some(revision)
}
