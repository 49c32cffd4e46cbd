//! When the change happened that endpoints are written for: who measures how long endpoints take
//! to follow reads it from an annotation.
//! Mirrors `pkg/controller/util/endpoint/trigger_time_tracker.go`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as Timestamp};

use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::controllers::pod::condition;
use crate::object::{Key, meta};
use crate::sim::Time;

/// The annotation.
pub(super) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// What was known of each Service when it was last looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Triggers {
    services: SmallMap<Key, Rc<Seen>>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    service: Time,
    /// When each pod's readiness last changed.
    pods: SmallMap<String, Time>,
}

impl Triggers {
    /// The earliest change since this Service was last looked at; of a new one its creation.
    pub(super) fn next(&mut self, key: &Key, service: &ObjectMeta, pods: &[&Pod]) -> Option<Time> {
        let created = meta::created(service);
        let known = self.services.contains_key(key);
        let seen = Rc::make_mut(self.services.entry(key.clone()).or_default());
        let mut changed = Some(created).filter(|created| *created > seen.service);
        seen.service = created;
        let mut names: Vec<&str> = Vec::with_capacity(pods.len());
        for pod in pods {
            let Some(time) = transition(pod).map(meta::moment) else { continue };
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            names.push(name);
            let earlier = match seen.pods.get_mut(name) {
                Some(noted) => Some(std::mem::replace(noted, time)),
                None => seen.pods.insert(name.to_owned(), time),
            };
            if earlier.is_none_or(|earlier| time > earlier) {
                changed = Some(changed.map_or(time, |first| first.min(time)));
            }
        }
        if seen.pods.len() > names.len() {
            names.order();
            seen.pods.retain(|name, _| names.binary_search(&name.as_str()).is_ok());
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
