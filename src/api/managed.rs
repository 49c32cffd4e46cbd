//! Who manages which fields of what is stored. Mirrors the part of `endpoints/handlers` that calls
//! `managedfields.FieldManager`.
//!
//! Managers are kept from a person's or client's first write on. What only components write has
//! none: thousands of pods and events would each carry more managed fields than anything else, and
//! nobody's intent is in them.

use std::rc::Rc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value};

use super::verbs::Part;
use super::{Cause, Request, Server, Status, decode};
use crate::kinds::{self, Kind};
use crate::object::managed::{Conflict, FieldSet, Managers, Refusal, Schema, Write};
use crate::object::{Object, meta};

/// `apps/v1`.
pub(super) fn group_version(kind: &dyn Kind, version: &str) -> String {
    match kind.names().group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    }
}

/// An object as JSON of a version, without what is managed.
fn bare(kind: &dyn Kind, version: &str, object: &Object) -> Value {
    let mut value = kind.encode(version, object);
    if let Some(Value::Object(meta)) = value.get_mut("metadata") {
        meta.remove("managedFields");
    }
    value
}

/// What a way of writing leaves alone. Mirrors `GetResetFields` of `pkg/registry/*/strategy.go`.
fn reset(kind: &dyn Kind, subresource: &str) -> FieldSet {
    let names = kind.names();
    match (subresource, names.plural) {
        ("status", "deployments") => FieldSet::of(&[&["spec"], &["metadata", "labels"]]),
        ("status", "pods") => FieldSet::of(&[
            &["spec"],
            &["metadata", "deletionTimestamp"],
            &["metadata", "ownerReferences"],
        ]),
        ("status", "servicecidrs") => FieldSet::of(&[&["spec"], &["metadata"]]),
        ("status", _) => FieldSet::of(&[&["spec"]]),
        _ if names.subresources.contains(&"status") => FieldSet::of(&[&["status"]]),
        _ => FieldSet::default(),
    }
}

/// How components call themselves to the API server. Mirrors their user agents.
fn component(user: &str) -> &str {
    match user {
        "kubelet" => user,
        "default-scheduler" => "kube-scheduler",
        "" => "unknown",
        _ => "kube-controller-manager",
    }
}

/// Whether a list says that nobody manages anything. Mirrors `isResetManagedFields`.
fn is_reset(entries: Option<&Vec<ManagedFieldsEntry>>) -> bool {
    entries.is_some_and(|list| match list.as_slice() {
        [] => true,
        [one] => *one == ManagedFieldsEntry::default(),
        _ => false,
    })
}

/// The managers that a replacement says there are, or those that there were.
/// Mirrors `decodeLiveOrNew`.
fn said(given: &ObjectMeta, live: &ObjectMeta, subresource: &str) -> Managers {
    let before = || Managers::read(live.managed_fields.as_ref()).unwrap_or_default();
    if !subresource.is_empty() {
        return before();
    }
    if is_reset(given.managed_fields.as_ref()) {
        return Managers::default();
    }
    let given = Managers::read(given.managed_fields.as_ref());
    given.filter(|given| !given.0.is_empty()).unwrap_or_else(before)
}

/// Whether two lists of managers tell of the same fields, whatever the times.
fn alike(a: &ObjectMeta, b: &ObjectMeta) -> bool {
    let timeless = |meta: &ObjectMeta| {
        let entries = meta.managed_fields.iter().flatten();
        let entries = entries.map(|entry| ManagedFieldsEntry { time: None, ..entry.clone() });
        entries.collect::<Vec<_>>()
    };
    timeless(a) == timeless(b)
}

/// A replacement that changes nothing but when something was last managed changes nothing.
/// Mirrors `IgnoreManagedFieldsTimestampsTransformer`.
pub(super) fn is_unchanged(new: &Object, old: &Object) -> bool {
    if new.equal(old) {
        return true;
    }
    let (after, before) = (new.meta(), old.meta());
    if after.managed_fields == before.managed_fields || !alike(after, before) {
        return false;
    }
    let mut same = new.clone();
    same.meta_mut().managed_fields.clone_from(&before.managed_fields);
    same.equal(old)
}

