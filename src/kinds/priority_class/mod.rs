//! PriorityClass.

mod describe;
mod validate;

use k8s_openapi::api::scheduling::v1::PriorityClass;

use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::sim::Time;

/// The kind PriorityClass. Mirrors `pkg/registry/scheduling/priorityclass`.
pub struct PriorityClasses;

impl Typed for PriorityClasses {
    type Object = PriorityClass;

    const NAMES: Names = Names {
        short: &["pc"],
        ..Names::cluster(
            "scheduling.k8s.io",
            &["v1"],
            "PriorityClass",
            "priorityclasses",
            "priorityclass",
        )
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::number("Value"),
        Column::truth("Global-Default"),
        Column::new("Age"),
        Column::new("PreemptionPolicy"),
    ];

    fn default(object: &mut PriorityClass) {
        object.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".to_owned());
    }

    fn prepare_create(object: &mut PriorityClass) {
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut PriorityClass, old: &PriorityClass) {
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(object: &PriorityClass) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &PriorityClass, old: &PriorityClass) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn row(object: &PriorityClass, now: Time) -> Vec<String> {
        vec![
            cells::name(&object.metadata),
            object.value.unwrap_or(0).to_string(),
            object.global_default.unwrap_or(false).to_string(),
            cells::age(&object.metadata, now),
            object.preemption_policy.clone().unwrap_or_default(),
        ]
    }

    fn describe(object: &PriorityClass, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
