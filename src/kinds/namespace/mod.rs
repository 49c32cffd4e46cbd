//! Namespace.

mod describe;

use k8s_openapi::api::core::v1::{Namespace, NamespaceStatus};

use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::sim::Time;

/// The labels that say how safe pods must be.
const LEVEL_LABELS: [&str; 3] = [
    "pod-security.kubernetes.io/audit",
    "pod-security.kubernetes.io/enforce",
    "pod-security.kubernetes.io/warn",
];
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// The kind Namespace. Mirrors `pkg/registry/core/namespace`.
pub struct Namespaces;

impl Typed for Namespaces {
    type Object = Namespace;

    const NAMES: Names = Names {
        short: &["ns"],
        subresources: &["finalize", "status"],
        ..Names::cluster("", &["v1"], "Namespace", "namespaces", "namespace")
    };
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("Status"), Column::new("Age")];

    fn default(object: &mut Namespace) {
        if let Some(name) = &object.metadata.name {
            let labels = object.metadata.labels.get_or_insert_default();
            labels.entry("kubernetes.io/metadata.name".to_owned()).or_insert_with(|| name.clone());
        }
    }

    fn prepare_create(object: &mut Namespace) {
        let phase = Some("Active".to_owned());
        object.status = Some(NamespaceStatus { phase, ..NamespaceStatus::default() });
        let finalizers = object.spec.get_or_insert_default().finalizers.get_or_insert_default();
        if !finalizers.iter().any(|name| name == "kubernetes") {
            finalizers.push("kubernetes".to_owned());
        }
    }

    fn prepare_update(new: &mut Namespace, old: &Namespace) {
        new.spec.clone_from(&old.spec);
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut Namespace, old: &Namespace) {
        new.spec.clone_from(&old.spec);
    }

    /// Mirrors the PodSecurity plugin's `ValidateNamespace`.
    fn validate(object: &Namespace) -> Vec<FieldError> {
        let labels = object.metadata.labels.iter().flatten();
        let levels = labels.filter(|(key, _)| LEVEL_LABELS.contains(&key.as_str()));
        let wrong = levels.filter(|(_, level)| !LEVELS.contains(&level.as_str()));
        let why = "must be one of privileged, baseline, restricted";
        wrong
            .map(|(key, level)| FieldError::invalid(&format!("metadata.labels[{key}]"), level, why))
            .collect()
    }

    fn fields(object: &Namespace) -> Vec<(&'static str, String)> {
        vec![("status.phase", phase(object)), ("name", cells::name(&object.metadata))]
    }

    fn row(object: &Namespace, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        vec![cells::name(meta), phase(object), cells::age(meta, now)]
    }

    fn describe(object: &Namespace, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }
}

fn phase(object: &Namespace) -> String {
    object.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default()
}
