//! The parameters of a binding. Mirrors `CollectParams`.

use serde_json::Value;

use super::matching::selects;
use crate::kinds::KINDS;
use crate::kinds::custom_resource_definition::RESOURCE as DEFINITIONS;
use crate::object::{GroupResource, Key, Object};
use crate::store::Store;

/// Where objects of a kind are: their resource type, and whether they have namespaces.
pub(super) struct Home {
    resource: GroupResource,
    namespaced: bool,
}

/// What a policy's `paramKind` names; `None` without one.
///
/// # Errors
/// Nobody serves that kind.
pub(super) fn home(store: &Store, policy: &Value) -> Result<Option<Home>, String> {
    let wanted = &policy["spec"]["paramKind"];
    let Some(api_version) = wanted["apiVersion"].as_str() else { return Ok(None) };
    let kind = wanted["kind"].as_str().unwrap_or_default();
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let built_in = KINDS.iter().map(|kind| kind.names()).find(|names| {
        (names.group, names.kind) == (group, kind) && names.versions.contains(&version)
    });
    if let Some(names) = built_in {
        let (resource, namespaced) = (names.resource(), names.namespaced);
        return Ok(Some(Home { resource, namespaced }));
    }
    let defined = store.list(&DEFINITIONS).map(Object::to_value).find(|definition| {
        let spec = &definition["spec"];
        let mut versions = spec["versions"].as_array().into_iter().flatten();
        spec["group"] == group
            && spec["names"]["kind"] == kind
            && versions.any(|one| one["name"] == version && one["served"] == true)
    });
    let spec = defined.map(|definition| definition["spec"].clone()).ok_or_else(|| {
        format!("failed to find resource referenced by paramKind: '{api_version}, Kind={kind}'")
    })?;
    let plural = spec["names"]["plural"].as_str().unwrap_or_default();
    let resource = GroupResource::dynamic(group, plural);
    Ok(Some(Home { resource, namespaced: spec["scope"] == "Namespaced" }))
}

/// The parameters with which a binding's policy is asked, each in turn.
///
/// # Errors
/// What is wrong with the binding, or that there are none and none may not be.
pub(super) fn collect(
    store: &Store,
    home: Option<&Home>,
    binding: &Value,
    namespace: &str,
) -> Result<Vec<Value>, String> {
    let reference = &binding["spec"]["paramRef"];
    let (Some(home), true) = (home, reference.is_object()) else { return Ok(vec![Value::Null]) };
    let given = reference["namespace"].as_str().unwrap_or_default();
    let place = match (home.namespaced, given) {
        (true, "") if namespace.is_empty() => {
            return Err("cannot use namespaced paramRef in policy binding that matches \
                        cluster-scoped resources"
                .to_owned());
        }
        (true, "") => namespace,
        (true, given) => given,
        (false, "") => "",
        (false, _) => {
            return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
                .to_owned());
        }
    };
    let found: Vec<Value> = match reference["name"].as_str() {
        Some(name) => {
            let key = Key::new(home.resource.clone(), place, name);
            store.get(&key).map(Object::to_value).into_iter().collect()
        }
        None => store
            .list(&home.resource)
            .filter(|object| object.namespace() == place)
            .map(Object::to_value)
            .filter(|object| selects(&reference["selector"], &object["metadata"]["labels"]))
            .collect(),
    };
    if found.is_empty() && reference["parameterNotFoundAction"] == "Deny" {
        return Err(
            "no params found for policy binding with `Deny` parameterNotFoundAction".to_owned()
        );
    }
    Ok(found)
}
