//! From query parameters and option bodies to a request's fields, with upstream's checks.
//! Mirrors `apimachinery/pkg/apis/meta/v1/validation` and `apis/meta/internalversion/validation`.

use serde_json::{Value, json};

use super::token;
use crate::api::{Propagation, Request, Status, Verb};
use crate::kinds::FieldError;

/// The longest name of a field manager. Mirrors `FieldManagerMaxLength`.
pub(super) const MANAGER_MAX: usize = 128;

/// The query of a request.
pub(super) struct Query<'a>(pub &'a [(String, String)]);

impl Query<'_> {
    /// A parameter's first value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether a parameter says yes. Mirrors `Convert_Slice_string_To_bool`: what is neither no nor
    /// empty is a yes.
    pub(super) fn truth(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    /// A number. Mirrors `Convert_Slice_string_To_int64`.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Status> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let parsed = text.parse().map(Some);
        parsed.map_err(|_| {
            Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
        })
    }
}

fn invalid(kind: &str, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(kind, "meta.k8s.io", "", errors))
}

/// A revision in the words of the version parser.
fn revision(text: &str) -> Result<Option<u64>, String> {
    match text {
        "" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| {
            format!(
                "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: \
                 invalid syntax"
            )
        }),
    }
}

/// `GET` of one object: a revision that is not older than what is asked for.
pub(super) fn get(query: &Query<'_>) -> Result<Option<u64>, Status> {
    revision(query.text("resourceVersion")).map_err(Status::unexplained)
}

/// Lists, watches and deletions of collections.
pub(super) fn list(request: &mut Request, query: &Query<'_>) -> Result<(), Status> {
    let limit = query.number("limit")?.unwrap_or(0);
    query.number("timeoutSeconds")?;
    query.text("labelSelector").clone_into(&mut request.label_selector);
    query.text("fieldSelector").clone_into(&mut request.field_selector);
    let watches = request.verb == Verb::Watch;
    invalid("ListOptions", &list_faults(query, watches))?;
    let version = query.text("resourceVersion");
    if watches {
        request.resource_version = revision(version).map_err(Status::unexplained)?;
        return Ok(());
    }
    let asked = revision(version)
        .map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?;
    request.page.limit = usize::try_from(limit).unwrap_or(0);
    let going_on = query.text("continue");
    if !going_on.is_empty() {
        if asked.is_some_and(|version| version != 0) {
            let why = "specifying resource version is not allowed when using continue";
            return Err(Status::bad_request(why));
        }
        let place = token::read(going_on).map_err(Status::bad_request)?;
        // From the cache, which "0" asks for, whatever is left comes at once.
        if version == "0" {
            request.page.limit = 0;
        }
        let (namespace, name) = place.after;
        // A list of one namespace leaves it out.
        let namespace = if namespace.is_empty() { request.namespace.clone() } else { namespace };
        request.page.after = Some((namespace, name));
        request.page.revision = place.revision;
        return Ok(());
    }
    request.resource_version = asked.filter(|version| *version != 0);
    if query.text("resourceVersionMatch") == "Exact" {
        request.page.revision = asked;
    }
    Ok(())
}

