//! The revisions of a DaemonSet. Mirrors the history half of `pkg/controller/daemon/update.go`.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec};
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::template::HASH;
use crate::api::{Request, Status};
use crate::base::label_selector::Selector;
use crate::controllers::history::{self, Revision};
use crate::controllers::template_hash;
use crate::object::{Object, meta};
use crate::runtime::Context;

/// A set's revisions.
pub struct History {
    /// The one of its template.
    current: Revision,
    /// The others, oldest first.
    old: Vec<Revision>,
}

impl History {
    /// The hash that the set's new pods carry.
    pub fn hash(&self) -> &str {
        hash_of(&self.current)
    }

    /// Finds, or makes, the revision of the set's template. Mirrors `constructHistory`.
    pub fn find(
        cx: &mut Context<'_>,
        object: &Object,
        set: &DaemonSet,
        spec: &DaemonSetSpec,
        selector: &Selector,
        pods: &[&Pod],
    ) -> Result<Self, Status> {
        let data = history::patch(&spec.template);
        let mut revisions = Vec::new();
        for revision in history::adopted(cx, object, selector)? {
            revisions.push(labelled(cx, revision)?);
        }
        let (current, old): (Vec<Revision>, Vec<Revision>) =
            revisions.into_iter().partition(|revision| revision.data == data);
        let number = old.last().map_or(0, |newest| newest.number) + 1;
        let current = match dedup(cx, current, pods)? {
            Some(current) if current.number < number => history::renumber(cx, &current, number)?,
            Some(current) => current,
            None => snapshot(cx, object, set, spec, data, number)?,
        };
        Ok(Self { current, old })
    }

    /// Deletes revisions beyond the limit that no pod is of. Mirrors `cleanupHistory`.
    pub fn truncate(
        &self,
        cx: &mut Context<'_>,
        spec: &DaemonSetSpec,
        pods: &[&Pod],
    ) -> Result<(), Status> {
        let limit = usize::try_from(spec.revision_history_limit.unwrap_or(10)).unwrap_or(0);
        let surplus = self.old.len().saturating_sub(limit);
        let is_live = |revision: &&Revision| {
            let hash = Some(hash_of(revision)).filter(|hash| !hash.is_empty());
            hash.is_some() && pods.iter().any(|pod| meta::label(&pod.metadata, HASH) == hash)
        };
        for revision in self.old.iter().filter(|revision| !is_live(revision)).take(surplus) {
            cx.delete(&revision.object.key())?;
        }
        Ok(())
    }
}

fn hash_of(revision: &Revision) -> &str {
    meta::label(revision.object.meta(), HASH).unwrap_or_default()
}

/// A revision without the label of its hash gets its name for one.
fn labelled(cx: &mut Context<'_>, revision: Revision) -> Result<Revision, Status> {
    if meta::label(revision.object.meta(), HASH).is_some() {
        return Ok(revision);
    }
    let mut object = revision.object.clone();
    let labels = object.meta_mut().labels.get_or_insert_default();
    labels.insert(HASH.to_owned(), revision.name().to_owned());
    let object = cx.update(object)?;
    Ok(Revision { object, ..revision })
}

/// Of several revisions of one template the newest is kept, and the pods are told.
/// Mirrors `dedupCurHistories`.
fn dedup(
    cx: &mut Context<'_>,
    mut current: Vec<Revision>,
    pods: &[&Pod],
) -> Result<Option<Revision>, Status> {
    let Some(kept) = current.pop() else { return Ok(None) };
    if current.is_empty() {
        return Ok(Some(kept));
    }
    let hash = hash_of(&kept);
    for pod in pods.iter().filter(|pod| meta::label(&pod.metadata, HASH) != Some(hash)) {
        let mut pod = (*pod).clone();
        let labels = pod.metadata.labels.get_or_insert_default();
        labels.insert(HASH.to_owned(), hash.to_owned());
        cx.update(Object::new(pod))?;
    }
    for duplicate in current {
        cx.delete(&duplicate.object.key())?;
    }
    Ok(Some(kept))
}

/// Creates the revision of the set's template. If another one has its name, the next try counts
/// one collision more. Mirrors `snapshot`.
fn snapshot(
    cx: &mut Context<'_>,
    object: &Object,
    set: &DaemonSet,
    spec: &DaemonSetSpec,
    data: Value,
    number: i64,
) -> Result<Revision, Status> {
    let collisions = set.status.as_ref().and_then(|status| status.collision_count);
    let hash = template_hash::of(&spec.template, collisions);
    let mut revision = history::new(object, &hash, data.clone(), number);
    revision.metadata.labels = history::labels(&spec.template, HASH, &hash);
    let wanted = Object::new(revision);
    let key = wanted.key();
    match cx.create(wanted) {
        Err(status) if status.is_already_exists() => {
            let present = cx.call(Request::get(&key))?.object();
            let present = present.as_ref().and_then(Revision::of).ok_or_else(|| status.clone())?;
            if present.data == data {
                return Ok(present);
            }
            let mut object = object.clone();
            if let Some(set) = object.edit::<DaemonSet>() {
                let status = set.status.get_or_insert_default();
                status.collision_count = Some(collisions.unwrap_or(0) + 1);
            }
            cx.update_status(object)?;
            Err(status)
        }
        outcome => Ok(Revision { object: outcome?, number, data }),
    }
}
