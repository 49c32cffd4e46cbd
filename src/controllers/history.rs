//! The revisions of a workload, kept as ControllerRevisions. Mirrors `pkg/controller/history`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use super::template_hash;
use crate::api::{Request, Status};
use crate::base::label_selector::Selector;
use crate::base::order::Order as _;
use crate::object::{GroupResource, Object, codec, meta};
use crate::runtime::{Cache, Context, claim};

/// The type of ControllerRevisions.
pub static REVISIONS: GroupResource = GroupResource::new("apps", "controllerrevisions");
/// The label that says which revision a pod is of.
pub const REVISION_HASH: &str = "controller-revision-hash";
/// The label with the hash of a StatefulSet's revision.
const HASH: &str = "controller.kubernetes.io/hash";
/// How long the prefix of a revision's name may be.
const PREFIX_MAX: usize = 223;

/// A revision that is stored.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The ControllerRevision.
    pub object: Object,
    /// Its number.
    pub number: i64,
    /// What it restores.
    pub data: Value,
}

impl Revision {
    /// The revision that an object stands for.
    pub fn of(object: &Object) -> Option<Self> {
        let revision: &ControllerRevision = object.get()?;
        let data = revision.data.as_ref().map(|data| data.0.clone()).unwrap_or_default();
        Some(Self { object: object.clone(), number: revision.revision, data })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.object.name()
    }

    /// The template that it restores; `None` if it holds none.
    pub fn template(&self) -> Option<PodTemplateSpec> {
        codec::decode(self.data.get("spec")?.get("template")?).ok()
    }
}

/// The patch that restores a template. Mirrors `getPatch`.
pub fn patch(template: &PodTemplateSpec) -> Value {
    let mut template = codec::encode(template);
    template["$patch"] = json!("replace");
    json!({ "spec": { "template": template } })
}

/// A workload's revisions, oldest first: those it manages, and those it may take in, each with
/// whether it is still to be taken in. Mirrors `ListControllerRevisions`.
pub fn list(cache: &Cache, owner: &Object, selector: &Selector) -> Vec<(Revision, bool)> {
    let claim = claim::claim(cache, owner, &REVISIONS, selector);
    let owned = claim.owned.into_iter().map(|object| (object, false));
    let orphans = claim.adopt.into_iter().map(|object| (object, true));
    let all = owned.chain(orphans);
    let mut all: Vec<(Revision, bool)> =
        all.filter_map(|(object, orphan)| Some((Revision::of(object)?, orphan))).collect();
    all.order_by_key(|(revision, _)| {
        let created = meta::created(revision.object.meta());
        (revision.number, created, revision.name().to_owned())
    });
    all
}

/// The same, with the orphans taken in.
///
/// # Errors
/// What the API server answers.
pub fn adopted(
    cx: &mut Context<'_>,
    owner: &Object,
    selector: &Selector,
) -> Result<Vec<Revision>, Status> {
    let listed = list(cx.cache, owner, selector);
    let taken = listed.into_iter().map(|(revision, orphan)| {
        if !orphan {
            return Ok(revision);
        }
        let object = claim::adopt(cx, owner, &revision.object)?;
        Ok(Revision { object, ..revision })
    });
    taken.collect()
}

/// What to do about the revision of the current template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The newest one is it.
    Newest,
    /// This one was it before and becomes the newest, with this number.
    Again(usize, i64),
    /// There is none: make one with this number.
    New(i64),
}

/// Finds the revision that restores `data` among `revisions`, oldest first.
/// Mirrors `getStatefulSetRevisions`.
pub fn choose(revisions: &[Revision], data: &Value) -> Choice {
    let next = revisions.last().map_or(0, |newest| newest.number) + 1;
    match revisions.iter().rposition(|revision| revision.data == *data) {
        Some(at) if at + 1 == revisions.len() => Choice::Newest,
        Some(at) => Choice::Again(at, next),
        None => Choice::New(next),
    }
}

/// Gives a stored revision another number.
///
/// # Errors
/// What the API server answers.
pub fn renumber(
    cx: &mut Context<'_>,
    revision: &Revision,
    number: i64,
) -> Result<Revision, Status> {
    let mut object = revision.object.clone();
    if let Some(stored) = object.edit::<ControllerRevision>() {
        stored.revision = number;
    }
    let object = cx.update(object)?;
    Ok(Revision { object, number, data: revision.data.clone() })
}

/// A revision as it is to be created.
pub fn new(owner: &Object, hash: &str, data: Value, number: i64) -> ControllerRevision {
    let mut prefix = owner.name();
    if prefix.len() > PREFIX_MAX {
        prefix = &prefix[..PREFIX_MAX];
    }
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}-{hash}")),
            namespace: Some(owner.namespace().to_owned()),
            annotations: owner.meta().annotations.clone().filter(|all| !all.is_empty()),
            owner_references: Some(vec![meta::controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(data)),
        revision: number,
    }
}

/// Creates a revision of a StatefulSet. A name that another revision has is changed by counting
/// one collision more. Mirrors `CreateControllerRevision`.
///
/// # Errors
/// What the API server answers.
pub fn create(
    cx: &mut Context<'_>,
    owner: &Object,
    template: &PodTemplateSpec,
    data: Value,
    number: i64,
    collisions: &mut i32,
) -> Result<Revision, Status> {
    loop {
        let hash = hash(&data, *collisions);
        let mut revision = new(owner, &hash, data.clone(), number);
        revision.metadata.labels = labels(template, HASH, &hash);
        let wanted = Object::new(revision);
        let key = wanted.key();
        match cx.create(wanted) {
            Err(status) if status.is_already_exists() => {
                let present = cx.call(Request::get(&key))?.object();
                let present = present.as_ref().and_then(Revision::of).ok_or(status)?;
                if present.data == data {
                    return Ok(present);
                }
                *collisions += 1;
            }
            outcome => return Ok(Revision { object: outcome?, number, data }),
        }
    }
}

/// The labels of a template's pods and one more.
pub fn labels(
    template: &PodTemplateSpec,
    label: &str,
    value: &str,
) -> Option<BTreeMap<String, String>> {
    let labels = template.metadata.as_ref().and_then(|meta| meta.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert(label.to_owned(), value.to_owned());
    Some(labels)
}

/// The hash in the name of a StatefulSet's revision: FNV-1 over the data and the number of
/// collisions seen so far. Mirrors `HashControllerRevision`.
pub fn hash(data: &Value, collisions: i32) -> String {
    // Go's encoder writes these as escapes.
    let text = data.to_string();
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let bytes = text.bytes().chain(collisions.to_string().into_bytes());
    let hash =
        bytes.fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte));
    template_hash::safe(hash)
}

/// The revisions beyond `limit` that nothing needs any more, of those given oldest first.
/// Mirrors `truncateHistory`.
pub fn surplus(
    revisions: &[Revision],
    limit: Option<i32>,
    is_live: impl Fn(&Revision) -> bool,
) -> Vec<&Revision> {
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else {
        return Vec::new();
    };
    let dead: Vec<&Revision> = revisions.iter().filter(|revision| !is_live(revision)).collect();
    let count = dead.len().saturating_sub(limit);
    dead.into_iter().take(count).collect()
}
