//! Which volume fits a claim best. Mirrors `pkg/controller/volume/persistentvolume/index.go` and
//! `component-helpers/storage/volume`.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use crate::base::quantity;
use crate::kinds::selectors;
use crate::object::meta;

/// What a claim asks for.
#[derive(Debug)]
pub struct Wanted<'a> {
    claim: &'a PersistentVolumeClaim,
    /// Bytes.
    pub size: i64,
    /// The class; empty for none.
    pub class: &'a str,
    /// The access modes.
    pub modes: &'a [String],
}

impl<'a> Wanted<'a> {
    /// What `claim` asks for.
    pub fn of(claim: &'a PersistentVolumeClaim) -> Self {
        let spec = claim.spec.as_ref();
        let requests = spec.and_then(|spec| spec.resources.as_ref()?.requests.as_ref());
        let size = requests.and_then(|requests| quantity::value(&requests.get("storage")?.0));
        Self {
            claim,
            size: size.unwrap_or(0),
            class: spec.and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or_default(),
            modes: spec.and_then(|spec| spec.access_modes.as_deref()).unwrap_or_default(),
        }
    }
}

/// The bytes of a volume.
pub fn capacity(volume: &PersistentVolume) -> i64 {
    let capacity = volume.spec.as_ref().and_then(|spec| spec.capacity.as_ref());
    capacity.and_then(|capacity| quantity::value(&capacity.get("storage")?.0)).unwrap_or(0)
}

fn class(volume: &PersistentVolume) -> &str {
    volume.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or_default()
}

fn modes(volume: &PersistentVolume) -> &[String] {
    volume.spec.as_ref().and_then(|spec| spec.access_modes.as_deref()).unwrap_or_default()
}

/// Whether the volume says it belongs to the claim; it may not know the claim's uid yet.
/// Mirrors `IsVolumeBoundToClaim`.
pub fn is_bound_to(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let reference = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    reference.is_some_and(|reference| {
        reference.name == claim.metadata.name
            && reference.namespace == claim.metadata.namespace
            && reference
                .uid
                .as_ref()
                .is_none_or(|uid| uid.is_empty() || Some(uid) == claim.metadata.uid.as_ref())
    })
}

/// Why a volume that a claim names cannot be it; the text of the event `VolumeMismatch`.
/// Mirrors `checkVolumeSatisfyClaim`.
pub fn mismatch(volume: &PersistentVolume, wanted: &Wanted<'_>) -> Option<&'static str> {
    if capacity(volume) < wanted.size {
        Some("requested PV is too small")
    } else if class(volume) != wanted.class {
        Some("storageClassName does not match")
    } else if !same_mode(volume, wanted.claim) {
        Some("incompatible volumeMode")
    } else if !has_modes(volume, wanted) {
        Some("incompatible accessMode")
    } else {
        None
    }
}

fn same_mode(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let of = |mode: Option<&String>| mode.map_or("Filesystem", String::as_str).to_owned();
    of(volume.spec.as_ref().and_then(|spec| spec.volume_mode.as_ref()))
        == of(claim.spec.as_ref().and_then(|spec| spec.volume_mode.as_ref()))
}

fn has_modes(volume: &PersistentVolume, wanted: &Wanted<'_>) -> bool {
    wanted.modes.iter().all(|mode| modes(volume).contains(mode))
}

/// A volume and why it does not suit a claim, if it does not.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The volume.
    pub volume: &'a PersistentVolume,
    /// The reason, in a few words.
    pub refused: Option<&'static str>,
}

/// Looks at every volume.
pub fn candidates<'a>(
    wanted: &Wanted<'_>,
    volumes: &[&'a PersistentVolume],
    delayed: bool,
) -> Vec<Candidate<'a>> {
    let look = |volume: &&'a PersistentVolume| Candidate {
        volume,
        refused: refusal(volume, wanted, delayed),
    };
    volumes.iter().map(look).collect()
}

fn refusal(volume: &PersistentVolume, wanted: &Wanted<'_>, delayed: bool) -> Option<&'static str> {
    let spec = volume.spec.as_ref();
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    if !same_mode(volume, wanted.claim) {
        Some("another volume mode")
    } else if meta::is_terminating(&volume.metadata) {
        Some("being deleted")
    } else if is_bound_to(volume, wanted.claim) {
        (capacity(volume) < wanted.size).then_some("too small")
    } else if delayed {
        Some("waits for the scheduler's choice")
    } else if spec.is_some_and(|spec| spec.claim_ref.is_some()) {
        Some("taken")
    } else if phase != Some("Available") {
        Some("not available")
    } else if !selected(volume, wanted.claim) {
        Some("not selected")
    } else if class(volume) != wanted.class {
        Some("another class")
    } else if !has_modes(volume, wanted) {
        Some("lacks an access mode")
    } else if capacity(volume) < wanted.size {
        Some("too small")
    } else {
        None
    }
}

fn selected(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let selector = claim.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let none = std::collections::BTreeMap::new();
    let labels = volume.metadata.labels.as_ref().unwrap_or(&none);
    selector.is_none_or(|selector| {
        selectors::parse(selector).is_ok_and(|selector| selector.matches(labels))
    })
}

/// The volume that is the claim's already, else of those with the fewest access modes the
/// smallest. Mirrors `findBestMatchForClaim`.
pub fn best<'a>(
    candidates: &[Candidate<'a>],
    claim: &PersistentVolumeClaim,
) -> Option<&'a PersistentVolume> {
    let fitting = candidates.iter().filter(|candidate| candidate.refused.is_none());
    let fitting = fitting.map(|candidate| candidate.volume);
    fitting
        .min_by_key(|volume| (!is_bound_to(volume, claim), modes(volume).len(), capacity(volume)))
}
