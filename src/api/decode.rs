//! From a request's body to a typed object, with upstream's words for what does not fit.

use serde_json::Value;

use super::{Body, Request, Status};
use crate::base::json_read;
use crate::base::order::Order as _;
use crate::kinds::{self, Kind, Names};
use crate::object::Object;
use crate::object::managed::Schema;

/// The object in a request's body, not yet defaulted. Typed bodies are taken as they are.
///
/// # Errors
/// 400 when the body holds no object of that kind.
pub(super) fn body(
    kind: &dyn Kind,
    schema: &Schema,
    request: &mut Request,
    warnings: &mut Vec<String>,
) -> Result<Object, Status> {
    let names = kind.names();
    match std::mem::take(&mut request.body) {
        Body::Object(object) if object.resource() == names.resource() => Ok(object),
        Body::Object(object) => Err(unconvertible(kind, object.api_version(), object.kind())),
        Body::Json(value) => from_client(kind, schema, request, value, warnings),
        Body::None => {
            Err(unrecognized(kind, "json parse error: unexpected end of JSON input (<empty>)"))
        }
    }
}

/// The version of an `apiVersion`.
fn version_of(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or_default()
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// A served version; the preferred one where none is asked for.
pub(super) fn version<'a>(kind: &dyn Kind, asked: &'a str) -> &'a str {
    let preferred = kind.names().versions.first().copied().unwrap_or_default();
    if asked.is_empty() { preferred } else { asked }
}

/// Decodes what a client sent to a version's path. What the JSON says it is wins over the path.
fn from_client(
    kind: &dyn Kind,
    schema: &Schema,
    request: &Request,
    value: Value,
    warnings: &mut Vec<String>,
) -> Result<Object, Status> {
    let names = kind.names();
    let empty = Value::Object(serde_json::Map::new());
    let mut value = if value.is_null() { empty } else { value };
    if let Some(found) = misfit(&value) {
        return Err(unrecognized(kind, &format!("json parse error: {found}")));
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
    let written = text("apiVersion");
    let is_same = text("kind").is_none_or(|kind| kind == names.kind)
        && written.is_none_or(|written| {
            group_of(written) == names.group && names.versions.contains(&version_of(written))
        });
    let version = version(kind, &request.version);
    if kind.is_custom() {
        other_version(names, version, &value, request, warnings)?;
    } else if !is_same {
        let own = match names.group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        };
        let kind_written = text("kind").unwrap_or(names.kind);
        return Err(unconvertible(kind, written.unwrap_or(&own), kind_written));
    }
    let version = written.map_or(version, version_of).to_owned();
    if !kind.is_custom() {
        schema.prune(&mut value);
    }
    decode(kind, &version, &value, request, warnings).map_err(|error| {
        Status::bad_request(format!(
            "{} in version {version:?} cannot be handled as a {}: {error}",
            names.kind, names.kind
        ))
    })
}

/// A custom resource in another version than the path's is refused, after all of it was found
/// unknown. Its kind is looked at when it is validated.
fn other_version(
    names: &Names,
    version: &str,
    value: &Value,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<(), Status> {
    let written = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let expected = format!("{}/{version}", names.group);
    if written == expected {
        return Ok(());
    }
    let fields = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let unknown = fields.filter(|name| !matches!(*name, "apiVersion" | "kind" | "metadata"));
    if !request.lenient && group_of(written) == names.group {
        warnings.extend(unknown.map(|name| format!("unknown field \"{name}\"")));
    }
    Err(Status::bad_request(format!(
        "the API version in the data ({written}) does not match the expected API version \
         ({expected})"
    )))
}

/// What JSON is, where it is no object.
pub(super) fn misfit(value: &Value) -> Option<String> {
    let found = match value {
        Value::Object(_) | Value::Null => return None,
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
    };
    Some(format!(
        "json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \
         \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
    ))
}

fn unrecognized(kind: &dyn Kind, why: &str) -> Status {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind; {why}",
        kind.names().kind
    ))
}

/// Another kind stands in the body: one that exists, or one that nobody knows.
fn unconvertible(kind: &dyn Kind, api_version: &str, written: &str) -> Status {
    let (version, wanted) = (version_of(api_version), kind.names().kind);
    let why = another(kind, api_version, written);
    Status::bad_request(format!(
        "{written} in version {version:?} cannot be handled as a {wanted}: {why}"
    ))
}

fn find_kind(api_version: &str, written: &str) -> Option<&'static dyn Kind> {
    let known = kinds::by_kind(group_of(api_version), written)?;
    known.names().versions.contains(&version_of(api_version)).then_some(known)
}

/// Why a kind cannot be read as another.
fn another(kind: &dyn Kind, api_version: &str, written: &str) -> String {
    let (version, wanted) = (version_of(api_version), kind.names().kind);
    if find_kind(api_version, written).is_some() {
        let internal = match kind.names().group {
            "" => "core",
            group => group.split('.').next().unwrap_or_default(),
        };
        return format!(
            "converting ({version}.{written}) to ({internal}.{wanted}): unknown conversion"
        );
    }
    format!(
        "no kind {written:?} is registered for version {api_version:?} in scheme \
         \"pkg/api/legacyscheme/scheme.go:30\""
    )
}

/// Whether what a patch has left still says that it is of its kind.
///
/// # Errors
/// What Go's decoder says of the kind that it has become.
pub(super) fn check_kind(kind: &dyn Kind, value: &Value) -> Result<(), String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, written, names) = (text("apiVersion"), text("kind"), kind.names());
    let is_same = written == names.kind
        && group_of(api_version) == names.group
        && names.versions.contains(&version_of(api_version));
    if is_same {
        return Ok(());
    }
    if let Some(other) = find_kind(api_version, written) {
        other.decode(version_of(api_version), value)?;
    }
    Err(another(kind, api_version, written))
}

/// Decodes JSON of a served version; the error is that of Go's decoder. What would be an error if
/// the request were strict is warned of, unless it is lenient.
pub(super) fn decode(
    kind: &dyn Kind,
    version: &str,
    value: &Value,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Object, String> {
    let object = kind.decode(version, value)?;
    if request.lenient {
        return Ok(object);
    }
    let mut unknown = Vec::new();
    find_unknown(value, &kind.encode(version, &object), "", &mut unknown);
    let unknown = unknown.iter().map(|field| format!("unknown field \"{field}\""));
    let mut odd: Vec<String> = request.oddities.iter().cloned().chain(unknown).collect();
    if odd.len() > 1 && !request.text.is_empty() {
        let keys = json_read::keys(&request.text);
        // What stands twice is found where it stands the second time.
        odd.order_by_key(|odd| {
            let path = odd.split('"').nth(1)?;
            keys.iter().rposition(|key| key == path)
        });
    }
    if request.strict && !odd.is_empty() {
        return Err(format!("strict decoding error: {}", odd.join(", ")));
    }
    warnings.extend(odd);
    Ok(object)
}

/// The paths of the fields that decoding has lost: those that the kind does not have.
fn find_unknown(given: &Value, kept: &Value, path: &str, unknown: &mut Vec<String>) {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in given {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match kept.get(name) {
                    Some(kept) => find_unknown(value, kept, &path, unknown),
                    None if value.is_null() => {}
                    None => unknown.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (index, (given, kept)) in given.iter().zip(kept).enumerate() {
                find_unknown(given, kept, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}
