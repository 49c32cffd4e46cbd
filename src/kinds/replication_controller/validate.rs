//! The rules of ReplicationControllers.
//! Mirrors `pkg/apis/core/validation.ValidateReplicationControllerSpec`.

use k8s_openapi::api::core::v1::ReplicationController;

use crate::base::label_selector::Selector;
use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate;

/// What is wrong with a ReplicationController.
pub fn validate(object: &ReplicationController) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(spec) = &object.spec else { return Vec::new() };
    let path = Path::new("spec");
    let ready = spec.min_ready_seconds.unwrap_or(0);
    errors.non_negative(&path.child("minReadySeconds"), i64::from(ready));
    let selector = spec.selector.as_ref().map(Selector::from_labels).unwrap_or_default();
    if selector.is_empty() {
        errors.required(&path.child("selector"), "");
    }
    errors.non_negative(&path.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    let path = path.child("template");
    match &spec.template {
        None => errors.required(&path, ""),
        Some(template) => {
            let (selector, kind) = (Some(&selector), "ReplicationController");
            validate::running_template(&path, template, selector, kind, &mut errors);
        }
    }
    errors.0
}
