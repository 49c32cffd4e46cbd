//! The object store: current versions, a revision counter, and a window of past changes.
//!
//! Mirrors what etcd and the watch cache give the API server. It validates nothing.

use imbl::Vector;

use crate::base::shared_map::SharedMap;
use crate::object::{GroupResource, Key, Object, Str};

/// How many changes are kept for watchers; older ones are compacted away.
const HISTORY_MAX: usize = 4096;
/// How many of them may be of objects that were there before. Each keeps a version alive that
/// nobody else needs; a new object costs its history nothing.
const REPLACED_MAX: usize = 1024;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It has a new version.
    Modified,
    /// It is gone; the change carries its last version.
    Deleted,
}

/// One step of the store's history.
#[derive(Clone, Debug)]
pub struct Change {
    /// The store's revision after this change.
    pub revision: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// The object after the change (before it, for a deletion).
    pub object: Object,
    /// The version that was replaced or removed.
    pub previous: Option<Object>,
}

/// What must hold for a write to go ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The object must not exist.
    Absent,
    /// The object must exist at exactly this revision.
    Revision(u64),
}

/// Why a write was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// An object of that key exists.
    Exists,
    /// No object of that key exists.
    Missing,
    /// The object has another revision.
    Stale,
}

/// The asked-for history is no longer kept; list again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted;

/// Objects of one type by namespace and name.
pub type Table = SharedMap<(Str, Str), Object>;

/// The objects of a table in one namespace, by name.
pub fn in_namespace<'a>(
    table: Option<&'a Table>,
    namespace: &str,
) -> impl Iterator<Item = &'a Object> + use<'a> {
    let within = |table: &'a Table| table.span(|key| (*key.0).cmp(namespace));
    table.map(within).into_iter().flatten().map(|(_, object)| object)
}

/// The store. Cloning is cheap: every version is shared.
#[derive(Clone, Debug, Default)]
pub struct Store {
    tables: SharedMap<GroupResource, Table>,
    history: Vector<Change>,
    /// How many changes of the history replaced a version.
    replaced: usize,
    revision: u64,
}

