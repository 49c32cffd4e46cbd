//! PodDisruptionBudget.

/// The condition that says whether disruptions are allowed.
pub mod condition;
mod describe;
mod validate;

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::describe::probe;
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::sim::Time;

/// The kind PodDisruptionBudget. Mirrors `pkg/registry/policy/poddisruptionbudget`.
pub struct PodDisruptionBudgets;

impl Typed for PodDisruptionBudgets {
    type Object = PodDisruptionBudget;

    const NAMES: Names = Names {
        short: &["pdb"],
        subresources: &["status"],
        ..Names::namespaced(
            "policy",
            &["v1"],
            "PodDisruptionBudget",
            "poddisruptionbudgets",
            "poddisruptionbudget",
        )
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Min Available"),
        Column::new("Max Unavailable"),
        Column::new("Allowed Disruptions"),
        Column::new("Age"),
    ];

    fn prepare_create(object: &mut PodDisruptionBudget) {
        // Go writes these zeros out.
        object.status = Some(PodDisruptionBudgetStatus {
            current_healthy: Some(0),
            desired_healthy: Some(0),
            disruptions_allowed: Some(0),
            expected_pods: Some(0),
            ..PodDisruptionBudgetStatus::default()
        });
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut PodDisruptionBudget, old: &PodDisruptionBudget) {
        new.status.clone_from(&old.status);
        prepare::next_generation(&mut new.metadata, &old.metadata, new.spec != old.spec);
    }

    fn prepare_status(new: &mut PodDisruptionBudget, old: &PodDisruptionBudget) {
        new.spec.clone_from(&old.spec);
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(object: &PodDisruptionBudget) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn row(object: &PodDisruptionBudget, now: Time) -> Vec<String> {
        let spec = object.spec.as_ref();
        let status = object.status.as_ref();
        let amount = |amount: Option<&IntOrString>| amount.map_or("N/A".to_owned(), probe::port);
        vec![
            cells::name(&object.metadata),
            amount(spec.and_then(|spec| spec.min_available.as_ref())),
            amount(spec.and_then(|spec| spec.max_unavailable.as_ref())),
            status.and_then(|status| status.disruptions_allowed).unwrap_or(0).to_string(),
            cells::age(&object.metadata, now),
        ]
    }

    fn describe(object: &PodDisruptionBudget, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
