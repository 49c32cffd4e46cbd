//! ServiceAccount.

mod describe;

use k8s_openapi::api::core::v1::ServiceAccount;

use super::{Column, Lookup, Names, Typed, cells};
use crate::sim::Time;

/// The kind ServiceAccount. Mirrors `pkg/registry/core/serviceaccount`.
pub struct ServiceAccounts;

impl Typed for ServiceAccounts {
    type Object = ServiceAccount;

    const NAMES: Names = Names {
        short: &["sa"],
        subresources: &["token"],
        ..Names::namespaced("", &["v1"], "ServiceAccount", "serviceaccounts", "serviceaccount")
    };
    const COLUMNS: &'static [Column] = &[Column::new("Name"), Column::new("Age")];

    fn row(object: &ServiceAccount, now: Time) -> Vec<String> {
        vec![cells::name(&object.metadata), cells::age(&object.metadata, now)]
    }

    fn describe(object: &ServiceAccount, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
