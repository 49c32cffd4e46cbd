//! Changing parts of an object. Mirrors `endpoints/handlers/patch.go`.

use serde_json::Value;

use crate::api::{Body, PatchType, Request, Server, Status, Verb, decode};
use crate::base::go_text;
use crate::kinds::{FieldError, Kind};
use crate::object::Object;
use crate::object::patch::{json, merge, strategic};

impl Server {
    /// What an update or a patch wants stored, and what it replaces.
    pub(in crate::api) fn replacement(
        &mut self,
        kind: &'static dyn Kind,
        request: &mut Request,
    ) -> Result<(Object, Object), Status> {
        match request.verb {
            Verb::Update => {
                let new = decode::body(kind, request, &mut self.warnings)?;
                Ok((new, self.current(request)?.clone()))
            }
            Verb::Patch(how) => {
                let Body::Json(patch) = std::mem::take(&mut request.body) else {
                    return Err(Status::bad_request("a patch must be given"));
                };
                let old = self.current(request)?.clone();
                let version = decode::version(kind, &request.version);
                let before = kind.encode(version, &old);
                let after = patched(how, kind.names().kind, &before, &patch)?;
                let new = decode::decode(kind, version, &after, request, &mut self.warnings)
                    .map_err(|error| misfit(how, &patch, &after, &error))?;
                Ok((new, old))
            }
            _ => Err(Status::no_such_method()),
        }
    }
}

/// JSON with a patch applied.
pub(in crate::api) fn patched(
    how: PatchType,
    kind: &str,
    before: &Value,
    patch: &Value,
) -> Result<Value, Status> {
    match how {
        PatchType::Json => json::apply(before, patch).map_err(|error| match error {
            json::JsonPatchError::Malformed(text) => Status::bad_request(text),
            json::JsonPatchError::Rejected(_) => Status::unprocessable(),
        }),
        PatchType::Merge if patch.is_null() => Err(Status::bad_request("Invalid JSON Patch")),
        PatchType::Merge => {
            let refuse = |why| Status::bad_request(format!("error decoding patch: {why}"));
            merge::require_object(patch).map_err(refuse)?;
            Ok(merge::apply(before, patch))
        }
        PatchType::Apply => Err(Status::no_such_method()),
        PatchType::Strategic => {
            merge::require_object(patch).map_err(Status::bad_request)?;
            strategic::apply(before, patch, kind).map_err(Status::unexplained)
        }
    }
}

/// 422 for a patch after which the object can no longer be decoded.
fn misfit(how: PatchType, patch: &Value, after: &Value, error: &str) -> Status {
    let (value, error) = match (how, error.rsplit_once(" of type ")) {
        // Upstream reads what a strategic patch gives with another decoder, of fewer words.
        (PatchType::Strategic, Some((_, go_type))) => {
            (go_text::print(patch), format!("unrecognized type: {go_type}"))
        }
        (PatchType::Strategic, None) => (go_text::print(patch), error.to_owned()),
        _ => (after.to_string(), error.to_owned()),
    };
    Status::invalid("", "", "", &[FieldError::invalid("patch", value, error)])
}
