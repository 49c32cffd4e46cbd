//! What is said of a pod that fits nowhere. Mirrors `FitError` of `pkg/scheduler/framework/types.go`.

use k8s_openapi::api::core::v1::{Pod, PodCondition};

use super::cycle::No;
use crate::api::{PatchType, Request, Status};
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::object::{Object, meta};
use crate::runtime::Context;

/// `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`
pub fn no_nodes(nodes: usize, reasons: impl IntoIterator<Item = String>) -> String {
    let mut counts: SmallMap<String, usize> = SmallMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut texts: Vec<String> =
        counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    texts.order();
    match texts.is_empty() {
        true => format!("0/{nodes} nodes are available"),
        false => format!("0/{nodes} nodes are available: {}.", texts.join(", ")),
    }
}

/// The message for refusals by every node.
pub fn message(refusals: &[(String, No)]) -> String {
    if refusals.is_empty() {
        return "no nodes available to schedule pods".to_owned();
    }
    let reasons = refusals.iter().flat_map(|(_, no)| &no.refusal.reasons);
    no_nodes(refusals.len(), reasons.map(|reason| reason.to_string()))
}

/// Sets the condition PodScheduled to False, and the nominated node where there is one.
///
/// # Errors
/// What the API server answers.
pub fn set_unschedulable(
    cx: &mut Context<'_>,
    object: &Object,
    message: &str,
    nominated: Option<&str>,
) -> Result<(), Status> {
    let Some(pod) = object.get::<Pod>() else { return Ok(()) };
    let status = pod.status.as_ref();
    let known = status.and_then(|status| {
        status.conditions.iter().flatten().find(|condition| condition.type_ == "PodScheduled")
    });
    let observed = pod.metadata.generation;
    let current = known.is_some_and(|condition| {
        condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
            && condition.message.as_deref() == Some(message)
    });
    let node = status.and_then(|status| status.nominated_node_name.as_deref());
    if current && (nominated.is_none() || node == nominated) {
        return Ok(());
    }
    let since = known.filter(|condition| condition.status == "False");
    let since = since.and_then(|condition| condition.last_transition_time.clone());
    let condition = PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some("Unschedulable".to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(since.unwrap_or_else(|| meta::timestamp(cx.now))),
        observed_generation: observed,
        ..PodCondition::default()
    };
    set_condition(cx, object, condition, nominated)
}

/// Puts a condition (and a nominated node) into a pod's stored status.
///
/// # Errors
/// What the API server answers.
pub fn set_condition(
    cx: &mut Context<'_>,
    object: &Object,
    condition: PodCondition,
    nominated: Option<&str>,
) -> Result<(), Status> {
    let reply = cx.call(Request::get(&object.key()))?;
    let Some(mut newest) = reply.object().filter(|o| o.uid() == object.uid()) else {
        return Ok(());
    };
    let Some(pod) = newest.edit::<Pod>() else { return Ok(()) };
    let status = pod.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    match conditions.iter_mut().find(|known| known.type_ == condition.type_) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
    if let Some(node) = nominated {
        status.nominated_node_name = Some(node.to_owned());
    }
    cx.update_status(newest).map(|_| ())
}

/// Marks the claims that wait for their pod's node.
///
/// # Errors
/// What the API server answers.
pub fn annotate(
    cx: &mut Context<'_>,
    object: &Object,
    key: &str,
    value: &str,
) -> Result<(), Status> {
    let patch = serde_json::json!({"metadata": {"annotations": {key: value}}});
    cx.call(Request::patch(&object.key(), PatchType::Merge, patch)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_text() {
        let reasons = ["Insufficient memory", "Insufficient cpu", "Insufficient cpu"];
        let text = no_nodes(3, reasons.map(str::to_owned));
        assert_eq!(text, "0/3 nodes are available: 1 Insufficient memory, 2 Insufficient cpu.");
    }
}
