//! The rules of Nodes. Mirrors `pkg/apis/core/validation.ValidateNode`.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Node;

use crate::base::label_name::{label_value_errors, qualified_name_errors};
use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// What is wrong with a Node: its taints.
pub fn validate(node: &Node) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let list = path.child("taints");
    let mut seen = BTreeSet::new();
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    for (index, taint) in taints.enumerate() {
        let path = list.index(index);
        errors.invalid_for(&path.child("key"), &taint.key, qualified_name_errors(&taint.key));
        if let Some(value) = &taint.value {
            let found = label_value_errors(value);
            if !found.is_empty() {
                errors.invalid(&path.child("value"), value, found.join(";"));
            }
        }
        match taint.effect.as_str() {
            "" => errors.required(&path.child("effect"), ""),
            effect if !EFFECTS.contains(&effect) => {
                errors.not_supported(&path.child("effect"), effect, EFFECTS);
            }
            _ => {}
        }
        if !seen.insert((&taint.key, &taint.effect)) {
            errors.duplicate(&path, taint);
        }
    }
    errors.0
}
