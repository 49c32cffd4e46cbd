//! Changing parts of an object. Mirrors `endpoints/handlers/patch.go`.

use serde_json::Value;

use crate::api::{Body, PatchType, Request, Server, Status, Verb, decode};
use crate::kinds::Kind;
use crate::object::Object;

impl Server {
    /// What an update or a patch wants stored, and what it replaces.
    pub(in crate::api) fn replacement(
        &self,
        kind: &'static dyn Kind,
        request: &mut Request,
    ) -> Result<(Object, Object), Status> {
        match request.verb {
            Verb::Update => {
                let new = decode::body(kind, request)?;
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
                let new = decode::decode(kind, version, &after, request.strict)?;
                Ok((new, old))
            }
            _ => Err(Status::no_such_method()),
        }
    }
}

/// JSON with a patch applied.
pub(in crate::api) fn patched(
    _how: PatchType,
    _kind: &str,
    _before: &Value,
    _patch: &Value,
) -> Result<Value, Status> {
    Err(Status::no_such_method())
}
