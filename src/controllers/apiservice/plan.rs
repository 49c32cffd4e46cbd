//! Whether an APIService's Service can be asked, and which APIServices there have to be.
//! Mirrors `remote_available_controller.go` and `autoregister_controller.go` of `kube-aggregator`.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIService, APIServiceCondition, ServiceReference,
};

use crate::kinds::{KINDS, api_service};
use crate::sim::{Explain, Fact};

/// What stands behind an APIService.
#[derive(Clone, Copy, Debug)]
pub struct Backing<'a> {
    /// Its Service, if there is one.
    pub service: Option<&'a Service>,
    /// The Service's slices.
    pub slices: &'a [&'a EndpointSlice],
}

/// The condition that an APIService is to have.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(pub APIServiceCondition);

/// Whether the group and version are answered; `None` where the server does so itself.
pub fn plan(object: &APIService, backing: Backing<'_>) -> Option<Plan> {
    let reference = api_service::service(object)?;
    let spec = object.spec.as_ref()?;
    let group = spec.group.as_deref().unwrap_or_default();
    let version = spec.version.as_deref().unwrap_or_default();
    let found = check(reference, backing, group, version);
    Some(Plan(match found {
        Ok(()) => api_service::available(true, "Passed", "all checks passed".to_owned()),
        Err((reason, message)) => api_service::available(false, reason, message),
    }))
}

type Trouble = (&'static str, String);

fn check(
    reference: &ServiceReference,
    backing: Backing<'_>,
    group: &str,
    version: &str,
) -> Result<(), Trouble> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (name, namespace) = (text(&reference.name), text(&reference.namespace));
    let called = format!("service/{name} in {namespace:?}");
    let Some(service) = backing.service else {
        return Err(("ServiceNotFound", format!("{called} is not present")));
    };
    let spec = service.spec.clone().unwrap_or_default();
    let wanted = reference.port.unwrap_or(443);
    let mut host = format!("{}:{wanted}", text(&spec.external_name));
    if spec.type_.as_deref() == Some("ClusterIP") {
        let mut ports = spec.ports.iter().flatten();
        let Some(port) = ports.find(|port| port.port == wanted) else {
            let message = format!("{called} is not listening on port {wanted}");
            return Err(("ServicePortError", message));
        };
        host = endpoint(backing.slices, port.name.as_deref().unwrap_or_default(), &called)?;
    }
    let is_known = KINDS
        .iter()
        .map(|kind| kind.names())
        .any(|names| names.group == group && names.versions.contains(&version));
    if is_known {
        return Ok(());
    }
    let url = format!("https://{host}/apis/{group}/{version}");
    Err((
        "FailedDiscoveryCheck",
        format!(
            "failing or missing response from {url}: Get {url:?}: dial tcp {host}: connect: \
             connection refused"
        ),
    ))
}

/// The first ready endpoint with a port of this name, as `address:port`.
fn endpoint(slices: &[&EndpointSlice], port: &str, called: &str) -> Result<String, Trouble> {
    if slices.is_empty() {
        return Err(("EndpointsNotFound", format!("cannot find endpointslices for {called}")));
    }
    let of_slice = |slice: &&EndpointSlice| {
        let mut ports = slice.ports.iter().flatten();
        let number = ports.find(|p| p.name.as_deref().unwrap_or_default() == port)?.port?;
        let is_ready = |ready: Option<bool>| ready.unwrap_or(true);
        let mut ready = slice.endpoints.iter().flatten().filter(|endpoint| {
            is_ready(endpoint.conditions.as_ref().and_then(|conditions| conditions.ready))
        });
        let address = ready.find_map(|endpoint| endpoint.addresses.first())?;
        Some(format!("{address}:{number}"))
    };
    slices.iter().find_map(of_slice).ok_or_else(|| {
        let message =
            format!("endpointslices for {called} have no addresses with port name {port:?}");
        ("MissingEndpoints", message)
    })
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let state = if self.0.status == "True" { "available" } else { "not available" };
        format!("{state}: {}", self.0.message.as_deref().unwrap_or_default())
    }

    fn facts(&self) -> Vec<Fact> {
        let reason = self.0.reason.clone().unwrap_or_default();
        vec![Fact { name: "reason", value: reason }]
    }
}
