//! Nobody may give away more than they have.
//! Mirrors `pkg/registry/rbac/{role,rolebinding}/policybased`.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef};
use serde_json::Value;

use crate::api::auth::{Action, User, rbac};
use crate::api::http::path::ResourcePath;
use crate::api::http::{Call, body};
use crate::api::{Api, Status};
use crate::object::{GroupResource, codec};

/// Refuses a role, or the binding of one, with rules that its author does not have.
///
/// # Errors
/// 403 with every rule that is missing.
pub(super) fn check(
    api: &mut dyn Api,
    user: &User,
    call: &Call,
    path: &ResourcePath,
) -> Result<(), Status> {
    let writes = matches!(call.method.as_str(), "POST" | "PUT");
    let (is_role, is_binding) = (
        matches!(path.plural.as_str(), "roles" | "clusterroles"),
        matches!(path.plural.as_str(), "rolebindings" | "clusterrolebindings"),
    );
    if !writes || path.group != "rbac.authorization.k8s.io" || !(is_role || is_binding) {
        return Ok(());
    }
    let Ok(given) = body::object(call, "", false) else { return Ok(()) };
    let given = given.value;
    let namespace = path.namespace.as_deref().unwrap_or_default();
    let wanted: Vec<PolicyRule> = if is_role {
        let rules = given.get("rules").and_then(Value::as_array).into_iter().flatten();
        rules.filter_map(|rule| codec::decode(rule).ok()).collect()
    } else {
        match codec::decode::<RoleRef>(&given["roleRef"]) {
            Ok(role) => rbac::role_rules(api, &role, namespace),
            Err(_) => return Ok(()),
        }
    };
    let own = rbac::rules(api, user, namespace);
    let has = |action: &Action| own.iter().any(|(rule, _)| rbac::allows(rule, action));
    let verb = if is_role { "escalate" } else { "bind" };
    let exempt = Action {
        verb: verb.to_owned(),
        group: path.group.clone(),
        resource: path.plural.clone(),
        namespace: namespace.to_owned(),
        ..Action::default()
    };
    if has(&exempt) {
        return Ok(());
    }
    let missing = missing(&wanted, has);
    if missing.is_empty() {
        return Ok(());
    }
    let name = given["metadata"]["name"].as_str().unwrap_or_default();
    let groups: Vec<_> = user.groups.iter().map(|group| format!("{group:?}")).collect();
    let why = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        groups.join(" "),
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
    Err(Status::forbidden(&GroupResource::dynamic(&path.group, &path.plural), name, &why))
}

/// The rules that are not covered, one a resource. Mirrors `rbac/validation.Covers` and
/// `CompactRules`.
fn missing(wanted: &[PolicyRule], has: impl Fn(&Action) -> bool) -> BTreeSet<String> {
    let mut verbs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut miss = |head: String, verb: &str| {
        let place = verbs.entry(head).or_default();
        if !place.iter().any(|known| known == verb) {
            place.push(verb.to_owned());
        }
    };
    for rule in wanted {
        for verb in &rule.verbs {
            for path in rule.non_resource_urls.iter().flatten() {
                let action = Action { verb: verb.clone(), path: path.clone(), ..Action::default() };
                if !has(&action) {
                    miss(format!("NonResourceURLs:[{path:?}]"), verb);
                }
            }
            for group in rule.api_groups.iter().flatten() {
                for full in rule.resources.iter().flatten() {
                    let (resource, subresource) = full.split_once('/').unwrap_or((full, ""));
                    let names = rule.resource_names.clone().unwrap_or_default();
                    let each = if names.is_empty() { vec![String::new()] } else { names };
                    for name in each {
                        let head = match name.as_str() {
                            "" => format!("APIGroups:[{group:?}], Resources:[{full:?}]"),
                            name => format!(
                                "APIGroups:[{group:?}], Resources:[{full:?}], \
                                 ResourceNames:[{name:?}]"
                            ),
                        };
                        let action = Action {
                            verb: verb.clone(),
                            group: group.clone(),
                            resource: resource.to_owned(),
                            subresource: subresource.to_owned(),
                            name,
                            ..Action::default()
                        };
                        if !has(&action) {
                            miss(head, verb);
                        }
                    }
                }
            }
        }
    }
    let texts = verbs.into_iter().map(|(head, verbs)| {
        let verbs: Vec<_> = verbs.iter().map(|verb| format!("{verb:?}")).collect();
        format!("{{{head}, Verbs:[{}]}}", verbs.join(" "))
    });
    texts.collect()
}
