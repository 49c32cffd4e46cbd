//! The shape of a controller, and what it is given to work with.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;

use super::{Backoff, Cache, EventType, News, Place, Recorder, reference};
use crate::api::{Api, Custom, Extension, Reply, Request, Status};
use crate::object::{GroupResource, Key, Object, meta};
use crate::sim::{Explain, Rng, Time, Trace};

/// Which changes wake a controller, and for which key.
pub enum Watch {
    /// A change of an object of this type wakes that object's key.
    Own(GroupResource),
    /// A change of an object of this type wakes its managing owner, if that is of type `owner`
    /// and kind `kind`.
    Owned {
        /// The type that is watched.
        resource: GroupResource,
        /// The managing owner's kind, as in its owner reference.
        kind: &'static str,
        /// The managing owner's type.
        owner: GroupResource,
    },
    /// A change of an object of this type wakes the keys that the function names,
    /// given the new version, the old one (if any) and the cache.
    Mapped(GroupResource, fn(&Object, Option<&Object>, &Cache) -> Vec<Key>),
}

/// Stands for every type that a definition defines.
pub const CUSTOM: GroupResource = GroupResource::new("*", "*");

impl Watch {
    /// The type that is watched.
    pub fn resource(&self) -> &GroupResource {
        match self {
            Self::Own(resource) | Self::Owned { resource, .. } | Self::Mapped(resource, _) => {
                resource
            }
        }
    }

    /// The keys that a change of `object` (from `previous`) wakes.
    pub fn wakes(&self, object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
        match self {
            Self::Own(_) => vec![object.key()],
            Self::Owned { kind, owner, .. } => {
                let versions = previous.into_iter().chain([object]);
                let owners = versions.filter_map(|version| meta::controller_of(version.meta()));
                let mut keys: Vec<Key> = owners
                    .filter(|reference| reference.kind == *kind)
                    .map(|reference| Key::new(owner.clone(), object.namespace(), &reference.name))
                    .collect();
                keys.dedup();
                keys
            }
            Self::Mapped(_, map) => map(object, previous, cache),
        }
    }
}

/// When a key is to be worked on again, although nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// When something changes.
    OnChange,
    /// After this long, or when something changes.
    After(Duration),
    /// At once: only a part of what was decided has been done. Nothing else of this controller
    /// comes before the rest, and no time passes; but whoever steps the cluster can draw in
    /// between.
    GoOn,
}

/// What a controller works with during one `sync`.
pub struct Context<'a> {
    /// The current time.
    pub now: Time,
    /// What the controller's watches have delivered. It may be stale.
    pub cache: &'a Cache,
    /// Randomness of the controller's own.
    pub rng: &'a mut Rng,
    pub(crate) api: &'a mut dyn Api,
    pub(crate) trace: &'a mut Trace,
    pub(crate) recorder: &'a mut Recorder,
    pub(crate) actor: &'static str,
}