/// Mirrors `ValidateListOptions`.
fn list_faults(query: &Query<'_>, watches: bool) -> Vec<FieldError> {
    let how = query.text("resourceVersionMatch");
    let (version, going_on) = (query.text("resourceVersion"), query.text("continue"));
    let initial = query.get("sendInitialEvents").is_some();
    let forbid = |detail: &str| FieldError::forbidden("resourceVersionMatch", detail);
    let mut errors = Vec::new();
    if watches {
        return watch_faults(how, going_on, initial);
    }
    if initial {
        errors.push(FieldError::forbidden(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for list",
        ));
    }
    if how.is_empty() {
        return errors;
    }
    if version.is_empty() {
        errors.push(forbid("resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if !going_on.is_empty() {
        errors.push(forbid("resourceVersionMatch is forbidden when continue is provided"));
    }
    if !matches!(how, "Exact" | "NotOlderThan") {
        let supported = ["Exact", "NotOlderThan", ""];
        errors.push(FieldError::not_supported("resourceVersionMatch", how, &supported));
    }
    if how == "Exact" && version == "0" {
        errors
            .push(forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
    }
    errors
}

/// Mirrors `validateWatchOptions`.
fn watch_faults(how: &str, going_on: &str, initial: bool) -> Vec<FieldError> {
    let forbid = |detail: &str| FieldError::forbidden("resourceVersionMatch", detail);
    let mut errors = Vec::new();
    if initial && how != "NotOlderThan" {
        errors.push(forbid(
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ));
    }
    if !how.is_empty() {
        if !initial {
            errors.push(forbid(
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
        if how != "NotOlderThan" {
            let supported = ["NotOlderThan"];
            errors.push(FieldError::not_supported("resourceVersionMatch", how, &supported));
        }
    }
    if !going_on.is_empty() {
        errors.push(forbid("resourceVersionMatch is forbidden when continue is provided"));
    }
    errors
}

/// The options that all writes share. Mirrors `ValidateCreateOptions`, `ValidateUpdateOptions` and
/// `ValidatePatchOptions`.
pub(super) fn write(
    request: &mut Request,
    kind: &str,
    is_apply: bool,
    query: &Query<'_>,
) -> Result<(), Status> {
    let manager = query.text("fieldManager");
    let mut errors = Vec::new();
    if kind == "PatchOptions" {
        let forces = query.get("force").is_some();
        if is_apply && manager.is_empty() {
            errors.push(FieldError::required("fieldManager", "is required for apply patch"));
        } else if !is_apply && forces {
            errors.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
        }
    }
    errors.extend(manager_faults(manager));
    request.dry_run = dry_run(query, &mut errors);
    let level = query.text("fieldValidation");
    match level {
        "" | "Warn" => {}
        "Ignore" => request.lenient = true,
        "Strict" => request.strict = true,
        _ => errors.push(FieldError::not_supported(
            "fieldValidation",
            level,
            &["", "Ignore", "Strict", "Warn"],
        )),
    }
    invalid(kind, &errors)
}

/// Mirrors `ValidateFieldManager`.
fn manager_faults(manager: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.len() > MANAGER_MAX {
        errors.push(FieldError::too_long("fieldManager", MANAGER_MAX));
    }
    if manager.chars().any(char::is_control) {
        let why = "should only contain printable characters";
        errors.push(FieldError::invalid("fieldManager", manager, why));
    }
    errors
}

/// Whether nothing is to be stored. Mirrors `ValidateDryRun`.
fn dry_run(query: &Query<'_>, errors: &mut Vec<FieldError>) -> bool {
    let values: Vec<&str> = query
        .0
        .iter()
        .filter(|(key, value)| key == "dryRun" && !value.is_empty())
        .map(|(_, value)| value.as_str())
        .collect();
    dry_run_values(&values, errors)
}

fn dry_run_values(values: &[&str], errors: &mut Vec<FieldError>) -> bool {
    if values.iter().any(|value| *value != "All") {
        let shown = json!(values).to_string();
        errors
            .push(FieldError { value: shown, ..FieldError::not_supported("dryRun", "", &["All"]) });
    }
    !values.is_empty()
}

/// Deletions: the body wins over the query. Mirrors `DeleteResource`.
pub(super) fn delete(
    request: &mut Request,
    query: &Query<'_>,
    given: &Value,
) -> Result<(), Status> {
    check_delete_body(given)?;
    let mut errors = Vec::new();
    let (grace, policy, orphan) = if given.is_null() {
        let orphan = query.get("orphanDependents").map(|_| query.truth("orphanDependents"));
        request.dry_run = dry_run(query, &mut errors);
        let policy = query.get("propagationPolicy").map(str::to_owned);
        (query.number("gracePeriodSeconds")?, policy, orphan)
    } else {
        let list = given.get("dryRun").and_then(Value::as_array);
        let values: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        request.dry_run = dry_run_values(&values, &mut errors);
        let precondition =
            |name: &str| given.pointer(&format!("/preconditions/{name}")).and_then(Value::as_str);
        request.delete.uid = precondition("uid").map(str::to_owned);
        request.delete.resource_version = precondition("resourceVersion").map(str::to_owned);
        (
            given.get("gracePeriodSeconds").and_then(Value::as_i64),
            given.get("propagationPolicy").and_then(Value::as_str).map(str::to_owned),
            given.get("orphanDependents").and_then(Value::as_bool),
        )
    };
    request.delete.grace_period_seconds = grace;
    request.delete.propagation = propagation(policy.as_deref(), orphan, &mut errors);
    invalid("DeleteOptions", &errors)
}

/// Mirrors the first part of `ValidateDeleteOptions`.
fn propagation(
    policy: Option<&str>,
    orphan: Option<bool>,
    errors: &mut Vec<FieldError>,
) -> Option<Propagation> {
    if let (Some(policy), Some(_)) = (policy, orphan) {
        let why = "orphanDependents and deletionPropagation cannot be both set";
        errors.push(FieldError::invalid("propagationPolicy", policy, why));
        return None;
    }
    match (policy, orphan) {
        (Some("Foreground"), _) => Some(Propagation::Foreground),
        (Some("Background"), _) | (None, Some(false)) => Some(Propagation::Background),
        (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
        (Some(other), _) => {
            let supported = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(FieldError::not_supported("propagationPolicy", other, &supported));
            None
        }
        (None, None) => None,
    }
}

/// Whether a body of a deletion is one.
fn check_delete_body(value: &Value) -> Result<(), Status> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, version) = (text("kind"), text("apiVersion"));
    if matches!(kind, "" | "DeleteOptions") {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "no kind {kind:?} is registered for version {version:?} in scheme \
         \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\""
    )))
}
