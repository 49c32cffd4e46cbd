//! ReplicationController.

mod describe;
mod validate;

use k8s_openapi::api::core::v1::ReplicationController;

use super::{Column, FieldError, Lookup, Names, Typed, cells, pod_template, prepare, replica_set};
use crate::base::label_selector::Selector;
use crate::sim::Time;

/// The kind ReplicationController. Mirrors `pkg/registry/core/replicationcontroller`.
pub struct ReplicationControllers;

impl Typed for ReplicationControllers {
    type Object = ReplicationController;

    const NAMES: Names = Names {
        short: &["rc"],
        categories: &["all"],
        subresources: &["scale", "status"],
        ..Names::namespaced(
            "",
            &["v1"],
            "ReplicationController",
            "replicationcontrollers",
            "replicationcontroller",
        )
    };
    const COLUMNS: &'static [Column] = replica_set::COLUMNS;

    fn default(object: &mut ReplicationController) {
        let spec = object.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        let Some(template) = &mut spec.template else { return };
        pod_template::defaults::template(template);
        // What the template says of its pods holds for the selector and the controller too.
        let labels = template.metadata.as_ref().and_then(|meta| meta.labels.as_ref());
        for field in [&mut spec.selector, &mut object.metadata.labels] {
            if field.as_ref().is_none_or(|pairs| pairs.is_empty()) {
                *field = labels.cloned();
            }
        }
    }

    prepare::generational!();

    fn validate(object: &ReplicationController) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn fields(object: &ReplicationController) -> Vec<(&'static str, String)> {
        let replicas = object.status.as_ref().map_or(0, |status| status.replicas);
        vec![("status.replicas", replicas.to_string())]
    }

    fn row(object: &ReplicationController, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let spec = object.spec.as_ref();
        let status = object.status.as_ref();
        let template = spec.and_then(|spec| spec.template.as_ref()?.spec.as_ref());
        let [containers, images] = cells::containers_and_images(template);
        vec![
            cells::name(meta),
            spec.and_then(|spec| spec.replicas).unwrap_or(0).to_string(),
            status.map_or(0, |status| status.replicas).to_string(),
            status.and_then(|status| status.ready_replicas).unwrap_or(0).to_string(),
            cells::age(meta, now),
            containers,
            images,
            cells::labels(spec.and_then(|spec| spec.selector.as_ref())),
        ]
    }

    fn describe(object: &ReplicationController, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }

    fn scale(object: &ReplicationController) -> Option<(i32, i32, String)> {
        let spec = object.spec.as_ref()?;
        let current = object.status.as_ref().map_or(0, |status| status.replicas);
        let selector = spec.selector.as_ref().map(Selector::from_labels).unwrap_or_default();
        Some((spec.replicas.unwrap_or(1), current, selector.to_string()))
    }

    fn set_scale(object: &mut ReplicationController, replicas: i32) {
        object.spec.get_or_insert_default().replicas = Some(replicas);
    }
}
