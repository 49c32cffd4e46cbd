//! A component's view of the cluster: what its watches have delivered so far.
//! Mirrors `client-go/tools/cache.Store` with an index by managing owner.

use std::cell::Cell;

use crate::base::shared_map::SharedMap;
use crate::object::{GroupResource, Key, Object, Str};
use crate::store::{Change, ChangeKind, Store, Table, in_namespace};

/// What no component watches, and what is most of all that is written: keeping it would cost
/// time and memory for nothing. Mirrors that no informer of upstream's components is for Events.
const UNWATCHED: GroupResource = GroupResource::new("", "events");

/// The objects a component knows of. It may lag behind the store, never run ahead of it,
/// and never go back in time.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    tables: SharedMap<GroupResource, Table>,
    /// The objects of a type by the uid of each of their owners, those that it manages apart from
    /// the others; and by the empty one where none manages them.
    owned: SharedMap<(Str, GroupResource, Managed), Table>,
    revision: u64,
    /// How many objects of lists were looked at: what a component's work is measured by.
    looks: Cell<u64>,
}

/// Whether an owner is the managing one.
type Managed = bool;

impl Cache {
    /// The store's revision up to which changes have been delivered.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.tables.get(&key.resource)?.get(&(key.namespace.clone(), key.name.clone()))
    }

    /// All objects of a type, by namespace and name.
    pub fn list<'a>(
        &'a self,
        resource: &GroupResource,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.counted(self.tables.get(resource).into_iter().flat_map(SharedMap::values))
    }

    /// The objects of a type in one namespace, by name.
    pub fn list_in<'a>(
        &'a self,
        resource: &GroupResource,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.counted(in_namespace(self.tables.get(resource), namespace))
    }

    /// The objects of a type that the object with `uid` manages, by namespace and name.
    pub fn owned_by<'a>(
        &'a self,
        uid: &str,
        resource: &GroupResource,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        let table = self.owned.get(&(uid.into(), resource.clone(), true));
        self.counted(table.into_iter().flat_map(SharedMap::values))
    }

    /// The objects of every type that name the object with `uid` among their owners.
    pub fn dependents_of<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        let tables = self.owned.span(|(owner, ..)| (**owner).cmp(uid));
        self.counted(tables.flat_map(|(_, table)| table.values()))
    }

    /// The objects of a type in one namespace that nothing manages, by name.
    pub fn orphans_in<'a>(
        &'a self,
        resource: &GroupResource,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        let table = self.owned.get(&("".into(), resource.clone(), true));
        self.counted(in_namespace(table, namespace))
    }

    /// How many objects of lists have ever been looked at.
    pub fn looks(&self) -> u64 {
        self.looks.get()
    }

    fn counted<'a>(
        &'a self,
        objects: impl Iterator<Item = &'a Object>,
    ) -> impl Iterator<Item = &'a Object> {
        objects.inspect(|_| self.looks.set(self.looks.get() + 1))
    }

    /// Takes in one delivered change.
    pub fn apply(&mut self, change: &Change) {
        assert!(change.revision > self.revision, "a cache never goes back in time");
        self.revision = change.revision;
        if change.object.resource() == UNWATCHED {
            return;
        }
        let stays = |previous: &Object| {
            change.kind != ChangeKind::Deleted && owners(previous) == owners(&change.object)
        };
        if let Some(previous) = change.previous.as_ref().filter(|previous| !stays(previous)) {
            self.forget(previous);
        }
        if change.kind != ChangeKind::Deleted {
            self.remember(change.object.clone());
        }
    }

    /// Replaces everything by what the store holds now: a relist, after falling too far behind.
    /// What differs from before is returned as changes, so that nobody misses anything.
    /// Mirrors `client-go/tools/cache.DeltaFIFO.Replace`.
    pub fn relist(&mut self, store: &Store) -> Vec<Change> {
        let before =
            std::mem::replace(self, Self { revision: store.revision(), ..Self::default() });
        let mut changes = Vec::new();
        for resource in store.resources().filter(|resource| **resource != UNWATCHED) {
            for object in store.list(resource) {
                self.remember(object.clone());
                let previous = before.get(&object.key()).cloned();
                if previous.as_ref().is_some_and(|known| known.same(object)) {
                    continue;
                }
                let kind =
                    if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
                changes.push(Change {
                    revision: self.revision,
                    kind,
                    object: object.clone(),
                    previous,
                });
            }
        }
        for object in before.tables.values().flat_map(SharedMap::values) {
            if store.get(&object.key()).is_none() {
                changes.push(Change {
                    revision: self.revision,
                    kind: ChangeKind::Deleted,
                    object: object.clone(),
                    previous: Some(object.clone()),
                });
            }
        }
        changes
    }

    fn remember(&mut self, object: Object) {
        let key = object.key();
        let place = (key.namespace, key.name);
        for (owner, managed) in owners(&object) {
            let table = self.owned.get_or_default((owner, key.resource.clone(), managed));
            table.insert(place.clone(), object.clone());
        }
        self.tables.get_or_default(key.resource).insert(place, object);
    }

    fn forget(&mut self, object: &Object) {
        let key = object.key();
        let place = (key.namespace, key.name);
        for (owner, managed) in owners(object) {
            let kept = (owner, key.resource.clone(), managed);
            if let Some(table) = self.owned.get_mut(&kept) {
                table.remove(&place);
                if table.is_empty() {
                    self.owned.remove(&kept);
                }
            }
        }
        if let Some(table) = self.tables.get_mut(&key.resource) {
            table.remove(&place);
        }
    }
}

/// The uids of an object's owners, and the empty one where none of them manages it.
fn owners(object: &Object) -> Vec<(Str, Managed)> {
    let references = object.meta().owner_references.iter().flatten();
    let mut managed = false;
    let mut uids: Vec<(Str, Managed)> = Vec::new();
    for owner in references {
        // The first that says so is the one. Mirrors `GetControllerOf`.
        let manages = !managed && owner.controller == Some(true);
        managed |= manages;
        uids.push((owner.uid.as_str().into(), manages));
    }
    if !managed {
        uids.push(("".into(), true));
    }
    uids
}
