//! Deletes what no owner is left for, and holds owners until their dependents are gone.
//! Mirrors `pkg/controller/garbagecollector`.

mod plan;
#[cfg(test)]
mod plan_tests;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use self::plan::{FOREGROUND, Item, ORPHAN, Owner, Verdict};
use crate::api::{Propagation, Request, Status};
use crate::kinds::custom_resource_definition::{self, status};
use crate::kinds::{self, KINDS};
use crate::object::{GroupResource, Key, Object, Untyped, meta};
use crate::runtime::{CUSTOM, Cache, Context, Controller, EventType, Next, Watch};

/// Types that change often and that nothing owns or is owned by. Mirrors `ignoredResources`.
const IGNORED: [(&str, &str); 2] = [("", "events"), ("metrics.k8s.io", "")];

/// The garbage collector. Its graph of owners and dependents is the cache's index.
#[derive(Clone, Debug, Default)]
pub struct GarbageCollector;

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        "garbage-collector-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let kept = KINDS.iter().filter(|kind| kind.kept_as().is_none());
        let all = kept.map(|kind| kind.names().resource()).filter(is_collected).chain([CUSTOM]);
        all.map(|resource| Watch::Mapped(resource, wakes)).collect()
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let Some(known) = cx.cache.get(key) else { return Ok(Next::OnChange) };
        if known.meta().owner_references.is_none() && !meta::is_terminating(known.meta()) {
            return Ok(Next::OnChange);
        }
        // The cache may be late; nothing is deleted but on what the server says now.
        let object = match cx.call(Request::get(key)) {
            Ok(reply) => reply.object(),
            Err(status) if status.is_not_found() => None,
            Err(status) => return Err(status),
        };
        let Some(object) = object.filter(|object| object.uid() == known.uid()) else {
            return Ok(Next::OnChange);
        };
        let plan = plan::plan(look_around(cx, &object)?);
        if plan.verdict != Verdict::Keep {
            cx.explain(key, &plan);
        }
        match plan.verdict {
            Verdict::Keep => {}
            Verdict::Forget(uids) => forget_owners(cx, &object, &uids)?,
            Verdict::Delete { propagation, unblock } => {
                delete(cx, &object, propagation, unblock)?;
            }
            Verdict::Finish => remove_finalizer(cx, &object, FOREGROUND)?,
            Verdict::Orphan => orphan(cx, &object)?,
        }
        Ok(Next::OnChange)
    }
}

fn is_collected(resource: &GroupResource) -> bool {
    !IGNORED.iter().any(|(group, plural)| {
        resource.group == *group && (plural.is_empty() || resource.resource == *plural)
    })
}

/// The object, where its own ties have changed; its dependents, when it is gone or begins to wait
/// for them; its owners, when it no longer holds them up.
fn wakes(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let key = object.key();
    let gone = cache.get(&key).is_none_or(|current| current.uid() != object.uid());
    let waits = |object: &Object| {
        meta::is_terminating(object.meta()) && meta::has_finalizer(object.meta(), FOREGROUND)
    };
    let mut keys = Vec::new();
    if gone || (waits(object) && !previous.is_some_and(waits)) {
        keys.extend(cache.dependents_of(object.uid()).map(Object::key));
    }
    let ties = |object: &Object| {
        let meta = object.meta();
        (meta.owner_references.clone(), meta.finalizers.clone(), meta::is_terminating(meta))
    };
    if gone || previous.is_none_or(|previous| ties(previous) != ties(object)) {
        let versions = previous.into_iter().chain([object]);
        let references =
            versions.flat_map(|version| version.meta().owner_references.iter().flatten());
        let owners = references.filter_map(|reference| owner_key(cache, object, reference));
        keys.extend(owners.filter(|owner| cache.get(owner).is_some_and(waits)));
        keys.push(key);
    }
    keys
}

/// Where an owner lives: next to its dependent, or in no namespace. `None` for unknown kinds, and
/// for owners that a cluster-scoped dependent cannot have.
fn owner_key(cache: &Cache, dependent: &Object, reference: &OwnerReference) -> Option<Key> {
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    let (resource, namespaced) = match kinds::by_kind(group, &reference.kind) {
        Some(kind) => (kind.names().resource(), kind.names().namespaced),
        None => custom_type(cache, group, &reference.kind)?,
    };
    let namespace = if namespaced { dependent.namespace() } else { "" };
    Some(Key::new(resource, namespace, &reference.name))
}

/// The type of a kind that a definition defines, and whether it lives in namespaces.
fn custom_type(cache: &Cache, group: &str, kind: &str) -> Option<(GroupResource, bool)> {
    let definitions = cache.list(&custom_resource_definition::RESOURCE);
    let mut definitions = definitions.filter_map(|object| object.get::<Untyped>());
    let spec = definitions.find_map(|definition| {
        let spec = definition.field("spec");
        let is_meant = spec["group"] == group && spec["names"]["kind"] == kind;
        (is_meant && status::is_served(definition)).then_some(spec)
    })?;
    let plural = spec["names"]["plural"].as_str()?;
    Some((GroupResource::dynamic(group, plural), spec["scope"] == "Namespaced"))
}

