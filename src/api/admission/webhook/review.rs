//! Asking a webhook about a write: the review, and what its answer means. Mirrors
//! `plugin/webhook/request`, `plugin/webhook/errors`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Failure, Hook, Patch};
use crate::api::admission::Write;
use crate::api::admission::asked::Asked;
use crate::api::status::{Cause, Status};
use crate::api::webhook::{self, Shape};
use crate::base::base64::{self, Alphabet};
use crate::base::json_read;
use crate::object::patch::json as json_patch;

const GROUP: &str = "admission.k8s.io";
const KIND: &str = "AdmissionReview";

/// What stands where in a review.
const SHAPE: &[Shape] = &[
    ("response", "AdmissionReview", "v1.AdmissionResponse", 'o'),
    ("response.uid", "AdmissionResponse", "types.UID", 's'),
    ("response.allowed", "AdmissionResponse", "bool", 'b'),
    ("response.status", "AdmissionResponse", "v1.Status", 'o'),
    ("response.status.message", "Status", "string", 's'),
    ("response.status.reason", "Status", "v1.StatusReason", 's'),
    ("response.status.code", "Status", "int32", 'n'),
    ("response.patch", "AdmissionResponse", "[]uint8", 's'),
    ("response.patchType", "AdmissionResponse", "v1.PatchType", 's'),
    ("response.auditAnnotations", "AdmissionResponse", "map[string]string", 'o'),
    ("response.warnings", "AdmissionResponse", "[]string", 'a'),
];

/// Asks a webhook about a write; what it wants the object to become.
pub(super) fn ask(
    hook: &Hook,
    asked: &Asked,
    write: &mut Write<'_>,
    warnings: &mut Vec<String>,
    mutates: bool,
) -> Result<Patch, Failure> {
    let version = version(&hook.spec)?;
    let uid = write.rng.uuid();
    let review = review(version, &uid, asked);
    let seconds = hook.spec["timeoutSeconds"].as_u64().unwrap_or(10);
    webhook::authorities(&hook.spec["clientConfig"])
        .map_err(|why| Failure::Calling(format!("could not get REST client: {why}")))?;
    let failed = |why: String| Failure::Calling(format!("failed to call webhook: {why}"));
    let call = webhook::prepare(write.store, &hook.spec["clientConfig"], &review, seconds);
    let answer = webhook::post(write.callers, call).and_then(|answer| {
        webhook::check(&answer, (GROUP, version, KIND), SHAPE)?;
        let patch = answer["response"]["patch"].as_str().unwrap_or_default();
        let patch = base64::decode(patch, Alphabet::Standard)?;
        Ok((answer, patch))
    });
    let (answer, patch) = answer.map_err(failed)?;
    let found = verify(&answer, &patch, version, &uid, mutates);
    found.map_err(|why| Failure::Calling(format!("received invalid webhook response: {why}")))?;
    let response = &answer["response"];
    let told = response["warnings"].as_array().into_iter().flatten();
    warnings.extend(told.filter_map(Value::as_str).map(str::to_owned));
    if response["allowed"] != true {
        return Err(Failure::Refusal(refusal(hook.text("name"), &response["status"])));
    }
    if !mutates || patch.is_empty() {
        return Ok(None);
    }
    patched(hook, asked, response, &patch, version)
}

/// The version of the review that a webhook reads.
fn version(spec: &Value) -> Result<&'static str, Failure> {
    let given = spec["admissionReviewVersions"].as_array().into_iter().flatten();
    let mut known =
        given.filter_map(|version| ["v1", "v1beta1"].into_iter().find(|known| version == known));
    known.next().ok_or_else(|| {
        let why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)";
        Failure::Calling(format!("could not create admission objects: {why}"))
    })
}

fn review(version: &str, uid: &str, asked: &Asked) -> Value {
    let mut request = asked.request.clone();
    request["uid"] = uid.into();
    request["object"] = asked.object.clone();
    request["oldObject"] = asked.old.clone();
    json!({"kind": KIND, "apiVersion": format!("{GROUP}/{version}"), "request": request})
}

