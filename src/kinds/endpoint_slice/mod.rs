//! EndpointSlice.

mod describe;

use k8s_openapi::api::discovery::v1::{EndpointPort, EndpointSlice};
use serde_json::Value;

use super::{Column, Lookup, Names, Typed, cells, prepare};
use crate::sim::Time;

/// The kind EndpointSlice. Mirrors `pkg/registry/discovery/endpointslice`.
pub struct EndpointSlices;

const UNSET: &str = "<unset>";

impl Typed for EndpointSlices {
    type Object = EndpointSlice;

    const NAMES: Names = Names::namespaced(
        "discovery.k8s.io",
        &["v1"],
        "EndpointSlice",
        "endpointslices",
        "endpointslice",
    );
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("AddressType"),
        Column::new("Ports"),
        Column::new("Endpoints"),
        Column::new("Age"),
    ];

    fn from_hub(_: &str, mut value: Value) -> Value {
        // Go writes these lists out even when there is nothing in them.
        for name in ["endpoints", "ports"] {
            let list = &mut value[name];
            if list.as_array().is_none_or(Vec::is_empty) {
                *list = Value::Null;
            }
        }
        value
    }

    fn default(object: &mut EndpointSlice) {
        for port in object.ports.iter_mut().flatten() {
            port.name.get_or_insert_default();
            port.protocol.get_or_insert_with(|| "TCP".to_owned());
        }
    }

    fn prepare_create(object: &mut EndpointSlice) {
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut EndpointSlice, old: &EndpointSlice) {
        let changed = new.endpoints != old.endpoints
            || new.ports != old.ports
            || new.address_type != old.address_type
            || new.metadata.labels != old.metadata.labels;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn row(object: &EndpointSlice, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let endpoints = object.endpoints.iter().flatten();
        let addresses: Vec<_> =
            endpoints.flat_map(|endpoint| endpoint.addresses.iter().cloned()).collect();
        let ports: Vec<_> = object.ports.iter().flatten().map(port).collect();
        vec![
            cells::name(meta),
            object.address_type.clone(),
            cells::first_three(&ports, UNSET),
            cells::first_three(&addresses, UNSET),
            cells::age(meta, now),
        ]
    }

    fn describe(object: &EndpointSlice, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}

fn port(port: &EndpointPort) -> String {
    let number = port.port.map(|number| number.to_string());
    number.or_else(|| port.name.clone()).unwrap_or_else(|| "*".to_owned())
}
