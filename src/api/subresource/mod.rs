//! The subresources, a file each.

mod binding;
mod connection;
mod eviction;
mod finalize;
mod log;
pub(super) mod pod_parts;
mod scale;
mod status;

use serde_json::{Value, json};

use super::verbs::Part;
use super::{Body, PatchType, Reply, Request, Server, Status, Verb};
use crate::kinds::Kind;
use crate::object::{Object, Resource, codec};

/// The answer to a request that leaves nothing to show. Mirrors `metav1.StatusSuccess`.
fn success() -> Reply {
    let (kind, status) = ("Status", "Success");
    Reply::Json(json!({
        "kind": kind,
        "apiVersion": "v1",
        "metadata": {},
        "status": status,
        "code": 201,
    }))
}

/// The body of a request to a subresource that has a kind of its own.
fn own_body<T>(kind: &str, internal: &str, body: Body) -> Result<T, Status>
where
    T: Resource + Clone + serde::de::DeserializeOwned,
{
    match body {
        Body::Object(object) => object
            .get::<T>()
            .cloned()
            .ok_or_else(|| unconvertible(object.kind(), object.api_version(), kind, internal)),
        Body::Json(value) => {
            let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
            let written = text("kind");
            if !written.is_empty() && written != kind {
                return Err(unconvertible(written, text("apiVersion"), kind, internal));
            }
            // Older versions of these kinds say the same.
            let mut value = value;
            if let Value::Object(fields) = &mut value {
                fields.remove("apiVersion");
            }
            codec::decode(&value).map_err(Status::bad_request)
        }
        Body::None => Err(Status::bad_request(format!("a {kind} must be given"))),
    }
}

fn unconvertible(written: &str, api_version: &str, kind: &str, internal: &str) -> Status {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    Status::bad_request(format!(
        "{written} in version {version:?} cannot be handled as a {kind}: converting \
         ({version}.{written}) to ({internal}.{kind}): unknown conversion"
    ))
}

impl Server {
    /// Answers a request to a subresource.
    pub(super) fn subresource(
        &mut self,
        kind: &'static dyn Kind,
        request: Request,
    ) -> Result<Reply, Status> {
        if !kind.names().subresources.contains(&request.subresource) {
            return Err(Status::no_such_path());
        }
        match request.subresource {
            "status" => self.status(kind, request),
            "scale" => self.scale(kind, request),
            "binding" => self.bind(kind, request),
            "eviction" => self.evict(kind, request),
            "finalize" => self.finalize(kind, request),
            "ephemeralcontainers" | "resize" => self.rewrite(kind, request),
            "approval" => self.status(kind, request),
            "log" if request.verb == Verb::Get => self.log(&request),
            _ => Err(self.elsewhere(&request)),
        }
    }

    /// Why nobody else has answered: a kubelet or a proxy would, if it knew of the object.
    fn elsewhere(&self, request: &Request) -> Status {
        let object = match self.current(request) {
            Ok(object) => object,
            Err(status) => return status,
        };
        match connection::check_host(request.subresource, object) {
            Err(status) => status,
            Ok(()) => Status::no_such_path(),
        }
    }

    /// Reads, replaces or patches an object, with `keep` putting back what may not change.
    fn read_or_replace(
        &mut self,
        kind: &'static dyn Kind,
        part: Part,
        request: &mut Request,
        keep: impl Fn(&mut Object, &Object),
    ) -> Result<Reply, Status> {
        if request.verb == Verb::Get {
            return self.get(request);
        }
        if request.verb == Verb::Patch(PatchType::Apply) {
            return self.apply(
                kind,
                part,
                std::mem::replace(request, Request::new(Verb::Get, kind.names().resource())),
            );
        }
        let (mut object, old) = self.replacement(kind, request)?;
        if matches!(part, Part::Prepared(_)) {
            // Who manages what is settled by what was sent, not by what is kept of it.
            kind.default(&mut object);
            self.track(kind, part, &mut object, &old, request);
        }
        keep(&mut object, &old);
        self.replace(kind, part, object, old, request)
    }
}
