//! Recording Events. Mirrors `client-go/tools/record` and, for series, `client-go/tools/events`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, EventSeries, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::correlator::Correlator;
use crate::api::{Api, Request, Status};
use crate::base::fnv::Fnv;
use crate::base::shared_map::SharedMap;
use crate::object::{Key, Object, meta};
use crate::sim::Time;

/// A series without an event for so long has ended. Mirrors `finishTime`.
const SERIES_END: Duration = Duration::from_secs(360);
/// How long a note may be. Mirrors `NoteLengthLimit`'s use in kube-scheduler.
const NOTE_MAX: usize = 1024;

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

/// What an event says.
#[derive(Clone, Debug)]
pub struct News<'a> {
    /// What it is about.
    pub about: ObjectReference,
    /// The node whose kubelet tells of it; empty for none.
    pub host: &'a str,
    /// Whether it is a cause for concern.
    pub kind: EventType,
    /// One word.
    pub reason: &'a str,
    /// A sentence.
    pub message: &'a str,
}

/// Where an event happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The node whose kubelet tells of it; empty for none.
    pub host: &'a str,
    /// The part of the subject: `spec.containers{web}`; empty for the whole.
    pub field_path: &'a str,
}

/// Records Events in the name of one component, as few as tell the story. Losing an event is no
/// failure, so refusals are not reported.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    correlator: Correlator,
    /// The events that the next like them makes the first of a series.
    series: SharedMap<u64, Series>,
    /// When ended series were last let go.
    swept: Time,
    /// The number in the name of the newest event; each is named after its nanosecond.
    stamp: u64,
}

/// An event of which there may be more.
#[derive(Clone, Debug)]
struct Series {
    key: Key,
    count: i32,
    last: Time,
}

impl Recorder {
    /// Records an event; a repeat raises the count of the one that stands for it.
    pub fn record(&mut self, api: &mut dyn Api, source: &'static str, now: Time, news: News<'_>) {
        let stamp = Some(meta::timestamp(now));
        let fresh = Event {
            first_timestamp: stamp.clone(),
            last_timestamp: stamp,
            source: Some(EventSource { component: Some(source.to_owned()), host: text(news.host) }),
            reporting_component: Some(source.to_owned()),
            reporting_instance: text(news.host),
            ..self.event(now, news)
        };
        let Some(event) = self.correlator.correlate(fresh, now) else { return };
        let repeat = event.count > Some(1);
        let known = Object::new(event.clone()).key();
        let (count, last, message) =
            (event.count, event.last_timestamp.clone(), event.message.clone());
        let updated = repeat
            && update(api, source, &known, |event| {
                event.count = count;
                event.last_timestamp = last;
                event.message = message;
            });
        if !updated {
            self.create(api, source, event);
        }
    }

    /// Records an event in the newer way: with what was done, and as a series where it repeats.
    /// Mirrors `recordToSink` of `client-go/tools/events`.
    pub fn record_action(
        &mut self,
        api: &mut dyn Api,
        source: &'static str,
        now: Time,
        news: News<'_>,
        action: &str,
        related: Option<&Object>,
    ) {
        self.end_series(api, source, now);
        let related = related.map(reference);
        let texts = [news.kind.as_str(), action, news.reason];
        let hash = texts.iter().fold(Fnv::default(), |hash, text| hash.with(text).with("/"));
        let hash = hash_reference(hash, Some(&news.about));
        let hash = hash_reference(hash, related.as_ref()).0;
        if let Some(series) = self.series.get_mut(&hash) {
            series.count += 1;
            series.last = now;
            if series.count == 2 {
                write_series(api, source, series);
            }
            return;
        }
        let message = note(news.message);
        let event = Event {
            event_time: Some(meta::micro_timestamp(now)),
            action: Some(action.to_owned()),
            related,
            reporting_component: Some(source.to_owned()),
            reporting_instance: Some(format!("{source}-master1")),
            ..self.event(now, News { message: &message, ..news })
        };
        if let Some(key) = self.create(api, source, event) {
            self.series.insert(hash, Series { key, count: 1, last: now });
        }
    }

    fn event(&mut self, now: Time, news: News<'_>) -> Event {
        let News { about, kind, reason, message, .. } = news;
        self.stamp = (now.micros() * 1000).max(self.stamp + 1);
        let name = about.name.as_deref().unwrap_or_default();
        let namespace = about.namespace.clone().unwrap_or_else(|| "default".to_owned());
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{:x}", self.stamp)),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            involved_object: about,
            type_: Some(kind.as_str().to_owned()),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            ..Event::default()
        }
    }

    /// Creates an event; under the next name where another component was as quick.
    fn create(&mut self, api: &mut dyn Api, source: &'static str, mut event: Event) -> Option<Key> {
        for _ in 0..8 {
            let object = Object::new(event.clone());
            let key = object.key();
            match api.call(Request::create(object).by(source)) {
                Ok(_) => return Some(key),
                Err(status) if status.is_already_exists() => {
                    self.stamp += 1;
                    let name = event.involved_object.name.as_deref().unwrap_or_default();
                    event.metadata.name = Some(format!("{name}.{:x}", self.stamp));
                }
                Err(_) => return None,
            }
        }
        None
    }

    /// Writes the final count of series that have ended. Mirrors `finishSeries`.
    fn end_series(&mut self, api: &mut dyn Api, source: &'static str, now: Time) {
        if self.swept + SERIES_END > now {
            return;
        }
        self.swept = now;
        let has_ended = |series: &Series| series.last + SERIES_END < now;
        for series in self.series.values().filter(|series| has_ended(series) && series.count > 2) {
            write_series(api, source, series);
        }
        self.series.retain(|_, series| !has_ended(series));
    }
}

fn write_series(api: &mut dyn Api, source: &'static str, series: &Series) {
    update(api, source, &series.key, |event| {
        event.series = Some(EventSeries {
            count: Some(series.count),
            last_observed_time: Some(meta::micro_timestamp(series.last)),
        });
    });
}

/// Changes an event that was recorded; whether it is still there.
fn update(
    api: &mut dyn Api,
    source: &'static str,
    key: &Key,
    change: impl FnOnce(&mut Event),
) -> bool {
    let found = api.call(Request::get(key).by(source)).ok().and_then(|reply| reply.object());
    let Some(mut object) = found else { return false };
    if let Some(event) = object.edit::<Event>() {
        change(event);
    }
    let outcome = api.call(Request::update(object).by(source));
    !outcome.as_ref().is_err_and(Status::is_not_found)
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A message as long as a note may be. Mirrors `truncateMessage`.
fn note(message: &str) -> String {
    const SUFFIX: &str = " ...";
    if message.len() <= NOTE_MAX {
        return message.to_owned();
    }
    let cut = message.floor_char_boundary(NOTE_MAX - SUFFIX.len());
    format!("{}{SUFFIX}", &message[..cut])
}

fn hash_reference(hash: Fnv, reference: Option<&ObjectReference>) -> Fnv {
    let Some(reference) = reference else { return hash.with("-") };
    let parts = [
        &reference.api_version,
        &reference.kind,
        &reference.namespace,
        &reference.name,
        &reference.uid,
        &reference.resource_version,
        &reference.field_path,
    ];
    parts.iter().fold(hash, |hash, part| hash.with(part.as_deref().unwrap_or_default()).with("/"))
}

/// A reference to `object`, as events carry it. Mirrors `ref.GetReference`.
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
