//! ConfigMap.

mod describe;

/// Its rules.
pub mod validate;

use k8s_openapi::api::core::v1::ConfigMap;

use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::sim::Time;

/// The kind ConfigMap. Mirrors `pkg/registry/core/configmap`.
pub struct ConfigMaps;

impl Typed for ConfigMaps {
    type Object = ConfigMap;

    const NAMES: Names = Names {
        short: &["cm"],
        ..Names::namespaced("", &["v1"], "ConfigMap", "configmaps", "configmap")
    };
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::number("Data"), Column::new("Age")];

    fn validate(object: &ConfigMap) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &ConfigMap, old: &ConfigMap) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn row(object: &ConfigMap, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let texts = object.data.as_ref().map_or(0, std::collections::BTreeMap::len);
        let bytes = object.binary_data.as_ref().map_or(0, std::collections::BTreeMap::len);
        vec![cells::name(meta), (texts + bytes).to_string(), cells::age(meta, now)]
    }

    fn describe(object: &ConfigMap, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
