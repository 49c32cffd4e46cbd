//! Asking for an object's deletion. Mirrors `registry/rest/delete.go` and `Store.Delete`.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod, ReplicationController};

use super::update::is_finished;
use crate::api::admission::Operation;
use crate::api::{DeleteOptions, List, Propagation, Reply, Request, Server, Status};
use crate::kinds::Kind;
use crate::kinds::custom_resource_definition::status::{self, Condition};
use crate::kinds::custom_resource_definition::{FINALIZER, RESOURCE as DEFINITIONS};
use crate::object::{Object, Untyped, meta};
use crate::store::Precondition;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

impl Server {
    pub(in crate::api) fn delete(
        &mut self,
        kind: &'static dyn Kind,
        request: &Request,
    ) -> Result<Reply, Status> {
        let object = self.target(kind, request)?;
        self.delete_object(kind, object, &request.delete, request.dry_run).map(Reply::Object)
    }

    /// Deletes all that match; the reply lists them.
    pub(in crate::api) fn delete_collection(
        &mut self,
        kind: &'static dyn Kind,
        request: &Request,
    ) -> Result<Reply, Status> {
        let mut items = Vec::new();
        for object in self.matching(&self.filter(kind, request)?) {
            // What is listed is what was found, not what has become of it.
            match self.delete_object(kind, object.clone(), &request.delete, request.dry_run) {
                Ok(_) => items.push(object),
                Err(status) if status.is_not_found() => {}
                Err(status) => return Err(status),
            }
        }
        let revision = self.store.revision();
        Ok(Reply::List(List { resource: request.resource.clone(), items, revision, remaining: 0 }))
    }

    /// Deletes an object at once, or marks it as going.
    pub(in crate::api) fn delete_object(
        &mut self,
        kind: &'static dyn Kind,
        old: Object,
        given: &DeleteOptions,
        dry_run: bool,
    ) -> Result<Object, Status> {
        let mut new = old.clone();
        if old.get::<Pod>().is_some()
            && let Some(asking) = &mut self.asking
        {
            // How long a pod takes is settled before anybody is asked.
            let options = &mut Rc::make_mut(asking).options;
            options["gracePeriodSeconds"] = grace(kind, &old, given).into();
        }
        self.admit(kind, "", Operation::Delete, &mut new, Some(&old))?;
        self.admit_valid(kind, "", Operation::Delete, &mut new, Some(&old))?;
        self.delete_admitted(kind, old, given, dry_run)
    }

    /// Deletes an object of which nobody is to be asked any more.
    pub(in crate::api) fn delete_admitted(
        &mut self,
        kind: &'static dyn Kind,
        old: Object,
        options: &DeleteOptions,
        dry_run: bool,
    ) -> Result<Object, Status> {
        let mut new = old.clone();
        check_preconditions(kind, &old, options)?;
        if old.resource() == DEFINITIONS && !meta::is_terminating(old.meta()) {
            return self.delete_definition(new, dry_run);
        }
        let finalizers = finalizers(&old, options);
        if finalizers.as_slice() != old.meta().finalizers.as_deref().unwrap_or_default() {
            new.meta_mut().finalizers = Some(finalizers.clone()).filter(|list| !list.is_empty());
        }
        match grace(kind, &old, options) {
            0 => self.go_at_once(&mut new),
            seconds => self.go_gracefully(&mut new, seconds),
        }
        if is_finished(&new) {
            let mut last = self.remove(&old, dry_run)?;
            if old.get::<Pod>().is_some() {
                // What can go gracefully is shown as it went.
                let shown = last.meta_mut();
                shown.deletion_timestamp.clone_from(&new.meta().deletion_timestamp);
                shown.deletion_grace_period_seconds = new.meta().deletion_grace_period_seconds;
                shown.generation = new.meta().generation;
            }
            return Ok(last);
        }
        if new.equal(&old) {
            return Ok(old);
        }
        self.put(new, Precondition::Revision(old.revision()), dry_run)
    }

