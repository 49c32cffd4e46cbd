//! The rules of containers.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, PodSpec,
    VolumeMount,
};

use super::{handlers, resources, security, word};
use crate::kinds::names;
use crate::kinds::path::{Errors, Path};

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
/// What the environment can tell of the pod.
const ENVIRONMENT_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

type Names<'a> = BTreeSet<&'a str>;

/// The rules of all containers of a pod. `volumes` are the names that mounts may use.
pub fn containers(path: &Path<'_>, spec: &PodSpec, volumes: &Names<'_>, errors: &mut Errors) {
    let list = path.child("containers");
    if spec.containers.is_empty() {
        errors.required(&list, "");
    }
    let mut seen = Names::new();
    for (index, each) in spec.containers.iter().enumerate() {
        let path = list.index(index);
        container(&path, each, volumes, errors);
        if !seen.insert(&each.name) {
            errors.duplicate(&path.child("name"), &each.name);
        }
        handlers::lifecycle(&path.child("lifecycle"), each.lifecycle.as_ref(), errors);
        handlers::probes(&path, each, errors);
    }
    host_ports(&list, &spec.containers, errors);
    let list = path.child("initContainers");
    for (index, each) in spec.init_containers.iter().flatten().enumerate() {
        let path = list.index(index);
        container(&path, each, volumes, errors);
        if !seen.insert(&each.name) {
            errors.duplicate(&path.child("name"), &each.name);
        }
        init_container(&path, each, errors);
    }
}

/// Only sidecars may have handlers and probes.
fn init_container(path: &Path<'_>, container: &Container, errors: &mut Errors) {
    let policy = container.restart_policy.as_ref();
    if policy.is_some_and(|policy| policy == "Always") {
        handlers::lifecycle(&path.child("lifecycle"), container.lifecycle.as_ref(), errors);
        handlers::probes(path, container, errors);
        return;
    }
    errors.one_of(&path.child("restartPolicy"), policy, &["Always", "Never", "OnFailure"]);
    let text = "may not be set for init containers without restartPolicy=Always";
    for (name, is_given) in [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ] {
        if is_given {
            errors.forbidden(&path.child(name), text);
        }
    }
}

/// Mirrors `validateContainerCommon`.
fn container(path: &Path<'_>, container: &Container, volumes: &Names<'_>, errors: &mut Errors) {
    match container.name.as_str() {
        "" => errors.required(&path.child("name"), ""),
        name => errors.invalid_for(&path.child("name"), name, names::label_errors(name)),
    }
    if container.image.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("image"), "");
    }
    let policies = ["FallbackToLogsOnError", "File"];
    let policy = container.termination_message_policy.as_ref();
    word(&path.child("terminationMessagePolicy"), policy, &policies, errors);
    ports(&path.child("ports"), container.ports.as_deref().unwrap_or_default(), errors);
    for (index, variable) in container.env.iter().flatten().enumerate() {
        environment(&path.child("env").index(index), variable, errors);
    }
    for (index, source) in container.env_from.iter().flatten().enumerate() {
        environment_from(&path.child("envFrom").index(index), source, errors);
    }
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    volume_mounts(&path.child("volumeMounts"), mounts, volumes, errors);
    let policies = ["Always", "IfNotPresent", "Never"];
    word(&path.child("imagePullPolicy"), container.image_pull_policy.as_ref(), &policies, errors);
    if let Some(requirements) = &container.resources {
        resources::requirements(&path.child("resources"), requirements, errors);
    }
    if let Some(context) = &container.security_context {
        security::container(&path.child("securityContext"), context, errors);
    }
}

fn ports(list: &Path<'_>, ports: &[ContainerPort], errors: &mut Errors) {
    let mut seen = Names::new();
    for (index, port) in ports.iter().enumerate() {
        let path = list.index(index);
        if let Some(name) = port.name.as_ref().filter(|name| !name.is_empty()) {
            let found = names::port_name_errors(name);
            if found.is_empty() && !seen.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
            errors.invalid_for(&path.child("name"), name, found);
        }
        if port.container_port == 0 {
            errors.required(&path.child("containerPort"), "");
        } else {
            number(&path.child("containerPort"), port.container_port, errors);
        }
        if let Some(host_port) = port.host_port.filter(|port| *port != 0) {
            number(&path.child("hostPort"), host_port, errors);
        }
        word(&path.child("protocol"), port.protocol.as_ref(), PROTOCOLS, errors);
    }
}

/// The number of a port.
pub fn number(path: &Path<'_>, port: i32, errors: &mut Errors) {
    for reason in names::port_errors(port) {
        errors.invalid(path, &port, reason);
    }
}

fn host_ports(list: &Path<'_>, containers: &[Container], errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        for (place, port) in container.ports.iter().flatten().enumerate() {
            let Some(number) = port.host_port.filter(|port| *port != 0) else { continue };
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let ip = port.host_ip.as_deref().unwrap_or_default();
            let text = format!("{protocol}/{ip}/{number}");
            if !seen.insert(text.clone()) {
                let ports = list.index(index);
                let ports = ports.child("ports");
                errors.duplicate(&ports.index(place).child("hostPort"), &text);
            }
        }
    }
}