impl Store {
    /// The number of changes ever made.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The current version of an object.
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.tables.get(&key.resource)?.get(&(key.namespace.clone(), key.name.clone()))
    }

    /// All objects of a resource type, by namespace and name.
    pub fn list(&self, resource: &GroupResource) -> impl Iterator<Item = &Object> {
        self.tables.get(resource).into_iter().flat_map(SharedMap::values)
    }

    /// The objects of a resource type in one namespace, by name.
    pub fn list_in(
        &self,
        resource: &GroupResource,
        namespace: &str,
    ) -> impl Iterator<Item = &Object> {
        in_namespace(self.tables.get(resource), namespace)
    }

    /// How many objects of a resource type there are.
    pub fn count(&self, resource: &GroupResource) -> usize {
        self.tables.get(resource).map_or(0, SharedMap::len)
    }

    /// The resource types that ever had objects.
    pub fn resources(&self) -> impl Iterator<Item = &GroupResource> {
        self.tables.keys()
    }

    /// Stores a new version and stamps it with the new revision.
    ///
    /// # Errors
    /// [`Conflict`] when the precondition does not hold; nothing is changed then.
    pub fn put(&mut self, mut object: Object, must: Precondition) -> Result<Object, Conflict> {
        let key = object.key();
        let previous = self.get(&key).cloned();
        match (must, &previous) {
            (Precondition::Absent, Some(_)) => return Err(Conflict::Exists),
            (Precondition::Revision(_), None) => return Err(Conflict::Missing),
            (Precondition::Revision(expected), Some(current)) if current.revision() != expected => {
                return Err(Conflict::Stale);
            }
            _ => {}
        }
        self.revision += 1;
        object.meta_mut().resource_version = Some(self.revision.to_string());
        let table = self.tables.get_or_default(key.resource);
        table.insert((key.namespace, key.name), object.clone());
        let kind = if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.record(kind, object.clone(), previous);
        Ok(object)
    }

    /// Removes an object; its last version, stamped with the new revision, is returned.
    ///
    /// # Errors
    /// [`Conflict::Missing`] when there is none.
    pub fn remove(&mut self, key: &Key) -> Result<Object, Conflict> {
        let table = self.tables.get_mut(&key.resource).ok_or(Conflict::Missing)?;
        let removed =
            table.remove(&(key.namespace.clone(), key.name.clone())).ok_or(Conflict::Missing)?;
        self.revision += 1;
        let mut last = removed.clone();
        last.meta_mut().resource_version = Some(self.revision.to_string());
        self.record(ChangeKind::Deleted, last.clone(), Some(removed));
        Ok(last)
    }

    /// The oldest revision from which history can still be asked for.
    pub fn oldest(&self) -> u64 {
        self.revision - self.history.len() as u64
    }

    /// The store as it was at `revision`: what was done since is undone.
    ///
    /// # Errors
    /// [`Compacted`] when that is longer ago than history goes back.
    pub fn at(&self, revision: u64) -> Result<Self, Compacted> {
        let mut past = self.clone();
        let since: Vec<&Change> = self.since(revision)?.collect();
        for change in since.iter().rev() {
            let key = change.object.key();
            let table = past.tables.get_or_default(key.resource);
            let place = (key.namespace, key.name);
            match &change.previous {
                Some(before) => table.insert(place, before.clone()),
                None => table.remove(&place),
            };
        }
        let kept = past.history.len() - since.len();
        past.history = past.history.take(kept);
        past.replaced -= since.iter().filter(|change| change.previous.is_some()).count();
        past.revision = revision.min(self.revision);
        Ok(past)
    }

    /// The changes after `revision`, oldest first.
    ///
    /// # Errors
    /// [`Compacted`] when some of them are no longer kept.
    pub fn since(&self, revision: u64) -> Result<impl Iterator<Item = &Change>, Compacted> {
        let skip = revision.checked_sub(self.oldest()).ok_or(Compacted)?;
        let first = usize::try_from(skip).unwrap_or(usize::MAX);
        // By number: skipping would walk over all that is skipped.
        Ok((first..self.history.len()).filter_map(|index| self.history.get(index)))
    }

    fn record(&mut self, kind: ChangeKind, object: Object, previous: Option<Object>) {
        self.replaced += usize::from(previous.is_some());
        self.history.push_back(Change { revision: self.revision, kind, object, previous });
        while self.history.len() > HISTORY_MAX || self.replaced > REPLACED_MAX {
            let Some(oldest) = self.history.pop_front() else { return };
            self.replaced -= usize::from(oldest.previous.is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    const CONFIG_MAPS: GroupResource = GroupResource::new("", "configmaps");

    fn config_map(namespace: &str, name: &str) -> Object {
        let mut object = Object::new(ConfigMap::default());
        object.meta_mut().namespace = Some(namespace.to_owned());
        object.meta_mut().name = Some(name.to_owned());
        object
    }

    #[test]
    fn a_stale_write_is_refused_and_changes_nothing() {
        let mut store = Store::default();
        let first = store.put(config_map("a", "x"), Precondition::Absent).unwrap();
        store.put(first.clone(), Precondition::Revision(first.revision())).unwrap();
        let stale = store.put(first.clone(), Precondition::Revision(first.revision()));
        assert_eq!(stale.unwrap_err(), Conflict::Stale);
        assert_eq!(store.revision(), 2);
    }

    #[test]
    fn a_namespace_lists_only_its_own_objects_by_name() {
        let mut store = Store::default();
        for (namespace, name) in [("b", "y"), ("a", "z"), ("b", "x"), ("c", "w")] {
            store.put(config_map(namespace, name), Precondition::Absent).unwrap();
        }
        let names: Vec<_> = store.list_in(&CONFIG_MAPS, "b").map(Object::name).collect();
        assert_eq!(names, ["x", "y"]);
    }

    #[test]
    fn history_answers_from_a_revision_until_it_is_compacted() {
        let mut store = Store::default();
        let mut object = store.put(config_map("a", "x"), Precondition::Absent).unwrap();
        for _ in 0..HISTORY_MAX {
            let at = Precondition::Revision(object.revision());
            object = store.put(object, at).unwrap();
        }
        assert!(store.since(0).is_err());
        assert_eq!(store.since(store.revision() - 2).unwrap().count(), 2);
    }

    #[test]
    fn the_past_can_be_seen_again() {
        let mut store = Store::default();
        let first = store.put(config_map("a", "x"), Precondition::Absent).unwrap();
        let then = store.revision();
        store.put(first.clone(), Precondition::Revision(first.revision())).unwrap();
        store.put(config_map("a", "y"), Precondition::Absent).unwrap();
        store.remove(&first.key()).unwrap();
        let past = store.at(then).unwrap();
        assert_eq!((past.revision(), past.oldest()), (then, 0));
        let found: Vec<_> = past.list(&CONFIG_MAPS).map(|o| (o.name(), o.revision())).collect();
        assert_eq!(found, [("x", then)]);
        assert_eq!(store.count(&CONFIG_MAPS), 1);
    }

    #[test]
    fn a_clone_does_not_see_later_writes() {
        let mut store = Store::default();
        let fork = store.clone();
        store.put(config_map("a", "x"), Precondition::Absent).unwrap();
        assert_eq!((store.count(&CONFIG_MAPS), fork.count(&CONFIG_MAPS)), (1, 0));
    }
}
