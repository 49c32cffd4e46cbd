//! When the change happened that endpoints are written for: who measures how long endpoints take
//! to follow reads it from an annotation.
//! Mirrors `pkg/controller/util/endpoint/trigger_time_tracker.go`.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as Timestamp};

use crate::controllers::pod::condition;
use crate::object::{Key, meta};
use crate::sim::Time;

/// The annotation.
pub(super) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// What was known of each Service when it was last looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Triggers {
    services: BTreeMap<Key, Rc<Seen>>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    service: Time,
    /// When each pod's readiness last changed.
    pods: BTreeMap<String, Time>,
}

impl Triggers {
    /// The earliest change since this Service was last looked at; of a new one its creation.
    pub(super) fn next(&mut self, key: &Key, service: &ObjectMeta, pods: &[&Pod]) -> Option<Time> {
        let created = meta::created(service);
        let known = self.services.contains_key(key);
        let seen = Rc::make_mut(self.services.entry(key.clone()).or_default());
        let mut changed = Some(created).filter(|created| *created > seen.service);
        seen.service = created;
        let mut before = std::mem::take(&mut seen.pods);
        for pod in pods {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            let Some(time) = transition(pod).map(meta::moment) else { continue };
            let (name, earlier) = match before.remove_entry(name) {
                Some((name, time)) => (name, Some(time)),
                None => (name.to_owned(), None),
            };
            if earlier.is_none_or(|earlier| time > earlier) {
                changed = Some(changed.map_or(time, |first| first.min(time)));
            }
            seen.pods.insert(name, time);
        }
        if known { changed } else { Some(created) }
    }

    /// Forgets a Service that is gone.
    pub(super) fn forget(&mut self, key: &Key) {
        self.services.remove(key);
    }
}

fn transition(pod: &Pod) -> Option<&Timestamp> {
    condition(pod, "Ready")?.last_transition_time.as_ref()
}

/// Notes the change in what is about to be written, or that there was none.
pub(super) fn annotate(metadata: &mut ObjectMeta, trigger: Option<Time>) {
    let annotations = metadata.annotations.get_or_insert_default();
    match trigger {
        Some(time) => {
            annotations.insert(TRIGGER_TIME.to_owned(), meta::timestamp(time).0.to_string());
        }
        None => {
            annotations.remove(TRIGGER_TIME);
        }
    }
    if annotations.is_empty() {
        metadata.annotations = None;
    }
}