    /// Marks a definition as going: its objects go first. Mirrors `REST.Delete` of
    /// `registry/customresourcedefinition/etcd.go`.
    fn delete_definition(&mut self, mut object: Object, dry_run: bool) -> Result<Object, Status> {
        let must = Precondition::Revision(object.revision());
        let pending = Condition::new(
            "Terminating",
            true,
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        );
        let meta = object.meta_mut();
        meta.deletion_timestamp = Some(meta::timestamp(self.now));
        let finalizers = meta.finalizers.get_or_insert_default();
        if !finalizers.iter().any(|name| name == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
        if let Some(definition) = object.edit::<Untyped>() {
            status::set(definition, &pending, self.now);
        }
        self.put(object, must, dry_run)
    }

    /// Marks an object as gone but for its finalizers. Mirrors `markAsDeleting`.
    fn go_at_once(&self, object: &mut Object) {
        let first = object.meta().deletion_timestamp.is_none();
        if !first && object.meta().deletion_grace_period_seconds == Some(0) {
            return;
        }
        let meta = object.meta_mut();
        if first && meta.generation.unwrap_or(0) > 0 {
            meta.generation = meta.generation.map(|generation| generation + 1);
        }
        meta.deletion_timestamp = Some(meta::timestamp(self.now));
        meta.deletion_grace_period_seconds = Some(0);
        if let Some(namespace) = object.edit::<Namespace>() {
            namespace.metadata.deletion_grace_period_seconds = None;
            let status = namespace.status.get_or_insert_default();
            status.phase = Some("Terminating".to_owned());
        }
    }

    /// Marks an object as going; a second request can only shorten the time. Mirrors `BeforeDelete`.
    fn go_gracefully(&self, object: &mut Object, seconds: i64) {
        let meta = object.meta();
        let first = meta.deletion_timestamp.is_none();
        if !first && meta.deletion_grace_period_seconds.unwrap_or(0) <= seconds {
            return;
        }
        let begun = match (&meta.deletion_timestamp, meta.deletion_grace_period_seconds) {
            (Some(end), Some(grace)) => meta::moment(end) - seconds_long(grace),
            _ => self.now,
        };
        let meta = object.meta_mut();
        if first && meta.generation.unwrap_or(0) > 0 {
            meta.generation = meta.generation.map(|generation| generation + 1);
        }
        meta.deletion_timestamp = Some(meta::timestamp(begun + seconds_long(seconds)));
        meta.deletion_grace_period_seconds = Some(seconds);
    }
}

fn seconds_long(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Mirrors `Preconditions.Check`.
fn check_preconditions(
    kind: &dyn Kind,
    object: &Object,
    options: &DeleteOptions,
) -> Result<(), Status> {
    let current = object.meta().resource_version.as_deref().unwrap_or_default();
    let pairs = [
        ("UID", options.uid.as_deref(), object.uid(), "deleted and then recreated"),
        ("ResourceVersion", options.resource_version.as_deref(), current, "modified"),
    ];
    for (what, wanted, found, fate) in pairs {
        let Some(wanted) = wanted.filter(|wanted| *wanted != found) else { continue };
        let why = format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record \
             ({found}). The object might have been {fate}"
        );
        let mut status = Status::conflict(&kind.names().resource(), object.name(), &why);
        let names = kind.names();
        names.kind.clone_into(&mut status.kind);
        status.message =
            format!("Operation cannot be fulfilled on {} \"{}\": {why}", names.kind, object.name());
        return Err(status);
    }
    Ok(())
}

/// Seconds until the object may go. Mirrors `podStrategy.CheckGracefulDelete`.
fn grace(kind: &dyn Kind, object: &Object, options: &DeleteOptions) -> i64 {
    let Some(pod) = object.get::<Pod>() else { return 0 };
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let finished = matches!(phase, Some("Succeeded" | "Failed"));
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default();
    if node.is_empty() || finished {
        return 0;
    }
    match options.grace_period_seconds.unwrap_or_else(|| kind.default_grace(object)) {
        negative if negative < 0 => 1,
        seconds => seconds,
    }
}

/// The finalizers that deletion leaves. Mirrors `deletionFinalizersForGarbageCollection`.
fn finalizers(object: &Object, options: &DeleteOptions) -> Vec<String> {
    let old = object.meta().finalizers.as_deref().unwrap_or_default();
    let has = |name: &str| old.iter().any(|finalizer| finalizer == name);
    let fate = match options.propagation {
        Some(fate) => fate,
        None if has(ORPHAN) => Propagation::Orphan,
        None if has(FOREGROUND) => Propagation::Foreground,
        // The oldest workloads keep their first default. Mirrors `DefaultGarbageCollectionPolicy`.
        None if is_eldest(object) => Propagation::Orphan,
        None => Propagation::Background,
    };
    let mut list: Vec<String> =
        old.iter().filter(|name| *name != ORPHAN && *name != FOREGROUND).cloned().collect();
    match fate {
        Propagation::Background => {}
        Propagation::Foreground => list.push(FOREGROUND.to_owned()),
        Propagation::Orphan => list.push(ORPHAN.to_owned()),
    }
    list
}

fn is_eldest(object: &Object) -> bool {
    object.get::<ReplicationController>().is_some() || object.get::<Job>().is_some()
}
