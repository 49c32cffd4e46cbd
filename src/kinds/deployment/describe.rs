//! `kubectl describe deployment`. Mirrors `describe.describeDeployment`.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::base::order::Order as _;
use crate::kinds::describe::{Lines, conditions, pairs, probe, template, time};
use crate::kinds::{Lookup, Typed, cells};
use crate::object::{Object, meta};

/// The label that tells the pods of a Deployment's ReplicaSets apart.
const HASH: &str = "pod-template-hash";

/// The text.
pub fn describe(object: &Deployment, others: &mut dyn Lookup) -> String {
    let meta = &object.metadata;
    let nothing = DeploymentSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    out.field(0, "CreationTimestamp", time(meta.creation_timestamp.as_ref()));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    out.field(0, "Selector", cells::label_selector(Some(&spec.selector)));
    out.field(
        0,
        "Replicas",
        format!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            spec.replicas.unwrap_or(0),
            status.updated_replicas.unwrap_or(0),
            status.replicas.unwrap_or(0),
            status.available_replicas.unwrap_or(0),
            status.unavailable_replicas.unwrap_or(0),
        ),
    );
    let strategy = spec.strategy.clone().unwrap_or_default();
    out.field(0, "StrategyType", strategy.type_.unwrap_or_default());
    out.field(0, "MinReadySeconds", spec.min_ready_seconds.unwrap_or(0));
    if let Some(bounds) = strategy.rolling_update {
        let text = |bound: Option<_>| bound.as_ref().map(probe::port).unwrap_or_default();
        let (unavailable, surge) = (text(bounds.max_unavailable), text(bounds.max_surge));
        let text = format!("{unavailable} max unavailable, {surge} max surge");
        out.field(0, "RollingUpdateStrategy", text);
    }
    template::write(&mut out, &spec.template);
    let all = status.conditions.iter().flatten();
    conditions::write(&mut out, all.map(|c| (&*c.type_, &*c.status, c.reason.as_deref())));
    replica_sets(&mut out, object, spec, others);
    out.raw()
}

fn replica_sets(
    out: &mut Lines,
    object: &Deployment,
    spec: &DeploymentSpec,
    others: &mut dyn Lookup,
) {
    let uid = object.metadata.uid.as_deref().unwrap_or_default();
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let resource = crate::kinds::replica_set::ReplicaSets::NAMES.resource();
    let all = others.list(&resource, namespace);
    let mut sets: Vec<&ReplicaSet> = all
        .iter()
        .filter(|set| meta::is_controlled_by(set.meta(), uid))
        .filter_map(Object::get)
        .collect();
    if sets.is_empty() {
        return;
    }
    sets.order_by_key(|set| (meta::created(&set.metadata), set.metadata.name.clone()));
    let wanted = without_hash(&spec.template);
    let is_new = |set: &ReplicaSet| {
        set.spec.as_ref().and_then(|spec| spec.template.as_ref()).map(without_hash).as_ref()
            == Some(&wanted)
    };
    let new = sets.iter().position(|set| is_new(set)).map(|at| sets.remove(at));
    out.field(0, "OldReplicaSets", line(&sets));
    out.field(0, "NewReplicaSet", line(new.as_slice()));
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
        labels.remove(HASH);
    }
    template
}

/// `web-5d4f (2/2 replicas created)`.
fn line(sets: &[&ReplicaSet]) -> String {
    let texts = sets.iter().map(|set| {
        let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        let created = set.status.as_ref().map_or(0, |status| status.replicas);
        format!("{} ({created}/{wanted} replicas created)", cells::name(&set.metadata))
    });
    cells::or_none(Some(texts.collect::<Vec<_>>().join(", ")))
}
