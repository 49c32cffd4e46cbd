//! DaemonSet.

mod describe;
mod validate;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::path::{Errors, Path};
use super::pod_template::defaults;
use super::{Column, FieldError, Lookup, Names, Typed, cells, prepare};
use crate::object::meta;
use crate::sim::Time;

/// The kind DaemonSet. Mirrors `pkg/registry/apps/daemonset`.
pub struct DaemonSets;

/// How often the template has changed: once a field of the spec, which `apps/v1` keeps here.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// How often the template has changed, if the object says so.
pub fn template_generation(meta: &ObjectMeta) -> Option<i64> {
    meta::annotation(meta, TEMPLATE_GENERATION)?.parse().ok()
}

fn set_template_generation(meta: &mut ObjectMeta, generation: i64) {
    let annotations = meta.annotations.get_or_insert_default();
    annotations.insert(TEMPLATE_GENERATION.to_owned(), generation.to_string());
}

impl Typed for DaemonSets {
    type Object = DaemonSet;

    const NAMES: Names = Names {
        short: &["ds"],
        categories: &["all"],
        subresources: &["status"],
        ..Names::namespaced("apps", &["v1"], "DaemonSet", "daemonsets", "daemonset")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Desired"),
        Column::new("Current"),
        Column::new("Ready"),
        Column::new("Up-to-date"),
        Column::new("Available"),
        Column::new("Node Selector"),
        Column::new("Age"),
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ];

    fn default(object: &mut DaemonSet) {
        let spec = object.spec.get_or_insert_default();
        let strategy = spec.update_strategy.get_or_insert_default();
        defaults::text(&mut strategy.type_, "RollingUpdate");
        if strategy.type_.as_deref() == Some("RollingUpdate") {
            let rolling = strategy.rolling_update.get_or_insert_default();
            rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
            rolling.max_surge.get_or_insert(IntOrString::Int(0));
        }
        spec.revision_history_limit.get_or_insert(10);
        defaults::template(&mut spec.template);
    }

    fn prepare_create(object: &mut DaemonSet) {
        object.status = Some(Default::default());
        prepare::first_generation(&mut object.metadata);
        let generation = template_generation(&object.metadata).unwrap_or(0).max(1);
        set_template_generation(&mut object.metadata, generation);
    }

    fn prepare_update(new: &mut DaemonSet, old: &DaemonSet) {
        new.status.clone_from(&old.status);
        let changed = new.spec != old.spec;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
        let template = |set: &DaemonSet| set.spec.as_ref().map(|spec| spec.template.clone());
        let step = i64::from(template(new) != template(old));
        let generation = template_generation(&old.metadata).unwrap_or(0) + step;
        set_template_generation(&mut new.metadata, generation);
    }

    fn prepare_status(new: &mut DaemonSet, old: &DaemonSet) {
        new.spec.clone_from(&old.spec);
        new.metadata.generation = old.metadata.generation;
        let generation = template_generation(&old.metadata).unwrap_or(0);
        set_template_generation(&mut new.metadata, generation);
    }

    fn validate(object: &DaemonSet) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &DaemonSet, old: &DaemonSet) -> Vec<FieldError> {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            errors.immutable(&path.child("selector"), &new.selector, &old.selector);
        }
        errors.0
    }

    fn validate_replacement(new: &DaemonSet, old: &DaemonSet) -> Vec<FieldError> {
        let mut errors = Self::validate_update(new, old);
        errors.extend(Self::validate(new));
        errors
    }

    fn row(object: &DaemonSet, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let spec = object.spec.as_ref();
        let status = object.status.clone().unwrap_or_default();
        let pod = spec.and_then(|spec| spec.template.spec.as_ref());
        let [containers, images] = cells::containers_and_images(pod);
        vec![
            cells::name(meta),
            status.desired_number_scheduled.to_string(),
            status.current_number_scheduled.to_string(),
            status.number_ready.to_string(),
            status.updated_number_scheduled.unwrap_or(0).to_string(),
            status.number_available.unwrap_or(0).to_string(),
            cells::labels(pod.and_then(|pod| pod.node_selector.as_ref())),
            cells::age(meta, now),
            containers,
            images,
            cells::label_selector(spec.map(|spec| &spec.selector)),
        ]
    }

    fn describe(object: &DaemonSet, others: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object, others)
    }
}