impl Server {
    fn schema(&mut self, kind: &'static dyn Kind) -> Rc<Schema> {
        let resource = kind.names().resource();
        if kinds::kind_of(&resource).is_none() {
            return kind.schema();
        }
        self.schemas.entry(resource).or_insert_with(|| kind.schema()).clone()
    }

    /// What is known of the fields of the objects that a request carries.
    pub(super) fn schema_of(&mut self, kind: &'static dyn Kind, request: &Request) -> Rc<Schema> {
        let version = decode::version(kind, &request.version);
        if kind.names().versions.first() == Some(&version) {
            self.schema(kind)
        } else {
            Rc::new(Schema::deduced())
        }
    }

    /// Carries out what a write does to managed fields.
    fn written<T>(
        &mut self,
        kind: &'static dyn Kind,
        request: &Request,
        subresource: &str,
        work: impl FnOnce(&Write<'_>, &str) -> T,
    ) -> T {
        let version = decode::version(kind, &request.version).to_owned();
        let schema = self.schema_of(kind, request);
        let convert = |value: &Value, wanted: &str| {
            let names = kind.names();
            let wanted = names.versions.iter().find(|v| group_version(kind, v) == wanted)?;
            let object = kind.decode(&version, value).ok()?;
            Some(bare(kind, wanted, &object))
        };
        let name = match request.manager.as_str() {
            "" => component(request.user),
            name => name,
        };
        let write = Write {
            schema: &schema,
            version: &group_version(kind, &version),
            convert: &convert,
            reset: reset(kind, subresource),
            name,
            subresource,
            now: meta::timestamp(self.now),
        };
        work(&write, &version)
    }

    /// Says who manages the fields of a new object.
    pub(super) fn track_new(
        &mut self,
        kind: &'static dyn Kind,
        object: &mut Object,
        request: &Request,
    ) {
        if request.manager.is_empty() {
            return;
        }
        let before = said(object.meta(), &ObjectMeta::default(), "");
        let managers = self.written(kind, request, "", |write, version| {
            write.update(&before, &Value::Object(Map::new()), &bare(kind, version, object))
        });
        object.meta_mut().managed_fields = managers.write();
    }

    /// Says who manages the fields of a replacement.
    pub(super) fn track(
        &mut self,
        kind: &'static dyn Kind,
        part: Part,
        new: &mut Object,
        old: &Object,
        request: &Request,
    ) {
        let subresource =
            if request.subresource.is_empty() { part.subresource() } else { request.subresource };
        let is_managed = old.meta().managed_fields.is_some();
        let begins = !request.manager.is_empty() && meta::controller_of(old.meta()).is_some();
        if !is_managed && !begins {
            new.meta_mut().managed_fields = None;
            return;
        }
        let mut live = old.meta().clone();
        if !is_managed {
            // So far only components have written it.
            let creator =
                Request { manager: component("controller").to_owned(), ..request.clone() };
            let managers = self.written(kind, &creator, "", |write, version| {
                let live = bare(kind, version, old);
                write.update(&Managers::default(), &Value::Object(Map::new()), &live)
            });
            live.managed_fields = managers.write();
        }
        let before = said(new.meta(), &live, subresource);
        if before.0.is_empty() {
            new.meta_mut().managed_fields = None;
            return;
        }
        let managers = self.written(kind, request, subresource, |write, version| {
            write.update(&before, &bare(kind, version, old), &bare(kind, version, new))
        });
        new.meta_mut().managed_fields = managers.write();
    }

    /// What an object (none, if it is to be made) becomes when a patch is applied to it.
    ///
    /// # Errors
    /// What does not fit, or is managed by others.
    pub(super) fn applied(
        &mut self,
        kind: &'static dyn Kind,
        request: &Request,
        old: Option<&Object>,
        patch: &Value,
    ) -> Result<Object, Status> {
        let patch_version = patch["apiVersion"].as_str().unwrap_or_default();
        let patch_kind = patch["kind"].as_str().unwrap_or_default();
        let (force, names) = (request.force, kind.names());
        let told = match patch_version.split_once('/') {
            Some(_) => format!("{patch_version}, Kind={patch_kind}"),
            None => format!("/{patch_version}, Kind={patch_kind}"),
        };
        let outcome = self.written(kind, request, request.subresource, |write, version| {
            if patch_version != write.version || patch_kind != names.kind {
                return Err(Status::bad_request(format!("invalid object type: {told}")));
            }
            if patch["metadata"].get("managedFields").is_some_and(|given| !given.is_null()) {
                return Err(Status::bad_request("metadata.managedFields must be nil"));
            }
            let entries = old.and_then(|old| old.meta().managed_fields.as_ref());
            let before = Managers::read(entries)
                .ok_or_else(|| Status::unexplained("failed to decode managed fields"))?;
            let empty = Value::Object(Map::new());
            let mut live = old.map_or(empty, |old| bare(kind, version, old));
            if request.subresource == "scale"
                && live["spec"]["replicas"] == 0
                && let Some(Value::Object(spec)) = live.get_mut("spec")
            {
                // A scale does not say that it is zero.
                spec.remove("replicas");
            }
            let applied = write.apply(&before, &live, patch, force);
            applied.map(|(value, managers)| (version.to_owned(), value, managers)).map_err(
                |error| match error {
                    Refusal::Conflicts(conflicts) => conflict(&conflicts),
                    Refusal::Misfit(why) => Status::unexplained(format!(
                        "failed to create typed patch object ({}/{}; {told}): {why}",
                        patch["metadata"]["namespace"].as_str().unwrap_or_default(),
                        patch["metadata"]["name"].as_str().unwrap_or_default(),
                    )),
                },
            )
        });
        let (version, value, managers) = outcome?;
        let mut object = match (value, old) {
            (Some(mut value), _) => {
                self.schema_of(kind, request).prune(&mut value);
                with_last_applied(kind, &version, request, value, patch)?
            }
            (None, Some(old)) => old.clone(),
            (None, None) => kind.decode(&version, patch).map_err(Status::bad_request)?,
        };
        object.meta_mut().managed_fields = managers.write();
        Ok(object)
    }
}

/// The object of a value; what kubectl remembers of its own side is kept true.
/// Mirrors `lastAppliedUpdater`.
fn with_last_applied(
    kind: &dyn Kind,
    version: &str,
    request: &Request,
    mut value: Value,
    patch: &Value,
) -> Result<Object, Status> {
    let annotations = value.pointer_mut("/metadata/annotations");
    let annotation = annotations.and_then(|all| all.get_mut(meta::LAST_APPLIED));
    if let Some(last) = annotation.filter(|_| request.manager == "kubectl") {
        let mut bare = patch.clone();
        if let Some(Value::Object(all)) = bare.pointer_mut("/metadata/annotations") {
            all.remove(meta::LAST_APPLIED);
        }
        *last = Value::String(format!("{bare}\n"));
    }
    kind.decode(version, &value).map_err(Status::bad_request)
}

/// 409: others manage what is applied. Mirrors `NewConflictError`.
fn conflict(conflicts: &[Conflict]) -> Status {
    let message = match conflicts {
        [one] => {
            format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path)
        }
        many => {
            let mut lines = Vec::new();
            let mut last = None;
            for Conflict { manager, path, .. } in many {
                if last != Some(manager) {
                    lines.push(format!("conflicts with {manager}:"));
                }
                lines.push(format!("- {path}"));
                last = Some(manager);
            }
            format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
        }
    };
    let causes = conflicts.iter().map(|conflict| Cause {
        reason: "FieldManagerConflict".to_owned(),
        message: format!("conflict with {}", conflict.manager),
        field: conflict.path.clone(),
    });
    let mut status = Status::generic(409, "Conflict", message);
    status.causes = causes.collect();
    status
}
