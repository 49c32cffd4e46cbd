//! What becomes of a claim, and of a volume.
//! Mirrors `pkg/controller/volume/persistentvolume/pv_controller.go`.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;

use super::matching::{self, Candidate, Wanted, best, candidates, is_bound_to};
use crate::object::meta;
use crate::runtime::EventType;
use crate::sim::{Explain, Fact};

/// On a claim: its volume is complete.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// On a claim or a volume: the controller, not a person, chose the other side.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// On a claim: where the scheduler wants its volume.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// On a volume: who made it.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// An event to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Its type.
    pub kind: EventType,
    /// Its reason.
    pub reason: &'static str,
    /// Its message.
    pub message: String,
}

impl News {
    fn normal(reason: &'static str, message: impl Into<String>) -> Option<Self> {
        Some(Self { kind: EventType::Normal, reason, message: message.into() })
    }

    fn warning(reason: &'static str, message: impl Into<String>) -> Option<Self> {
        Some(Self { kind: EventType::Warning, reason, message: message.into() })
    }
}

/// What to do with a claim.
#[derive(Debug)]
pub enum ClaimVerdict<'a> {
    /// Bind it to this volume, or finish binding it.
    Bind(&'a PersistentVolume),
    /// Leave it Pending.
    Wait(Option<News>),
    /// Leave it Pending for this provisioner to make a volume.
    Provision(String),
    /// Its volume is gone.
    Lose(Option<News>),
}

/// The decision about a claim.
#[derive(Debug)]
pub struct ClaimPlan<'a> {
    /// What to do.
    pub verdict: ClaimVerdict<'a>,
    requested: i64,
    candidates: Vec<Candidate<'a>>,
}

/// What is known beside the volumes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The claim's class, if there is one of that name.
    pub class: Option<&'a StorageClass>,
    /// An unscheduled pod that uses the claim.
    pub consumer: Option<&'a str>,
}

/// Decides about a claim.
pub fn plan_claim<'a>(
    claim: &PersistentVolumeClaim,
    volumes: &[&'a PersistentVolume],
    around: Around<'_>,
) -> ClaimPlan<'a> {
    let wanted = Wanted::of(claim);
    let mut plan = ClaimPlan {
        verdict: ClaimVerdict::Wait(None),
        requested: wanted.size,
        candidates: Vec::new(),
    };
    let name = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref());
    let name = name.unwrap_or_default();
    let named = volumes.iter().copied().find(|v| v.metadata.name.as_deref() == Some(name));
    plan.verdict = if meta::annotation(&claim.metadata, BIND_COMPLETED).is_some() {
        bound(claim, name, named)
    } else if !name.is_empty() {
        prebound(claim, &wanted, named)
    } else {
        plan.candidates = candidates(&wanted, volumes, is_delayed(claim, around));
        match best(&plan.candidates, claim) {
            Some(volume) => ClaimVerdict::Bind(volume),
            None => unmatched(claim, &wanted, around),
        }
    };
    plan
}

/// Whether binding waits until a pod that uses the claim is scheduled.
/// Mirrors `IsDelayBindingMode`.
fn is_delayed(claim: &PersistentVolumeClaim, around: Around<'_>) -> bool {
    let mode = around.class.and_then(|class| class.volume_binding_mode.as_deref());
    mode == Some("WaitForFirstConsumer")
        && meta::annotation(&claim.metadata, SELECTED_NODE).is_none()
}

/// Mirrors `syncBoundClaim`.
fn bound<'a>(
    claim: &PersistentVolumeClaim,
    name: &str,
    volume: Option<&'a PersistentVolume>,
) -> ClaimVerdict<'a> {
    let lost = |what: &str| {
        let message = format!("Bound claim has lost {what}. Data on the volume is lost!");
        ClaimVerdict::Lose(News::warning("ClaimLost", message))
    };
    if name.is_empty() {
        return lost("reference to PersistentVolume");
    }
    let Some(volume) = volume else { return lost("its PersistentVolume") };
    let reference = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    if reference.is_none_or(|reference| reference.uid == claim.metadata.uid) {
        return ClaimVerdict::Bind(volume);
    }
    let message = "Two claims are bound to the same volume, this one is bound incorrectly";
    ClaimVerdict::Lose(News::warning("ClaimMisbound", message))
}

/// A claim that names its volume.
fn prebound<'a>(
    claim: &PersistentVolumeClaim,
    wanted: &Wanted<'_>,
    volume: Option<&'a PersistentVolume>,
) -> ClaimVerdict<'a> {
    let Some(volume) = volume else { return ClaimVerdict::Wait(None) };
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    let free = volume.spec.as_ref().is_none_or(|spec| spec.claim_ref.is_none());
    if is_bound_to(volume, claim) {
        ClaimVerdict::Bind(volume)
    } else if !free {
        let message = format!("volume \"{name}\" already bound to a different claim.");
        ClaimVerdict::Wait(News::warning("FailedBinding", message))
    } else if let Some(why) = matching::mismatch(volume, wanted) {
        let message = format!("Cannot bind to requested volume \"{name}\": {why}");
        ClaimVerdict::Wait(News::warning("VolumeMismatch", message))
    } else {
        ClaimVerdict::Bind(volume)
    }
}

