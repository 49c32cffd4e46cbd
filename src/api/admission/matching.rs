//! Which requests a policy, a binding or a webhook is about. Mirrors `policy/matching` and
//! `webhook/predicates`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::asked::Asked;
use crate::base::order::Gather;
use crate::kinds::selectors;
use crate::object::codec;

/// Whether `rules` (`matchConstraints` or `matchResources`) are about a request.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn matches(rules: &Value, asked: &Asked) -> bool {
    let listed = |field: &str| rules[field].as_array().map(Vec::as_slice).unwrap_or_default();
    let about = |list: &[Value]| list.iter().any(|rule| is_about(rule, asked));
    let included = listed("resourceRules");
    namespaces(&rules["namespaceSelector"], asked)
        && objects(&rules["objectSelector"], asked)
        && !about(listed("excludeResourceRules"))
        && (included.is_empty() || about(included))
}

/// Whether a label selector, which may be absent, takes some labels.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    if selector.as_object().is_none_or(serde_json::Map::is_empty) {
        return true;
    }
    let parsed = codec::decode::<LabelSelector>(selector);
    let labels = labels.as_object().into_iter().flatten();
    let labels: BTreeMap<String, String> = labels
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .gathered();
    parsed.is_ok_and(|s| selectors::parse(&s).is_ok_and(|selector| selector.matches(&labels)))
}

/// Whether the namespace of a request is selected.
pub(super) fn namespaces(selector: &Value, asked: &Asked) -> bool {
    let is_namespace = asked.request["kind"]["kind"] == "Namespace";
    match (&asked.namespace, is_namespace) {
        (_, true) => selects(selector, &present(asked)["metadata"]["labels"]),
        (Value::Null, false) => true,
        (namespace, false) => selects(selector, &namespace["metadata"]["labels"]),
    }
}

fn present(asked: &Asked) -> &Value {
    if asked.object.is_null() { &asked.old } else { &asked.object }
}

/// Whether one of the objects of a request is selected.
pub(super) fn objects(selector: &Value, asked: &Asked) -> bool {
    let takes =
        |object: &Value| !object.is_null() && selects(selector, &object["metadata"]["labels"]);
    takes(&asked.object) || takes(&asked.old)
}

/// Mirrors `rules.Matcher`.
pub(super) fn is_about(rule: &Value, asked: &Asked) -> bool {
    let request = &asked.request;
    let has = |field: &str, wanted: &str| {
        let mut given = rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
        given.any(|one| one == "*" || one == wanted)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let resource = &request["resource"];
    let names = rule["resourceNames"].as_array().map(Vec::as_slice).unwrap_or_default();
    has("operations", &text(&request["operation"]))
        && has("apiGroups", &text(&resource["group"]))
        && has("apiVersions", &text(&resource["version"]))
        && resources(rule, &text(&resource["resource"]), &text(&request["subResource"]))
        && (names.is_empty() || names.contains(&request["name"]))
        && match rule["scope"].as_str().unwrap_or("*") {
            "Namespaced" => !asked.is_clusters(),
            "Cluster" => asked.is_clusters(),
            _ => true,
        }
}

fn resources(rule: &Value, resource: &str, subresource: &str) -> bool {
    let mut given = rule["resources"].as_array().into_iter().flatten().filter_map(Value::as_str);
    given.any(|one| {
        let (main, sub) = one.split_once('/').unwrap_or((one, ""));
        (main == "*" || main == resource) && (sub == "*" || sub == subresource)
    })
}
