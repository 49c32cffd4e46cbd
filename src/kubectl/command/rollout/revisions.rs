//! The revisions of a Deployment: its ReplicaSets and their numbers.
//! Mirrors `k8s.io/kubectl/pkg/polymorphichelpers`.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::PodTemplateSpec;

use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Failure, Io};
use crate::object::{Object, meta};

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
}

/// The revisions of the object, oldest first.
///
/// # Errors
/// The kind keeps no revisions, or what the server answers.
pub fn of(io: &mut Io<'_>, asked: &Asked, object: &Object) -> Result<Vec<Revision>, Failure> {
    if asked.names().kind != "Deployment" {
        let kind = format!("{}.{}", asked.names().kind, asked.names().group);
        let kind = kind.trim_end_matches('.');
        return Err(Failure::error(format!(
            "no history viewer has been implemented for \"{kind}\""
        )));
    }
    let sets = resource::kind("replicasets")?;
    let (all, _) = resource::list(io, &sets, object.namespace(), "", "")?;
    let mut revisions: Vec<Revision> = all
        .iter()
        .filter(|set| meta::is_controlled_by(set.meta(), object.uid()))
        .filter_map(revision)
        .collect();
    revisions.sort_by_key(|revision| revision.number);
    Ok(revisions)
}

fn revision(object: &Object) -> Option<Revision> {
    let number = meta::annotation(object.meta(), REVISION)?.parse().ok()?;
    let cause = meta::annotation(object.meta(), CHANGE_CAUSE).unwrap_or("<none>").to_owned();
    let template = object.get::<ReplicaSet>()?.spec.as_ref()?.template.clone()?;
    Some(Revision { number, cause, template })
}

impl Revision {
    /// The template with the revision's cause among its annotations, as history shows it.
    pub fn template_with_cause(&self) -> PodTemplateSpec {
        let mut template = self.template.clone();
        if self.cause != "<none>" {
            let meta = template.metadata.get_or_insert_default();
            let annotations = meta.annotations.get_or_insert_default();
            annotations.insert(CHANGE_CAUSE.to_owned(), self.cause.clone());
        }
        template
    }
}

/// Revision `number`; with 0, the one before the newest.
///
/// # Errors
/// There is no such revision.
pub fn pick(revisions: &[Revision], number: i64) -> Option<&Revision> {
    if number == 0 {
        return revisions.len().checked_sub(2).and_then(|at| revisions.get(at));
    }
    revisions.iter().find(|revision| revision.number == number)
}