fn environment(path: &Path<'_>, variable: &EnvVar, errors: &mut Errors) {
    match variable.name.as_str() {
        "" => errors.required(&path.child("name"), ""),
        name => errors.invalid_for(&path.child("name"), name, names::environment_errors(name)),
    }
    let Some(source) = &variable.value_from else { return };
    let path = path.child("valueFrom");
    let count = environment_source(&path, source, errors);
    let has_value = variable.value.as_ref().is_some_and(|value| !value.is_empty());
    if count == 0 {
        let text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
                    `secretKeyRef` or `fileKeyRef`";
        errors.invalid(&path, "", text);
    }
    if has_value && count > 0 {
        errors.invalid(&path, "", "may not be specified when `value` is not empty");
    } else if count > 1 {
        errors.invalid(&path, "", "may not have more than one field specified at a time");
    }
}

/// How many sources are given.
fn environment_source(path: &Path<'_>, source: &EnvVarSource, errors: &mut Errors) -> usize {
    let mut count = 0;
    if let Some(field) = &source.field_ref {
        count += 1;
        field_ref(&path.child("fieldRef"), field, ENVIRONMENT_FIELDS, errors);
    }
    if let Some(resource) = &source.resource_field_ref {
        count += 1;
        if resource.resource.is_empty() {
            errors.required(&path.child("resourceFieldRef").child("resource"), "");
        }
    }
    let references = [
        ("configMapKeyRef", source.config_map_key_ref.as_ref().map(|r| (&r.name, &r.key))),
        ("secretKeyRef", source.secret_key_ref.as_ref().map(|r| (&r.name, &r.key))),
    ];
    for (field, reference) in references {
        let Some((name, key)) = reference else { continue };
        count += 1;
        let path = path.child(field);
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if key.is_empty() {
            errors.required(&path.child("key"), "");
        } else {
            errors.invalid_for(&path.child("key"), key, names::config_key_errors(key));
        }
    }
    count + usize::from(source.file_key_ref.is_some())
}

/// A field of the pod. Mirrors `validateObjectFieldSelector`.
pub fn field_ref(
    path: &Path<'_>,
    field: &ObjectFieldSelector,
    supported: &[&str],
    errors: &mut Errors,
) {
    const CONVERTIBLE: [&str; 11] = [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "spec.schedulerName",
        "status.phase",
        "status.hostIP",
    ];
    let text = field.field_path.as_str();
    let path = path.child("fieldPath");
    let has_key = ["metadata.labels['", "metadata.annotations['"]
        .iter()
        .any(|prefix| text.starts_with(prefix) && text.ends_with("']"));
    if text.is_empty() {
        errors.required(&path, "");
    } else if has_key || supported.contains(&text) {
    } else if CONVERTIBLE.contains(&text) {
        errors.not_supported(&path, text, supported);
    } else {
        let why = format!("error converting fieldPath: field label not supported: {text}");
        errors.invalid(&path, text, why);
    }
}

fn environment_from(path: &Path<'_>, source: &EnvFromSource, errors: &mut Errors) {
    if let Some(prefix) = source.prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
        errors.invalid_for(&path.child("prefix"), prefix, names::environment_errors(prefix));
    }
    let references = [
        ("configMapRef", source.config_map_ref.as_ref().map(|reference| &reference.name)),
        ("secretRef", source.secret_ref.as_ref().map(|reference| &reference.name)),
    ];
    let given = references.iter().filter(|(_, name)| name.is_some()).count();
    for (field, name) in references {
        if name.is_some_and(String::is_empty) {
            errors.required(&path.child(field).child("name"), "");
        }
    }
    match given {
        0 => errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"),
        1 => {}
        _ => errors.invalid(path, "", "may not have more than one field specified at a time"),
    }
}

/// Mirrors `ValidateVolumeMounts`.
fn volume_mounts(
    list: &Path<'_>,
    mounts: &[VolumeMount],
    volumes: &Names<'_>,
    errors: &mut Errors,
) {
    let mut seen = Names::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = list.index(index);
        if mount.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if !volumes.contains(mount.name.as_str()) {
            errors.not_found(&path.child("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&path.child("mountPath"), "");
        }
        if !seen.insert(&mount.mount_path) {
            errors.invalid(&path.child("mountPath"), &mount.mount_path, "must be unique");
        }
        let sub_path = mount.sub_path.as_deref().unwrap_or_default();
        if sub_path.starts_with('/') {
            errors.invalid(&path.child("subPath"), sub_path, "must be a relative path");
        }
        if sub_path.split('/').any(|part| part == "..") {
            errors.invalid(&path.child("subPath"), sub_path, "must not contain '..'");
        }
        if !sub_path.is_empty() && mount.sub_path_expr.as_ref().is_some_and(|e| !e.is_empty()) {
            let text = "subPathExpr and subPath are mutually exclusive";
            errors.invalid(&path.child("subPathExpr"), &mount.sub_path_expr, text);
        }
    }
}
