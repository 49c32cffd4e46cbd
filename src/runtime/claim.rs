//! Which dependents belong to an owner: those it manages, those it should take in, those it
//! should let go. Mirrors `pkg/controller/controller_ref_manager.go`.

use super::{Cache, Context};
use crate::api::Status;
use crate::base::label_selector::Selector;
use crate::object::{GroupResource, Key, Object, meta};

/// An owner's dependents of one type.
#[derive(Debug, Default)]
pub struct Claim<'a> {
    /// Managed by the owner and matching its selector.
    pub owned: Vec<&'a Object>,
    /// Managed by nobody and matching: to be taken in.
    pub adopt: Vec<&'a Object>,
    /// Managed by the owner but no longer matching: to be let go.
    pub release: Vec<&'a Object>,
}

/// Sorts the objects of `resource` in the owner's namespace that it manages or may adopt.
/// An owner that is being deleted takes nobody in, and nobody lets go of a dying dependent.
pub fn claim<'a>(
    cache: &'a Cache,
    owner: &'a Object,
    resource: &GroupResource,
    selector: &Selector,
) -> Claim<'a> {
    let mut claim = Claim::default();
    for object in cache.owned_by(owner.uid(), resource) {
        if matches(selector, object) {
            claim.owned.push(object);
        } else if !meta::is_terminating(owner.meta()) {
            claim.release.push(object);
        }
    }
    if !meta::is_terminating(owner.meta()) {
        let orphans = cache.orphans_in(resource, owner.namespace());
        let alive = orphans.filter(|object| !meta::is_terminating(object.meta()));
        claim.adopt.extend(alive.filter(|object| matches(selector, object)));
    }
    claim
}

/// Whether the object's labels match.
pub fn matches(selector: &Selector, object: &Object) -> bool {
    match &object.meta().labels {
        Some(labels) => selector.matches(labels),
        None => selector.matches(&std::collections::BTreeMap::new()),
    }
}

/// The keys of the owners of type `resource` that may take in an object that nothing manages,
/// given the selector of each. Mirrors `getStatefulSetsForPod` and its like.
pub fn adopters(
    cache: &Cache,
    resource: &GroupResource,
    object: &Object,
    selector: impl Fn(&Object) -> Option<Selector>,
) -> Vec<Key> {
    if object.meta().labels.is_none() || meta::controller_of(object.meta()).is_some() {
        return Vec::new();
    }
    let owners = cache.list_in(resource, object.namespace());
    let matching =
        owners.filter(|owner| selector(owner).is_some_and(|selector| matches(&selector, object)));
    matching.map(Object::key).collect()
}

/// Makes `owner` the managing owner of `object`.
///
/// # Errors
/// What the API server answers: a conflict if either has changed since.
pub fn adopt(cx: &mut Context<'_>, owner: &Object, object: &Object) -> Result<Object, Status> {
    let mut adopted = object.clone();
    let owners = adopted.meta_mut().owner_references.get_or_insert_default();
    owners.push(meta::controller_ref(owner));
    cx.update(adopted)
}

/// Takes the owner reference with the owner's uid off `object`.
///
/// # Errors
/// What the API server answers, except that an object that is gone needs no release.
pub fn release(
    cx: &mut Context<'_>,
    owner: &Object,
    object: &Object,
) -> Result<Option<Object>, Status> {
    let mut released = object.clone();
    let references = &mut released.meta_mut().owner_references;
    if let Some(owners) = references {
        owners.retain(|reference| reference.uid != owner.uid());
    }
    *references = references.take().filter(|owners| !owners.is_empty());
    match cx.update(released) {
        Ok(object) => Ok(Some(object)),
        Err(status) if status.is_not_found() => Ok(None),
        Err(status) => Err(status),
    }
}
