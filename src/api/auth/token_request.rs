//! `token` of a service account. Mirrors `pkg/registry/core/serviceaccount/storage/token.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};

use super::jwt;
use crate::api::{Api, Reply, Request, Status};
use crate::kinds::{self, FieldError};
use crate::object::{GroupResource, Key, codec, meta};
use crate::sim::Time;

const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
const USUAL: i64 = 3600;

/// Makes a token of a service account.
///
/// # Errors
/// An account that is not there, and a span or a binding that is not allowed.
pub fn token_request(
    api: &mut dyn Api,
    namespace: &str,
    name: &str,
    given: &Value,
    now: Time,
) -> Result<Value, Status> {
    let accounts = GroupResource::new("", "serviceaccounts");
    let account = api
        .call(Request::get(&Key::new(accounts.clone(), namespace, name)))?
        .object()
        .ok_or_else(|| Status::not_found(&accounts, name))?;
    let spec = &given["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(USUAL);
    check_seconds(seconds)?;
    let bound = bound(api, namespace, &spec["boundObjectRef"])?;
    let audiences: Vec<String> = match spec["audiences"].as_array().map(Vec::as_slice) {
        None | Some([]) => vec![jwt::AUDIENCE.to_owned()],
        Some(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    };
    let issued = i64::try_from(now.seconds()).unwrap_or(0);
    let token = jwt::account_token(&account, &audiences, (issued, issued + seconds), bound);
    let ends = now + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let value = json!({
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": account.name(),
            "namespace": namespace,
            "creationTimestamp": codec::encode(&meta::timestamp(now)),
        },
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": spec["boundObjectRef"],
        },
        "status": {
            "token": token,
            "expirationTimestamp": codec::encode(&meta::timestamp(ends)),
        },
    });
    Ok(value)
}

fn check_seconds(seconds: i64) -> Result<(), Status> {
    let why = match seconds {
        ..SHORTEST => "may not specify a duration less than 10 minutes",
        LONGEST.. => "may not specify a duration larger than 2^32 seconds",
        _ => return Ok(()),
    };
    let error = FieldError::invalid("spec.expirationSeconds", seconds, why);
    Err(Status::invalid("TokenRequest", "authentication.k8s.io", "", &[error]))
}

/// What a token is to be bound to, which must be there; a pod's node is named, too.
fn bound(api: &mut dyn Api, namespace: &str, bound: &Value) -> Result<Map<String, Value>, Status> {
    let mut claims = Map::new();
    let (Some(kind), Some(name)) = (bound["kind"].as_str(), bound["name"].as_str()) else {
        return Ok(claims);
    };
    let known = kinds::by_kind("", kind)
        .filter(|_| matches!(kind, "Pod" | "Secret" | "Node"))
        .ok_or_else(|| {
            let version = bound["apiVersion"].as_str().unwrap_or_default();
            Status::bad_request(format!(
                "cannot bind token for serviceaccount to object of type {version}, Kind={kind}"
            ))
        })?;
    let place = if known.names().namespaced { namespace } else { "" };
    let key = Key::new(known.names().resource(), place, name);
    let Some(object) = api.call(Request::get(&key)).map(Reply::object)? else { return Ok(claims) };
    let wanted = bound["uid"].as_str().unwrap_or_default();
    if !wanted.is_empty() && object.uid() != wanted {
        let why = format!(
            "the UID in the bound object reference ({wanted}) does not match the UID in record. \
             The object might have been deleted and then recreated"
        );
        return Err(Status::conflict(&object.resource(), name, &why));
    }
    claims.insert(kind.to_ascii_lowercase(), jwt::token_claim(name, object.uid()));
    let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
    if let Some(node) = spec.and_then(|spec| spec.node_name.as_deref()) {
        let key = Key::new(GroupResource::new("", "nodes"), "", node);
        let uid = api.call(Request::get(&key)).ok().and_then(Reply::object);
        let uid = uid.map(|node| node.uid().to_owned()).unwrap_or_default();
        claims.insert("node".to_owned(), jwt::token_claim(node, &uid));
    }
    Ok(claims)
}
