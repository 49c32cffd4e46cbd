//! PodTemplate: a template that stands alone.

use k8s_openapi::api::core::v1::PodTemplate;

use super::path::{Errors, Path};
use super::pod_template::{defaults, validate};
use super::{Column, FieldError, Names, Typed, cells, prepare};
use crate::sim::Time;

/// The kind PodTemplate. Mirrors `pkg/registry/core/podtemplate`.
pub struct PodTemplates;

impl Typed for PodTemplates {
    type Object = PodTemplate;

    const NAMES: Names =
        Names::namespaced("", &["v1"], "PodTemplate", "podtemplates", "podtemplate");
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Containers"),
        Column::new("Images"),
        Column::new("Pod Labels"),
    ];

    fn default(object: &mut PodTemplate) {
        defaults::template(object.template.get_or_insert_default());
    }

    fn prepare_create(object: &mut PodTemplate) {
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(new: &mut PodTemplate, old: &PodTemplate) {
        let changed = new.template != old.template;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn validate(object: &PodTemplate) -> Vec<FieldError> {
        let mut errors = Errors::default();
        if let Some(template) = &object.template {
            validate::template(&Path::new("template"), template, &mut errors);
        }
        errors.0
    }

    fn row(object: &PodTemplate, _: Time) -> Vec<String> {
        let template = object.template.as_ref();
        let [containers, images] =
            cells::containers_and_images(template.and_then(|template| template.spec.as_ref()));
        let labels = template.and_then(|template| template.metadata.as_ref()?.labels.as_ref());
        vec![cells::name(&object.metadata), containers, images, cells::labels(labels)]
    }
}
