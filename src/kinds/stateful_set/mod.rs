//! StatefulSet.

mod defaults;
mod describe;
mod validate;

use k8s_openapi::api::apps::v1::StatefulSet;

use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare, selectors};
use crate::sim::Time;

/// The kind StatefulSet. Mirrors `pkg/registry/apps/statefulset`.
pub struct StatefulSets;

impl Typed for StatefulSets {
    type Object = StatefulSet;

    const NAMES: Names = Names {
        short: &["sts"],
        categories: &["all"],
        subresources: &["scale", "status"],
        ..Names::namespaced("apps", &["v1"], "StatefulSet", "statefulsets", "statefulset")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Ready"),
        Column::new("Age"),
        Column::wide("Containers"),
        Column::wide("Images"),
    ];

    fn default(object: &mut StatefulSet) {
        defaults::default(object);
    }

    prepare::generational!();

    fn validate(object: &StatefulSet) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &StatefulSet, old: &StatefulSet) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn row(object: &StatefulSet, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let spec = object.spec.as_ref();
        let ready = object.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(0);
        let [containers, images] =
            cells::containers_and_images(spec.and_then(|spec| spec.template.spec.as_ref()));
        vec![
            cells::name(meta),
            format!("{ready}/{wanted}"),
            cells::age(meta, now),
            containers,
            images,
        ]
    }

    fn describe(object: &StatefulSet, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }

    fn scale(object: &StatefulSet) -> Option<(i32, i32, String)> {
        let spec = object.spec.as_ref()?;
        let current = object.status.as_ref().map_or(0, |status| status.replicas);
        Some((spec.replicas.unwrap_or(1), current, selectors::text(Some(&spec.selector))))
    }

    fn set_scale(object: &mut StatefulSet, replicas: i32) {
        object.spec.get_or_insert_default().replicas = Some(replicas);
    }
}
