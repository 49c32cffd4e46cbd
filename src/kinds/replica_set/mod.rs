//! ReplicaSet.

mod describe;
mod validate;

use k8s_openapi::api::apps::v1::ReplicaSet;

use super::path::{Errors, Path};
use super::{Column, FieldError, Lookup, Names, Typed, cells, pod_template, prepare, selectors};
use crate::sim::Time;

/// The kind ReplicaSet. Mirrors `pkg/registry/apps/replicaset`.
pub struct ReplicaSets;

/// The columns of ReplicaSet and ReplicationController.
pub const COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::number("Desired"),
    Column::number("Current"),
    Column::number("Ready"),
    Column::new("Age"),
    Column::wide("Containers"),
    Column::wide("Images"),
    Column::wide("Selector"),
];

impl Typed for ReplicaSets {
    type Object = ReplicaSet;

    const NAMES: Names = Names {
        short: &["rs"],
        categories: &["all"],
        subresources: &["scale", "status"],
        ..Names::namespaced("apps", &["v1"], "ReplicaSet", "replicasets", "replicaset")
    };
    const COLUMNS: &'static [Column] = COLUMNS;

    fn default(object: &mut ReplicaSet) {
        let spec = object.spec.get_or_insert_default();
        spec.replicas.get_or_insert(1);
        pod_template::defaults::template(spec.template.get_or_insert_default());
    }

    prepare::generational!();

    fn validate(object: &ReplicaSet) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &ReplicaSet, old: &ReplicaSet) -> Vec<FieldError> {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            errors.immutable(&path.child("selector"), &new.selector, &old.selector);
        }
        errors.0
    }

    fn fields(object: &ReplicaSet) -> Vec<(&'static str, String)> {
        let replicas = object.status.as_ref().map_or(0, |status| status.replicas);
        vec![("status.replicas", replicas.to_string())]
    }

    fn row(object: &ReplicaSet, now: Time) -> Vec<String> {
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
            cells::label_selector(spec.map(|spec| &spec.selector)),
        ]
    }

    fn describe(object: &ReplicaSet, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }

    fn scale(object: &ReplicaSet) -> Option<(i32, i32, String)> {
        let spec = object.spec.as_ref()?;
        let status = object.status.as_ref();
        let current = status.map_or(0, |status| status.replicas);
        Some((spec.replicas.unwrap_or(1), current, selectors::text(Some(&spec.selector))))
    }

    fn set_scale(object: &mut ReplicaSet, replicas: i32) {
        object.spec.get_or_insert_default().replicas = Some(replicas);
    }
}
