//! The rules of PodDisruptionBudgets. Mirrors `pkg/apis/policy/validation`.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::kinds::deployment::validate::{at_most_all, count_or_percent};
use crate::kinds::path::{Errors, Path};
use crate::kinds::{FieldError, internal, names};
use crate::object::codec;

/// What is wrong with a PodDisruptionBudget.
pub fn validate(object: &PodDisruptionBudget) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(spec) = &object.spec else { return errors.0 };
    let path = Path::new("spec");
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let value = internal::disruption_budget(&codec::encode(spec));
        let text = "minAvailable and maxUnavailable cannot be both set";
        errors.0.push(FieldError::invalid_text("spec", &value, text));
    }
    for (name, amount) in
        [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)]
    {
        if let Some(amount) = amount {
            count_or_percent(&path.child(name), amount, &mut errors);
            at_most_all(&path.child(name), amount, &mut errors);
        }
    }
    if let Some(selector) = &spec.selector {
        names::label_selector(&path.child("selector"), selector, &mut errors);
    }
    let policies = ["AlwaysAllow", "IfHealthyBudget"];
    let policy = spec.unhealthy_pod_eviction_policy.as_deref();
    if let Some(policy) = policy.filter(|policy| !policies.contains(policy)) {
        errors.not_supported(&path.child("unhealthyPodEvictionPolicy"), policy, &policies);
    }
    errors.0
}
