//! `kubectl describe endpoints`. Mirrors `describe.describeEndpoints`.

use k8s_openapi::api::core::v1::{EndpointAddress, Endpoints};

use crate::kinds::cells;
use crate::kinds::describe::{Lines, pairs};

/// The text.
pub fn describe(object: &Endpoints) -> String {
    let mut out = Lines::default();
    pairs::head(&mut out, &object.metadata);
    out.line(0, "Subsets:");
    for subset in object.subsets.iter().flatten() {
        out.field(1, "Addresses", addresses(subset.addresses.as_ref()));
        out.field(1, "NotReadyAddresses", addresses(subset.not_ready_addresses.as_ref()));
        let ports = subset.ports.as_deref().unwrap_or_default();
        if !ports.is_empty() {
            out.line(1, "Ports:");
            out.line(2, "Name\tPort\tProtocol");
            out.line(2, "----\t----\t--------");
        }
        for port in ports {
            let name = port.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("<unset>");
            let protocol = port.protocol.as_deref().unwrap_or_default();
            out.line(2, format!("{name}\t{}\t{protocol}", port.port));
        }
        out.line(0, "");
    }
    out.raw()
}

fn addresses(all: Option<&Vec<EndpointAddress>>) -> String {
    let all: Vec<_> = all.into_iter().flatten().map(|address| address.ip.as_str()).collect();
    cells::or_none(Some(all.join(",")))
}
