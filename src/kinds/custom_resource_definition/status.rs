//! The status of a definition: its conditions, and the names that it was given.
//! Mirrors `apiextensions-apiserver/pkg/apihelpers`.

use serde_json::{Value, json};

use crate::object::{Untyped, codec, meta};
use crate::sim::Time;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `NamesAccepted`, `Established`, `Terminating` …
    pub kind: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

impl Condition {
    /// A condition with its reason.
    pub fn new(kind: &'static str, holds: bool, reason: &str, message: &str) -> Self {
        Self { kind, holds, reason: reason.to_owned(), message: message.to_owned() }
    }
}

fn find<'a>(object: &'a Untyped, kind: &str) -> Option<&'a Value> {
    let conditions = object.field("status")["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)
}

/// Whether a condition is known to hold. Mirrors `IsCRDConditionTrue`.
pub fn is_true(object: &Untyped, kind: &str) -> bool {
    find(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// Whether a condition stands in the status as it is, its time aside.
pub fn says(object: &Untyped, condition: &Condition) -> bool {
    find(object, condition.kind).is_some_and(|known| {
        known["status"] == status_text(condition.holds)
            && known["reason"] == condition.reason.as_str()
            && known["message"] == condition.message.as_str()
    })
}

/// The texts of a condition that is known.
pub fn get(object: &Untyped, kind: &'static str) -> Option<Condition> {
    let known = find(object, kind)?;
    let text = |field: &str| known[field].as_str().unwrap_or_default().to_owned();
    let (reason, message) = (text("reason"), text("message"));
    Some(Condition { kind, holds: known["status"] == "True", reason, message })
}

fn status_text(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// Writes a condition down; its time is that of its last change. Mirrors `SetCRDCondition`.
pub fn set(object: &mut Untyped, condition: &Condition, now: Time) {
    let status = object.fields.entry("status").or_insert_with(|| json!({}));
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    let known = conditions.iter_mut().find(|known| known["type"] == condition.kind);
    let holds = status_text(condition.holds);
    let mut made = json!({
        "type": condition.kind,
        "status": holds,
        "lastTransitionTime": codec::encode(&meta::timestamp(now)),
        "reason": condition.reason,
        "message": condition.message,
    });
    match known {
        Some(known) => {
            if known["status"] == holds {
                made["lastTransitionTime"] = known["lastTransitionTime"].take();
            }
            *known = made;
        }
        None => conditions.push(made),
    }
}

/// Whether requests about its objects are answered. Mirrors the head of `crdHandler.ServeHTTP`.
pub fn is_served(object: &Untyped) -> bool {
    is_true(object, "NamesAccepted") || is_true(object, "Established")
}
