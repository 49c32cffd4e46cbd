//! The rules of StatefulSets. Mirrors `pkg/apis/apps/validation.ValidateStatefulSetSpec`.

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume};

use crate::kinds::deployment::validate::{amount, at_most_all, count_or_percent, strategy_text};
use crate::kinds::path::{Errors, Path};
use crate::kinds::persistent_volume_claim::validate as claim;
use crate::kinds::pod_template::validate;
use crate::kinds::{FieldError, names};
use crate::object::codec;

const FROZEN: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/// What is wrong with a StatefulSet.
pub fn validate(object: &StatefulSet) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if let Some(spec) = &object.spec {
        validate_spec(&Path::new("spec"), spec, &mut errors);
    }
    errors.0
}

/// What is wrong with a replacement. Mirrors `ValidateStatefulSetUpdate`.
pub fn validate_update(new: &StatefulSet, old: &StatefulSet) -> Vec<FieldError> {
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return Vec::new() };
    let allowed = StatefulSetSpec {
        replicas: new.replicas,
        template: new.template.clone(),
        update_strategy: new.update_strategy.clone(),
        min_ready_seconds: new.min_ready_seconds,
        ordinals: new.ordinals.clone(),
        revision_history_limit: new.revision_history_limit,
        persistent_volume_claim_retention_policy: new
            .persistent_volume_claim_retention_policy
            .clone(),
        ..old.clone()
    };
    let mut errors = Errors::default();
    if allowed != *new {
        errors.forbidden(&Path::new("spec"), FROZEN);
    }
    errors.0
}

fn validate_spec(path: &Path<'_>, spec: &StatefulSetSpec, errors: &mut Errors) {
    let policy = spec.pod_management_policy.as_deref().unwrap_or_default();
    if !["OrderedReady", "Parallel"].contains(&policy) {
        let text = "must be 'OrderedReady' or 'Parallel'";
        errors.invalid(&path.child("podManagementPolicy"), policy, text);
    }
    if let Some(strategy) = &spec.update_strategy {
        validate_strategy(&path.child("updateStrategy"), strategy, errors);
    }
    if let Some(retention) = &spec.persistent_volume_claim_retention_policy {
        let path = path.child("persistentVolumeClaimRetentionPolicy");
        for (name, value) in
            [("whenDeleted", &retention.when_deleted), ("whenScaled", &retention.when_scaled)]
        {
            errors.one_of(&path.child(name), value.as_ref(), &["Retain", "Delete"]);
        }
    }
    let templates = path.child("volumeClaimTemplates");
    for (index, template) in spec.volume_claim_templates.iter().flatten().enumerate() {
        if let Some(spec) = &template.spec {
            claim::validate_spec(&templates.index(index).child("spec"), spec, errors);
        }
    }
    errors.non_negative(&path.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    let ready = spec.min_ready_seconds.unwrap_or(0);
    errors.non_negative(&path.child("minReadySeconds"), i64::from(ready));
    let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0);
    errors.non_negative(&path.child("ordinals.start"), i64::from(start));
    if let Some(name) = spec.service_name.as_ref().filter(|name| !name.is_empty()) {
        errors.invalid_for(&path.child("serviceName"), name, names::label_errors(name));
    }
    if let Some(selector) = validate::selector(&path.child("selector"), &spec.selector, errors) {
        let (path, template) = (path.child("template"), effective_template(spec));
        validate::running_template(&path, &template, selector.as_ref(), "StatefulSet", errors);
    }
}

fn validate_strategy(path: &Path<'_>, strategy: &StatefulSetUpdateStrategy, errors: &mut Errors) {
    let rolling = path.child("rollingUpdate");
    let update = strategy.rolling_update.as_ref();
    match strategy.type_.as_deref().unwrap_or_default() {
        "OnDelete" => {
            if let Some(update) = update {
                let text = "only allowed for updateStrategy 'RollingUpdate'";
                let value = inside(update);
                errors.0.push(FieldError::invalid_text(&rolling.to_string(), &value, text));
            }
        }
        "RollingUpdate" => {
            let Some(update) = update else { return };
            let partition = i64::from(update.partition.unwrap_or(0));
            errors.non_negative(&rolling.child("partition"), partition);
            if let Some(unavailable) = &update.max_unavailable {
                let path = rolling.child("maxUnavailable");
                count_or_percent(&path, unavailable, errors);
                if amount(unavailable) == 0 {
                    errors.invalid(&path, unavailable, "cannot be 0");
                }
                at_most_all(&path, unavailable, errors);
            }
        }
        other => {
            let value = strategy_text(other, update.map(inside));
            let text = "must be 'RollingUpdate' or 'OnDelete'";
            errors.0.push(FieldError::invalid_text(&path.to_string(), &value, text));
        }
    }
}

/// The strategy as the API server sees it inside.
fn inside(update: &RollingUpdateStatefulSetStrategy) -> String {
    let partition = update.partition.unwrap_or(0);
    let unavailable = codec::encode(&update.max_unavailable);
    format!("{{\"Partition\":{partition},\"MaxUnavailable\":{unavailable}}}")
}

/// The template as the pods will have it: with the volumes of their claims, which stand in for
/// volumes of the same name, and without the host name, which the controller chooses.
fn effective_template(spec: &StatefulSetSpec) -> PodTemplateSpec {
    let mut template = spec.template.clone();
    let pod = template.spec.get_or_insert_default();
    pod.hostname = None;
    pod.subdomain = None;
    let claims: Vec<String> = spec
        .volume_claim_templates
        .iter()
        .flatten()
        .map(|claim| claim.metadata.name.clone().unwrap_or_default())
        .collect();
    if claims.is_empty() {
        return template;
    }
    let mut volumes: Vec<Volume> = claims.iter().map(|name| claim_volume(name, name)).collect();
    let others = pod.volumes.take().into_iter().flatten();
    volumes.extend(others.filter(|volume| !claims.contains(&volume.name)));
    pod.volumes = Some(volumes);
    template
}

fn claim_volume(name: &str, claim: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: claim.to_owned(),
            read_only: None,
        }),
        ..Volume::default()
    }
}
