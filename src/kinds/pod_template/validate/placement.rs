//! The rules of where a pod may run: affinity, tolerations, gates, spreading.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{NodeSelectorTerm, PodAffinityTerm, PodSpec};

use crate::base::label_name::{label_value_errors, qualified_name_errors};
use crate::kinds::names;
use crate::kinds::path::{Errors, Path};

const WEIGHT: &str = "must be in the range 1-100";

/// Mirrors `validateAffinity`.
pub fn affinity(path: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    let Some(affinity) = &spec.affinity else { return };
    if let Some(node) = &affinity.node_affinity {
        let path = path.child("nodeAffinity");
        let required = path.child("requiredDuringSchedulingIgnoredDuringExecution");
        if let Some(selector) = &node.required_during_scheduling_ignored_during_execution {
            node_selector(&required, &selector.node_selector_terms, errors);
        }
        let preferred = path.child("preferredDuringSchedulingIgnoredDuringExecution");
        let terms = node.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        for (index, term) in terms.enumerate() {
            let path = preferred.index(index);
            if !(1..=100).contains(&term.weight) {
                errors.invalid(&path.child("weight"), &term.weight, WEIGHT);
            }
            node_term(&path.child("preference"), &term.preference, errors);
        }
    }
    let pods = affinity.pod_affinity.as_ref().map(|pods| {
        let required = pods.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = pods.preferred_during_scheduling_ignored_during_execution.as_deref();
        ("podAffinity", required, preferred)
    });
    let anti = affinity.pod_anti_affinity.as_ref().map(|pods| {
        let required = pods.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = pods.preferred_during_scheduling_ignored_during_execution.as_deref();
        ("podAntiAffinity", required, preferred)
    });
    for (name, required, preferred) in [pods, anti].into_iter().flatten() {
        let path = path.child(name);
        let list = path.child("requiredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in required.unwrap_or_default().iter().enumerate() {
            pod_term(&list.index(index), term, errors);
        }
        let list = path.child("preferredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in preferred.unwrap_or_default().iter().enumerate() {
            let path = list.index(index);
            if !(1..=100).contains(&term.weight) {
                errors.invalid(&path.child("weight"), &term.weight, WEIGHT);
            }
            pod_term(&path.child("podAffinityTerm"), &term.pod_affinity_term, errors);
        }
    }
}

/// Mirrors `ValidateNodeSelector`.
pub fn node_selector(path: &Path<'_>, terms: &[NodeSelectorTerm], errors: &mut Errors) {
    let list = path.child("nodeSelectorTerms");
    if terms.is_empty() {
        errors.required(&list, "must have at least one node selector term");
    }
    for (index, term) in terms.iter().enumerate() {
        node_term(&list.index(index), term, errors);
    }
}

fn node_term(path: &Path<'_>, term: &NodeSelectorTerm, errors: &mut Errors) {
    let list = path.child("matchExpressions");
    for (index, expression) in term.match_expressions.iter().flatten().enumerate() {
        let path = list.index(index);
        let count = expression.values.as_ref().map_or(0, Vec::len);
        let values = path.child("values");
        match expression.operator.as_str() {
            "In" | "NotIn" if count == 0 => {
                let text = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.required(&values, text);
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                let text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&values, text);
            }
            "Gt" | "Lt" if count != 1 => {
                let text = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.required(&values, text);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => {
                errors.invalid(&path.child("operator"), other, "not a valid selector operator");
            }
        }
        let key = &expression.key;
        errors.invalid_for(&path.child("key"), key, qualified_name_errors(key));
    }
}

fn pod_term(path: &Path<'_>, term: &PodAffinityTerm, errors: &mut Errors) {
    if let Some(selector) = &term.label_selector {
        names::label_selector(&path.child("labelSelector"), selector, errors);
    }
    for (index, namespace) in term.namespaces.iter().flatten().enumerate() {
        let list = path.child("namespaces");
        errors.invalid_for(&list.index(index), namespace, names::label_errors(namespace));
    }
    let key = path.child("topologyKey");
    if term.topology_key.is_empty() {
        errors.required(&key, "can not be empty");
    }
    errors.invalid_for(&key, &term.topology_key, qualified_name_errors(&term.topology_key));
}

