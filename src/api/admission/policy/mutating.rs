//! MutatingAdmissionPolicies. Mirrors `policy/mutating`.

use serde_json::Value;

use super::evaluate::{Scope, text};
use super::{Asked, Denied, GROUP, Hook, asked, fails, hooks, is_exempt, matching, params};
use crate::api::admission::{Operation, Write};
use crate::api::status::{Cause, Status};
use crate::object::patch::json as json_patch;
use crate::object::patch::json::JsonPatchError;
use crate::object::{GroupResource, managed};

const POLICIES: GroupResource = GroupResource::new(GROUP, "mutatingadmissionpolicies");
const BINDINGS: GroupResource = GroupResource::new(GROUP, "mutatingadmissionpolicybindings");

/// Lets every policy change the object; whether one did.
///
/// # Errors
/// What the first that fails says.
pub(in crate::api) fn mutate(write: &mut Write<'_>) -> Result<bool, Status> {
    let changes = matches!(write.operation, Operation::Create | Operation::Update);
    if !changes
        || write.guise.is_some()
        || is_exempt(write.kind)
        || write.store.list(&BINDINGS).next().is_none()
    {
        return Ok(false);
    }
    let mut asked = Asked::of(write, asked::requested(write));
    let before = asked.object.clone();
    let mut refusals = Vec::new();
    // Upstream asks for all parameters before anything is changed.
    let mut asks = Vec::new();
    for hook in hooks(write.store, &POLICIES, &BINDINGS) {
        if matching::matches(&hook.policy["spec"]["matchConstraints"], &asked) {
            let given = invocations(write, &asked, &hook, &mut refusals);
            asks.extend(given.into_iter().map(|(who, param)| (hook.policy.clone(), who, param)));
        }
    }
    for (policy, who, param) in asks {
        if let Err(why) = change(write, &policy, &mut asked, &param)
            && fails(&policy)
        {
            let (message, reason) = (format!("{who} denied request: {why}"), "Invalid".to_owned());
            refusals.push(Denied { message, reason });
        }
    }
    if let Some(first) = refusals.first() {
        return Err(refusal(write, first, &refusals));
    }
    if asked.object == before {
        return Ok(false);
    }
    let version = asked::requested(write).version;
    let decoded =
        write.kind.decode(version, &asked.object).map_err(|why| Status::internal(&why))?;
    *write.object = decoded;
    write.kind.default(write.object);
    Ok(true)
}

/// The bindings through which a policy is asked, each with its name in messages and a parameter.
fn invocations(
    write: &Write<'_>,
    asked: &Asked,
    hook: &Hook,
    refusals: &mut Vec<Denied>,
) -> Vec<(String, Value)> {
    let name = &hook.name;
    let strict = fails(&hook.policy);
    let home = match params::home(write.store, &hook.policy) {
        Ok(home) => home,
        Err(why) => {
            let message =
                format!("policy '{name}' denied request: failed to configure policy: {why}");
            refusals.extend(strict.then(|| Denied::plain(message)));
            return Vec::new();
        }
    };
    let mut asks = Vec::new();
    for (binding, spec) in &hook.bindings {
        if !matching::matches(&spec["spec"]["matchResources"], asked) {
            continue;
        }
        let who = format!("policy '{name}' with binding '{binding}'");
        match params::collect(write.store, home.as_ref(), spec, write.object.namespace()) {
            Ok(found) => asks.extend(found.into_iter().map(|param| (who.clone(), param))),
            Err(why) => {
                let message = format!("{who} denied request: failed to configure binding: {why}");
                refusals.extend(strict.then(|| Denied::plain(message)));
            }
        }
    }
    asks
}

/// Carries out the changes of a policy, one after the other.
fn change(
    write: &Write<'_>,
    policy: &Value,
    asked: &mut Asked,
    param: &Value,
) -> Result<(), String> {
    if !Scope::new(policy, asked, param).conditions(&policy["spec"]["matchConditions"])? {
        return Ok(());
    }
    for mutation in policy["spec"]["mutations"].as_array().into_iter().flatten() {
        let scope = Scope::new(policy, asked, param);
        let patch = text(&mutation["jsonPatch"]["expression"]);
        asked.object = if patch.is_empty() {
            let applied = scope.result(text(&mutation["applyConfiguration"]["expression"]))?;
            apply(write, &asked.object, applied)?
        } else {
            let patch = scope.result(patch)?;
            patched(&asked.object, &patch)?
        };
    }
    Ok(())
}

/// Mirrors `patch.ApplyStructuredMergeDiff`.
fn apply(write: &Write<'_>, object: &Value, mut applied: Value) -> Result<Value, String> {
    let Value::Object(fields) = &mut applied else {
        return Err("unsupported return type from ApplyConfiguration expression".to_owned());
    };
    for name in ["apiVersion", "kind"] {
        fields.insert(name.to_owned(), object[name].clone());
    }
    let schema = write.kind.schema();
    let atomic = managed::atomic_paths(&schema, &applied);
    if !atomic.is_empty() {
        return Err(format!(
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps \
             or structs: {}",
            atomic.join(", ")
        ));
    }
    Ok(managed::merged(&schema, object, &applied))
}

/// The object after a patch; as it was where one of the patch's tests fails. Mirrors
/// `jsonPatcher.Patch`.
fn patched(object: &Value, patch: &Value) -> Result<Value, String> {
    match json_patch::apply(object, patch) {
        Ok(patched) => Ok(patched),
        Err(JsonPatchError::Rejected(operation)) if operation["op"] == "test" => Ok(object.clone()),
        Err(why) => Err(format!("JSON Patch: {}", json_patch::words(&why, object, patch))),
    }
}

fn refusal(write: &Write<'_>, first: &Denied, all: &[Denied]) -> Status {
    let mut status = write.forbidden("");
    status.message.clone_from(&first.message);
    if first.reason == "Invalid" {
        status.reason = "Invalid".into();
    }
    let cause = |denied: &Denied| Cause {
        reason: String::new(),
        message: denied.message.clone(),
        field: String::new(),
    };
    status.causes.extend(all.iter().map(cause));
    status
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_that_does_not_fit_is_told_of_in_the_librarys_words() {
        let object = json!({"metadata": {"labels": {"x": "y"}}});
        let cases = [
            (
                json!({"op": "remove", "path": "/metadata/labels/nope"}),
                "error in remove for path: '/metadata/labels/nope': Unable to remove nonexistent \
                 key: nope: missing value",
            ),
            (
                json!({"op": "add", "path": "/spec/x", "value": 1}),
                "add operation does not apply: doc is missing path: \"/spec/x\": missing value",
            ),
            (
                json!({"op": "copy", "from": "/spec/x", "path": "/metadata/x"}),
                "copy operation does not apply: doc is missing from path: /spec/x: missing value",
            ),
        ];
        for (operation, wanted) in cases {
            let why = patched(&object, &json!([operation])).unwrap_err();
            assert_eq!(why, format!("JSON Patch: {wanted}"));
        }
    }

    #[test]
    fn a_patch_whose_test_fails_changes_nothing() {
        let object = json!({"metadata": {"labels": {"x": "y"}}});
        let patch = json!([{"op": "remove", "path": "/metadata/labels/x"},
            {"op": "test", "path": "/metadata/labels", "value": 1}]);
        assert_eq!(patched(&object, &patch), Ok(object));
    }
}
