//! ResourceQuota.

/// What descriptions say of quotas.
pub mod describe;
/// What objects use of quotas.
pub mod usage;
mod validate;

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaStatus};

use super::path::{Errors, Path};
use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::base::order::Order as _;
use crate::sim::Time;

/// The kind ResourceQuota. Mirrors `pkg/registry/core/resourcequota`.
pub struct ResourceQuotas;

impl Typed for ResourceQuotas {
    type Object = ResourceQuota;

    const NAMES: Names = Names {
        short: &["quota"],
        subresources: &["status"],
        ..Names::namespaced("", &["v1"], "ResourceQuota", "resourcequotas", "resourcequota")
    };
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("Request"), Column::new("Limit"), Column::new("Age")];

    fn prepare_create(object: &mut ResourceQuota) {
        object.status = Some(ResourceQuotaStatus::default());
    }

    fn prepare_update(new: &mut ResourceQuota, old: &ResourceQuota) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut ResourceQuota, old: &ResourceQuota) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(object: &ResourceQuota) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &ResourceQuota, old: &ResourceQuota) -> Vec<FieldError> {
        let mut errors = Errors::default();
        let scopes = |quota: &ResourceQuota| {
            let scopes = quota.spec.as_ref().and_then(|spec| spec.scopes.clone());
            let mut scopes = scopes.unwrap_or_default();
            scopes.order();
            scopes.dedup();
            scopes
        };
        if scopes(new) != scopes(old) {
            let given = new.spec.as_ref().and_then(|spec| spec.scopes.as_ref());
            let path = Path::new("spec");
            errors.invalid(&path.child("scopes"), &given, "field is immutable");
        }
        errors.0
    }

    fn row(object: &ResourceQuota, now: Time) -> Vec<String> {
        let status = object.status.clone().unwrap_or_default();
        let used = status.used.unwrap_or_default();
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (name, hard) in status.hard.unwrap_or_default() {
            let used = used.get(&name).map_or("0", |used| used.0.as_str());
            let list = if name.starts_with("limits.") { &mut limits } else { &mut requests };
            list.push(format!("{name}: {used}/{}", hard.0));
        }
        vec![
            cells::name(&object.metadata),
            requests.join(", "),
            limits.join(", "),
            cells::age(&object.metadata, now),
        ]
    }

    fn describe(object: &ResourceQuota, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