/// Readiness gates and scheduling gates.
pub fn gates(path: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    for (index, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let list = path.child("readinessGates");
        let name = &gate.condition_type;
        let path = list.index(index);
        errors.invalid_for(&path.child("conditionType"), name, qualified_name_errors(name));
    }
    let mut seen = BTreeSet::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let list = path.child("schedulingGates");
        let path = list.index(index);
        errors.invalid_for(&path, &gate.name, qualified_name_errors(&gate.name));
        if !seen.insert(&gate.name) {
            errors.duplicate(&path, &gate.name);
        }
    }
}

/// Mirrors `validateTopologySpreadConstraints`.
pub fn spread(list: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    let constraints = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    for (index, constraint) in constraints.iter().enumerate() {
        let path = list.index(index);
        if constraint.max_skew <= 0 {
            errors.invalid(&path.child("maxSkew"), &constraint.max_skew, POSITIVE);
        }
        let key = path.child("topologyKey");
        if constraint.topology_key.is_empty() {
            errors.required(&key, "can not be empty");
        } else {
            let name = &constraint.topology_key;
            errors.invalid_for(&key, name, qualified_name_errors(name));
        }
        let when = &constraint.when_unsatisfiable;
        let supported = ["DoNotSchedule", "ScheduleAnyway"];
        if !supported.contains(&when.as_str()) {
            errors.not_supported(&path.child("whenUnsatisfiable"), when, &supported);
        }
        let is_same = |other: &&_| {
            let other: &&k8s_openapi::api::core::v1::TopologySpreadConstraint = other;
            other.topology_key == constraint.topology_key && other.when_unsatisfiable == *when
        };
        if constraints[..index].iter().find(is_same).is_some() {
            let path = path.child("{topologyKey, whenUnsatisfiable}");
            errors.duplicate(&path, &format!("{{{}, {when}}}", constraint.topology_key));
        }
        if let Some(domains) = constraint.min_domains.filter(|domains| *domains <= 0) {
            errors.invalid(&path.child("minDomains"), &domains, POSITIVE);
        }
        if let Some(selector) = &constraint.label_selector {
            names::label_selector(&path.child("labelSelector"), selector, errors);
        }
    }
}

const POSITIVE: &str = "must be greater than zero";

/// Mirrors `ValidateTolerations`.
pub fn tolerations(list: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    for (index, toleration) in spec.tolerations.iter().flatten().enumerate() {
        let path = list.index(index);
        let key = toleration.key.as_deref().unwrap_or_default();
        let operator = toleration.operator.as_deref().unwrap_or_default();
        let value = toleration.value.as_deref().unwrap_or_default();
        let effect = toleration.effect.as_deref().unwrap_or_default();
        if !key.is_empty() {
            errors.invalid_for(&path.child("key"), key, qualified_name_errors(key));
        } else if operator != "Exists" {
            let text = "operator must be Exists when `key` is empty, which means \"match all \
                        values and all keys\"";
            errors.invalid(&path.child("operator"), operator, text);
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            let text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&path.child("effect"), effect, text);
        }
        match operator {
            "" | "Equal" => {
                let found = label_value_errors(value);
                if !found.is_empty() {
                    errors.invalid(&path.child("operator"), value, found.join(";"));
                }
            }
            "Exists" if !value.is_empty() => {
                let text = "value must be empty when `operator` is 'Exists'";
                errors.invalid(&path.child("operator"), toleration, text);
            }
            "Exists" => {}
            other => errors.not_supported(&path.child("operator"), other, &["Equal", "Exists"]),
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.one_of(&path.child("effect"), toleration.effect.as_ref(), &effects);
    }
}
