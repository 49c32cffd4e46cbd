//! Changing parts of an object. Mirrors `endpoints/handlers/patch.go`.

use serde_json::Value;

use super::{Part, update};
use crate::api::{Body, PatchType, Reply, Request, Server, Status, Verb, decode};
use crate::base::go_text;
use crate::kinds::{FieldError, Kind};
use crate::object::patch::{json, merge, strategic};
use crate::object::{Object, go_json};

impl Server {
    /// Server-side apply: makes an object, or merges into it what is applied.
    /// Mirrors `applyPatcher`.
    pub(in crate::api) fn apply(
        &mut self,
        kind: &'static dyn Kind,
        part: Part,
        mut request: Request,
    ) -> Result<Reply, Status> {
        let patch = match std::mem::take(&mut request.body) {
            Body::Json(patch) => patch,
            Body::Object(object) => object.to_value(),
            Body::None => return Err(Status::bad_request("a patch must be given")),
        };
        match self.target(kind, &request) {
            Ok(old) => {
                let new = self.applied(kind, &request, Some(&old), &patch)?;
                self.note_oddities(&request)?;
                self.replace(kind, part, new, old, &request)
            }
            Err(status) if status.is_not_found() && part == Part::Main => {
                let mut new = self.applied(kind, &request, None, &patch)?;
                self.note_oddities(&request)?;
                update::check_name(&new, &request)?;
                new.meta_mut().resource_version = None;
                self.store_new(kind, new, &request, false)
            }
            Err(status) => Err(status),
        }
    }

    /// Refuses what was applied with keys that stand twice, or warns of it.
    fn note_oddities(&mut self, request: &Request) -> Result<(), Status> {
        let odd = request.oddities.iter().filter(|_| !request.lenient);
        for why in odd.map(|why| format!("error converting YAML to JSON: {why}")) {
            if request.strict {
                return Err(Status::bad_request(format!("error strict decoding YAML: {why}")));
            }
            self.warnings.push(why);
        }
        Ok(())
    }

    /// What an update or a patch wants stored, and what it replaces.
    pub(in crate::api) fn replacement(
        &mut self,
        kind: &'static dyn Kind,
        request: &mut Request,
    ) -> Result<(Object, Object), Status> {
        match request.verb {
            Verb::Update => {
                let schema = self.schema_of(kind, request);
                let new = decode::body(kind, &schema, request, &mut self.warnings)?;
                let old = self.target(kind, request)?;
                Ok((new, old))
            }
            Verb::Patch(PatchType::Strategic) if kind.is_custom() => {
                Err(Status::unsupported_media_type(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json, \
                     application/apply-patch+yaml",
                ))
            }
            Verb::Patch(how) => {
                let Body::Json(patch) = std::mem::take(&mut request.body) else {
                    return Err(Status::bad_request("a patch must be given"));
                };
                let old = self.target(kind, request)?;
                let version = decode::version(kind, &request.version);
                let before = kind.encode(version, &old);
                let mut after = patched(how, kind.names().kind, &before, &patch)?;
                if !kind.is_custom() && how != PatchType::Strategic {
                    decode::check_kind(kind, &after)
                        .map_err(|error| misfit(how, &patch, &after, &error))?;
                }
                if !kind.is_custom() {
                    self.schema_of(kind, request).prune(&mut after);
                }
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

/// What a merge leaves, as text: only what the patch is about was read, and is sorted.
fn half_read(after: &Value, patch: &Value) -> String {
    let (Value::Object(fields), Value::Object(patch)) = (after, patch) else {
        return go_json::to_string(after);
    };
    let field = |(name, value): (&String, &Value)| {
        let value = match patch.get(name) {
            Some(patch) => half_read(value, patch),
            None => go_json::to_string(value),
        };
        format!("{}:{value}", Value::from(name.as_str()))
    };
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
}

/// 422 for a patch after which the object can no longer be decoded.
fn misfit(how: PatchType, patch: &Value, after: &Value, error: &str) -> Status {
    let (value, error) = match (how, error.rsplit_once(" of type ")) {
        // Upstream reads what a strategic patch gives with another decoder, of fewer words.
        // Go can make a string of a whole number, which that decoder then will not have.
        (PatchType::Strategic, Some((before, "string"))) if before.contains(" number ") => {
            (go_text::print(patch), "cannot convert int64 to string".to_owned())
        }
        (PatchType::Strategic, Some((_, go_type))) => {
            (go_text::print(patch), format!("unrecognized type: {go_type}"))
        }
        (PatchType::Strategic, None) => (go_text::print(patch), error.to_owned()),
        (PatchType::Merge, _) => (half_read(after, patch), error.to_owned()),
        _ => (after.to_string(), error.to_owned()),
    };
    Status::invalid("", "", "", &[FieldError::invalid("patch", value, error)])
}
