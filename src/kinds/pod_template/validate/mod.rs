//! The rules of pod specs and templates. Mirrors `pkg/apis/core/validation`.

mod containers;
mod handlers;
mod placement;
mod resources;
mod security;
mod volumes;

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::base::label_selector::Selector;
use crate::kinds::path::{Errors, Path};
use crate::kinds::{names, selectors};

pub use containers::number;
pub use handlers::port;
pub use placement::node_selector;
pub use volumes::host_path;

/// The rules of a template. Mirrors `ValidatePodTemplateSpec`.
pub fn template(path: &Path<'_>, template: &PodTemplateSpec, errors: &mut Errors) {
    if let Some(meta) = &template.metadata {
        names::labels(&path.child("labels"), meta.labels.as_ref(), errors);
        names::annotations(&path.child("annotations"), meta.annotations.as_ref(), errors);
    }
    let spec_path = path.child("spec");
    let nothing = PodSpec::default();
    let pod_spec = template.spec.as_ref().unwrap_or(&nothing);
    spec(&spec_path, pod_spec, errors);
    if pod_spec.ephemeral_containers.as_ref().is_some_and(|all| !all.is_empty()) {
        let path = spec_path.child("ephemeralContainers");
        errors.forbidden(&path, "ephemeral containers not allowed in pod template");
    }
}

/// The rules of a template whose pods run for ever: its labels match `selector` (nothing does
/// when it is absent), it restarts always, and it has no deadline.
/// Mirrors `ValidatePodTemplateSpecForReplicaSet`.
pub fn running_template(
    path: &Path<'_>,
    pod_template: &PodTemplateSpec,
    selector: Option<&Selector>,
    kind: &str,
    errors: &mut Errors,
) {
    labels_match(path, pod_template, selector, errors);
    template(path, pod_template, errors);
    let path = path.child("spec");
    let Some(spec) = &pod_template.spec else { return };
    let policy = spec.restart_policy.as_deref().unwrap_or_default();
    if policy != "Always" {
        errors.not_supported(&path.child("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        let text = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.forbidden(&path.child("activeDeadlineSeconds"), text);
    }
}

/// The labels of the template's pods must match the selector (nothing does when it is absent).
pub fn labels_match(
    path: &Path<'_>,
    template: &PodTemplateSpec,
    selector: Option<&Selector>,
    errors: &mut Errors,
) {
    let labels = template.metadata.as_ref().and_then(|meta| meta.labels.as_ref());
    let nothing = std::collections::BTreeMap::new();
    let matches = selector.is_some_and(|selector| selector.matches(labels.unwrap_or(&nothing)));
    if !matches {
        let (meta, text) = (path.child("metadata"), "`selector` does not match template `labels`");
        errors.invalid(&meta.child("labels"), &labels, text);
    }
}

/// The rules of a workload's selector; returns what it selects with: `None` when it is not usable,
/// `Some(None)` when it is absent and selects nothing.
pub fn selector(
    path: &Path<'_>,
    selector: &LabelSelector,
    errors: &mut Errors,
) -> Option<Option<Selector>> {
    // The typed struct cannot tell an absent selector from an empty one.
    if is_empty(selector) {
        errors.required(path, "");
        return Some(None);
    }
    names::label_selector(path, selector, errors);
    match selectors::parse(selector) {
        Ok(parsed) => Some(Some(parsed)),
        Err(_) => {
            errors.invalid(path, selector, "invalid label selector");
            None
        }
    }
}

fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(|labels| labels.is_empty())
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

/// The rules of a pod spec. Mirrors `ValidatePodSpec`.
pub fn spec(path: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    let volumes = volumes::volumes(&path.child("volumes"), spec, errors);
    containers::containers(path, spec, &volumes, errors);
    let policies = ["Always", "OnFailure", "Never"];
    word(&path.child("restartPolicy"), spec.restart_policy.as_ref(), &policies, errors);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    word(&path.child("dnsPolicy"), spec.dns_policy.as_ref(), &policies, errors);
    names::labels(&path.child("nodeSelector"), spec.node_selector.as_ref(), errors);
    security::pod(&path.child("securityContext"), spec, errors);
    for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        if secret.name.is_empty() {
            let secrets = path.child("imagePullSecrets");
            errors.required(&secrets.index(index).child("name"), "");
        }
    }
    placement::affinity(&path.child("affinity"), spec, errors);
    security::dns(&path.child("dnsConfig"), spec, errors);
    placement::gates(path, spec, errors);
    placement::spread(&path.child("topologySpreadConstraints"), spec, errors);
    for (name, value) in
        [("serviceAccountName", &spec.service_account_name), ("nodeName", &spec.node_name)]
    {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            errors.invalid_for(&path.child(name), value, names::subdomain_errors(value));
        }
    }
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let text = "must be between 1 and 2147483647, inclusive";
        errors.invalid(&path.child("activeDeadlineSeconds"), &seconds, text);
    }
    for (name, value) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            errors.invalid_for(&path.child(name), value, names::label_errors(value));
        }
    }
    placement::tolerations(&path.child("tolerations"), spec, errors);
    for (name, value) in [
        ("priorityClassName", &spec.priority_class_name),
        ("runtimeClassName", &spec.runtime_class_name),
    ] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            errors.invalid_for(&path.child(name), value, names::subdomain_errors(value));
        }
    }
    let policies = ["Never", "PreemptLowerPriority"];
    errors.one_of(&path.child("preemptionPolicy"), spec.preemption_policy.as_ref(), &policies);
}

/// A word that must be given and be one of a few.
fn word(path: &Path<'_>, value: Option<&String>, supported: &[&str], errors: &mut Errors) {
    match value.map(String::as_str).unwrap_or_default() {
        "" => errors.required(path, ""),
        value if !supported.contains(&value) => errors.not_supported(path, value, supported),
        _ => {}
    }
}
