//! Which events are worth a write: repeats are counted, similar ones combined, floods dropped.
//! Mirrors `client-go/tools/record/events_cache.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;

use super::lru::Lru;
use crate::base::fnv::Fnv;
use crate::sim::Time;

/// So many different messages of one reason are combined, if none is longer ago than `SIMILAR_AGE`.
const SIMILAR_MAX: usize = 10;
const SIMILAR_AGE: Duration = Duration::from_secs(600);
/// So many events about one object may come at once, and one more after each `SPAM_REFILL`.
const SPAM_BURST: u32 = 25;
const SPAM_REFILL: Duration = Duration::from_secs(300);

/// What a component remembers of the events it has recorded.
#[derive(Clone, Debug, Default)]
pub struct Correlator {
    similar: Lru<Similar>,
    seen: Lru<Seen>,
    spam: Lru<Option<Credit>>,
}

/// The different messages of one reason.
#[derive(Clone, Debug, Default)]
struct Similar {
    messages: Vec<u64>,
    last: Time,
}

/// An event that was recorded.
#[derive(Clone, Debug, Default)]
struct Seen {
    count: i32,
    first: Option<Timestamp>,
    name: Option<String>,
}

/// How much may still be said of an object, in time: an event costs one `SPAM_REFILL`.
#[derive(Clone, Copy, Debug)]
struct Credit {
    left: Duration,
    at: Time,
}

impl Correlator {
    /// Turns a new event into the one to write: a new one, or (with a count above 1) the one that
    /// stands for it already. `None` if it is one of too many. Mirrors `EventCorrelate`.
    pub fn correlate(&mut self, mut event: Event, now: Time) -> Option<Event> {
        let key = self.combine(&mut event, now);
        let seen = self.seen.touch(key);
        if seen.count > 0 {
            event.metadata.name.clone_from(&seen.name);
            event.first_timestamp.clone_from(&seen.first);
        }
        seen.count += 1;
        event.count = Some(seen.count);
        seen.first.clone_from(&event.first_timestamp);
        seen.name.clone_from(&event.metadata.name);
        self.afford(&event, now).then_some(event)
    }

    /// Combines an event with similar ones, if there are many; the key of what it is now.
    /// Mirrors `EventAggregate`.
    fn combine(&mut self, event: &mut Event, now: Time) -> u64 {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let group = subject_hash(event).with("/").with(&text(&event.reason));
        let message = text(&event.message);
        let similar = self.similar.touch(group.0);
        if now.since(similar.last) > SIMILAR_AGE {
            similar.messages.clear();
        }
        similar.last = now;
        let hash = Fnv::of(&message);
        if !similar.messages.contains(&hash) {
            similar.messages.push(hash);
        }
        if similar.messages.len() < SIMILAR_MAX {
            let part = text(&event.involved_object.field_path);
            return group.with("/").with(&part).with("/").with(&message).0;
        }
        similar.messages.remove(0);
        event.message = Some(format!("(combined from similar events): {message}"));
        event.reporting_component = None;
        event.reporting_instance = None;
        group.0
    }

    /// Whether one more event may be written. Mirrors `EventSourceObjectSpamFilter.Filter`.
    fn afford(&mut self, event: &Event, now: Time) -> bool {
        let most = SPAM_REFILL * SPAM_BURST;
        let credit = self.spam.touch(subject_hash(event).0);
        let known = credit.unwrap_or(Credit { left: most, at: now });
        let left = (known.left + now.since(known.at)).min(most);
        let paid = left.checked_sub(SPAM_REFILL);
        *credit = Some(Credit { left: paid.unwrap_or(left), at: now });
        paid.is_some()
    }
}

/// Who speaks of what, and whether it is a warning. Mirrors `getSpamKey`.
fn subject_hash(event: &Event) -> Fnv {
    let about = &event.involved_object;
    let source = event.source.as_ref();
    let parts = [
        source.and_then(|source| source.component.as_ref()),
        source.and_then(|source| source.host.as_ref()),
        about.kind.as_ref(),
        about.namespace.as_ref(),
        about.name.as_ref(),
        about.uid.as_ref(),
        about.api_version.as_ref(),
        event.type_.as_ref(),
    ];
    let texts = parts.map(|part| part.map(String::as_str).unwrap_or_default());
    texts.iter().fold(Fnv::default(), |hash, text| hash.with(text).with("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::meta;

    fn said(correlator: &mut Correlator, message: &str, seconds: u64) -> String {
        let now = Time::from_seconds(seconds);
        let event = Event {
            message: Some(message.to_owned()),
            reason: Some("Created".to_owned()),
            first_timestamp: Some(meta::timestamp(now)),
            ..Event::default()
        };
        match correlator.correlate(event, now) {
            None => "dropped".to_owned(),
            Some(event) => {
                let first = meta::moment(&event.first_timestamp.unwrap());
                format!(
                    "{} x{} since {}",
                    event.message.unwrap(),
                    event.count.unwrap(),
                    first.seconds()
                )
            }
        }
    }

    #[test]
    fn repeats_are_counted_and_many_similar_ones_combined() {
        let mut correlator = Correlator::default();
        assert_eq!(said(&mut correlator, "a", 1), "a x1 since 1");
        assert_eq!(said(&mut correlator, "a", 2), "a x2 since 1");
        for n in 0..8 {
            assert_eq!(said(&mut correlator, &n.to_string(), 3), format!("{n} x1 since 3"));
        }
        let combined = |message| format!("(combined from similar events): {message}");
        assert_eq!(said(&mut correlator, "b", 4), combined("b x1 since 4"));
        assert_eq!(said(&mut correlator, "c", 5), combined("c x2 since 4"));
        // Ten minutes of silence make a new beginning.
        assert_eq!(said(&mut correlator, "d", 606), "d x1 since 606");
    }

    #[test]
    fn a_flood_is_dropped_and_one_every_five_minutes_let_through() {
        let mut correlator = Correlator::default();
        for n in 1..=25 {
            assert_eq!(said(&mut correlator, "a", 1), format!("a x{n} since 1"));
        }
        assert_eq!(said(&mut correlator, "a", 300), "dropped");
        assert_eq!(said(&mut correlator, "a", 301), "a x27 since 1");
        assert_eq!(said(&mut correlator, "a", 302), "dropped");
    }
}
