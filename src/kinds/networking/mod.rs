//! What leads traffic about: Ingress, IngressClass, NetworkPolicy, ServiceCIDR, IPAddress.

mod describe;
mod policy;
mod service_network;

use k8s_openapi::api::networking::v1::{
    IPAddress, Ingress, IngressBackend, IngressClass, IngressLoadBalancerIngress, NetworkPolicy,
    ServiceCIDR,
};

use super::path::{Errors, Path};
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::object::meta;
use crate::sim::Time;

const GROUP: &str = "networking.k8s.io";

/// The kind Ingress. Mirrors `pkg/registry/networking/ingress`.
pub struct Ingresses;

impl Typed for Ingresses {
    type Object = Ingress;

    const NAMES: Names = Names {
        short: &["ing"],
        subresources: &["status"],
        ..Names::namespaced(GROUP, &["v1"], "Ingress", "ingresses", "ingress")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Class"),
        Column::new("Hosts"),
        Column::new("Address"),
        Column::new("Ports"),
        Column::new("Age"),
    ];

    fn prepare_create(object: &mut Ingress) {
        object.status = Some(empty_status());
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut Ingress, old: &Ingress) {
        new.status.clone_from(&old.status);
        let changed = new.spec != old.spec;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn prepare_status(new: &mut Ingress, old: &Ingress) {
        new.spec.clone_from(&old.spec);
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(object: &Ingress) -> Vec<FieldError> {
        ingress_errors(object)
    }

    fn describe(object: &Ingress, others: &mut dyn Lookup, _: Time) -> String {
        describe::ingress(object, others)
    }

    fn row(object: &Ingress, now: Time) -> Vec<String> {
        let spec = object.spec.as_ref();
        let has_tls = spec.and_then(|spec| spec.tls.as_ref()).is_some_and(|tls| !tls.is_empty());
        vec![
            cells::name(&object.metadata),
            cells::or_none(spec.and_then(|spec| spec.ingress_class_name.as_ref())),
            hosts(object),
            addresses(object),
            if has_tls { "80, 443" } else { "80" }.to_owned(),
            cells::age(&object.metadata, now),
        ]
    }
}

fn empty_status() -> k8s_openapi::api::networking::v1::IngressStatus {
    k8s_openapi::api::networking::v1::IngressStatus { load_balancer: Some(Default::default()) }
}

/// Where an Ingress is reached.
fn addresses(object: &Ingress) -> String {
    let status = object.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let points = status.and_then(|balancer| balancer.ingress.as_deref()).unwrap_or_default();
    points.iter().map(address).collect::<Vec<_>>().join(",")
}

/// Mirrors `ingressLoadBalancerStatusStringer`.
fn address(point: &IngressLoadBalancerIngress) -> String {
    let given = [point.ip.as_ref(), point.hostname.as_ref()];
    given.into_iter().flatten().find(|text| !text.is_empty()).cloned().unwrap_or_default()
}

/// Mirrors `formatHosts`.
fn hosts(object: &Ingress) -> String {
    let rules = object.spec.as_ref().and_then(|spec| spec.rules.as_deref()).unwrap_or_default();
    let mut hosts: Vec<&str> = Vec::new();
    for host in rules.iter().filter_map(|rule| rule.host.as_deref()) {
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    match hosts.len() {
        0 => "*".to_owned(),
        1..=3 => hosts.join(","),
        more => format!("{} + {} more...", hosts[..3].join(","), more - 3),
    }
}

/// Mirrors `ValidateIngressSpec`, as far as backends and paths go.
fn ingress_errors(object: &Ingress) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let root = Path::new("spec");
    let Some(spec) = object.spec.as_ref() else {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.invalid(&root, &serde_json::json!({}), why);
        return errors.0;
    };
    let rules = spec.rules.as_deref().unwrap_or_default();
    match &spec.default_backend {
        Some(backend) => backend_errors(&root.child("defaultBackend"), backend, &mut errors),
        None if rules.is_empty() => {
            let why = "either `defaultBackend` or `rules` must be specified";
            errors.invalid(&root, spec, why);
        }
        None => {}
    }
    let list = root.child("rules");
    for (index, rule) in rules.iter().enumerate() {
        let (at, http) = (list.index(index), rule.http.as_ref());
        let http_path = at.child("http");
        let paths_path = http_path.child("paths");
        let paths = http.map(|http| http.paths.as_slice()).unwrap_or_default();
        if http.is_some() && paths.is_empty() {
            errors.required(&paths_path, "");
        }
        for (index, path) in paths.iter().enumerate() {
            let at = paths_path.index(index);
            let given = path.path.as_deref().unwrap_or_default();
            match path.path_type.as_str() {
                "" => errors.required(&at.child("pathType"), "pathType must be specified"),
                "Exact" | "Prefix" if !given.starts_with('/') => {
                    errors.invalid(&at.child("path"), given, "must be an absolute path");
                }
                "Exact" | "Prefix" | "ImplementationSpecific" => {}
                other => {
                    let known = ["Exact", "ImplementationSpecific", "Prefix"];
                    errors.not_supported(&at.child("pathType"), other, &known);
                }
            }
            backend_errors(&at.child("backend"), &path.backend, &mut errors);
        }
    }
    errors.0
}

/// Mirrors `validateIngressBackend`.
fn backend_errors(path: &Path<'_>, backend: &IngressBackend, errors: &mut Errors) {
    match (&backend.service, &backend.resource) {
        (Some(_), Some(_)) => {
            errors.invalid(path, "", "cannot set both resource and service backends");
        }
        (None, None) => errors.required(path, "resource or service backend is required"),
        (None, Some(_)) => {}
        (Some(service), None) => {
            let at = path.child("service");
            if service.name.is_empty() {
                errors.required(&at.child("name"), "");
            }
            let port = service.port.as_ref();
            let name = port.and_then(|port| port.name.as_deref()).unwrap_or_default();
            let number = port.and_then(|port| port.number).unwrap_or(0);
            if !name.is_empty() && number != 0 {
                errors.invalid(path, "", "cannot set both port name & port number");
            } else if name.is_empty() && number == 0 {
                errors.required(path, "port name or number is required");
            }
        }
    }
}

/// The kind IngressClass. Mirrors `pkg/registry/networking/ingressclass`.
pub struct IngressClasses;

impl Typed for IngressClasses {
    type Object = IngressClass;

    const NAMES: Names =
        Names::cluster(GROUP, &["v1"], "IngressClass", "ingressclasses", "ingressclass");
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Controller"),
        Column::new("Parameters"),
        Column::new("Age"),
    ];

    fn prepare_create(object: &mut IngressClass) {
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut IngressClass, old: &IngressClass) {
        let changed = new.spec != old.spec;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn describe(object: &IngressClass, _: &mut dyn Lookup, _: Time) -> String {
        describe::class(object)
    }

    fn row(object: &IngressClass, now: Time) -> Vec<String> {
        let spec = object.spec.as_ref();
        let parameters = spec.and_then(|spec| spec.parameters.as_ref()).map(|reference| {
            let group = reference.api_group.as_ref().map_or(String::new(), |g| format!(".{g}"));
            format!("{}{group}/{}", reference.kind, reference.name)
        });
        let is_default =
            meta::annotation(&object.metadata, "ingressclass.kubernetes.io/is-default-class")
                == Some("true");
        let mark = if is_default { " (default)" } else { "" };
        vec![
            format!("{}{mark}", cells::name(&object.metadata)),
            spec.and_then(|spec| spec.controller.clone()).unwrap_or_default(),
            cells::or_none(parameters),
            cells::age(&object.metadata, now),
        ]
    }
}

/// The kind NetworkPolicy. Mirrors `pkg/registry/networking/networkpolicy`.
pub struct NetworkPolicies;

impl Typed for NetworkPolicies {
    type Object = NetworkPolicy;

    const NAMES: Names = Names {
        short: &["netpol"],
        ..Names::namespaced(GROUP, &["v1"], "NetworkPolicy", "networkpolicies", "networkpolicy")
    };
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("Pod-Selector"), Column::new("Age")];

    /// Mirrors `SetDefaults_NetworkPolicy`.
    fn default(object: &mut NetworkPolicy) {
        let Some(spec) = object.spec.as_mut() else { return };
        spec.pod_selector.get_or_insert_default();
        if spec.policy_types.as_ref().is_none_or(Vec::is_empty) {
            let mut types = vec!["Ingress".to_owned()];
            if spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()) {
                types.push("Egress".to_owned());
            }
            spec.policy_types = Some(types);
        }
        let ingress = spec.ingress.iter_mut().flatten().flat_map(|rule| rule.ports.iter_mut());
        let egress = spec.egress.iter_mut().flatten().flat_map(|rule| rule.ports.iter_mut());
        for port in ingress.chain(egress).flatten() {
            port.protocol.get_or_insert_with(|| "TCP".to_owned());
        }
    }

