//! Whether a pod may be on a node: node affinity and taints.
//! Mirrors `component-helpers/scheduling/corev1`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};

/// A node's labels.
pub type Labels = BTreeMap<String, String>;

/// Whether the pod's node selector and required node affinity let it onto the node.
/// Mirrors `nodeaffinity.GetRequiredNodeAffinity`.
pub fn is_allowed(spec: &PodSpec, node: &Node) -> bool {
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let labels = node.metadata.labels.as_ref();
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required =
        affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    has_labels(spec.node_selector.as_ref(), labels)
        && required.is_none_or(|selector| selects(selector, name, labels))
}

/// Whether a node has all the labels of a node selector.
pub fn has_labels(wanted: Option<&Labels>, labels: Option<&Labels>) -> bool {
    wanted.into_iter().flatten().all(|(key, value)| value_of(labels, key) == Some(value))
}

/// Whether a node is one of those that `selector` selects.
pub fn selects(selector: &NodeSelector, name: &str, labels: Option<&Labels>) -> bool {
    selector.node_selector_terms.iter().any(|term| meets(term, name, labels))
}

/// Whether a node meets all of a term; an empty term selects nothing.
pub fn meets(term: &NodeSelectorTerm, name: &str, labels: Option<&Labels>) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    (!expressions.is_empty() || !fields.is_empty())
        && expressions.iter().all(|wanted| matches(wanted, value_of(labels, &wanted.key)))
        && fields.iter().all(|wanted| wanted.key == "metadata.name" && matches(wanted, Some(name)))
}

fn value_of<'a>(labels: Option<&'a Labels>, key: &str) -> Option<&'a str> {
    labels?.get(key).map(String::as_str)
}

fn matches(wanted: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = wanted.values.as_deref().unwrap_or_default();
    let listed = || value.is_some_and(|value| values.iter().any(|v| v == value));
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let numbers = || number(value).zip(number(values.first().map(String::as_str)));
    match wanted.operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers().is_some_and(|(value, bound)| value > bound),
        "Lt" => numbers().is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}

/// Whether a toleration covers a taint. Mirrors `Toleration.ToleratesTaint`.
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    fn own(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or_default()
    }
    let (effect, key) = (own(&toleration.effect), own(&toleration.key));
    if !effect.is_empty() && effect != taint.effect || !key.is_empty() && key != taint.key {
        return false;
    }
    let (value, tainted) = (own(&toleration.value), own(&taint.value));
    let numbers = || Some((tainted.parse::<i64>().ok()?, value.parse::<i64>().ok()?));
    match toleration.operator.as_deref() {
        None | Some("" | "Equal") => value == tainted,
        Some("Exists") => true,
        Some("Lt") => numbers().is_some_and(|(taint, bound)| taint < bound),
        Some("Gt") => numbers().is_some_and(|(taint, bound)| taint > bound),
        Some(_) => false,
    }
}