fn look_around(cx: &mut Context<'_>, object: &Object) -> Result<Item, Status> {
    let mut owners = Vec::new();
    if !meta::is_terminating(object.meta()) {
        for reference in object.meta().owner_references.iter().flatten() {
            owners.push((reference.uid.clone(), look_up(cx, object, reference)?));
        }
    }
    let cache = cx.cache;
    let dependents: Vec<&Object> = cache.dependents_of(object.uid()).collect();
    let blocks = |dependent: &&&Object| {
        let references = dependent.meta().owner_references.iter().flatten();
        let mut ours = references.filter(|reference| reference.uid == object.uid());
        ours.any(|reference| reference.block_owner_deletion == Some(true))
    };
    let waits = |dependent: &&Object| {
        meta::is_terminating(dependent.meta()) && meta::has_finalizer(dependent.meta(), FOREGROUND)
    };
    Ok(Item {
        deleting: meta::is_terminating(object.meta()),
        foreground: meta::has_finalizer(object.meta(), FOREGROUND),
        orphan: meta::has_finalizer(object.meta(), ORPHAN),
        owners,
        blocking: dependents.iter().filter(blocks).count(),
        circular: dependents.iter().any(waits),
        dependents: dependents.len(),
    })
}

/// What became of an owner. Mirrors `isDangling` and `classifyReferences`.
fn look_up(
    cx: &mut Context<'_>,
    object: &Object,
    reference: &OwnerReference,
) -> Result<Owner, Status> {
    // An owner of a kind that is not served may be there or not: its dependents stay.
    let Some(key) = owner_key(cx.cache, object, reference) else { return Ok(Owner::Solid) };
    let owner = match cx.call(Request::get(&key)) {
        Ok(reply) => reply.object().filter(|owner| owner.uid() == reference.uid),
        Err(status) if status.is_not_found() || key.namespace.is_empty() => None,
        Err(status) => return Err(status),
    };
    let Some(owner) = owner else {
        report_other_namespace(cx, object, reference, &key);
        return Ok(Owner::Absent);
    };
    let waits = meta::is_terminating(owner.meta()) && meta::has_finalizer(owner.meta(), FOREGROUND);
    Ok(if waits { Owner::Waiting } else { Owner::Solid })
}

/// Says so if the owner does exist, but in another namespace, where it cannot own this object.
fn report_other_namespace(
    cx: &mut Context<'_>,
    object: &Object,
    reference: &OwnerReference,
    key: &Key,
) {
    let mut others = cx.cache.list(&key.resource);
    if !others.any(|other| other.uid() == reference.uid && other.namespace() != object.namespace())
    {
        return;
    }
    let OwnerReference { api_version, kind, name, uid, .. } = reference;
    let namespace = object.namespace();
    let message = format!(
        "ownerRef [{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}] does \
         not exist in namespace \"{namespace}\""
    );
    cx.event(object, EventType::Warning, "OwnerRefInvalidNamespace", &message);
}

fn forget_owners(cx: &mut Context<'_>, object: &Object, uids: &[String]) -> Result<(), Status> {
    let mut object = object.clone();
    let references = &mut object.meta_mut().owner_references;
    if let Some(owners) = references {
        owners.retain(|owner| !uids.contains(&owner.uid));
    }
    *references = references.take().filter(|owners| !owners.is_empty());
    cx.update(object).map(|_| ())
}

fn delete(
    cx: &mut Context<'_>,
    object: &Object,
    propagation: Propagation,
    unblock: bool,
) -> Result<(), Status> {
    let mut current = object.clone();
    if unblock {
        for owner in current.meta_mut().owner_references.iter_mut().flatten() {
            owner.block_owner_deletion = Some(false);
        }
        current = cx.update(current)?;
    }
    let mut request = Request::delete(&current.key());
    request.delete.propagation = Some(propagation);
    request.delete.uid = Some(current.uid().to_owned());
    match cx.call(request) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

fn remove_finalizer(cx: &mut Context<'_>, object: &Object, finalizer: &str) -> Result<(), Status> {
    let mut object = object.clone();
    let finalizers = &mut object.meta_mut().finalizers;
    if let Some(list) = finalizers {
        list.retain(|name| name != finalizer);
    }
    *finalizers = finalizers.take().filter(|list| !list.is_empty());
    match cx.update(object) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

/// Mirrors `orphanDependents`.
fn orphan(cx: &mut Context<'_>, owner: &Object) -> Result<(), Status> {
    let cache = cx.cache;
    let uids = [owner.uid().to_owned()];
    for dependent in cache.dependents_of(owner.uid()) {
        match forget_owners(cx, dependent, &uids) {
            Err(status) if !status.is_not_found() => return Err(status),
            _ => {}
        }
    }
    remove_finalizer(cx, owner, ORPHAN)
}