impl Context<'_> {
    /// Sends a request in the controller's name.
    ///
    /// # Errors
    /// What the API server answers.
    pub fn call(&mut self, request: Request) -> Result<Reply, Status> {
        self.api.call(request.by(self.actor))
    }

    /// The kinds that definitions define.
    pub fn custom_kinds(&self) -> Vec<Custom> {
        self.api.custom_kinds()
    }

    /// The groups that Services answer.
    pub fn extensions(&self) -> Vec<Extension> {
        self.api.extensions()
    }

    /// Creates an object.
    ///
    /// # Errors
    /// What the API server answers.
    pub fn create(&mut self, object: Object) -> Result<Object, Status> {
        self.object(Request::create(object))
    }

    /// Replaces an object, given the version that the change is based on.
    ///
    /// # Errors
    /// What the API server answers; a conflict when that version is no longer current.
    pub fn update(&mut self, object: Object) -> Result<Object, Status> {
        self.object(Request::update(object))
    }

    /// Replaces the status of an object.
    ///
    /// # Errors
    /// What the API server answers; a conflict when that version is no longer current.
    pub fn update_status(&mut self, object: Object) -> Result<Object, Status> {
        self.object(Request::update_status(object))
    }

    /// Asks for an object's deletion.
    ///
    /// # Errors
    /// What the API server answers.
    pub fn delete(&mut self, key: &Key) -> Result<(), Status> {
        self.call(Request::delete(key)).map(|_| ())
    }

    /// Records an Event about `subject`.
    pub fn event(&mut self, subject: &Object, kind: EventType, reason: &str, message: &str) {
        self.event_about(reference(subject), kind, reason, message);
    }

    /// Records an Event about what a reference names, which says no more of it than that.
    pub fn event_about(
        &mut self,
        about: ObjectReference,
        kind: EventType,
        reason: &str,
        message: &str,
    ) {
        let news = News { about, host: "", kind, reason, message };
        self.recorder.record(self.api, self.actor, self.now, news);
    }

    /// Records an Event about a part of `subject`, or with the node it happened on.
    pub fn event_at(
        &mut self,
        subject: &Object,
        place: Place<'_>,
        kind: EventType,
        reason: &str,
        message: &str,
    ) {
        let field_path = Some(place.field_path.to_owned()).filter(|path| !path.is_empty());
        let about = ObjectReference { field_path, ..reference(subject) };
        let news = News { about, host: place.host, kind, reason, message };
        self.recorder.record(self.api, self.actor, self.now, news);
    }

    /// Records an Event that tells what was done (`action`) and on account of which other object.
    pub fn event_of_action(
        &mut self,
        subject: &Object,
        related: Option<&Object>,
        kind: EventType,
        (reason, action): (&str, &str),
        message: &str,
    ) {
        let news = News { about: reference(subject), host: "", kind, reason, message };
        self.recorder.record_action(self.api, self.actor, self.now, news, action, related);
    }

    /// Puts a decision into the trace.
    pub fn explain(&mut self, subject: &Key, why: &dyn Explain) {
        self.trace.decision(self.now, self.actor, subject.to_string(), why);
    }

    fn object(&mut self, request: Request) -> Result<Object, Status> {
        let reply = self.call(request)?;
        reply.object().ok_or_else(|| Status::internal("the reply holds no object"))
    }
}

/// A controller: `sync` brings one key's object closer to what its spec asks for.
///
/// A `sync` decides with a pure `plan` over what the cache holds, explains the plan in the trace,
/// and carries it out through the API. It keeps no truth of its own: losing a controller's state
/// may cost time, never correctness.
pub trait Controller: CloneController {
    /// The name in events and in the trace: `replicaset-controller`.
    fn name(&self) -> &'static str;
    /// What wakes it.
    fn watches(&self) -> Vec<Watch>;
    /// Works on one key. The object may be gone.
    ///
    /// # Errors
    /// An error has the key tried again, later each time.
    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status>;
    /// How long a change of `object` (from `previous`) may wait before it wakes `key`, so that one
    /// look answers many changes. Mirrors `AddAfter` of event handlers.
    fn patience(
        &self,
        _key: &Key,
        _object: &Object,
        _previous: Option<&Object>,
        _now: Time,
    ) -> Duration {
        Duration::ZERO
    }
    /// How long a key waits after its work failed.
    fn backoff(&self) -> Backoff {
        Backoff::default()
    }
    /// How often every object of its `Own` types is worked on although nothing changed.
    fn resync(&self) -> Option<Duration> {
        None
    }
}

/// Cloning behind a box; every `Clone` controller has it.
pub trait CloneController {
    /// A copy.
    fn clone_box(&self) -> Box<dyn Controller>;
}

impl<C: Controller + Clone + 'static> CloneController for C {
    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Controller> {
    fn clone(&self) -> Self {
        self.clone_box()
    }
}
