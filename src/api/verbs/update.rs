//! Replacing an object. Mirrors `registry/rest/update.go` and `Store.Update`.

use k8s_openapi::api::core::v1::{Namespace, Pod};

use crate::api::admission::Operation;
use crate::api::subresource::pod_parts;
use crate::api::{PatchType, Reply, Request, Server, Status, Verb, managed, metadata};
use crate::kinds::{FieldError, Kind};
use crate::object::Object;
use crate::store::Precondition;

/// Which part of an object a replacement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Part {
    /// Everything but the status.
    Main,
    /// The replicas, through the kind's scale.
    Scale,
    /// The status alone.
    Status,
    /// What a subresource has set itself, with the rest as it was.
    Prepared(&'static str),
}

impl Part {
    pub(in crate::api) fn subresource(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Scale => "scale",
            Self::Status => "status",
            Self::Prepared(name) => name,
        }
    }
}

impl Server {
    pub(in crate::api) fn update(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        let (new, old) = self.replacement(kind, &mut request)?;
        self.replace(kind, Part::Main, new, old, &request)
    }

    /// Stores `new` in place of `old`.
    pub(in crate::api) fn replace(
        &mut self,
        kind: &'static dyn Kind,
        part: Part,
        mut new: Object,
        old: Object,
        request: &Request,
    ) -> Result<Reply, Status> {
        check_name(&new, request)?;
        super::create::place(kind, &mut new, &request.namespace)?;
        check_version(kind, &new, &old, request.verb)?;
        kind.default(&mut new);
        let is_tracked = matches!(part, Part::Prepared(_));
        if !is_tracked && request.verb != Verb::Patch(PatchType::Apply) {
            self.track(kind, part, &mut new, &old, request);
        }
        self.admit(kind, part.subresource(), Operation::Update, &mut new, Some(&old))?;
        inherit(&mut new, &old);
        let mut errors = metadata::validate_update(new.meta(), old.meta());
        match part {
            Part::Main | Part::Scale => {
                kind.prepare_update(&mut new, &old);
                // Upstream checks the metadata once for all kinds, and every kind once more.
                errors.extend(errors.clone());
                errors.extend(kind.validate_replacement(&new, &old));
            }
            Part::Status => {
                kind.prepare_status(&mut new, &old);
                errors.extend(kind.validate_status(&new, &old));
            }
            Part::Prepared(name) => {
                count_pod_change(&mut new, &old);
                match name {
                    "ephemeralcontainers" => errors.extend(pod_parts::faults(&new, &old)),
                    "resize" => errors.extend(pod_parts::resize_faults(&new, &old)),
                    _ => {}
                }
                errors.extend(kind.validate(&new));
            }
        }
        refuse(kind, &new, &errors)?;
        if part == Part::Main {
            let before = kind.warnings(&old);
            let now = kind.warnings(&new).into_iter();
            self.warnings.extend(now.filter(|text| !before.contains(text)));
        }
        let subresource = part.subresource();
        let charges =
            self.admit_valid(kind, subresource, Operation::Update, &mut new, Some(&old))?;
        if is_finished(&new) {
            self.remove(&new, request.dry_run)?;
            return Ok(Reply::Object(new));
        }
        if managed::is_unchanged(&new, &old) {
            return Ok(Reply::Object(old));
        }
        self.store_charges(charges, request.dry_run)?;
        let must = Precondition::Revision(old.revision());
        self.put(new, must, request.dry_run).map(Reply::Object)
    }
}

/// A pod whose specification has changed is of the next generation.
fn count_pod_change(new: &mut Object, old: &Object) {
    let spec = |object: &Object| object.get::<Pod>().and_then(|pod| pod.spec.clone());
    if spec(new) != spec(old) {
        let generation = old.meta().generation.unwrap_or(0) + 1;
        new.meta_mut().generation = Some(generation);
    }
}

fn refuse(kind: &dyn Kind, object: &Object, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&kind.written(object), kind.refusing_group(), object.name(), errors))
}

pub(super) fn check_name(new: &Object, request: &Request) -> Result<(), Status> {
    let (given, wanted) = (new.name(), &request.name);
    if given.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be \
             provided"
        )));
    }
    if given != wanted {
        return Err(Status::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({wanted})"
        )));
    }
    Ok(())
}

/// A version that is given must be the current one; so must a uid, which validation refuses to
/// let a patch change.
fn check_version(kind: &dyn Kind, new: &Object, old: &Object, verb: Verb) -> Result<(), Status> {
    let (resource, name) = (old.resource(), old.name());
    if verb == Verb::Update && !new.uid().is_empty() && new.uid() != old.uid() {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object \
             meta: {}",
            storage_key(old),
            new.uid(),
            old.uid()
        );
        return Err(Status::conflict(&resource, name, &why));
    }
    let Some(given) = new.meta().resource_version.as_deref().filter(|given| !given.is_empty())
    else {
        if kind.needs_version() {
            let must = "must be specified for an update";
            let error = FieldError::invalid("metadata.resourceVersion", 0, must);
            return Err(Status::invalid(&resource.resource, &resource.group, name, &[error]));
        }
        return Ok(());
    };
    match given.parse::<u64>() {
        Err(_) => Err(Status::unexplained(format!(
            "strconv.ParseUint: parsing {given:?}: invalid syntax"
        ))),
        Ok(0) => Ok(()),
        Ok(revision) if revision == old.revision() => Ok(()),
        Ok(_) => Err(Status::stale(&resource, name)),
    }
}

fn storage_key(object: &Object) -> String {
    let resource = object.resource().resource;
    match object.namespace() {
        "" => format!("/registry/{resource}/{}", object.name()),
        namespace => format!("/registry/{resource}/{namespace}/{}", object.name()),
    }
}

/// Takes over what a replacement may leave out or not choose.
fn inherit(new: &mut Object, old: &Object) {
    let before = old.meta();
    let meta = new.meta_mut();
    meta.resource_version.clone_from(&before.resource_version);
    meta.generation = before.generation;
    if meta.uid.as_deref().unwrap_or_default().is_empty() {
        meta.uid.clone_from(&before.uid);
    }
    meta.creation_timestamp.clone_from(&before.creation_timestamp);
    if before.deletion_timestamp.is_some() && meta.deletion_timestamp.is_none() {
        meta.deletion_timestamp.clone_from(&before.deletion_timestamp);
    }
    if before.deletion_grace_period_seconds.is_some()
        && meta.deletion_grace_period_seconds.is_none()
    {
        meta.deletion_grace_period_seconds = before.deletion_grace_period_seconds;
    }
}

/// Whether an object was only kept by what it no longer has: the last finalizer.
/// Mirrors `ShouldDeleteDuringUpdate`.
pub(super) fn is_finished(object: &Object) -> bool {
    let meta = object.meta();
    let kept_by_spec = object.get::<Namespace>().is_some_and(|namespace| {
        namespace.spec.as_ref().and_then(|s| s.finalizers.as_ref()).is_some_and(|f| !f.is_empty())
    });
    meta.deletion_timestamp.is_some()
        && meta.deletion_grace_period_seconds.unwrap_or(0) == 0
        && meta.finalizers.as_ref().is_none_or(Vec::is_empty)
        && !kept_by_spec
}
