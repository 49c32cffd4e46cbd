//! Recording Events. Mirrors `client-go/tools/record`: repeats of one event raise its count.

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::{Api, Request};
use crate::object::{GroupResource, Key, Object, meta};
use crate::sim::Time;

const EVENTS: GroupResource = GroupResource::new("", "events");

/// Whether an event is as expected or a cause for concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// As expected.
    Normal,
    /// A cause for concern.
    Warning,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Records an Event about `subject` on behalf of `source`. A repeat raises the count of the
/// event that stands for it. Losing an event is no failure, so refusals are not reported.
pub fn record_event(
    api: &mut dyn Api,
    source: &'static str,
    now: Time,
    subject: &Object,
    kind: EventType,
    reason: &str,
    message: &str,
) {
    record_event_at(api, source, now, subject, Place::default(), kind, reason, message);
}

/// Where an event happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The node whose kubelet tells of it; empty for none.
    pub host: &'a str,
    /// The part of the subject: `spec.containers{web}`; empty for the whole.
    pub field_path: &'a str,
}

/// Records an Event that has a place.
#[expect(clippy::too_many_arguments, reason = "an event has that many parts")]
pub fn record_event_at(
    api: &mut dyn Api,
    source: &'static str,
    now: Time,
    subject: &Object,
    place: Place<'_>,
    kind: EventType,
    reason: &str,
    message: &str,
) {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let namespace = if subject.namespace().is_empty() { "default" } else { subject.namespace() };
    let name = event_name(subject, source, place.field_path, kind, reason, message);
    let key = Key::new(EVENTS, namespace, &name);
    let known = api.call(Request::get(&key).by(source)).ok().and_then(|reply| reply.object());
    let stamp = meta::timestamp(now);
    let request = match known {
        Some(mut object) => {
            if let Some(event) = object.edit::<Event>() {
                event.count = Some(event.count.unwrap_or(1) + 1);
                event.last_timestamp = Some(stamp);
            }
            Request::update(object)
        }
        None => Request::create(Object::new(Event {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: Some(namespace.to_owned()),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                field_path: given(place.field_path),
                ..reference(subject)
            },
            type_: Some(kind.as_str().to_owned()),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            count: Some(1),
            first_timestamp: Some(stamp.clone()),
            last_timestamp: Some(stamp),
            source: Some(EventSource {
                component: Some(source.to_owned()),
                host: given(place.host),
            }),
            reporting_component: Some(source.to_owned()),
            reporting_instance: given(place.host),
            ..Event::default()
        })),
    };
    let _ = api.call(request.by(source));
}

/// A reference to `object`, as events and statuses carry it. Mirrors `ref.GetReference`.
pub fn reference(object: &Object) -> ObjectReference {
    ObjectReference {
        api_version: Some(object.api_version().to_owned()),
        kind: Some(object.kind().to_owned()),
        name: Some(object.name().to_owned()),
        namespace: Some(object.namespace().to_owned()).filter(|n| !n.is_empty()),
        uid: Some(object.uid().to_owned()),
        resource_version: object.meta().resource_version.clone(),
        field_path: None,
    }
}

/// Subject and a hash over what makes two events the same one, so that a repeat finds the first.
fn event_name(
    subject: &Object,
    source: &str,
    field_path: &str,
    kind: EventType,
    reason: &str,
    message: &str,
) -> String {
    let parts = [subject.kind(), subject.uid(), source, field_path, kind.as_str(), reason, message];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.join("\n").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{}.{hash:016x}", subject.name())
}
