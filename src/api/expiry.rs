//! Events live for an hour. Mirrors `--event-ttl` and `storage/etcd3/lease_manager.go`.

use std::time::Duration;

use imbl::Vector;

use super::Server;
use crate::object::{GroupResource, Key, Object};
use crate::sim::Time;

/// The type whose objects expire.
const EVENTS: GroupResource = GroupResource::new("", "events");
/// How long an Event lives at least after it was written. Mirrors `--event-ttl`.
const LIFETIME: Duration = Duration::from_secs(3600);
/// For how long one lease is given to what is written. Mirrors `leaseReuseDurationSeconds`.
const REUSE: Duration = Duration::from_secs(60);
/// How many objects one lease is given to. Mirrors `defaultLeaseMaxObjectCount`.
const OBJECTS_MAX: usize = 1000;

/// Objects that go together, with the revisions they had when they were written: what was
/// written again has another lease.
#[derive(Clone, Debug)]
struct Lease {
    end: Time,
    objects: Vector<(Key, u64)>,
}

/// The leases, the first to end in front.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases(Vector<Lease>);

impl Leases {
    /// Takes note of a written object.
    pub(super) fn attach(&mut self, object: &Object, now: Time) {
        if object.resource() != EVENTS {
            return;
        }
        let usable = self
            .0
            .back()
            .is_some_and(|lease| now + LIFETIME < lease.end && lease.objects.len() < OBJECTS_MAX);
        if !usable {
            self.0.push_back(Lease { end: now + LIFETIME + REUSE, objects: Vector::new() });
        }
        if let Some(lease) = self.0.back_mut() {
            lease.objects.push_back((object.key(), object.revision()));
        }
    }

    /// When the next lease ends.
    fn next_end(&self) -> Option<Time> {
        self.0.front().map(|lease| lease.end)
    }

    /// What the leases that have ended were given to.
    fn ended(&mut self, now: Time) -> Vec<(Key, u64)> {
        let mut ended = Vec::new();
        while self.next_end().is_some_and(|end| end <= now) {
            ended.extend(self.0.pop_front().into_iter().flat_map(|lease| lease.objects));
        }
        ended
    }
}

impl Server {
    /// When something expires next.
    pub fn next_expiry(&self) -> Option<Time> {
        self.leases.next_end()
    }

    /// Removes what has expired.
    pub fn expire(&mut self) {
        for (key, revision) in self.leases.ended(self.now) {
            if self.store.get(&key).is_some_and(|object| object.revision() == revision) {
                // It was just there.
                let _ = self.store.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Event;

    use super::*;
    use crate::api::{Api, Request};
    use crate::sim::Rng;

    const START: Time = Time::from_seconds(1_800_000_000);

    fn write(server: &mut Server, name: &str, second: u64) {
        server.set_now(START + Duration::from_secs(second));
        let key = Key::new(EVENTS, "default", name);
        let known = server.call(Request::get(&key)).ok().and_then(|reply| reply.object());
        let request = match known {
            Some(mut object) => {
                let event: &mut Event = object.edit().unwrap();
                event.count = Some(event.count.unwrap_or(0) + 1);
                Request::update(object)
            }
            None => {
                let mut event = Event::default();
                event.metadata.name = Some(name.to_owned());
                event.metadata.namespace = Some("default".to_owned());
                event.involved_object.namespace = Some("default".to_owned());
                Request::create(Object::new(event))
            }
        };
        server.call(request).unwrap();
    }

    fn left(server: &mut Server, second: u64) -> Vec<String> {
        server.set_now(START + Duration::from_secs(second));
        server.expire();
        server.store().list(&EVENTS).map(|event| event.name().to_owned()).collect()
    }

    #[test]
    fn an_event_goes_an_hour_after_it_was_written_last() {
        let mut server = Server::new(Rng::from_seed(1));
        for (name, second) in [("a", 0), ("b", 10), ("c", 100), ("a", 1800)] {
            write(&mut server, name, second);
        }
        // a was written again, b shares the lease that a had first, and c came too late for it.
        assert_eq!(left(&mut server, 3659), ["a", "b", "c"]);
        assert_eq!(left(&mut server, 3660), ["a", "c"]);
        assert_eq!(server.next_expiry(), Some(START + Duration::from_secs(3760)));
        assert_eq!(left(&mut server, 3760), ["a"]);
        assert_eq!(left(&mut server, 1800 + 3660), [""; 0]);
        assert_eq!(server.next_expiry(), None);
    }
}