/// A claim for which there is no volume. Mirrors `provisionClaimOperation`.
fn unmatched<'a>(
    claim: &PersistentVolumeClaim,
    wanted: &Wanted<'_>,
    around: Around<'_>,
) -> ClaimVerdict<'a> {
    if is_delayed(claim, around) {
        return ClaimVerdict::Wait(match around.consumer {
            Some(pod) => News::normal(
                "WaitForPodScheduled",
                format!("waiting for pod {pod} to be scheduled"),
            ),
            None => News::normal(
                "WaitForFirstConsumer",
                "waiting for first consumer to be created before binding",
            ),
        });
    }
    if wanted.class.is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        return ClaimVerdict::Wait(News::normal("FailedBinding", message));
    }
    let Some(class) = around.class else {
        let message = format!("storageclass.storage.k8s.io \"{}\" not found", wanted.class);
        return ClaimVerdict::Wait(News::warning("ProvisioningFailed", message));
    };
    if class.provisioner.starts_with("kubernetes.io/") {
        let message = format!("no volume plugin matched name: {}", class.provisioner);
        return ClaimVerdict::Wait(News::warning("ProvisioningFailed", message));
    }
    ClaimVerdict::Provision(class.provisioner.clone())
}

/// What to do with a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumePlan {
    /// Its phase is this.
    Phase(&'static str),
    /// Its claim belongs to another volume: let go of the claim.
    Unbind,
    /// Its claim is gone, and so shall it.
    Delete,
    /// Its claim is gone, and it is to be scrubbed for another.
    Recycle,
    /// Its claim is gone, and it cannot be deleted.
    Fail(String),
}

/// Decides about a volume, given the claim that it names. Mirrors `syncVolume`.
pub fn plan_volume(volume: &PersistentVolume, claim: Option<&PersistentVolumeClaim>) -> VolumePlan {
    let Some(spec) = &volume.spec else { return VolumePlan::Phase("Available") };
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    let Some(reference) = &spec.claim_ref else { return VolumePlan::Phase("Available") };
    let Some(uid) = reference.uid.as_deref().filter(|uid| !uid.is_empty()) else {
        return VolumePlan::Phase("Available");
    };
    let claim = claim.filter(|claim| claim.metadata.uid.as_deref() == Some(uid));
    let Some(claim) = claim else { return released(volume, phase) };
    let bound_to = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref());
    match bound_to.filter(|name| !name.is_empty()) {
        // The claim's own turn will finish the binding.
        None => VolumePlan::Phase(if phase == Some("Bound") { "Bound" } else { "Available" }),
        Some(name) if Some(name) == volume.metadata.name.as_deref() => VolumePlan::Phase("Bound"),
        Some(_) => VolumePlan::Unbind,
    }
}

/// Mirrors `reclaimVolume`.
fn released(volume: &PersistentVolume, phase: Option<&str>) -> VolumePlan {
    let spec = volume.spec.as_ref();
    let policy = spec.and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
    if !matches!(phase, Some("Released" | "Failed")) {
        return VolumePlan::Phase("Released");
    }
    if policy == Some("Recycle") {
        return VolumePlan::Recycle;
    }
    if policy != Some("Delete") || meta::annotation(&volume.metadata, PROVISIONED_BY).is_some() {
        return VolumePlan::Phase(if phase == Some("Failed") { "Failed" } else { "Released" });
    }
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    match spec.and_then(|spec| spec.host_path.as_ref()) {
        Some(host) if host.path.strip_prefix("/tmp/").is_some_and(|rest| !rest.is_empty()) => {
            VolumePlan::Delete
        }
        Some(host) => VolumePlan::Fail(format!(
            "host_path deleter only supports /tmp/.+ but received provided {}",
            host.path
        )),
        None => VolumePlan::Fail(format!(
            "error getting deleter volume plugin for volume \"{name}\": no deletable volume \
             plugin matched"
        )),
    }
}

impl Explain for ClaimPlan<'_> {
    fn summary(&self) -> String {
        match &self.verdict {
            ClaimVerdict::Bind(volume) => {
                format!("bind to {}", volume.metadata.name.as_deref().unwrap_or_default())
            }
            ClaimVerdict::Wait(Some(news)) | ClaimVerdict::Lose(Some(news)) => news.message.clone(),
            ClaimVerdict::Wait(None) => "wait for the named volume".to_owned(),
            ClaimVerdict::Provision(who) => format!("wait for a volume from {who}"),
            ClaimVerdict::Lose(None) => "the volume is lost".to_owned(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let candidates = self.candidates.iter().map(|candidate| {
            let name = candidate.volume.metadata.name.as_deref().unwrap_or_default();
            let size = matching::capacity(candidate.volume);
            format!("{name} ({size} bytes): {}", candidate.refused.unwrap_or("fits"))
        });
        vec![
            Fact { name: "requested bytes", value: self.requested.to_string() },
            Fact { name: "volumes", value: candidates.collect::<Vec<_>>().join("; ") },
        ]
    }
}
