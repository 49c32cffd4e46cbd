//! `kubectl describe endpointslice`. Mirrors `describe.describeEndpointSliceV1`.

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use crate::kinds::cells::NONE;
use crate::kinds::describe::{Lines, pairs};

/// What stands where a field is not set.
const UNSET: &str = "<unset>";

/// The text.
pub fn describe(object: &EndpointSlice) -> String {
    let mut out = Lines::default();
    pairs::head(&mut out, &object.metadata);
    out.field(0, "AddressType", &object.address_type);
    let ports = object.ports.as_deref().unwrap_or_default();
    if ports.is_empty() {
        out.line(0, format!("Ports: {UNSET}"));
    } else {
        out.line(0, "Ports:");
        out.line(1, "Name\tPort\tProtocol");
        out.line(1, "----\t----\t--------");
    }
    for port in ports {
        let name = port.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(UNSET);
        let number = port.port.map_or_else(|| UNSET.to_owned(), |number| number.to_string());
        let protocol = port.protocol.as_deref().unwrap_or_default();
        out.line(1, format!("{name}\t{number}\t{protocol}"));
    }
    let endpoints = object.endpoints.as_deref().unwrap_or_default();
    if endpoints.is_empty() {
        out.line(0, format!("Endpoints: {NONE}"));
    } else {
        out.line(0, "Endpoints:");
    }
    for endpoint in endpoints {
        self::endpoint(&mut out, endpoint);
    }
    out.raw()
}

fn endpoint(out: &mut Lines, endpoint: &Endpoint) {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| UNSET.to_owned());
    out.line(1, format!("- Addresses:\t{}", endpoint.addresses.join(", ")));
    out.line(2, "Conditions:");
    let ready = endpoint.conditions.as_ref().and_then(|conditions| conditions.ready);
    out.field(3, "Ready", ready.map_or_else(|| UNSET.to_owned(), |ready| ready.to_string()));
    out.field(2, "Hostname", text(&endpoint.hostname));
    if let Some(target) = &endpoint.target_ref {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        out.field(2, "TargetRef", format!("{}/{}", text(&target.kind), text(&target.name)));
    }
    out.field(2, "NodeName", text(&endpoint.node_name));
    out.field(2, "Zone", text(&endpoint.zone));
}
