//! The pods of a Job. Mirrors the creation of pods in `manageJob` of `pkg/controller/job`.

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, Pod};

use super::facts::{INDEX, INDEX_FAILURES, INDEX_IGNORED, TRACKING};
use super::plan::NewPod;
use crate::controllers::pod_control;
use crate::object::Object;

const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// The longest prefix of a generated name. Mirrors `names.MaxGeneratedNameLength`.
const PREFIX_MAX: usize = 58;

/// A pod of the Job.
pub fn pod(owner: &Object, spec: &JobSpec, new: &NewPod) -> Pod {
    let mut pod = pod_control::from_template(owner, &spec.template);
    let finalizers = pod.metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|name| name == TRACKING) {
        finalizers.push(TRACKING.to_owned());
    }
    if let Some(index) = new.index {
        give_index(&mut pod, owner.name(), index);
    }
    if let Some((counted, ignored)) = new.failures {
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.insert(INDEX_FAILURES.to_owned(), counted.to_string());
        if ignored > 0 {
            annotations.insert(INDEX_IGNORED.to_owned(), ignored.to_string());
        }
    }
    pod
}

fn give_index(pod: &mut Pod, job: &str, index: i32) {
    let text = index.to_string();
    let meta = &mut pod.metadata;
    meta.annotations.get_or_insert_default().insert(INDEX.to_owned(), text.clone());
    meta.labels.get_or_insert_default().insert(INDEX.to_owned(), text);
    meta.generate_name = Some(prefix(job, index));
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(format!("{job}-{index}"));
    spec.init_containers.iter_mut().flatten().for_each(add_variable);
    spec.containers.iter_mut().for_each(add_variable);
}

/// `job-3-`, the Job's name cut where it is too long.
fn prefix(job: &str, index: i32) -> String {
    let end = format!("-{index}-");
    let kept = job.len().min(PREFIX_MAX.saturating_sub(end.len()));
    format!("{}{end}", job.get(..kept).unwrap_or(job))
}

fn add_variable(container: &mut Container) {
    let variables = container.env.get_or_insert_default();
    if variables.iter().any(|variable| variable.name == INDEX_VARIABLE) {
        return;
    }
    let field = ObjectFieldSelector {
        field_path: format!("metadata.labels['{INDEX}']"),
        ..ObjectFieldSelector::default()
    };
    variables.push(EnvVar {
        name: INDEX_VARIABLE.to_owned(),
        value_from: Some(EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() }),
        ..EnvVar::default()
    });
}
