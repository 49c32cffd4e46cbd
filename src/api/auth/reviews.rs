//! Questions about identities and rights, which are answered and not stored.
//! Mirrors `pkg/registry/{authentication,authorization}`.

use serde_json::{Value, json};

use super::rbac::{self, Action};
use super::{User, jwt};
use crate::api::{Api, Status};
use crate::kinds::FieldError;
use crate::object::{codec, meta};
use crate::sim::Time;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";
/// Every review: its group, its plural, its kind.
const REVIEWS: &[(&str, &str, &str)] = &[
    (AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview"),
    (AUTHENTICATION, "tokenreviews", "TokenReview"),
    (AUTHORIZATION, "localsubjectaccessreviews", "LocalSubjectAccessReview"),
    (AUTHORIZATION, "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    (AUTHORIZATION, "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    (AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview"),
];

/// The kind of the review that a resource is, if it is one.
pub fn review_kind(group: &str, plural: &str) -> Option<&'static str> {
    let found = REVIEWS.iter().find(|(known, name, _)| *known == group && *name == plural);
    found.map(|(_, _, kind)| *kind)
}

/// Answers a review.
///
/// # Errors
/// What the review lacks.
pub fn review(
    api: &mut dyn Api,
    user: &User,
    (kind, namespace): (&str, &str),
    given: &Value,
    now: Time,
) -> Result<Value, Status> {
    let spec = given.get("spec").cloned().unwrap_or_else(|| json!({}));
    let written = given["metadata"]["namespace"].as_str().unwrap_or_default();
    if kind == "LocalSubjectAccessReview" {
        if !written.is_empty() && written != namespace {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        let meant = spec["resourceAttributes"]["namespace"].as_str().unwrap_or_default();
        if meant != namespace {
            let why = format!("spec.resourceAttributes.namespace must match namespace: {meant}");
            return Err(Status::bad_request(why));
        }
    }
    let group =
        REVIEWS.iter().find(|(_, _, known)| *known == kind).map_or("", |(group, _, _)| group);
    let mut value = json!({
        "kind": kind,
        "apiVersion": format!("{group}/v1"),
        "metadata": given.get("metadata").filter(|meta| meta.is_object()).unwrap_or(&json!({})),
    });
    if kind == "SelfSubjectReview" {
        value["metadata"]["creationTimestamp"] = codec::encode(&meta::timestamp(now));
        value["status"] = json!({"userInfo": user.to_value()});
    } else {
        value["status"] = match kind {
            "TokenReview" => token(api, &spec)?,
            "SelfSubjectRulesReview" => rules(api, user, &spec)?,
            _ => access(api, kind, user, &spec)?,
        };
        value["spec"] = spec;
    }
    Ok(value)
}

fn token(api: &mut dyn Api, spec: &Value) -> Result<Value, Status> {
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    Ok(match jwt::user(api, token) {
        Some((user, audiences)) => {
            json!({"authenticated": true, "user": user.to_value(), "audiences": audiences})
        }
        None => json!({"user": {}, "error": "invalid bearer token"}),
    })
}

/// Mirrors `SelfSubjectRulesReview`'s status.
fn rules(api: &mut dyn Api, user: &User, spec: &Value) -> Result<Value, Status> {
    let namespace = spec["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (mut resources, mut others) = (Vec::new(), Vec::new());
    for (rule, _) in rbac::rules(api, user, namespace) {
        let value = codec::encode(&rule);
        let list = |name: &str| value.get(name).cloned().unwrap_or_default();
        if rule.resources.is_some() {
            let mut shown = json!({
                "verbs": list("verbs"),
                "apiGroups": list("apiGroups"),
                "resources": list("resources"),
            });
            if rule.resource_names.as_ref().is_some_and(|names| !names.is_empty()) {
                shown["resourceNames"] = list("resourceNames");
            }
            resources.push(shown);
        } else {
            let paths = list("nonResourceURLs");
            others.push(json!({"verbs": list("verbs"), "nonResourceURLs": paths}));
        }
    }
    Ok(json!({"resourceRules": resources, "nonResourceRules": others, "incomplete": false}))
}

/// Whether somebody may do something. Mirrors `SubjectAccessReview`'s status.
fn access(api: &mut dyn Api, kind: &str, user: &User, spec: &Value) -> Result<Value, Status> {
    let (resource, other) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let mut errors = Vec::new();
    if resource.is_null() == other.is_null() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let text = if resource.is_null() { "null".to_owned() } else { resource.to_string() };
        errors.push(FieldError::invalid_text("spec.resourceAttributes", &text, why));
    }
    let who = if kind == "SelfSubjectAccessReview" {
        user.clone()
    } else {
        let groups = spec["groups"].as_array().into_iter().flatten();
        let text = |name: &str| spec[name].as_str().unwrap_or_default().to_owned();
        User {
            name: text("user"),
            uid: text("uid"),
            groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
            ..User::default()
        }
    };
    if who.name.is_empty() && who.groups.is_empty() {
        let why = "at least one of user or group must be specified";
        errors.push(FieldError::invalid("spec.user", "", why));
    }
    if !errors.is_empty() {
        return Err(Status::invalid("", AUTHORIZATION, "", &errors));
    }
    let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
    let verb = resource["verb"].as_str().or(other["verb"].as_str()).unwrap_or_default();
    let action = Action {
        verb: verb.to_owned(),
        group: text("group"),
        resource: text("resource"),
        subresource: text("subresource"),
        name: text("name"),
        namespace: text("namespace"),
        path: other["path"].as_str().unwrap_or_default().to_owned(),
    };
    Ok(match rbac::reason(api, &who, &action) {
        None => json!({"allowed": false}),
        Some(why) if why.is_empty() => json!({"allowed": true}),
        Some(why) => json!({"allowed": true, "reason": why}),
    })
}
