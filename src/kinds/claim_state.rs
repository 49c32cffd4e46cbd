//! What a ResourceClaim is about to become.

use serde_json::Value;

/// Mirrors `resourceClaimState`.
pub(super) fn claim_state(claim: &Value, is_going: bool) -> String {
    let is_there = |path: &str| claim.pointer(path).is_some_and(|value| !value.is_null());
    let is_allocated = is_there("/status/allocation");
    let states = [
        ("deleted", is_going),
        ("pending", !is_allocated && !is_going),
        ("allocated", is_allocated),
        ("reserved", is_allocated && is_there("/status/reservedFor/0")),
    ];
    let states = states.iter().filter(|(_, holds)| *holds);
    states.map(|(state, _)| *state).collect::<Vec<_>>().join(",")
}
