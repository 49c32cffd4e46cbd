//! The defaults of Jobs, and the selector they get. Mirrors `SetDefaults_Job` and
//! `generateSelector` of `pkg/registry/batch/job`.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};

use super::{CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME};
use crate::kinds::pod_template;

/// What any Job is given; a Job that a CronJob has yet to make gets only [`template`].
pub fn spec(spec: &mut JobSpec) {
    // A parallelism alone means a queue: how many completions it takes is not known.
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let limit = if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 };
    spec.backoff_limit.get_or_insert(limit);
    spec.completion_mode.get_or_insert_with(|| "NonIndexed".to_owned());
    spec.suspend.get_or_insert(false);
    let has_policy = spec.pod_failure_policy.is_some();
    let replace = if has_policy { "Failed" } else { "TerminatingOrFailed" };
    spec.pod_replacement_policy.get_or_insert_with(|| replace.to_owned());
    template(spec);
}

/// The defaults of the pods and of the failure policy.
pub fn template(spec: &mut JobSpec) {
    pod_template::defaults::template(&mut spec.template);
    let rules = spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules);
    for pattern in rules.flat_map(|rule| rule.on_pod_conditions.iter_mut().flatten()) {
        pod_template::defaults::text(&mut pattern.status, "True");
    }
}

/// A Job without labels has those of its pods.
pub fn labels(job: &mut Job) {
    if job.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty)
        && let Some(template) = job.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref())
        && template.labels.is_some()
    {
        job.metadata.labels.clone_from(&template.labels);
    }
}

/// Labels the pods with the Job's name and uid, and selects by the uid.
pub fn generate_selector(job: &mut Job) {
    let name = job.metadata.name.clone().unwrap_or_default();
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let spec = job.spec.get_or_insert_default();
    let template = spec.template.metadata.get_or_insert_default();
    let labels = template.labels.get_or_insert_default();
    for (label, value) in [
        (LEGACY_JOB_NAME, &name),
        (JOB_NAME, &name),
        (LEGACY_CONTROLLER_UID, &uid),
        (CONTROLLER_UID, &uid),
    ] {
        labels.entry(label.to_owned()).or_insert_with(|| value.clone());
    }
    let selected = spec.selector.get_or_insert_default().match_labels.get_or_insert_default();
    selected.entry(CONTROLLER_UID.to_owned()).or_insert(uid);
}
