//! [`Server`]: the store behind the one door.

use std::rc::Rc;

use super::admission::asked::Asking;
use super::admission::webhook;
use super::compaction::Compaction;
use super::custom::Customs;
use super::expiry::Leases;
use super::service_network::{self, SERVICES};
use super::verbs::Part;
use super::{
    Api, Custom, Extension, PatchType, Reply, Request, Status, Verb, aggregation, bootstrap,
    discovery, flow_control,
};
#[cfg(not(target_arch = "wasm32"))]
use crate::base::shared_map::SharedMap;
use crate::base::small_map::SmallMap;
use crate::kinds::custom_resource_definition::RESOURCE as DEFINITIONS;
use crate::kinds::{KINDS, Kind};
#[cfg(not(target_arch = "wasm32"))]
use crate::object::Untyped;
use crate::object::managed::Schema;
use crate::object::{GroupResource, Key, Object};
use crate::sim::{Rng, Time};
use crate::store::{Conflict, Precondition, Store};

pub(super) const NAMESPACES: GroupResource = GroupResource::new("", "namespaces");

/// The API server: decodes, defaults, admits, validates and stores. Cloning it is cheap.
#[derive(Clone)]
pub struct Server {
    pub(super) store: Store,
    pub(super) rng: Rng,
    pub(super) now: Time,
    pub(super) leases: Leases,
    pub(super) compaction: Compaction,
    kinds: &'static [&'static dyn Kind],
    pub(super) customs: Customs,
    /// The request that is being answered, where somebody may be asked about it.
    pub(super) asking: Option<Rc<Asking>>,
    /// Who calls webhooks.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) callers: super::webhook::Callers,
    /// How objects look in versions in which they are not stored.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) shown: SharedMap<(Key, String), super::conversion::Shown>,
    /// Objects that are gone, the first to be forgotten in front.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) gone: imbl::Vector<(Key, String)>,
    /// The generations of definitions at which all of their objects were shown.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) filled: SharedMap<GroupResource, i64>,
    started: bool,
    /// The revision at which clients came: what was before is nobody's to read.
    pub(super) begun: u64,
    pub(super) warnings: Vec<String>,
    /// What is known of the fields of kinds that somebody has written.
    pub(super) schemas: SmallMap<GroupResource, Rc<Schema>>,
}

impl Server {
    /// A server with an empty store that serves every built-in kind. It makes what a
    /// cluster has from the start when the first request comes in.
    pub fn new(rng: Rng) -> Self {
        Self {
            store: Store::default(),
            rng,
            now: Time::default(),
            leases: Leases::default(),
            compaction: Compaction::default(),
            kinds: KINDS,
            customs: Customs::default(),
            asking: None,
            #[cfg(not(target_arch = "wasm32"))]
            callers: super::webhook::Callers::default(),
            #[cfg(not(target_arch = "wasm32"))]
            shown: SharedMap::default(),
            #[cfg(not(target_arch = "wasm32"))]
            gone: imbl::Vector::new(),
            #[cfg(not(target_arch = "wasm32"))]
            filled: SharedMap::default(),
            started: false,
            begun: 0,
            warnings: Vec::new(),
            schemas: SmallMap::new(),
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Time {
        self.now
    }

    /// Tells the time; creation and deletion timestamps are taken from it.
    pub fn set_now(&mut self, now: Time) {
        self.now = now;
        self.compaction.pass(now, self.store.revision());
    }

    /// Says who calls webhooks; without anybody they cannot be called.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn set_caller(&mut self, caller: Rc<dyn super::webhook::Caller>) {
        self.callers.outside = Some(caller);
    }

    /// Says who asks the programs of pods; for as long as they stay as they are.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn set_inside(&mut self, caller: Option<Rc<dyn super::webhook::Caller>>) {
        self.callers.inside = caller;
    }

