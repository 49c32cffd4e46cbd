//! The condition that says whether a budget allows disruptions.
//! Mirrors `k8s.io/kubernetes/pkg/apis/policy/v1` helpers (`pdbhelper`).

use k8s_openapi::api::policy::v1::PodDisruptionBudgetStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::object::meta;
use crate::sim::Time;

/// Its type.
pub const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";
/// The reason of a status that could not be worked out.
pub const SYNC_FAILED: &str = "SyncFailed";

/// The condition, if it was ever set.
pub fn find(status: &PodDisruptionBudgetStatus) -> Option<&Condition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == DISRUPTION_ALLOWED)
}

/// Has the condition follow the number of disruptions allowed.
/// Mirrors `UpdateDisruptionAllowedCondition`.
pub fn update(status: &mut PodDisruptionBudgetStatus, now: Time) {
    let (value, reason) = if status.disruptions_allowed.unwrap_or(0) > 0 {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    set(status, value, reason, "", now);
}

/// Sets the condition; its time is that of its last change. Mirrors `meta.SetStatusCondition`.
pub fn set(
    status: &mut PodDisruptionBudgetStatus,
    value: &str,
    reason: &str,
    message: &str,
    now: Time,
) {
    let before = find(status).filter(|condition| condition.status == value);
    let since = before.map(|condition| condition.last_transition_time.clone());
    let new = Condition {
        type_: DISRUPTION_ALLOWED.to_owned(),
        status: value.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: status.observed_generation,
        last_transition_time: since.unwrap_or_else(|| meta::timestamp(now)),
    };
    let conditions = status.conditions.get_or_insert_default();
    match conditions.iter_mut().find(|condition| condition.type_ == DISRUPTION_ALLOWED) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}
