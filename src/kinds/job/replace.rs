//! What may change in a Job. Mirrors `ValidateJobUpdate` of `pkg/apis/batch/validation`.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};

use super::{has_condition, is_indexed};
use crate::kinds::FieldError;
use crate::kinds::internal;
use crate::kinds::path::{Errors, Path};
use crate::object::codec;

const IMMUTABLE: &str = "field is immutable";

/// What is wrong with replacing `old` by `new`.
pub fn validate(new: &Job, old: &Job, errors: &mut Errors) {
    let path = Path::new("spec");
    let (Some(new_spec), Some(old_spec)) = (&new.spec, &old.spec) else { return };
    completions(&path, new_spec, old_spec, errors);
    errors.immutable(&path.child("selector"), &new_spec.selector, &old_spec.selector);
    template(&path, new_spec, old, old_spec, errors);
    let mode = &old_spec.completion_mode;
    errors.immutable(&path.child("completionMode"), &new_spec.completion_mode, mode);
    if new_spec.pod_failure_policy != old_spec.pod_failure_policy {
        let policy = &new_spec.pod_failure_policy;
        let value = internal::pod_failure_policy(&codec::encode(policy));
        quoted(&path.child("podFailurePolicy"), &value, errors);
    }
    let limit = &old_spec.backoff_limit_per_index;
    errors.immutable(&path.child("backoffLimitPerIndex"), &new_spec.backoff_limit_per_index, limit);
    errors.immutable(&path.child("managedBy"), &new_spec.managed_by, &old_spec.managed_by);
    if new_spec.success_policy != old_spec.success_policy {
        let value = internal::success_policy(&codec::encode(&new_spec.success_policy));
        quoted(&path.child("successPolicy"), &value, errors);
    }
}

fn quoted(path: &Path<'_>, value: &str, errors: &mut Errors) {
    errors.0.push(FieldError::invalid_text(&path.to_string(), value, IMMUTABLE));
}

/// An Indexed Job may grow and shrink, in step with its parallelism.
fn completions(path: &Path<'_>, new: &JobSpec, old: &JobSpec, errors: &mut Errors) {
    let path = path.child("completions");
    if !is_indexed(new) {
        errors.immutable(&path, &new.completions, &old.completions);
    } else if new.completions != old.completions
        && new.completions.is_some()
        && new.completions != new.parallelism
    {
        // Upstream names the field by the root of its path alone.
        let text = "can only be modified in tandem with spec.parallelism";
        errors.invalid(&path, &new.completions, text);
    }
}

/// A suspended Job that runs nothing may be given other resources and other nodes.
fn template(path: &Path<'_>, new: &JobSpec, old_job: &Job, old: &JobSpec, errors: &mut Errors) {
    let status = old_job.status.as_ref();
    let suspended = old.suspend == Some(true);
    let stopped = status.is_none_or(|status| status.start_time.is_none())
        || has_condition(old_job, "Suspended");
    let is_idle = status.and_then(|status| status.active).unwrap_or(0) == 0;
    let is_mutable = suspended && stopped && is_idle;
    let mut allowed = old.template.clone();
    if is_mutable {
        take_scheduling(&mut allowed, &new.template);
        take_resources(&mut allowed, &new.template);
    }
    if new.template == allowed {
        return;
    }
    let value = codec::encode(&new.template);
    if is_mutable {
        // Here upstream compares the pods' spec alone, under a path of one word.
        if new.template.spec != allowed.spec {
            let value = internal::pod_spec_line(&value["spec"]);
            quoted(&path.child("template.spec"), &value, errors);
        }
        return;
    }
    quoted(&path.child("template"), &internal::pod_template(&value), errors);
}

/// Lets `old` have the scheduling directives of `new`.
fn take_scheduling(old: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    let meta = new.metadata.clone().unwrap_or_default();
    let old_meta = old.metadata.get_or_insert_default();
    old_meta.annotations = meta.annotations;
    old_meta.labels = meta.labels;
    let (Some(old), Some(new)) = (&mut old.spec, &new.spec) else { return };
    old.node_selector.clone_from(&new.node_selector);
    old.tolerations.clone_from(&new.tolerations);
    old.scheduling_gates.clone_from(&new.scheduling_gates);
    let affinity = new.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    if old.affinity.is_some() || new.affinity.is_some() {
        old.affinity.get_or_insert_default().node_affinity = affinity;
    }
    if new.affinity.is_none() && old.affinity == Some(Default::default()) {
        old.affinity = None;
    }
}

/// Lets the containers of `old` have the resources of those of `new`.
fn take_resources(old: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    let (Some(old), Some(new)) = (&mut old.spec, &new.spec) else { return };
    let take = |old: &mut [Container], new: &[Container]| {
        if old.len() == new.len() {
            for (old, new) in old.iter_mut().zip(new).filter(|(old, new)| old.name == new.name) {
                old.resources.clone_from(&new.resources);
            }
        }
    };
    take(&mut old.containers, &new.containers);
    if let (Some(old), Some(new)) = (&mut old.init_containers, &new.init_containers) {
        take(old, new);
    }
}
