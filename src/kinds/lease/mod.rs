//! Lease.

use k8s_openapi::api::coordination::v1::Lease;

use super::{Column, Names, Typed, cells};
use crate::sim::Time;

/// The kind Lease. Mirrors `pkg/registry/coordination/lease`.
pub struct Leases;

impl Typed for Leases {
    type Object = Lease;

    const NAMES: Names =
        Names::namespaced("coordination.k8s.io", &["v1"], "Lease", "leases", "lease");
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("Holder"), Column::new("Age")];

    fn row(object: &Lease, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let holder = object.spec.as_ref().and_then(|spec| spec.holder_identity.clone());
        vec![cells::name(meta), holder.unwrap_or_default(), cells::age(meta, now)]
    }
}
