//! The revisions of a workload and their numbers: a Deployment's ReplicaSets, the
//! ControllerRevisions of others.
//! Mirrors `k8s.io/kubectl/pkg/polymorphichelpers`.

use k8s_openapi::api::apps::v1::{ControllerRevision, ReplicaSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::base::order::Order as _;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Failure, Io};
use crate::object::{Object, codec, meta, patch};

/// Where the revision's number is kept.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Why the revision came about, if somebody said so.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";
/// The label that tells the ReplicaSets of a Deployment apart.
pub const TEMPLATE_HASH: &str = "pod-template-hash";

/// One revision.
pub struct Revision {
    /// Its number.
    pub number: i64,
    /// Why it came about; `<none>` if nobody said so.
    pub cause: String,
    /// What its Pods are made from.
    pub template: PodTemplateSpec,
    /// The patch that restores it, where a ControllerRevision keeps it.
    pub patch: Option<Value>,
    /// What keeps it.
    pub kept: Object,
}

/// The revisions of the object, oldest first.
///
/// # Errors
/// The kind keeps no revisions, or what the server answers.
pub fn of(io: &mut Io<'_>, asked: &Asked, object: &Object) -> Result<Vec<Revision>, Failure> {
    let (kept, revision): (&str, fn(&Object) -> Option<Revision>) = match asked.names().kind {
        "Deployment" => ("replicasets", of_replica_set),
        "StatefulSet" | "DaemonSet" => ("controllerrevisions", of_controller_revision),
        kind => {
            let kind = format!("{kind}.{}", asked.names().group);
            let kind = kind.trim_end_matches('.');
            return Err(Failure::error(format!(
                "no history viewer has been implemented for \"{kind}\""
            )));
        }
    };
    let (all, _) = resource::list(io, &resource::kind(kept)?, object.namespace(), "", "")?;
    let owned = all.iter().filter(|one| meta::is_controlled_by(one.meta(), object.uid()));
    let mut revisions: Vec<Revision> = owned.filter_map(revision).collect();
    revisions.order_by_key(|revision| revision.number);
    Ok(revisions)
}

fn cause(object: &Object) -> String {
    meta::annotation(object.meta(), CHANGE_CAUSE).unwrap_or("<none>").to_owned()
}

fn of_replica_set(object: &Object) -> Option<Revision> {
    let number = meta::annotation(object.meta(), REVISION)?.parse().ok()?;
    let template = object.get::<ReplicaSet>()?.spec.as_ref()?.template.clone()?;
    Some(Revision { number, cause: cause(object), template, patch: None, kept: object.clone() })
}

fn of_controller_revision(object: &Object) -> Option<Revision> {
    let revision = object.get::<ControllerRevision>()?;
    let patch = revision.data.as_ref()?.0.clone();
    let template = codec::decode(&patch["spec"]["template"]).ok()?;
    Some(Revision {
        number: revision.revision,
        cause: cause(object),
        template,
        patch: Some(patch),
        kept: object.clone(),
    })
}

impl Revision {
    /// The object of the revision: a Deployment's ReplicaSet, or the workload as it was then.
    ///
    /// # Errors
    /// The patch does not fit.
    pub fn object(&self, asked: &Asked, now: &Object) -> Result<(Asked, Object), Failure> {
        let Some(patch) = &self.patch else {
            return Ok((resource::kind("replicasets")?, self.kept.clone()));
        };
        let value = asked.kind.encode(asked.version, now);
        let value = patch::strategic::apply(&value, patch, asked.names().kind);
        let value = value.map_err(Failure::error)?;
        let object = asked.kind.decode(asked.version, &value).map_err(Failure::error)?;
        Ok((*asked, object))
    }

    /// The template as history shows it: that of a ReplicaSet with the revision's cause among its
    /// annotations.
    pub fn template_with_cause(&self) -> PodTemplateSpec {
        let mut template = self.template.clone();
        if self.cause != "<none>" && self.patch.is_none() {
            let meta = template.metadata.get_or_insert_default();
            let annotations = meta.annotations.get_or_insert_default();
            annotations.insert(CHANGE_CAUSE.to_owned(), self.cause.clone());
        }
        template
    }
}

/// Revision `number`; with 0, the one before the newest.
pub fn pick(revisions: &[Revision], number: i64) -> Option<&Revision> {
    if number == 0 {
        return revisions.len().checked_sub(2).and_then(|at| revisions.get(at));
    }
    revisions.iter().find(|revision| revision.number == number)
}
