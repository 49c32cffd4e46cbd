//! The rules of ReplicaSets. Mirrors `pkg/apis/apps/validation.ValidateReplicaSetSpec`.

use k8s_openapi::api::apps::v1::ReplicaSet;

use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};
use crate::kinds::pod_template::validate;

/// What is wrong with a ReplicaSet.
pub fn validate(object: &ReplicaSet) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(spec) = &object.spec else { return Vec::new() };
    let path = Path::new("spec");
    errors.non_negative(&path.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    let ready = spec.min_ready_seconds.unwrap_or(0);
    errors.non_negative(&path.child("minReadySeconds"), i64::from(ready));
    let selector = validate::selector(&path.child("selector"), &spec.selector, &mut errors);
    if let (Some(selector), Some(template)) = (selector, &spec.template) {
        let (path, selector) = (path.child("template"), selector.as_ref());
        validate::running_template(&path, template, selector, "ReplicaSet", &mut errors);
    }
    errors.0
}
