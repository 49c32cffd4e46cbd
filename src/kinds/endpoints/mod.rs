//! Endpoints.

mod describe;

use k8s_openapi::api::core::v1::Endpoints;

use super::cells::{self, NONE};
use super::{Column, Lookup, Names, Typed};
use crate::sim::Time;

/// The kind Endpoints. Mirrors `pkg/registry/core/endpoint`.
pub struct EndpointsKind;

impl Typed for EndpointsKind {
    type Object = Endpoints;

    const NAMES: Names = Names {
        short: &["ep"],
        ..Names::namespaced("", &["v1"], "Endpoints", "endpoints", "endpoints")
    };
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("Endpoints"), Column::new("Age")];

    const DEPRECATION: Option<&'static str> =
        Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");

    fn default(object: &mut Endpoints) {
        for subset in object.subsets.iter_mut().flatten() {
            for port in subset.ports.iter_mut().flatten() {
                port.protocol.get_or_insert_with(|| "TCP".to_owned());
            }
        }
    }

    fn row(object: &Endpoints, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        vec![cells::name(meta), addresses(object), cells::age(meta, now)]
    }

    fn describe(object: &Endpoints, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}

/// The first three `IP:PORT`. Mirrors `formatEndpoints`.
pub fn addresses(object: &Endpoints) -> String {
    let mut all = Vec::new();
    for subset in object.subsets.iter().flatten() {
        let ready = subset.addresses.as_deref().unwrap_or_default();
        match subset.ports.as_deref().unwrap_or_default() {
            [] => all.extend(ready.iter().map(|address| address.ip.clone())),
            ports => {
                for port in ports {
                    all.extend(ready.iter().map(|address| format!("{}:{}", address.ip, port.port)));
                }
            }
        }
    }
    cells::first_three(&all, NONE)
}
