//! The section `Events:`. Mirrors `describe.DescribeEvents`.

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time as Timestamp};

use super::Lines;
use crate::base::order::Order as _;
use crate::kinds::{Lookup, Names, Typed, cells};
use crate::object::{GroupResource, Object};
use crate::sim::Time;

const EVENTS: Names = crate::kinds::event::Events::NAMES;

/// Adds the events about `object`, the oldest first.
pub fn write(out: &mut Lines, object: &Object, others: &mut dyn Lookup, now: Time) {
    let resource: GroupResource = EVENTS.resource();
    let all = others.list(&resource, object.namespace());
    let mut events: Vec<&Event> = all.iter().filter_map(Object::get::<Event>).collect();
    events.retain(|event| is_about(event, object));
    if events.is_empty() {
        out.field(0, "Events", cells::NONE);
        return;
    }
    events.order_by_key(|event| last_seen(event).map(|stamp| stamp.0));
    out.line(0, "Events:");
    out.line(1, "Type\tReason\tAge\tFrom\tMessage");
    out.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let source = event.source.as_ref().and_then(|source| source.component.clone());
        let source = source.filter(|source| !source.is_empty());
        let part = event.involved_object.field_path.as_ref().filter(|path| !path.is_empty());
        let part = part.map(|path| format!("{path}: ")).unwrap_or_default();
        let message = text(&event.message);
        out.line(
            1,
            format!(
                "{}\t{}\t{}\t{}\t{part}{}",
                text(&event.type_),
                text(&event.reason),
                interval(event, now),
                source.unwrap_or_else(|| text(&event.reporting_component)),
                message.trim(),
            ),
        );
    }
}

fn is_about(event: &Event, object: &Object) -> bool {
    let about = &event.involved_object;
    let uid = about.uid.as_deref().unwrap_or_default();
    about.kind.as_deref() == Some(object.kind())
        && about.name.as_deref() == Some(object.name())
        // The kubelet writes a node's name where its UID belongs.
        && (uid.is_empty() || uid == object.uid() || uid == object.name())
}

fn plain(stamp: Option<&MicroTime>) -> Option<Timestamp> {
    stamp.map(|stamp| Timestamp(stamp.0))
}

/// When an event was seen last.
pub fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| plain(series.last_observed_time.as_ref()));
    series.or_else(|| event.last_timestamp.clone()).or_else(|| plain(event.event_time.as_ref()))
}

/// `5s`, or `5s (x3 over 2m)`.
pub fn interval(event: &Event, now: Time) -> String {
    let first = plain(event.event_time.as_ref()).or_else(|| event.first_timestamp.clone());
    let first = cells::since(first.as_ref(), now);
    if let Some(series) = &event.series {
        let last = cells::since(plain(series.last_observed_time.as_ref()).as_ref(), now);
        return format!("{last} (x{} over {first})", series.count.unwrap_or(0));
    }
    match event.count {
        Some(count) if count > 1 => {
            let last = cells::since(event.last_timestamp.as_ref(), now);
            format!("{last} (x{count} over {first})")
        }
        _ => first,
    }
}