/// Mirrors `VerifyAdmissionResponse`.
fn verify(
    answer: &Value,
    patch: &[u8],
    version: &str,
    uid: &str,
    mutates: bool,
) -> Result<(), String> {
    let response = &answer["response"];
    if response.is_null() {
        return Err("webhook response was absent".to_owned());
    }
    if version != "v1" {
        return Ok(());
    }
    let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
    let found = text(&response["uid"]);
    if found != uid {
        return Err(format!("expected response.uid={uid:?}, got {found:?}"));
    }
    let (api_version, kind) = (text(&answer["apiVersion"]), text(&answer["kind"]));
    if api_version != "admission.k8s.io/v1" || kind != KIND {
        let slash = if api_version.contains('/') { "" } else { "/" };
        return Err(format!(
            "expected webhook response of {GROUP}/v1, Kind={KIND}, got {slash}{api_version}, \
             Kind={kind}"
        ));
    }
    let named = response["patchType"].as_str();
    let why = match (mutates, patch.is_empty(), named) {
        (true, false, None) => "webhook returned response.patch but not response.patchType",
        (true, true, Some(_)) => "webhook returned response.patchType but not response.patch",
        (true, _, Some("")) => "webhook returned invalid response.patchType of \"\"",
        (false, false, _) => "validating webhook may not return response.patch",
        (false, _, Some(_)) => "validating webhook may not return response.patchType",
        _ => return Ok(()),
    };
    Err(why.to_owned())
}

/// The refusal of a webhook that gives a status. Mirrors `ToStatusErr`.
fn refusal(name: &str, given: &Value) -> Status {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let denied = format!("admission webhook \"{name}\" denied the request");
    let (message, reason) = (text(&given["message"]), text(&given["reason"]));
    let message = match (message.as_str(), reason.as_str()) {
        ("", "") => format!("{denied} without explanation"),
        ("", why) | (why, _) => format!("{denied}: {why}"),
    };
    let code = given["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(0);
    let details = &given["details"];
    let mut status = Status::bad_request(message);
    status.code = code.max(400);
    status.reason = Cow::Owned(reason);
    status.name = text(&details["name"]);
    status.group = text(&details["group"]);
    status.kind = text(&details["kind"]);
    status.is_generic = details.is_object();
    let seconds = details["retryAfterSeconds"].as_u64().unwrap_or(0);
    status.retry_after_seconds = u32::try_from(seconds).unwrap_or(0);
    let causes = details["causes"].as_array().into_iter().flatten();
    status.causes = causes
        .map(|cause| Cause {
            reason: text(&cause["reason"]),
            message: text(&cause["message"]),
            field: text(&cause["field"]),
        })
        .collect();
    status
}

/// The object with the patch of an answer.
fn patched(
    hook: &Hook,
    asked: &Asked,
    response: &Value,
    patch: &[u8],
    version: &str,
) -> Result<Patch, Failure> {
    let undecodable = |why: String| {
        Failure::Calling(format!("received undecodable patch in webhook response: {why}"))
    };
    let text = String::from_utf8_lossy(patch);
    let patch = json_read::read(&text).map_err(undecodable)?.value;
    match &patch {
        Value::Array(operations) if operations.is_empty() => return Ok(None),
        Value::Array(_) => {}
        Value::Null => return Ok(None),
        other => {
            let found = crate::object::patch::merge::json_kind(other);
            let why =
                format!("json: cannot unmarshal {found} into Go value of type jsonpatch.Patch");
            return Err(undecodable(why));
        }
    }
    if asked.object.is_null() {
        let name = hook.text("name");
        return Err(Failure::Refusal(Status::internal(&format!(
            "admission webhook \"{name}\" attempted to modify the object, which is not supported \
             for this operation"
        ))));
    }
    let kind = response["patchType"].as_str().unwrap_or_default();
    if version == "v1" && kind != "JSONPatch" {
        return Err(Failure::Calling(format!("unsupported patch type {kind:?}")));
    }
    let patched = json_patch::apply(&asked.object, &patch);
    patched.map(Some).map_err(|why| {
        let why = json_patch::words(&why, &asked.object, &patch);
        Failure::Refusal(Status::internal(&why))
    })
}
