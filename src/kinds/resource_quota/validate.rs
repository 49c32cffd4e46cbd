//! The rules of ResourceQuotas. Mirrors `ValidateResourceQuota` of `pkg/apis/core/validation`.

use k8s_openapi::api::core::v1::{
    ResourceQuota, ResourceQuotaSpec, ScopeSelector, ScopedResourceSelectorRequirement,
};

use crate::base::quantity::Quantity;
use crate::kinds::path::{Errors, Path};
use crate::kinds::{FieldError, internal, resource_name};
use crate::object::codec;

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
/// Scopes of which no quota can have both.
const CONFLICTS: [[&str; 2]; 2] =
    [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
const COMPUTE: [&str; 6] =
    ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

/// What is wrong with a ResourceQuota.
pub fn validate(object: &ResourceQuota) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(spec) = &object.spec else { return errors.0 };
    let path = Path::new("spec");
    let hard = path.child("hard");
    for (name, amount) in spec.hard.iter().flatten() {
        let path = hard.key(name);
        resource_name::validate_quota(&path, name, &mut errors);
        errors.amount_non_negative(&path, &amount.0);
        let is_whole = Quantity::parse(&amount.0).is_ok_and(|amount| amount.milli() % 1000 == 0);
        if resource_name::is_whole(name) && !is_whole {
            errors.invalid(&path, &amount.0, "must be an integer");
        }
    }
    scopes(&path.child("scopes"), spec, &mut errors);
    if let Some(selector) = &spec.scope_selector {
        let path = path.child("scopeSelector");
        scope_selector(&path.child("matchExpressions"), spec, selector, &mut errors);
    }
    errors.0
}

/// Whether objects of a scope can use the resource. Mirrors `IsResourceQuotaScopeValidForResource`.
fn applies(scope: &str, resource: &str) -> bool {
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage")
        }
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => resource == "pods" || COMPUTE.contains(&resource),
        _ => true,
    }
}

/// The known resources of the quota that the scope does not go with.
fn misfits<'a>(spec: &'a ResourceQuotaSpec, scope: &'a str) -> impl Iterator<Item = &'a str> {
    let names = spec.hard.iter().flatten().map(|(name, _)| name.as_str());
    names.filter(move |name| resource_name::is_quota(name) && !applies(scope, name))
}

fn scopes(path: &Path<'_>, spec: &ResourceQuotaSpec, errors: &mut Errors) {
    let scopes = spec.scopes.as_deref().unwrap_or_default();
    for scope in scopes {
        if !SCOPES.contains(&scope.as_str()) {
            errors.invalid(path, scopes, "unsupported scope");
        }
        for _ in misfits(spec, scope) {
            errors.invalid(path, scopes, "unsupported scope applied to resource");
        }
    }
    for pair in CONFLICTS {
        if pair.iter().all(|one| scopes.iter().any(|scope| scope == one)) {
            errors.invalid(path, scopes, "conflicting scopes");
        }
    }
}

fn scope_selector(
    path: &Path<'_>,
    spec: &ResourceQuotaSpec,
    selector: &ScopeSelector,
    errors: &mut Errors,
) {
    let all = selector.match_expressions.as_deref().unwrap_or_default();
    for requirement in all {
        if !SCOPES.contains(&requirement.scope_name.as_str()) {
            let scope = &requirement.scope_name;
            errors.invalid(&path.child("scopeName"), scope, "unsupported scope");
        }
        for _ in misfits(spec, &requirement.scope_name) {
            let value = internal::scope_selector(&codec::encode(selector));
            let text = "unsupported scope applied to resource";
            errors.0.push(FieldError::invalid_text(&path.to_string(), &value, text));
        }
        operator(path, requirement, errors);
    }
    for pair in CONFLICTS {
        if pair.iter().all(|one| all.iter().any(|requirement| requirement.scope_name == *one)) {
            errors.invalid(path, &spec.scopes, "conflicting scopes");
        }
    }
}

fn operator(path: &Path<'_>, requirement: &ScopedResourceSelectorRequirement, errors: &mut Errors) {
    let operator = &requirement.operator;
    let takes_values =
        matches!(requirement.scope_name.as_str(), "PriorityClass" | "VolumeAttributesClass");
    if SCOPES.contains(&requirement.scope_name.as_str()) && !takes_values && operator != "Exists" {
        let text = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                    ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                    ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.invalid(&path.child("operator"), operator, text);
    }
    let values = requirement.values.as_deref().unwrap_or_default();
    match operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            let text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope \
                        selector";
            errors.required(&path.child("values"), text);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope \
                        selector";
            errors.invalid(&path.child("values"), values, text);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
}
