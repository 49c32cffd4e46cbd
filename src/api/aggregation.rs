//! Which groups who answers: the server itself, or a Service that an APIService names.
//! Mirrors `kube-aggregator` and `pkg/controlplane/apiserver/aggregator.go`.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIService, APIServiceSpec, ServiceReference,
};

use super::{Server, Status, discovery};
use crate::kinds::api_service::{self, RESOURCE};
use crate::object::Object;

/// The label of APIServices that the server keeps in step with what it serves. Mirrors
/// `AutoRegisterManagedLabel`.
pub const MANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";
/// Kept in step from the start on. Mirrors `manageOnStart`.
pub const ON_START: &str = "onstart";
/// The name of the Service that answers `metrics.k8s.io`.
const METRICS_SERVER: &str = "metrics-server";

/// A group and version that a Service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The group.
    pub group: String,
    /// The version.
    pub version: String,
    /// Whether the Service answers.
    pub available: bool,
}

/// The APIService of a group and version that the server answers itself.
/// Mirrors `makeAPIService`; the priorities of definitions are those of `crdRegistrationController`.
pub fn local(group: &str, version: &str, managed: &str) -> APIService {
    let (group_priority, version_priority) = discovery::priorities(group, version);
    let name = format!("{version}.{group}");
    let labels = [(MANAGED.to_owned(), managed.to_owned())];
    APIService {
        metadata: ObjectMeta {
            name: Some(name),
            labels: Some(labels.into()),
            ..ObjectMeta::default()
        },
        spec: Some(APIServiceSpec {
            group: Some(group.to_owned()).filter(|group| !group.is_empty()),
            version: Some(version.to_owned()),
            group_priority_minimum: group_priority,
            version_priority,
            ..APIServiceSpec::default()
        }),
        status: None,
    }
}

/// The groups and versions of the built-in kinds that the server answers itself. The aggregator's
/// own group is nobody's to name.
pub fn built_in() -> Vec<(String, String)> {
    let mut known: Vec<(String, String)> = Vec::new();
    for entry in discovery::entries() {
        let pair = (entry.group, entry.version);
        let is_own = !matches!(pair.0.as_str(), "metrics.k8s.io" | "apiregistration.k8s.io");
        if is_own && !known.contains(&pair) {
            known.push(pair);
        }
    }
    known
}

/// What a cluster has from the start: an APIService for each built-in group and version, and
/// metrics.k8s.io behind a Service of its own.
pub(super) fn objects() -> Vec<Object> {
    let locals = built_in().into_iter().map(|(group, version)| local(&group, &version, ON_START));
    locals.map(Object::new).chain(metrics()).collect()
}

/// metrics.k8s.io is answered by a program beside the control plane, until somebody says otherwise.
fn metrics() -> [Object; 2] {
    let named = |namespace: Option<&str>, name: &str| ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(str::to_owned),
        ..ObjectMeta::default()
    };
    let port =
        ServicePort { port: 443, protocol: Some("TCP".to_owned()), ..ServicePort::default() };
    let service = Service {
        metadata: named(Some("kube-system"), METRICS_SERVER),
        spec: Some(ServiceSpec {
            type_: Some("ExternalName".to_owned()),
            external_name: Some("localhost".to_owned()),
            ports: Some(vec![port]),
            ..ServiceSpec::default()
        }),
        status: None,
    };
    let api_service = APIService {
        metadata: named(None, "v1beta1.metrics.k8s.io"),
        spec: Some(APIServiceSpec {
            group: Some("metrics.k8s.io".to_owned()),
            version: Some("v1beta1".to_owned()),
            group_priority_minimum: 100,
            version_priority: 100,
            insecure_skip_tls_verify: Some(true),
            service: Some(ServiceReference {
                name: Some(METRICS_SERVER.to_owned()),
                namespace: Some("kube-system".to_owned()),
                port: Some(443),
            }),
            ..APIServiceSpec::default()
        }),
        status: None,
    };
    [Object::new(service), Object::new(api_service)]
}

impl Server {
    /// The groups that Services answer.
    pub(super) fn extensions(&self) -> Vec<Extension> {
        let services = self.store.list(&RESOURCE);
        services
            .filter_map(Object::get::<APIService>)
            .filter(|service| api_service::service(service).is_some())
            .filter_map(|service| {
                let spec = service.spec.as_ref()?;
                let state = api_service::condition(service);
                Some(Extension {
                    group: spec.group.clone()?,
                    version: spec.version.clone()?,
                    available: state.is_some_and(|state| state.status == "True"),
                })
            })
            .collect()
    }

    /// Whether somebody answers for a group that Services answer.
    ///
    /// # Errors
    /// 404 where no APIService names the group, 503 where its Service does not answer.
    pub(super) fn check_extension(&self, group: &str) -> Result<(), Status> {
        match self.extensions().iter().find(|extension| extension.group == group) {
            None => Err(Status::no_such_path()),
            Some(extension) if extension.available => Ok(()),
            Some(_) => Err(Status::unavailable(UNAVAILABLE)),
        }
    }
}

/// What clients say of a Service that does not answer.
const UNAVAILABLE: &str = "the server is currently unable to handle the request";