    /// Whether a webhook may have to be called.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn has_webhooks(&self) -> bool {
        webhook::may_ask(&self.store)
            || self.store.list(&DEFINITIONS).any(|object| {
                let spec = object.get::<Untyped>().and_then(|object| object.fields.get("spec"));
                spec.is_some_and(|spec| spec["conversion"]["strategy"] == "Webhook")
            })
    }

    /// What is stored.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The kind of a resource type in a version; in the preferred one where none is named.
    pub(super) fn kind(
        &self,
        resource: &GroupResource,
        version: &str,
    ) -> Option<&'static dyn Kind> {
        let built_in = self.kinds.iter().copied().find(|kind| {
            let names = kind.names();
            names.plural == resource.resource && names.group == resource.group
        });
        built_in.or_else(|| {
            let custom = self.customs.find(resource, version)?;
            Some(custom as &'static dyn Kind)
        })
    }

    /// Makes what a cluster has from the start.
    fn start(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.make(bootstrap::objects());
        // Apart, so that what they draw does not change what the first of others are called.
        let rng = self.rng.fork("aggregation");
        let rng = std::mem::replace(&mut self.rng, rng);
        self.make(aggregation::objects());
        self.make(bootstrap::endpoints());
        self.make(bootstrap::components());
        self.make_with_status(flow_control::objects(self.now));
        self.make_with_status(vec![service_network::network(self.now)]);
        self.rng = rng;
        self.begun = self.store.revision();
    }

    /// As [`Server::make`], for objects whose status is known.
    fn make_with_status(&mut self, objects: Vec<Object>) {
        self.make(objects.clone());
        for object in objects {
            let (resource, name) = (object.resource(), object.name().to_owned());
            let told = self.call(Request::update_status(object));
            assert!(told.is_ok(), "the status of {resource} {name} is refused: {told:?}");
        }
    }

    fn make(&mut self, objects: Vec<Object>) {
        for object in objects {
            let (resource, name) = (object.resource(), object.name().to_owned());
            let made = self.call(Request::create(object));
            assert!(made.is_ok(), "{resource} {name} of the start is refused: {made:?}");
        }
    }

    /// Stores a version, unless this is a dry run.
    pub(super) fn put(
        &mut self,
        object: Object,
        must: Precondition,
        dry_run: bool,
    ) -> Result<Object, Status> {
        #[cfg(not(target_arch = "wasm32"))]
        let object = self.in_stored_version(object)?;
        if dry_run {
            return Ok(object);
        }
        let (resource, name) = (object.resource(), object.name().to_owned());
        let stored = self.store.put(object, must).map_err(|conflict| match conflict {
            Conflict::Exists => Status::already_exists(&resource, &name),
            Conflict::Missing => Status::not_found(&resource, &name),
            Conflict::Stale => Status::stale(&resource, &name),
        })?;
        self.leases.attach(&stored, self.now);
        if resource == DEFINITIONS {
            self.customs.learn(&stored);
        }
        if resource == SERVICES {
            self.note_addresses(&stored, false);
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.show_everywhere(&stored);
        Ok(stored)
    }

    /// Removes an object, unless this is a dry run.
    pub(super) fn remove(&mut self, object: &Object, dry_run: bool) -> Result<Object, Status> {
        if dry_run {
            return Ok(object.clone());
        }
        let key = object.key();
        if key.resource == DEFINITIONS {
            self.customs.forget(object);
        }
        if key.resource == SERVICES {
            self.note_addresses(object, true);
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.show_no_more(&key);
        self.store.remove(&key).map_err(|_| Status::not_found(&key.resource, &key.name))
    }

    /// The current version of the object that a request names.
    pub(super) fn current(&self, request: &Request) -> Result<&Object, Status> {
        let key = Key::new(request.resource.clone(), &request.namespace, &request.name);
        self.store.get(&key).ok_or_else(|| Status::not_found(&request.resource, &request.name))
    }

    /// The object that a request is about to change. In the page nothing is converted.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn target(&mut self, _: &dyn Kind, request: &Request) -> Result<Object, Status> {
        self.current(request).cloned()
    }

    fn main_resource(
        &mut self,
        kind: &'static dyn Kind,
        request: Request,
    ) -> Result<Reply, Status> {
        let reads = matches!(request.verb, Verb::Get | Verb::List);
        if !reads && discovery::is_only_read(kind.names()) && self.begun > 0 {
            return Err(Status::no_such_method());
        }
        match request.verb {
            Verb::Get => self.get(&request),
            Verb::List => self.list(kind, &request),
            Verb::Create => self.create(kind, request),
            Verb::Patch(PatchType::Apply) => self.apply(kind, Part::Main, request),
            Verb::Update | Verb::Patch(_) => self.update(kind, request),
            Verb::Delete => self.delete(kind, &request),
            Verb::DeleteCollection => self.delete_collection(kind, &request),
            Verb::Watch => self.watch(kind, &request),
        }
    }
}

impl Api for Server {
    fn call(&mut self, mut request: Request) -> Result<Reply, Status> {
        self.start();
        let kind = self.kind(&request.resource, &request.version);
        let kind = kind.ok_or_else(Status::no_such_path)?;
        if let Some(kept_as) = kind.kept_as() {
            request.resource = kept_as;
        }
        if let (Some(text), false) = (kind.deprecation(), request.version.is_empty()) {
            self.warnings.push(text.to_owned());
        }
        let asks = !matches!(request.verb, Verb::Get | Verb::List | Verb::Watch)
            && webhook::may_ask(&self.store);
        let asking = asks.then(|| Rc::new(Asking::of(self, &request)));
        let before = std::mem::replace(&mut self.asking, asking);
        #[cfg(not(target_arch = "wasm32"))]
        let is_versioned = kind.is_custom() && !request.version.is_empty();
        #[cfg(not(target_arch = "wasm32"))]
        if is_versioned {
            self.fill_caches(kind);
        }
        let reply = match request.subresource {
            "" => self.main_resource(kind, request),
            _ => self.subresource(kind, request),
        };
        self.asking = before;
        #[cfg(not(target_arch = "wasm32"))]
        let reply = reply.and_then(|reply| match is_versioned {
            true => self.converted_reply(kind, reply),
            false => Ok(reply),
        });
        reply
    }

    fn custom_kinds(&self) -> Vec<Custom> {
        self.customs.all()
    }

    fn extensions(&self) -> Vec<Extension> {
        self.extensions()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}
