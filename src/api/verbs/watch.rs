//! Reading the changes after a revision. Mirrors `apiserver/pkg/storage/cacher`.

use super::list::Filter;
use crate::api::{Reply, Request, Server, Status};
use crate::kinds::Kind;
use crate::object::Object;
use crate::store::{Change, ChangeKind};

impl Server {
    /// The changes since a revision. Without one, or from 0, whatever exists counts as added.
    pub(in crate::api) fn watch(
        &self,
        kind: &'static dyn Kind,
        request: &Request,
    ) -> Result<Reply, Status> {
        let filter = self.filter(kind, request)?;
        let next = self.store.revision().max(request.resource_version.unwrap_or(0));
        let changes = match request.resource_version {
            None | Some(0) => self.matching(&filter).into_iter().map(added).collect(),
            Some(from) => self.changes(&filter, from)?,
        };
        Ok(Reply::Changes(changes, next))
    }

    fn changes(&self, filter: &Filter, from: u64) -> Result<Vec<Change>, Status> {
        let since = self.store.since(from).map_err(|_| {
            let oldest = self.store.oldest();
            Status::expired(format!("too old resource version: {from} ({oldest})"))
        })?;
        Ok(since.filter_map(|change| seen_through(filter, change)).collect())
    }
}

fn added(object: Object) -> Change {
    let revision = object.revision();
    Change { revision, kind: ChangeKind::Added, object, previous: None }
}

/// What a change looks like to someone who sees only what the filter means: an object that comes
/// into view is added, one that goes out of it is deleted, as it was but at the new revision.
fn seen_through(filter: &Filter, change: &Change) -> Option<Change> {
    if change.object.resource() != filter.resource() {
        return None;
    }
    let before = change.previous.as_ref().filter(|object| filter.matches(object));
    let after = change.kind != ChangeKind::Deleted && filter.matches(&change.object);
    match (before, after) {
        (None, false) => None,
        (None, true) => Some(Change { kind: ChangeKind::Added, previous: None, ..change.clone() }),
        (Some(_), true) => Some(Change { kind: ChangeKind::Modified, ..change.clone() }),
        (Some(_), false) if change.kind == ChangeKind::Deleted => Some(change.clone()),
        (Some(before), false) => {
            let mut object = before.clone();
            object.meta_mut().resource_version = Some(change.revision.to_string());
            Some(Change { kind: ChangeKind::Deleted, object, ..change.clone() })
        }
    }
}
