//! ValidatingAdmissionPolicies. Mirrors `policy/validating`.

use serde_json::Value;

use super::evaluate::{Scope, text};
use super::{Asked, Denied, GROUP, Hook, asked, fails, hooks, is_exempt, matching, params};
use crate::api::admission::Write;
use crate::api::status::{Cause, Status};
use crate::object::GroupResource;

const POLICIES: GroupResource = GroupResource::new(GROUP, "validatingadmissionpolicies");
const BINDINGS: GroupResource = GroupResource::new(GROUP, "validatingadmissionpolicybindings");
/// The longest message that an expression may make.
const MESSAGE_MAX: usize = 5 * 1024;

/// Lets every policy look at a valid object.
///
/// # Errors
/// What the first that refuses says.
pub(in crate::api) fn validate(
    write: &Write<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), Status> {
    if is_exempt(write.kind) || write.store.list(&BINDINGS).next().is_none() {
        return Ok(());
    }
    let asked = Asked::of(write, asked::requested(write));
    let mut refusals = Vec::new();
    for hook in hooks(write.store, &POLICIES, &BINDINGS) {
        if matching::matches(&hook.policy["spec"]["matchConstraints"], &asked) {
            ask(write, &asked, &hook, warnings, &mut refusals);
        }
    }
    match refusals.into_iter().next() {
        Some(denied) => Err(refusal(write, denied)),
        None => Ok(()),
    }
}

/// Asks a policy through each of its bindings.
fn ask(
    write: &Write<'_>,
    asked: &Asked,
    hook: &Hook,
    warnings: &mut Vec<String>,
    refusals: &mut Vec<Denied>,
) {
    let name = &hook.name;
    let who = format!("ValidatingAdmissionPolicy '{name}'");
    let home = match params::home(write.store, &hook.policy) {
        Ok(home) => home,
        Err(why) if fails(&hook.policy) => {
            let message = format!("{who} denied request: failed to configure policy: {why}");
            return refusals.push(Denied::plain(message));
        }
        Err(_) => return,
    };
    for (binding, spec) in &hook.bindings {
        if !matching::matches(&spec["spec"]["matchResources"], asked) {
            continue;
        }
        let who = format!("{who} with binding '{binding}'");
        let actions = spec["spec"]["validationActions"].as_array().into_iter().flatten();
        let actions: Vec<&str> = actions.filter_map(Value::as_str).collect();
        let namespace = write.object.namespace();
        let decisions = match params::collect(write.store, home.as_ref(), spec, namespace) {
            Ok(found) => found.iter().flat_map(|one| decide(&hook.policy, asked, one)).collect(),
            Err(why) if fails(&hook.policy) => {
                let message = format!("{who} denied request: failed to configure binding: {why}");
                refusals.push(Denied::plain(message));
                Vec::new()
            }
            Err(_) => Vec::new(),
        };
        for Denied { message, reason } in decisions {
            if actions.contains(&"Warn") {
                warnings.push(format!("Validation failed for {who}: {message}"));
            }
            if actions.contains(&"Deny") {
                let message = format!("{who} denied request: {message}");
                refusals.push(Denied { message, reason });
            }
        }
    }
}

/// What a policy has against a request. Mirrors `validator.Validate`.
fn decide(policy: &Value, asked: &Asked, params: &Value) -> Vec<Denied> {
    let scope = Scope::new(policy, asked, params);
    let failed = |why: String| fails(policy).then(|| Denied::plain(why));
    match scope.conditions(&policy["spec"]["matchConditions"]) {
        Ok(true) => {}
        Ok(false) => return Vec::new(),
        Err(why) => return failed(why).into_iter().collect(),
    }
    let mut refusals = Vec::new();
    for validation in policy["spec"]["validations"].as_array().into_iter().flatten() {
        match scope.result(text(&validation["expression"])) {
            Ok(Value::Bool(true)) => {}
            Ok(_) => refusals.push(Denied {
                message: message(&scope, validation),
                reason: text(&validation["reason"]).to_owned(),
            }),
            Err(why) => refusals.extend(failed(why)),
        }
    }
    refusals
}

/// What is said of a broken rule: what its expression says, its own text, or the rule itself.
fn message(scope: &Scope<'_>, validation: &Value) -> String {
    let expression = text(&validation["messageExpression"]);
    let made = if expression.is_empty() { None } else { scope.value(expression).ok() };
    let made = made.as_ref().and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let fits = made.len() <= MESSAGE_MAX && !made.contains('\n');
    match (made, text(&validation["message"]).trim()) {
        (made, _) if fits && !made.is_empty() => made.to_owned(),
        (_, "") => format!("failed expression: {}", text(&validation["expression"]).trim()),
        (_, own) => own.to_owned(),
    }
}

fn refusal(write: &Write<'_>, denied: Denied) -> Status {
    let mut status = write.forbidden(&denied.message);
    let (code, reason) = match denied.reason.as_str() {
        "Unauthorized" => (401, "Unauthorized"),
        "Forbidden" => (403, "Forbidden"),
        "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
        _ => (422, "Invalid"),
    };
    (status.code, status.reason) = (code, reason.into());
    let (reason, field) = (String::new(), String::new());
    status.causes.push(Cause { reason, message: denied.message, field });
    status
}
