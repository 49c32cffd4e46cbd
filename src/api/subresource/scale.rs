//! `scale`: the replicas of anything that can be scaled, in one shape.
//! Mirrors the `ScaleREST` types of `pkg/registry/apps/*/storage`.

use k8s_openapi::api::autoscaling::v1::{Scale, ScaleSpec, ScaleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use serde_json::json;

use super::own_body;
use crate::api::verbs::Part;
use crate::api::{Body, PatchType, Reply, Request, Server, Status, Verb, managed, verbs};
use crate::kinds::{FieldError, Kind};
use crate::object::{Object, codec};

impl Server {
    /// Reads or changes the number of replicas; the reply is an `autoscaling/v1` Scale.
    pub(super) fn scale(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        let old = self.target(kind, &request)?;
        let current = of(kind, &old).ok_or_else(Status::no_such_path)?;
        let wanted = match request.verb {
            Verb::Get => return Ok(Reply::Object(Object::new(current))),
            Verb::Update => own_body("Scale", "autoscaling", std::mem::take(&mut request.body))?,
            Verb::Patch(PatchType::Apply) => return self.apply_scale(kind, request),
            Verb::Patch(how) => {
                let Body::Json(patch) = std::mem::take(&mut request.body) else {
                    return Err(Status::bad_request("a patch must be given"));
                };
                let patched = verbs::patched(how, "Scale", &codec::encode(&current), &patch)?;
                own_body("Scale", "autoscaling", Body::Json(patched))?
            }
            _ => return Err(Status::no_such_method()),
        };
        let replicas = replicas(&wanted)?;
        let mut new = old.clone();
        kind.set_scale(&mut new, replicas);
        let meta = new.meta_mut();
        meta.name = wanted.metadata.name;
        // Without a version it is the current one that is changed.
        let version = wanted.metadata.resource_version.filter(|version| !version.is_empty());
        if version.is_some() {
            meta.resource_version = version;
        }
        let reply = self.replace(kind, Part::Scale, new, old, &request)?;
        shown(kind, reply)
    }

    /// Server-side apply of a scale: who manages the replicas of the object itself is asked.
    /// Mirrors `managedfields.ScaleHandler`.
    fn apply_scale(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        let Body::Json(given) = std::mem::take(&mut request.body) else {
            return Err(Status::bad_request("a patch must be given"));
        };
        let text = |name: &str| given[name].as_str().unwrap_or_default();
        if (text("apiVersion"), text("kind")) != ("autoscaling/v1", "Scale") {
            let (version, kind) = (text("apiVersion"), text("kind"));
            let slash = if version.contains('/') { "" } else { "/" };
            let why = format!("invalid object type: {slash}{version}, Kind={kind}");
            return Err(Status::bad_request(why));
        }
        let names = kind.names();
        let version = names.versions.first().copied().unwrap_or_default();
        let mut patch = json!({
            "apiVersion": managed::group_version(kind, version),
            "kind": names.kind,
            "metadata": {"name": given["metadata"]["name"]},
        });
        if let Some(replicas) = given["spec"].get("replicas") {
            patch["spec"] = json!({"replicas": replicas});
        }
        request.version.clear();
        request.body = Body::Json(patch);
        let reply = self.apply(kind, Part::Main, request)?;
        shown(kind, reply)
    }
}

/// The scale of what was stored.
fn shown(kind: &dyn Kind, reply: Reply) -> Result<Reply, Status> {
    let scale = reply.object().and_then(|object| of(kind, &object));
    scale
        .map(|scale| Reply::Object(Object::new(scale)))
        .ok_or_else(|| Status::internal("the scale is lost"))
}

fn replicas(scale: &Scale) -> Result<i32, Status> {
    let replicas = scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
    if replicas < 0 {
        let detail = "must be greater than or equal to 0";
        let error = FieldError::invalid("spec.replicas", replicas, detail);
        let name = scale.metadata.name.as_deref().unwrap_or_default();
        return Err(Status::invalid("Scale", "autoscaling", name, &[error]));
    }
    Ok(replicas)
}

/// The scale of an object, if its kind has one.
fn of(kind: &dyn Kind, object: &Object) -> Option<Scale> {
    let (wanted, current, selector) = kind.scale(object)?;
    let meta = object.meta();
    Some(Scale {
        metadata: ObjectMeta {
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
            creation_timestamp: meta.creation_timestamp.clone(),
            ..ObjectMeta::default()
        },
        // A zero is left out of the specification, but not of the status.
        spec: Some(ScaleSpec { replicas: Some(wanted).filter(|count| *count != 0) }),
        status: Some(ScaleStatus {
            replicas: current,
            selector: Some(selector).filter(|text| !text.is_empty()),
        }),
    })
}
