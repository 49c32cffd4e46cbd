//! Admission policies: rules and changes written in CEL. Native only: the page has no evaluator.
//! Mirrors `apiserver/pkg/admission/plugin/policy`.

pub(super) mod evaluate;
mod mutating;
mod params;
mod validating;

use serde_json::Value;

pub(in crate::api) use self::mutating::mutate;
pub(in crate::api) use self::validating::validate;
use super::asked::Asked;
use super::{asked, matching};
use crate::base::small_map::SmallMap;
use crate::kinds::Kind;
use crate::object::{GroupResource, Key};
use crate::store::Store;

const GROUP: &str = "admissionregistration.k8s.io";

/// A policy and its bindings, as JSON.
struct Hook {
    name: String,
    policy: Value,
    bindings: Vec<(String, Value)>,
}

/// The policies of a store that have bindings, by name.
fn hooks(store: &Store, policies: &GroupResource, bindings: &GroupResource) -> Vec<Hook> {
    let mut bound: SmallMap<String, Vec<(String, Value)>> = SmallMap::new();
    for object in store.list(bindings) {
        let value = object.to_value();
        let policy = value["spec"]["policyName"].as_str().unwrap_or_default().to_owned();
        bound.entry(policy).or_default().push((object.name().to_owned(), value));
    }
    let hook = |(name, bindings): (String, Vec<(String, Value)>)| {
        let policy = store.get(&Key::new(policies.clone(), "", &name))?.to_value();
        Some(Hook { name, policy, bindings })
    };
    bound.into_iter().filter_map(hook).collect()
}

/// Kinds that no policy is asked about. Mirrors `isExcluded…` of `policy/matching`.
fn is_exempt(kind: &dyn Kind) -> bool {
    const REVIEWS: &[&str] = &["authentication.k8s.io", "authorization.k8s.io"];
    let names = kind.names();
    names.group == GROUP || REVIEWS.contains(&names.group)
}

/// Why a policy refuses.
struct Denied {
    message: String,
    /// Empty where none was said.
    reason: String,
}

impl Denied {
    fn plain(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: String::new() }
    }
}

/// Whether a policy's own failures refuse a request.
fn fails(policy: &Value) -> bool {
    policy["spec"]["failurePolicy"] != "Ignore"
}