    fn prepare_create(object: &mut NetworkPolicy) {
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut NetworkPolicy, old: &NetworkPolicy) {
        let changed = new.spec != old.spec;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn describe(object: &NetworkPolicy, _: &mut dyn Lookup, _: Time) -> String {
        policy::describe(object)
    }

    fn row(object: &NetworkPolicy, now: Time) -> Vec<String> {
        let selector = object.spec.as_ref().and_then(|spec| spec.pod_selector.as_ref());
        vec![
            cells::name(&object.metadata),
            cells::label_selector(selector),
            cells::age(&object.metadata, now),
        ]
    }
}

/// The kind ServiceCIDR. Mirrors `pkg/registry/networking/servicecidr`.
pub struct ServiceCidrs;

impl Typed for ServiceCidrs {
    type Object = ServiceCIDR;

    const NAMES: Names = Names {
        subresources: &["status"],
        ..Names::cluster(GROUP, &["v1"], "ServiceCIDR", "servicecidrs", "servicecidr")
    };
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("CIDRs"), Column::new("Age")];

    fn validate(object: &ServiceCIDR) -> Vec<FieldError> {
        service_network::range(object)
    }

    fn validate_update(new: &ServiceCIDR, old: &ServiceCIDR) -> Vec<FieldError> {
        service_network::range_update(new, old)
    }

