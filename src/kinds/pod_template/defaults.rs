//! The defaults of pod specs. Mirrors `pkg/apis/core/v1/defaults.go`.

use k8s_openapi::api::core::v1::{
    Container, EphemeralContainer, HTTPGetAction, LifecycleHandler, Pod, PodSpec, PodTemplateSpec,
    Probe, ResourceRequirements,
};

use super::volume_defaults::volume;

/// The text, where none is given.
pub fn text(field: &mut Option<String>, default: &str) {
    if field.as_ref().is_none_or(String::is_empty) {
        *field = Some(default.to_owned());
    }
}

/// The number, where none or zero is given.
fn number(field: &mut Option<i32>, default: i32) {
    if field.unwrap_or(0) == 0 {
        *field = Some(default);
    }
}

/// The defaults of a template, as workloads carry it.
pub fn template(template: &mut PodTemplateSpec) {
    template.metadata.get_or_insert_default();
    spec(template.spec.get_or_insert_default());
}

/// The defaults of a pod: those of its spec, and some that templates do not get.
/// Mirrors `SetDefaults_Pod`.
pub fn pod(pod: &mut Pod) {
    let pod_spec = pod.spec.get_or_insert_default();
    let host_network = pod_spec.host_network == Some(true);
    let init_containers = pod_spec.init_containers.iter_mut().flatten();
    for container in pod_spec.containers.iter_mut().chain(init_containers) {
        requests_from_limits(container.resources.get_or_insert_default());
        for port in container.ports.iter_mut().flatten().filter(|_| host_network) {
            number(&mut port.host_port, port.container_port);
        }
    }
    pod_spec.enable_service_links.get_or_insert(true);
    spec(pod_spec);
}

fn requests_from_limits(resources: &mut ResourceRequirements) {
    let Some(limits) = &resources.limits else { return };
    let requests = resources.requests.get_or_insert_default();
    for (name, amount) in limits {
        if !requests.contains_key(name) {
            requests.insert(name.clone(), amount.clone());
        }
    }
}

/// Mirrors `SetDefaults_PodSpec`.
pub fn spec(spec: &mut PodSpec) {
    text(&mut spec.dns_policy, "ClusterFirst");
    text(&mut spec.restart_policy, "Always");
    text(&mut spec.scheduler_name, "default-scheduler");
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds.get_or_insert(30);
    // The old name of the service account follows the new one, and the other way round.
    let account = spec.service_account_name.clone().filter(|name| !name.is_empty());
    let account = account.or_else(|| spec.service_account.clone());
    spec.service_account.clone_from(&account);
    spec.service_account_name = account;
    for each in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        container(each);
    }
    for each in spec.ephemeral_containers.iter_mut().flatten() {
        ephemeral_container(each);
    }
    for each in spec.volumes.iter_mut().flatten() {
        volume(each);
    }
}

fn container(container: &mut Container) {
    let policy = pull_policy(container.image.as_deref().unwrap_or_default());
    text(&mut container.image_pull_policy, policy);
    text(&mut container.termination_message_path, "/dev/termination-log");
    text(&mut container.termination_message_policy, "File");
    container.resources.get_or_insert_default();
    for port in container.ports.iter_mut().flatten() {
        text(&mut port.protocol, "TCP");
    }
    for variable in container.env.iter_mut().flatten() {
        let source = variable.value_from.as_mut();
        if let Some(field) = source.and_then(|source| source.field_ref.as_mut()) {
            text(&mut field.api_version, "v1");
        }
    }
    let probes = [
        &mut container.liveness_probe,
        &mut container.readiness_probe,
        &mut container.startup_probe,
    ];
    probes.into_iter().flatten().for_each(probe);
    if let Some(lifecycle) = &mut container.lifecycle {
        [&mut lifecycle.post_start, &mut lifecycle.pre_stop]
            .into_iter()
            .flatten()
            .for_each(handler);
    }
}

fn ephemeral_container(container: &mut EphemeralContainer) {
    let policy = pull_policy(container.image.as_deref().unwrap_or_default());
    text(&mut container.image_pull_policy, policy);
    text(&mut container.termination_message_path, "/dev/termination-log");
    text(&mut container.termination_message_policy, "File");
    container.resources.get_or_insert_default();
}

/// `Always` for an image without tag or with the tag `latest`.
pub(super) fn pull_policy(image: &str) -> &'static str {
    let (name, has_digest) = match image.split_once('@') {
        Some((name, _)) => (name, true),
        None => (image, false),
    };
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    match last.split_once(':') {
        Some((_, "latest")) => "Always",
        None if !has_digest => "Always",
        _ => "IfNotPresent",
    }
}

fn probe(probe: &mut Probe) {
    number(&mut probe.timeout_seconds, 1);
    number(&mut probe.period_seconds, 10);
    number(&mut probe.success_threshold, 1);
    number(&mut probe.failure_threshold, 3);
    if let Some(get) = &mut probe.http_get {
        http_get(get);
    }
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn handler(handler: &mut LifecycleHandler) {
    if let Some(get) = &mut handler.http_get {
        http_get(get);
    }
}

fn http_get(get: &mut HTTPGetAction) {
    text(&mut get.path, "/");
    text(&mut get.scheme, "HTTP");
}
