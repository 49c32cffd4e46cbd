//! The pod template of a workload.

use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::{Lines, containers, pairs, volumes};

/// The block `Pod Template:` with its tabs, as `kubectl rollout history --revision=N` prints it.
/// Mirrors `describe.DescribePodTemplate`.
pub fn describe_template(template: &PodTemplateSpec) -> String {
    let mut out = Lines::default();
    write(&mut out, template);
    out.raw()
}

/// Adds the block to a description.
pub fn write(out: &mut Lines, template: &PodTemplateSpec) {
    out.line(0, "Pod Template:");
    let meta = template.metadata.clone().unwrap_or_default();
    pairs::labels(out, 1, "Labels", meta.labels.as_ref());
    if meta.annotations.as_ref().is_some_and(|all| !all.is_empty()) {
        pairs::annotations(out, 1, "Annotations", meta.annotations.as_ref());
    }
    let spec = template.spec.clone().unwrap_or_default();
    if let Some(account) = spec.service_account_name.filter(|name| !name.is_empty()) {
        out.field(1, "Service Account", account);
    }
    let place = containers::Place::Template;
    let inits = spec.init_containers.unwrap_or_default();
    if !inits.is_empty() {
        containers::write(out, "Init Containers", &inits, place);
    }
    containers::write(out, "Containers", &spec.containers, place);
    volumes::write(out, spec.volumes.as_ref(), true);
    pairs::spread(out, 1, spec.topology_spread_constraints.as_ref());
    if let Some(class) = spec.priority_class_name.filter(|name| !name.is_empty()) {
        out.field(1, "Priority Class Name", class);
    }
    pairs::labels(out, 1, "Node-Selectors", spec.node_selector.as_ref());
    pairs::tolerations(out, 1, spec.tolerations.as_ref());
}
