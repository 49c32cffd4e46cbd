//! `kubectl describe` of what leads traffic about. Mirrors `describe.IngressDescriber`,
//! `describe.IngressClassDescriber`, `describe.ServiceCIDRDescriber` and
//! `describe.IPAddressDescriber`.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{
    IPAddress, Ingress, IngressBackend, IngressClass, IngressServiceBackend, IngressTLS,
    ServiceCIDR,
};

use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::{self, Lines, pairs};
use crate::kinds::service::describe as service;
use crate::kinds::{Lookup, Typed};
use crate::object::Key;

/// An Ingress.
pub(super) fn ingress(object: &Ingress, others: &mut dyn Lookup) -> String {
    let (meta, nothing) = (&object.metadata, Default::default());
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    out.field(0, "Namespace", namespace);
    out.field(0, "Address", super::addresses(object));
    out.field(0, "Ingress Class", cells::or_none(spec.ingress_class_name.as_ref()));
    let default = spec.default_backend.as_ref().map(|to| backend(namespace, to, others));
    let default = default.unwrap_or_else(|| "<default>".to_owned());
    out.field(0, "Default backend", &default);
    tls(&mut out, spec.tls.as_deref().unwrap_or_default());
    out.line(0, "Rules:");
    out.line(1, "Host\tPath\tBackends");
    out.line(1, "----\t----\t--------");
    let mut has_rules = false;
    for rule in spec.rules.iter().flatten() {
        let Some(http) = &rule.http else { continue };
        has_rules = true;
        let host = rule.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
        out.line(1, format!("{host}\t"));
        for path in &http.paths {
            let to = backend(namespace, &path.backend, others);
            out.line(2, format!("\t{} \t{to}", path.path.as_deref().unwrap_or_default()));
        }
    }
    if !has_rules {
        out.line(1, format!("*\t*\t{default}"));
    }
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    out.raw()
}

fn tls(out: &mut Lines, all: &[IngressTLS]) {
    if all.is_empty() {
        return;
    }
    out.line(0, "TLS:");
    for tls in all {
        let hosts = tls.hosts.as_deref().unwrap_or_default().join(",");
        match tls.secret_name.as_deref().unwrap_or_default() {
            "" => out.line(1, format!("SNI routes {hosts}")),
            secret => out.line(1, format!("{secret} terminates {hosts}")),
        }
    }
}

/// `web:80 (10.244.1.2:80)`.
fn backend(namespace: &str, backend: &IngressBackend, others: &mut dyn Lookup) -> String {
    if let Some(service) = &backend.service {
        return service_backend(namespace, service, others);
    }
    let Some(resource) = &backend.resource else { return String::new() };
    let group = resource.api_group.as_deref().unwrap_or(NONE);
    format!("APIGroup: {group}, Kind: {}, Name: {}", resource.kind, resource.name)
}

fn service_backend(
    namespace: &str,
    backend: &IngressServiceBackend,
    others: &mut dyn Lookup,
) -> String {
    let name = &backend.name;
    let port = backend.port.as_ref();
    let number = port.and_then(|port| port.number).filter(|number| *number != 0);
    let title = port.and_then(|port| port.name.as_deref()).unwrap_or_default();
    let shown = number.map_or_else(|| title.to_owned(), |number| number.to_string());
    let resource = crate::kinds::service::Services::NAMES.resource();
    let found = others.get(&Key::new(resource, namespace, name));
    let Some(object) = found.as_ref().and_then(|object| object.get::<Service>()) else {
        return format!("{name}:{shown} (<error: services \"{name}\" not found>)");
    };
    let ports = object.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let mut meant = ports.filter(|port| {
        let own = port.name.as_deref().unwrap_or_default();
        number.map_or(!title.is_empty() && own == title, |number| number == port.port)
    });
    let title = meant.next_back().and_then(|port| port.name.clone()).unwrap_or_default();
    let slices = service::slices(object, others);
    format!("{name}:{shown} ({})", service::endpoints(&slices, &title))
}

/// An IngressClass.
pub(super) fn class(object: &IngressClass) -> String {
    let mut out = Lines::default();
    pairs::plain_head(&mut out, &object.metadata);
    let spec = object.spec.as_ref();
    let controller = spec.and_then(|spec| spec.controller.as_deref()).unwrap_or_default();
    out.field(0, "Controller", controller);
    if let Some(parameters) = spec.and_then(|spec| spec.parameters.as_ref()) {
        out.line(0, "Parameters:");
        if let Some(group) = &parameters.api_group {
            out.field(1, "APIGroup", group);
        }
        out.field(1, "Kind", &parameters.kind);
        out.field(1, "Name", &parameters.name);
    }
    out.raw()
}

/// A ServiceCIDR.
pub(super) fn range(object: &ServiceCIDR) -> String {
    let mut out = Lines::default();
    pairs::plain_head(&mut out, &object.metadata);
    let ranges = object.spec.as_ref().and_then(|spec| spec.cidrs.as_deref());
    out.field(0, "CIDRs", ranges.unwrap_or_default().join(", "));
    let status = object.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    if !conditions.is_empty() {
        out.line(0, "Status:");
        out.line(0, "Conditions:");
        out.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        out.line(1, "----\t------\t------------------\t------\t-------");
    }
    for condition in conditions {
        let changed = describe::time(Some(&condition.last_transition_time));
        out.line(
            1,
            format!(
                "{}\t{}\t{changed}\t{}\t{}",
                condition.type_, condition.status, condition.reason, condition.message
            ),
        );
    }
    out.raw()
}

/// An IPAddress.
pub(super) fn address(object: &IPAddress) -> String {
    let mut out = Lines::default();
    pairs::plain_head(&mut out, &object.metadata);
    let parent = &object.spec.parent_ref;
    out.line(0, "Parent Reference:");
    out.field(1, "Group", parent.group.as_deref().unwrap_or_default());
    out.field(1, "Resource", &parent.resource);
    out.field(1, "Namespace", parent.namespace.as_deref().unwrap_or_default());
    out.field(1, "Name", &parent.name);
    out.raw()
}
