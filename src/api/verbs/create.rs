//! Storing a new object. Mirrors `registry/rest/create.go` and `Store.Create`.

use crate::api::admission::asked::Asking;
use crate::api::admission::{self, Operation, Write, webhook};
use crate::api::{Reply, Request, Server, Status, decode, metadata};
use crate::kinds::Kind;
use crate::object::{Key, Object, meta};
use crate::store::Precondition;

/// The longest prefix that leaves room for five random characters. Mirrors `names.maxGeneratedNameLength`.
const PREFIX_MAX: usize = 58;
/// How many random suffixes are tried. Mirrors `maxNameGenerationCreateAttempts`.
const ATTEMPTS: usize = 8;

impl Server {
    pub(in crate::api) fn create(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        let schema = self.schema_of(kind, &request);
        let object = decode::body(kind, &schema, &mut request, &mut self.warnings)?;
        self.store_new(kind, object, &request, true)
    }

    /// Stores a new object.
    pub(super) fn store_new(
        &mut self,
        kind: &'static dyn Kind,
        mut object: Object,
        request: &Request,
        tracks: bool,
    ) -> Result<Reply, Status> {
        let namespace = if kind.names().namespaced { request.namespace.as_str() } else { "" };
        place(kind, &mut object, namespace)?;
        if object.meta().resource_version.as_deref().is_some_and(|version| !version.is_empty()) {
            return Err(Status::unexplained(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        kind.default(&mut object);
        if tracks {
            self.track_new(kind, &mut object, request);
        }
        self.admit(kind, "", Operation::Create, &mut object, None)?;
        self.fill_metadata(&mut object);
        kind.prepare_create(&mut object);
        let errors: Vec<_> = metadata::validate(kind.names(), object.meta())
            .into_iter()
            .chain(kind.validate(&object))
            .collect();
        if !errors.is_empty() {
            return Err(Status::invalid(
                &kind.written(&object),
                kind.refusing_group(),
                object.name(),
                &errors,
            ));
        }
        self.warnings.extend(kind.warnings(&object));
        let charges = self.admit_valid(kind, "", Operation::Create, &mut object, None)?;
        self.refuse_existing(&object)?;
        self.store_charges(charges, request.dry_run)?;
        self.put(object, Precondition::Absent, request.dry_run).map(Reply::Object)
    }

    /// Lets admission change the object.
    pub(in crate::api) fn admit(
        &mut self,
        kind: &'static dyn Kind,
        subresource: &'static str,
        operation: Operation,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Status> {
        let asking = self.asking.clone();
        let asking = asking.as_deref();
        let (mut write, warnings) = self.write(asking, operation, kind, subresource, object, old);
        admission::admit(&mut write)?;
        #[cfg(not(target_arch = "wasm32"))]
        let changed = admission::policy::mutate(&mut write)?;
        #[cfg(target_arch = "wasm32")]
        let changed = false;
        if changed || asking.is_some() {
            let mut rounds = webhook::Rounds::default();
            if webhook::mutate(&mut write, warnings, &mut rounds)? || changed {
                // What policies and webhooks add is completed like what a person writes.
                admission::admit(&mut write)?;
                webhook::mutate(&mut write, warnings, &mut rounds)?;
            }
        }
        Ok(())
    }

    /// Lets admission look at the valid object; the quotas as they are once it is stored.
    pub(in crate::api) fn admit_valid(
        &mut self,
        kind: &'static dyn Kind,
        subresource: &'static str,
        operation: Operation,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<Vec<Object>, Status> {
        let (now, asking) = (self.now, self.asking.clone());
        let asking = asking.as_deref();
        let (mut write, warnings) = self.write(asking, operation, kind, subresource, object, old);
        admission::validate(&write)?;
        admission::pod_security::validate(&write, warnings)?;
        #[cfg(not(target_arch = "wasm32"))]
        admission::policy::validate(&write, warnings)?;
        if asking.is_some() {
            webhook::validate(&mut write, warnings)?;
        }
        admission::charges(&write, now)
    }

    /// What admission is shown of a write, beside the warnings that it adds to.
    pub(in crate::api) fn write<'a>(
        &'a mut self,
        asking: Option<&'a Asking>,
        operation: Operation,
        kind: &'static dyn Kind,
        subresource: &'static str,
        object: &'a mut Object,
        old: Option<&'a Object>,
    ) -> (Write<'a>, &'a mut Vec<String>) {
        let write = Write {
            operation,
            kind,
            subresource,
            object,
            old,
            guise: None,
            store: &self.store,
            customs: &self.customs,
            asking,
            #[cfg(not(target_arch = "wasm32"))]
            callers: &self.callers,
            rng: &mut self.rng,
        };
        (write, &mut self.warnings)
    }

    /// Mirrors `rest.FillObjectMetaSystemFields` and `names.SimpleNameGenerator`.
    fn fill_metadata(&mut self, object: &mut Object) {
        let uid = self.rng.uuid();
        let generated = self.generated_name(object);
        let meta = object.meta_mut();
        meta.uid = Some(uid);
        meta.creation_timestamp = Some(meta::timestamp(self.now));
        meta.deletion_timestamp = None;
        meta.deletion_grace_period_seconds = None;
        meta.self_link = None;
        meta.resource_version = None;
        if generated.is_some() {
            meta.name = generated;
        }
    }

    /// A free name, for an object that only has a prefix.
    fn generated_name(&mut self, object: &Object) -> Option<String> {
        let prefix = object.meta().generate_name.as_deref().filter(|prefix| !prefix.is_empty())?;
        if !object.name().is_empty() {
            return None;
        }
        let end =
            (0..=prefix.len().min(PREFIX_MAX)).rev().find(|end| prefix.is_char_boundary(*end));
        let prefix = &prefix[..end.unwrap_or(0)];
        let mut name = String::new();
        for _ in 0..ATTEMPTS {
            name = format!("{prefix}{}", self.rng.suffix(5));
            let key = Key::new(object.resource(), object.namespace(), &name);
            if self.store.get(&key).is_none() {
                break;
            }
        }
        Some(name)
    }

    fn refuse_existing(&self, object: &Object) -> Result<(), Status> {
        let key = object.key();
        let Some(existing) = self.store.get(&key) else { return Ok(()) };
        let mut status = Status::already_exists(&key.resource, &key.name);
        if meta::is_terminating(existing.meta()) {
            status.message = format!("object is being deleted: {}", status.message);
        }
        Err(status)
    }
}

/// Puts an object where the request says. Mirrors `EnsureObjectNamespaceMatchesRequestNamespace`.
pub(super) fn place(kind: &dyn Kind, object: &mut Object, namespace: &str) -> Result<(), Status> {
    if object.namespace() == namespace {
        if namespace.is_empty() && kind.names().namespaced {
            return Err(Status::bad_request("an empty namespace may not be set during creation"));
        }
        return Ok(());
    }
    if !object.namespace().is_empty() && !namespace.is_empty() {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    object.meta_mut().namespace = Some(namespace.to_owned()).filter(|name| !name.is_empty());
    Ok(())
}
