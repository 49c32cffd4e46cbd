//! Deployment.

mod defaults;
mod describe;
/// The rules of Deployments.
pub mod validate;

use k8s_openapi::api::apps::v1::Deployment;

use super::path::{Errors, Path};
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare, selectors};
use crate::sim::Time;

/// The kind Deployment. Mirrors `pkg/registry/apps/deployment`.
pub struct Deployments;

impl Typed for Deployments {
    type Object = Deployment;

    const NAMES: Names = Names {
        short: &["deploy"],
        categories: &["all"],
        subresources: &["scale", "status"],
        ..Names::namespaced("apps", &["v1"], "Deployment", "deployments", "deployment")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Ready"),
        Column::number("Up-to-date"),
        Column::number("Available"),
        Column::new("Age"),
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ];

    fn default(object: &mut Deployment) {
        defaults::default(object);
    }

    fn prepare_create(object: &mut Deployment) {
        object.status = Some(Default::default());
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut Deployment, old: &Deployment) {
        new.status.clone_from(&old.status);
        // Annotations count as a change of a Deployment: the controller copies them to ReplicaSets.
        let changed = new.spec != old.spec || new.metadata.annotations != old.metadata.annotations;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn prepare_status(new: &mut Deployment, old: &Deployment) {
        new.spec.clone_from(&old.spec);
        new.metadata.labels.clone_from(&old.metadata.labels);
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(object: &Deployment) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &Deployment, old: &Deployment) -> Vec<FieldError> {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            errors.immutable(&path.child("selector"), &new.selector, &old.selector);
        }
        errors.0
    }

    fn row(object: &Deployment, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let spec = object.spec.as_ref();
        let status = object.status.clone().unwrap_or_default();
        let [containers, images] =
            cells::containers_and_images(spec.and_then(|spec| spec.template.spec.as_ref()));
        let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(0);
        vec![
            cells::name(meta),
            format!("{}/{wanted}", status.ready_replicas.unwrap_or(0)),
            status.updated_replicas.unwrap_or(0).to_string(),
            status.available_replicas.unwrap_or(0).to_string(),
            cells::age(meta, now),
            containers,
            images,
            cells::label_selector(spec.map(|spec| &spec.selector)),
        ]
    }

    fn describe(object: &Deployment, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }

    fn scale(object: &Deployment) -> Option<(i32, i32, String)> {
        let spec = object.spec.as_ref()?;
        let current = object.status.as_ref().and_then(|status| status.replicas).unwrap_or(0);
        Some((spec.replicas.unwrap_or(1), current, selectors::text(Some(&spec.selector))))
    }

    fn set_scale(object: &mut Deployment, replicas: i32) {
        object.spec.get_or_insert_default().replicas = Some(replicas);
    }
}