    fn prepare_update(new: &mut ServiceCIDR, old: &ServiceCIDR) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut ServiceCIDR, old: &ServiceCIDR) {
        new.spec.clone_from(&old.spec);
    }

    fn describe(object: &ServiceCIDR, _: &mut dyn Lookup, _: Time) -> String {
        describe::range(object)
    }

    fn row(object: &ServiceCIDR, now: Time) -> Vec<String> {
        let ranges = object.spec.as_ref().and_then(|spec| spec.cidrs.as_deref());
        vec![
            cells::name(&object.metadata),
            ranges.unwrap_or_default().join(","),
            cells::age(&object.metadata, now),
        ]
    }
}

/// The kind IPAddress. Mirrors `pkg/registry/networking/ipaddress`.
pub struct IpAddresses;

impl Typed for IpAddresses {
    type Object = IPAddress;

    const NAMES: Names = Names {
        short: &["ip"],
        ..Names::cluster(GROUP, &["v1"], "IPAddress", "ipaddresses", "ipaddress")
    };
    const COLUMNS: &'static [Column] = &[Column::new("Name"), Column::new("ParentRef")];

    fn validate(object: &IPAddress) -> Vec<FieldError> {
        service_network::address(object)
    }

    fn validate_update(new: &IPAddress, old: &IPAddress) -> Vec<FieldError> {
        service_network::address_update(new, old)
    }

    fn describe(object: &IPAddress, _: &mut dyn Lookup, _: Time) -> String {
        describe::address(object)
    }

    fn row(object: &IPAddress, _: Time) -> Vec<String> {
        let parent = &object.spec.parent_ref;
        let namespace = parent.namespace.as_deref().filter(|name| !name.is_empty());
        let place = namespace.map_or(String::new(), |name| format!("{name}/"));
        vec![cells::name(&object.metadata), format!("{}/{place}{}", parent.resource, parent.name)]
    }
}
