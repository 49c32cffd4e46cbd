//! From a request's body to a typed object, with upstream's words for what does not fit.

use serde_json::Value;

use super::{Body, Request, Status};
use crate::kinds::Kind;
use crate::object::Object;

/// The object in a request's body, not yet defaulted. Typed bodies are taken as they are.
///
/// # Errors
/// 400 when the body holds no object of that kind.
pub(super) fn body(kind: &dyn Kind, request: &mut Request) -> Result<Object, Status> {
    match std::mem::take(&mut request.body) {
        Body::Object(object) if object.resource() == request.resource => Ok(object),
        Body::Object(object) => Err(Status::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}",
            object.kind(),
            version_of(object.api_version()),
            kind.names().kind
        ))),
        Body::Json(value) => decode(kind, &request.version, &value, request.strict),
        Body::None => Err(Status::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: couldn't get version/kind; json parse \
             error: unexpected end of JSON input (<empty>)",
            kind.names().kind,
            kind.names().versions.first().copied().unwrap_or_default(),
            kind.names().kind
        ))),
    }
}

fn version_of(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or_default()
}

/// A served version; the preferred one where none is asked for.
pub(super) fn version<'a>(kind: &dyn Kind, asked: &'a str) -> &'a str {
    let preferred = kind.names().versions.first().copied().unwrap_or_default();
    if asked.is_empty() { preferred } else { asked }
}

/// Decodes JSON of a served version (empty: the one that the JSON names, or the preferred one).
///
/// # Errors
/// 400 with upstream's text.
pub(super) fn decode(
    kind: &dyn Kind,
    version: &str,
    value: &Value,
    _strict: bool,
) -> Result<Object, Status> {
    let names = kind.names();
    let written = value.get("apiVersion").and_then(Value::as_str).map(version_of);
    let preferred = names.versions.first().copied().unwrap_or_default();
    let version = if version.is_empty() { written.unwrap_or(preferred) } else { version };
    kind.decode(version, value).map_err(|error| {
        Status::bad_request(format!(
            "{} in version {version:?} cannot be handled as a {}: {error}",
            names.kind, names.kind
        ))
    })
}
