//! Events as `events.k8s.io` names their fields. They are the same objects.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::Event;
use serde_json::Value;

use super::{Events, validate};
use crate::kinds::{Column, FieldError, Names, Typed};
use crate::object::GroupResource;
use crate::sim::Time;

/// What a field is called here, and what it is called in the core group.
const RENAMED: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// The fields that selectors may name, and what they are called in the core group.
const FIELDS: [(&str, &str); 10] = [
    ("reason", "reason"),
    ("regarding.kind", "involvedObject.kind"),
    ("regarding.namespace", "involvedObject.namespace"),
    ("regarding.name", "involvedObject.name"),
    ("regarding.uid", "involvedObject.uid"),
    ("regarding.apiVersion", "involvedObject.apiVersion"),
    ("regarding.resourceVersion", "involvedObject.resourceVersion"),
    ("regarding.fieldPath", "involvedObject.fieldPath"),
    ("reportingController", "reportingComponent"),
    ("type", "type"),
];

/// The kind Event of `events.k8s.io`. Mirrors `pkg/apis/events/v1`.
pub struct RegardingEvents;

/// Moves what stands under the first name of each pair to the second.
fn rename<'a>(value: &mut Value, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    let Some(fields) = value.as_object_mut() else { return };
    for (from, to) in pairs {
        if let Some(field) = fields.remove(from) {
            fields.insert(to.to_owned(), field);
        }
    }
}

impl Typed for RegardingEvents {
    type Object = Event;

    const NAMES: Names = Names {
        short: &["ev"],
        ..Names::namespaced("events.k8s.io", &["v1"], "Event", "events", "event")
    };
    const COLUMNS: &'static [Column] = Events::COLUMNS;
    const KEPT_AS: Option<GroupResource> = Some(Events::NAMES.resource());
    const REFUSING_GROUP: &'static str = Events::NAMES.group;

    fn to_hub(_: &str, value: &Value) -> Option<Value> {
        let mut value = value.clone();
        rename(&mut value, RENAMED.into_iter());
        if let Some(fields) = value.as_object_mut() {
            fields.insert("apiVersion".to_owned(), "v1".into());
        }
        Some(value)
    }

    fn from_hub(version: &str, value: Value) -> Value {
        let mut value = Events::from_hub(version, value);
        rename(&mut value, RENAMED.into_iter().map(|(here, core)| (core, here)));
        if let Some(fields) = value.as_object_mut() {
            fields.insert("apiVersion".to_owned(), "events.k8s.io/v1".into());
            // Go leaves these out where they are empty, unlike in the core group.
            for name in ["reportingController", "reportingInstance"] {
                if fields.get(name).and_then(Value::as_str) == Some("") {
                    fields.remove(name);
                }
            }
        }
        value
    }

    fn validate(object: &Event) -> Vec<FieldError> {
        validate::strict(object)
    }

    fn validate_replacement(new: &Event, old: &Event) -> Vec<FieldError> {
        validate::strict_update(new, old)
    }

    fn fields(object: &Event) -> Vec<(&'static str, String)> {
        FIELDS.map(|(name, core)| (name, Events::field(object, core).into_owned())).into()
    }

    fn field<'a>(object: &'a Event, name: &str) -> Cow<'a, str> {
        let core = FIELDS.iter().find(|(here, _)| *here == name);
        core.map_or(Cow::Borrowed(""), |(_, core)| Events::field(object, core))
    }

    fn row(event: &Event, now: Time) -> Vec<String> {
        Events::row(event, now)
    }
}
