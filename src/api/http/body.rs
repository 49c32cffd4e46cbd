//! A request's body: from bytes to a value. Mirrors the decoding part of `endpoints/handlers`.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Call, protobuf};
use crate::api::{PatchType, Status};
use crate::base::{json_read, yaml};

/// The longest body. Mirrors `MaxRequestBodyBytes`.
pub(super) const LIMIT: usize = 3 * 1024 * 1024;
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const READ: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// How much of an unreadable body is quoted. Mirrors `stripUnreadable` and `snippet`.
const QUOTED: usize = 30;

/// A body that could be read.
pub(super) struct Decoded {
    /// What it says.
    pub value: Value,
    /// Keys that stood twice, in the words of a strict decoder.
    pub oddities: Vec<String>,
}

fn media(call: &Call) -> String {
    let given = call.header("content-type").unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The object in a body that is to become a `kind`.
///
/// # Errors
/// 413, 415, or 400 when it is no JSON or YAML.
pub(super) fn object(call: &Call, kind: &str, is_custom: bool) -> Result<Decoded, Status> {
    if call.body.len() > LIMIT {
        return Err(Status::too_large(LIMIT));
    }
    let unrecognized = |why: String| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why} ({})",
            quoted(&call.body)
        ))
    };
    let is_yaml = match media(call).as_str() {
        PROTOBUF => {
            let value = protobuf::read(&call.body).map_err(unrecognized)?;
            return Ok(Decoded { value, oddities: Vec::new() });
        }
        "" | "application/json" => false,
        "application/yaml" => true,
        _ => {
            return Err(Status::unsupported_media_type(format!(
                "the body of the request was in an unknown format - accepted media types \
                 include: {READ}"
            )));
        }
    };
    let text = String::from_utf8_lossy(&call.body);
    let decoded = if is_yaml {
        read_yaml(&text).map_err(unrecognized)?
    } else {
        read_json(&text).map_err(|why| {
            unrecognized(format!("couldn't get version/kind; json parse error: {why}"))
        })?
    };
    let version = decoded.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if version.matches('/').count() > 1 {
        return Err(unrecognized(format!("unexpected GroupVersion string: {version}")));
    }
    if let Some(found) = misfit(&decoded.value) {
        return Err(unrecognized(format!("couldn't get version/kind; json parse error: {found}")));
    }
    let text_of = |name: &str| decoded.value.get(name).and_then(Value::as_str).unwrap_or_default();
    for (name, field) in [("Kind", "kind"), ("apiVersion", "apiVersion")] {
        // Only of built-in kinds the path says enough.
        if is_custom && text_of(field).is_empty() {
            return Err(unrecognized(format!("Object '{name}' is missing in '{text}'")));
        }
    }
    Ok(decoded)
}

/// What a body is, where it is neither an object nor null.
fn misfit(value: &Value) -> Option<String> {
    crate::api::decode::misfit(value)
}

fn read_json(text: &str) -> Result<Decoded, String> {
    let json = json_read::read(text)?;
    let oddities = json.duplicates.iter().map(|path| format!("duplicate field {path:?}"));
    Ok(Decoded { value: json.value, oddities: oddities.collect() })
}

fn read_yaml(text: &str) -> Result<Decoded, String> {
    let Some(document) = yaml::parse_documents(text).into_iter().next() else {
        return Ok(Decoded { value: Value::Null, oddities: Vec::new() });
    };
    let oddities = document.strict_error().into_iter().collect();
    let value = document.value.map_err(|error| error.problem)?;
    Ok(Decoded { value, oddities })
}

/// The beginning of a body: as text where it looks like JSON, else in hexadecimal digits.
fn quoted(body: &[u8]) -> String {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let shown = body.get(..QUOTED.min(body.len())).unwrap_or_default();
    let mut text = if body.get(start) == Some(&b'{') {
        String::from_utf8_lossy(shown).into_owned()
    } else {
        let mut digits = String::new();
        for byte in shown {
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    };
    if body.len() > QUOTED {
        text.push_str(" ...");
    }
    text
}

/// The options in the body of a deletion; null where there are none.
///
/// # Errors
/// 400 when it cannot be read.
pub(super) fn delete_options(call: &Call) -> Result<Value, Status> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    if call.body.len() > LIMIT {
        return Err(Status::too_large(LIMIT));
    }
    if media(call) == PROTOBUF {
        return protobuf::read(&call.body).map_err(Status::bad_request);
    }
    let text = String::from_utf8_lossy(&call.body);
    if text.trim_start().starts_with(['{', '[', '"']) {
        let decoded = read_json(&text).map_err(|why| {
            Status::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
        });
        return decoded.map(|decoded| decoded.value);
    }
    read_yaml(&text).map(|decoded| decoded.value).map_err(Status::bad_request)
}

/// How a patch is to be read.
///
/// # Errors
/// 415 for what is no patch.
pub(super) fn patch_type(call: &Call) -> Result<PatchType, Status> {
    let media = media(call);
    Ok(match media.as_str() {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/apply-patch+yaml" => PatchType::Apply,
        "application/strategic-merge-patch+json" => PatchType::Strategic,
        _ => {
            let message = "415: Unsupported Media Type";
            return Err(Status::generic(415, "UnsupportedMediaType", message));
        }
    })
}

/// The patch in a body.
///
/// # Errors
/// 413, or 400 when it is no JSON.
pub(super) fn patch(call: &Call, how: PatchType) -> Result<Decoded, Status> {
    if call.body.len() > LIMIT {
        return Err(Status::too_large(LIMIT));
    }
    let text = String::from_utf8_lossy(&call.body);
    match how {
        PatchType::Strategic => read_json(&text).map_err(Status::bad_request),
        PatchType::Json | PatchType::Merge => read_json(&text)
            .map_err(|why| Status::bad_request(format!("error decoding patch: {why}"))),
        PatchType::Apply => read_yaml(&text).map_err(|why| {
            Status::bad_request(format!(
                "error decoding YAML: error converting YAML to JSON: {why}"
            ))
        }),
    }
}
