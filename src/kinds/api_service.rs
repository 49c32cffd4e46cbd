//! APIService: which server answers a group and version.

use k8s_openapi::ByteString;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIService, APIServiceCondition, APIServiceStatus, ServiceReference,
};

use super::path::{Errors, Path};
use super::{Column, FieldError, Names, Typed, cells, names};
use crate::base::label_name::subdomain_errors;
use crate::object::GroupResource;
use crate::sim::Time;

/// The resource type.
pub static RESOURCE: GroupResource = ApiServices::NAMES.resource();

/// The kind APIService. Mirrors `kube-aggregator/pkg/registry/apiservice`.
pub struct ApiServices;

impl Typed for ApiServices {
    type Object = APIService;

    const NAMES: Names = Names {
        categories: &["api-extensions"],
        subresources: &["status"],
        ..Names::cluster(
            "apiregistration.k8s.io",
            &["v1"],
            "APIService",
            "apiservices",
            "apiservice",
        )
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Service"),
        Column::new("Available"),
        Column::new("Age"),
    ];

    fn default(object: &mut APIService) {
        if let Some(service) = object.spec.as_mut().and_then(|spec| spec.service.as_mut()) {
            service.port.get_or_insert(443);
        }
    }

    /// What the server answers itself is available at once.
    fn prepare_create(object: &mut APIService) {
        let is_local = service(object).is_none();
        let status = object.status.insert(APIServiceStatus::default());
        if is_local {
            let since = object.metadata.creation_timestamp.clone();
            status.conditions = Some(vec![APIServiceCondition {
                last_transition_time: since,
                ..available(true, "Local", "Local APIServices are always available".to_owned())
            }]);
        }
    }

    fn prepare_update(new: &mut APIService, old: &APIService) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut APIService, old: &APIService) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(object: &APIService) -> Vec<FieldError> {
        let mut errors = Errors::default();
        validate(object, &mut errors);
        errors.0
    }

    fn row(object: &APIService, now: Time) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let server = service(object).map_or_else(
            || "Local".to_owned(),
            |service| format!("{}/{}", text(&service.namespace), text(&service.name)),
        );
        let state = condition(object).map_or_else(
            || "Unknown".to_owned(),
            |condition| match condition.status.as_str() {
                "True" => "True".to_owned(),
                other => format!("{other} ({})", text(&condition.reason)),
            },
        );
        vec![cells::name(&object.metadata), server, state, cells::age(&object.metadata, now)]
    }
}

/// The Service that answers, if it is not the server itself.
pub fn service(object: &APIService) -> Option<&ServiceReference> {
    object.spec.as_ref()?.service.as_ref()
}

/// The condition `Available`.
pub fn condition(object: &APIService) -> Option<&APIServiceCondition> {
    let conditions = object.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == "Available")
}

/// The condition `Available`, without its time.
pub fn available(is: bool, reason: &str, message: String) -> APIServiceCondition {
    APIServiceCondition {
        last_transition_time: None,
        message: Some(message),
        reason: Some(reason.to_owned()),
        status: if is { "True" } else { "False" }.to_owned(),
        type_: "Available".to_owned(),
    }
}

/// Mirrors `ValidateAPIService`.
fn validate(object: &APIService, errors: &mut Errors) {
    let nothing = Default::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let group = spec.group.as_deref().unwrap_or_default();
    let version = spec.version.as_deref().unwrap_or_default();
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let path = Path::new("spec");
    if name != format!("{version}.{group}") {
        let detail = format!("must be `spec.version+\".\"+spec.group`: \"{version}.{group}\"");
        errors.invalid(&Path::new("metadata").child("name"), name, detail);
    }
    if group.is_empty() && version != "v1" {
        let detail = "only v1 may have an empty group and it better be legacy kube";
        errors.required(&path.child("group"), detail);
    }
    if !group.is_empty() {
        errors.invalid_for(&path.child("group"), group, subdomain_errors(group));
    }
    errors.invalid_for(&path.child("version"), version, names::label_1035_errors(version));
    for (name, value, most) in [
        ("groupPriorityMinimum", spec.group_priority_minimum, 20_000),
        ("versionPriority", spec.version_priority, 1_000),
    ] {
        if !(1..=most).contains(&value) {
            let detail = format!("must be positive and less than {most}");
            errors.invalid(&path.child(name), &value, detail);
        }
    }
    let is_insecure = spec.insecure_skip_tls_verify.unwrap_or(false);
    let bundle = spec.ca_bundle.as_ref().map_or(0, |ByteString(bytes)| bytes.len());
    match &spec.service {
        Some(service) => validate_service(&path, service, errors),
        None => validate_local(&path, bundle, is_insecure, errors),
    }
    if spec.service.is_some() && is_insecure && bundle > 0 {
        let detail = "may not be true if caBundle is present";
        errors.invalid(&path.child("insecureSkipTLSVerify"), &true, detail);
    }
}

fn validate_local(path: &Path<'_>, bundle: usize, is_insecure: bool, errors: &mut Errors) {
    if bundle > 0 {
        let detail = "local APIServices may not have a caBundle";
        errors.invalid(&path.child("caBundle"), &format!("{bundle} bytes"), detail);
    }
    if is_insecure {
        let detail = "local APIServices may not have insecureSkipTLSVerify";
        errors.invalid(&path.child("insecureSkipTLSVerify"), &true, detail);
    }
}

fn validate_service(path: &Path<'_>, service: &ServiceReference, errors: &mut Errors) {
    let path = path.child("service");
    for (name, text) in [("namespace", &service.namespace), ("name", &service.name)] {
        if text.as_ref().is_none_or(String::is_empty) {
            errors.required(&path.child(name), "");
        }
    }
    let port = service.port.unwrap_or(0);
    let reasons = names::port_errors(port);
    if !reasons.is_empty() {
        let detail = format!("port is not valid: {}", reasons.join(", "));
        errors.invalid(&path.child("port"), &port, detail);
    }
}
