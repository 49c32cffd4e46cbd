//! Event.

mod regarding;
mod validate;

use std::borrow::Cow;

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time as Timestamp};

use serde_json::Value;

use super::{Column, FieldError, Names, Typed, cells};
use crate::sim::Time;

pub use regarding::RegardingEvents;

/// The fields that selectors may name.
const FIELDS: [&str; 11] = [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

/// The kind Event. Mirrors `pkg/registry/core/event`.
pub struct Events;

impl Typed for Events {
    type Object = Event;

    const NAMES: Names =
        Names { short: &["ev"], ..Names::namespaced("", &["v1"], "Event", "events", "event") };
    const COLUMNS: &'static [Column] = &[
        Column::new("Last Seen"),
        Column::new("Type"),
        Column::new("Reason"),
        Column::new("Object"),
        Column::wide("Subobject"),
        Column::wide("Source"),
        Column::new("Message"),
        Column::wide("First Seen"),
        Column::wide("Count"),
        Column::wide("Name"),
    ];

    fn from_hub(_: &str, mut value: Value) -> Value {
        // Go writes these out even when they are empty.
        let Some(fields) = value.as_object_mut() else { return value };
        for name in ["eventTime", "firstTimestamp", "lastTimestamp"] {
            fields.entry(name).or_insert(Value::Null);
        }
        for name in ["reportingComponent", "reportingInstance"] {
            fields.entry(name).or_insert_with(|| Value::String(String::new()));
        }
        fields.entry("source").or_insert_with(|| Value::Object(Default::default()));
        value
    }

    fn validate(object: &Event) -> Vec<FieldError> {
        validate::common(object, "reportingComponent").0
    }

    fn fields(object: &Event) -> Vec<(&'static str, String)> {
        FIELDS.map(|name| (name, Self::field(object, name).into_owned())).into()
    }

    /// Events are many, and most are looked at to find that they are about something else.
    fn field<'a>(object: &'a Event, name: &str) -> Cow<'a, str> {
        let about = &object.involved_object;
        let source = object.source.as_ref().and_then(|source| source.component.as_ref());
        let text = match name {
            "involvedObject.kind" => about.kind.as_ref(),
            "involvedObject.namespace" => about.namespace.as_ref(),
            "involvedObject.name" => about.name.as_ref(),
            "involvedObject.uid" => about.uid.as_ref(),
            "involvedObject.apiVersion" => about.api_version.as_ref(),
            "involvedObject.resourceVersion" => about.resource_version.as_ref(),
            "involvedObject.fieldPath" => about.field_path.as_ref(),
            "reason" => object.reason.as_ref(),
            "reportingComponent" => object.reporting_component.as_ref(),
            "source" => {
                source.filter(|source| !source.is_empty()).or(object.reporting_component.as_ref())
            }
            "type" => object.type_.as_ref(),
            _ => None,
        };
        Cow::Borrowed(text.map(String::as_str).unwrap_or_default())
    }

    fn row(event: &Event, now: Time) -> Vec<String> {
        let at = |stamp: Option<&MicroTime>| {
            cells::since(stamp.map(|stamp| Timestamp(stamp.0)).as_ref(), now)
        };
        let first = match &event.first_timestamp {
            Some(first) => cells::since(Some(first), now),
            None => at(event.event_time.as_ref()),
        };
        let mut last = first.clone();
        if event.last_timestamp.is_some() {
            last = cells::since(event.last_timestamp.as_ref(), now);
        }
        let mut count = event.count.filter(|count| *count != 0).unwrap_or(1);
        if let Some(series) = &event.series {
            last = at(series.last_observed_time.as_ref());
            count = series.count.unwrap_or(0);
        }
        let about = &event.involved_object;
        vec![
            last,
            event.type_.clone().unwrap_or_default(),
            event.reason.clone().unwrap_or_default(),
            target(event),
            about.field_path.clone().unwrap_or_default(),
            source(event),
            event.message.as_deref().unwrap_or_default().trim().to_owned(),
            first,
            count.to_string(),
            cells::name(&event.metadata),
        ]
    }
}

fn target(event: &Event) -> String {
    let about = &event.involved_object;
    let kind = about.kind.as_deref().unwrap_or_default().to_ascii_lowercase();
    match about.name.as_deref().unwrap_or_default() {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

/// `kubelet, node1`. Mirrors `formatEventSource`.
pub fn source(event: &Event) -> String {
    let source = event.source.as_ref();
    let either = |first: Option<&String>, second: Option<&String>| {
        first.filter(|text| !text.is_empty()).or(second).cloned().unwrap_or_default()
    };
    let component = either(
        source.and_then(|source| source.component.as_ref()),
        event.reporting_component.as_ref(),
    );
    let instance =
        either(source.and_then(|source| source.host.as_ref()), event.reporting_instance.as_ref());
    if instance.is_empty() { component } else { format!("{component}, {instance}") }
}
