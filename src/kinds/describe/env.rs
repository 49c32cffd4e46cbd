//! The environment of a container. Mirrors `describe.describeContainerEnvVars`.

use k8s_openapi::api::core::v1::{Container, EnvVarSource, Pod, ResourceFieldSelector};

use super::Lines;
use crate::base::quantity;

/// Adds the sources and the variables; `pod` answers the fields they refer to.
pub fn write(out: &mut Lines, container: &Container, pod: Option<&Pod>) {
    sources(out, container);
    let variables = container.env.as_deref().unwrap_or_default();
    out.line(2, if variables.is_empty() { "Environment:\t<none>" } else { "Environment:" });
    for variable in variables {
        if let Some(source) = &variable.value_from {
            let text = reference(source, container, pod);
            out.line(3, format!("{}:\t{text}", variable.name));
            continue;
        }
        let mut head = format!("{}:", variable.name);
        for line in variable.value.as_deref().unwrap_or_default().split('\n') {
            out.line(3, format!("{head}\t{line}"));
            head.clear();
        }
    }
}

fn sources(out: &mut Lines, container: &Container) {
    let Some(sources) = container.env_from.as_ref().filter(|all| !all.is_empty()) else { return };
    out.line(2, "Environment Variables from:");
    for source in sources {
        let (name, kind, optional) = if let Some(map) = &source.config_map_ref {
            (map.name.as_str(), "ConfigMap", map.optional)
        } else if let Some(secret) = &source.secret_ref {
            (secret.name.as_str(), "Secret", secret.optional)
        } else {
            ("", "", None)
        };
        let prefix = source.prefix.as_ref().filter(|prefix| !prefix.is_empty());
        let prefix = prefix.map(|prefix| format!(" with prefix '{prefix}'")).unwrap_or_default();
        let optional = optional.unwrap_or(false);
        out.line(3, format!("{name}\t{kind}{prefix}\tOptional: {optional}"));
    }
}

fn reference(source: &EnvVarSource, container: &Container, pod: Option<&Pod>) -> String {
    if let Some(field) = &source.field_ref {
        let value = pod.and_then(|pod| field_of(pod, &field.field_path)).unwrap_or_default();
        let version = field.api_version.as_deref().unwrap_or("v1");
        return format!("{value} ({version}:{})", field.field_path);
    }
    if let Some(field) = &source.resource_field_ref {
        return format!("{} ({})", resource(field, container), field.resource);
    }
    if let Some(key) = &source.secret_key_ref {
        let optional = key.optional.unwrap_or(false);
        return format!(
            "<set to the key '{}' in secret '{}'>\tOptional: {optional}",
            key.key, key.name
        );
    }
    if let Some(key) = &source.config_map_key_ref {
        let optional = key.optional.unwrap_or(false);
        return format!(
            "<set to the key '{}' of config map '{}'>\tOptional: {optional}",
            key.key, key.name
        );
    }
    String::new()
}

/// The text of a pod's field that the downward API offers. Mirrors `fieldpath.ExtractFieldPathAsString`
/// and `describe.resolveEnvVarFieldPath`.
fn field_of(pod: &Pod, path: &str) -> Option<String> {
    let meta = &pod.metadata;
    let spec = pod.spec.as_ref();
    let status = pod.status.as_ref();
    if let Some((list, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        let list = match list {
            "metadata.annotations" => meta.annotations.as_ref(),
            "metadata.labels" => meta.labels.as_ref(),
            _ => None,
        };
        return list?.get(key).cloned();
    }
    match path {
        "metadata.name" => meta.name.clone(),
        "metadata.namespace" => meta.namespace.clone(),
        "metadata.uid" => meta.uid.clone(),
        "spec.nodeName" => spec?.node_name.clone(),
        "spec.serviceAccountName" => spec?.service_account_name.clone(),
        "status.podIP" => status?.pod_ip.clone(),
        "status.hostIP" => status?.host_ip.clone(),
        _ => None,
    }
}

/// An amount in units of the divisor, rounded up. Mirrors `resource.ExtractContainerResourceValue`.
fn resource(field: &ResourceFieldSelector, container: &Container) -> String {
    let Some((list, name)) = field.resource.split_once('.') else { return String::new() };
    let resources = container.resources.as_ref();
    let amounts = match list {
        "limits" => resources.and_then(|resources| resources.limits.as_ref()),
        "requests" => resources.and_then(|resources| resources.requests.as_ref()),
        _ => return String::new(),
    };
    let amount = amounts.and_then(|amounts| quantity::milli_value(&amounts.get(name)?.0));
    let amount = amount.unwrap_or(0);
    let divisor = field.divisor.as_ref().and_then(|divisor| quantity::milli_value(&divisor.0));
    let divisor = divisor.filter(|divisor| *divisor > 0).unwrap_or(1000);
    let units = amount / divisor + i64::from(amount % divisor > 0);
    if units == 0 && matches!(field.resource.as_str(), "limits.cpu" | "limits.memory") {
        return "node allocatable".to_owned();
    }
    units.to_string()
}
