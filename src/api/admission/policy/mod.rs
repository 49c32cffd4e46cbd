//! Admission policies: rules and changes written in CEL. Native only: the page has no evaluator.
//! Mirrors `apiserver/pkg/admission/plugin/policy`.

mod evaluate;
mod matching;
mod mutating;
mod params;
mod validating;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(in crate::api) use self::mutating::mutate;
pub(in crate::api) use self::validating::validate;
use super::{Operation, Write};
use crate::api::server::NAMESPACES;
use crate::kinds::Kind;
use crate::object::{GroupResource, Key, Object};
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
    let mut bound: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
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

/// A write as policies see it. Mirrors `VersionedAttributes` and `AdmissionRequest`.
struct Asked {
    /// The object to be stored; null for a deletion.
    object: Value,
    /// What it replaces, or what goes; null for a creation.
    old: Value,
    /// The request.
    request: Value,
    /// The namespace's object; null without one.
    namespace: Value,
}

/// Kinds that no policy is asked about. Mirrors `isExcluded…` of `policy/matching`.
fn is_exempt(kind: &dyn Kind) -> bool {
    const REVIEWS: &[&str] = &["authentication.k8s.io", "authorization.k8s.io"];
    let names = kind.names();
    names.group == GROUP || REVIEWS.contains(&names.group)
}

impl Asked {
    fn of(write: &Write<'_>) -> Self {
        let names = write.kind.names();
        let version = names.versions.first().copied().unwrap_or_default();
        let shown = |object: &Object| match write.subresource {
            "scale" => scale(write.kind, object),
            _ => write.kind.encode(version, object),
        };
        let gone = write.operation == Operation::Delete;
        let object = if gone { Value::Null } else { shown(write.object) };
        let old = write.old.map_or(Value::Null, shown);
        let namespace = write.object.namespace();
        let kind = json!({"group": names.group, "version": version, "kind": names.kind});
        let resource = json!({"group": names.group, "version": version, "resource": names.plural});
        let operation = match write.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        };
        let mut request = json!({
            "kind": kind, "resource": resource,
            "requestKind": kind, "requestResource": resource,
            "name": write.object.name(), "namespace": namespace, "operation": operation,
            "userInfo": {"username": "kubernetes-admin",
                         "groups": ["system:masters", "system:authenticated"]},
            "dryRun": false,
        });
        if !write.subresource.is_empty() {
            request["subResource"] = write.subresource.into();
            request["requestSubResource"] = write.subresource.into();
        }
        let home = Key::new(NAMESPACES, "", namespace);
        let home = write.store.get(&home).filter(|_| names.resource() != NAMESPACES);
        Self { object, old, request, namespace: home.map_or(Value::Null, Object::to_value) }
    }
}

/// The scale of an object as JSON.
fn scale(kind: &dyn Kind, object: &Object) -> Value {
    let (wanted, present, selector) = kind.scale(object).unwrap_or_default();
    json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": object.name(), "namespace": object.namespace()},
        "spec": {"replicas": wanted}, "status": {"replicas": present, "selector": selector},
    })
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
