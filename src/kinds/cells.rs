//! Cells that many listings share. Mirrors helpers of `pkg/printers/internalversion`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, ObjectMeta, Time as Timestamp,
};

use super::selectors;
use serde_json::Value;

use crate::base::duration;
use crate::base::label_selector::Selector;
use crate::object::meta;
use crate::sim::Time;

/// What stands where there is nothing.
pub const NONE: &str = "<none>";
/// What stands where something is not known.
pub const UNKNOWN: &str = "<unknown>";

/// The object's name.
pub fn name(meta: &ObjectMeta) -> String {
    meta.name.clone().unwrap_or_default()
}

/// The object's age.
pub fn age(meta: &ObjectMeta, now: Time) -> String {
    since(meta.creation_timestamp.as_ref(), now)
}

/// How long ago `stamp` was; `<unknown>` when absent.
pub fn since(stamp: Option<&Timestamp>, now: Time) -> String {
    let Some(stamp) = stamp else { return UNKNOWN.to_owned() };
    let micros = i64::try_from(now.micros()).unwrap_or(i64::MAX);
    let earlier = i64::try_from(meta::moment(stamp).micros()).unwrap_or(i64::MAX);
    duration::human((micros - earlier) / 1_000_000)
}

/// The text, or `<none>` when it is empty or absent.
pub fn or_none<S: AsRef<str>>(text: Option<S>) -> String {
    match text.as_ref().map(AsRef::as_ref) {
        None | Some("") => NONE.to_owned(),
        Some(text) => text.to_owned(),
    }
}

/// The pairs as a selector prints them, or `<none>`. Mirrors `labels.FormatLabels`.
pub fn labels(pairs: Option<&BTreeMap<String, String>>) -> String {
    or_none(pairs.map(|pairs| Selector::from_labels(pairs).to_string()))
}

/// The selector's text, or `<none>`. Mirrors `metav1.FormatLabelSelector`.
pub fn label_selector(selector: Option<&LabelSelector>) -> String {
    match selector.map(selectors::parse) {
        Some(Ok(selector)) => or_none(Some(selector.to_string())),
        Some(Err(_)) => "<error>".to_owned(),
        None => NONE.to_owned(),
    }
}

/// The names and the images of a pod's containers.
pub fn containers_and_images(spec: Option<&PodSpec>) -> [String; 2] {
    let containers = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let names: Vec<_> = containers.iter().map(|container| container.name.as_str()).collect();
    let images: Vec<_> =
        containers.iter().map(|container| container.image.as_deref().unwrap_or_default()).collect();
    [names.join(","), images.join(",")]
}

/// The first three, and how many more there are.
pub fn first_three(items: &[String], empty: &str) -> String {
    match items.len() {
        0 => empty.to_owned(),
        1..=3 => items.join(","),
        count => format!("{} + {} more...", items[..3].join(","), count - 3),
    }
}

/// What a binding's parameters are called: those that are named are in one namespace, or in any.
/// Mirrors `printValidatingAdmissionPolicyBinding`.
pub fn parameters(given: &Value) -> String {
    let text = |name: &str| given[name].as_str().filter(|text| !text.is_empty());
    match (text("namespace").unwrap_or("*"), text("name")) {
        (namespace, Some(name)) => format!("{namespace}/{name}"),
        (_, None) => "<unset>".to_owned(),
    }
}
