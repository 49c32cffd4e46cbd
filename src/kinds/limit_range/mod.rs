//! LimitRange.

/// What descriptions say of limits.
pub mod describe;
mod validate;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::sim::Time;

/// The kind LimitRange. Mirrors `pkg/registry/core/limitrange`.
pub struct LimitRanges;

impl Typed for LimitRanges {
    type Object = LimitRange;

    const NAMES: Names = Names {
        short: &["limits"],
        ..Names::namespaced("", &["v1"], "LimitRange", "limitranges", "limitrange")
    };
    const COLUMNS: &'static [Column] = &[Column::new("Name"), Column::new("Created At")];

    fn default(object: &mut LimitRange) {
        let limits = object.spec.iter_mut().flat_map(|spec| &mut spec.limits);
        limits.filter(|item| item.type_ == "Container").for_each(fill);
    }

    fn validate(object: &LimitRange) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn row(object: &LimitRange, _: Time) -> Vec<String> {
        let created = object.metadata.creation_timestamp.as_ref();
        let created = created.map(|stamp| stamp.0.to_string());
        vec![cells::name(&object.metadata), created.unwrap_or_default()]
    }

    fn describe(object: &LimitRange, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}

/// Limits default to the most there may be, requests to the limits, or to the least.
/// Mirrors `SetDefaults_LimitRangeItem`.
fn fill(item: &mut LimitRangeItem) {
    fn add(list: &mut BTreeMap<String, Quantity>, from: Option<&BTreeMap<String, Quantity>>) {
        for (name, amount) in from.into_iter().flatten() {
            list.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    }
    add(item.default.get_or_insert_default(), item.max.as_ref());
    let requests = item.default_request.get_or_insert_default();
    add(requests, item.default.as_ref());
    add(requests, item.min.as_ref());
    let is_empty = |list: &BTreeMap<String, Quantity>| list.is_empty();
    item.default = item.default.take().filter(|list| !is_empty(list));
    item.default_request = item.default_request.take().filter(|list| !is_empty(list));
}
