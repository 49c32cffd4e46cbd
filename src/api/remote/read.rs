//! From an answer to a reply. Mirrors `k8s.io/client-go/rest/request.go` and
//! `k8s.io/apimachinery/pkg/api/errors.FromObject`.

use serde_json::Value;

use super::Received;
use crate::api::{List, Reply, Request, Status, Verb};
use crate::kinds::Kind;
use crate::object::{Object, codec};
use crate::store::{Change, ChangeKind};

/// What an answer says.
///
/// # Errors
/// The server's refusal, or that it cannot be understood.
pub(super) fn reply(
    kind: &dyn Kind,
    request: &Request,
    received: &Received,
) -> Result<Reply, Status> {
    let text = String::from_utf8_lossy(&received.body);
    if !(200..300).contains(&received.code) {
        return Err(refusal(received.code, &text));
    }
    if request.subresource == "log" {
        return Ok(Reply::Text(text.into_owned()));
    }
    if request.verb == Verb::Watch {
        return changes(kind, request, &text);
    }
    if text.is_empty() {
        return Ok(Reply::Nothing);
    }
    let value = json(received)?;
    if request.verb == Verb::List {
        return list(kind, request, &value);
    }
    if value["kind"] != kind.names().kind {
        return Ok(Reply::Json(value));
    }
    object(kind, request, &value).map(Reply::Object)
}

/// The JSON of an answer.
///
/// # Errors
/// The server's refusal, or that it cannot be understood.
pub(super) fn json(received: &Received) -> Result<Value, Status> {
    let text = String::from_utf8_lossy(&received.body);
    if !(200..300).contains(&received.code) {
        return Err(refusal(received.code, &text));
    }
    codec::parse(&text).map_err(|why| Status::internal(&why))
}

/// What a server that refuses says. Mirrors `errors.NewGenericServerResponse` for what is no Status.
pub(super) fn refusal(code: u16, text: &str) -> Status {
    let value = codec::parse(text).unwrap_or_default();
    if value["kind"] == "Status" {
        return Status::from_value(code, &value);
    }
    match code {
        404 => Status::no_such_path(),
        405 => Status::no_such_method(),
        _ => Status::generic(code, "InternalError", text.trim().to_owned()),
    }
}

/// The warnings of an answer's headers: `299 - "text"`.
pub(super) fn warnings(received: &Received) -> Vec<String> {
    let all = received.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("warning"));
    let quoted = all.filter_map(|(_, value)| {
        let (_, text) = value.split_once('"')?;
        Some(text.strip_suffix('"').unwrap_or(text))
    });
    quoted.map(|text| text.replace("\\\"", "\"").replace("\\\\", "\\")).collect()
}

/// What the next part of a list is asked for with; empty at its end.
pub(super) fn going_on(received: &Received) -> String {
    let value = codec::parse(&String::from_utf8_lossy(&received.body)).unwrap_or_default();
    value["metadata"]["continue"].as_str().unwrap_or_default().to_owned()
}

fn object(kind: &dyn Kind, request: &Request, value: &Value) -> Result<Object, Status> {
    let preferred = kind.names().versions.first().copied().unwrap_or_default();
    let version = if request.version.is_empty() { preferred } else { &request.version };
    kind.decode(version, value).map_err(|why| Status::internal(&why))
}

fn revision(value: &Value) -> Option<u64> {
    value["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

fn list(kind: &dyn Kind, request: &Request, value: &Value) -> Result<Reply, Status> {
    let items = value["items"].as_array().into_iter().flatten();
    let items: Result<Vec<Object>, Status> =
        items.map(|item| object(kind, request, item)).collect();
    Ok(Reply::List(List {
        resource: request.resource.clone(),
        items: items?,
        revision: revision(value).unwrap_or(0),
        remaining: 0,
    }))
}

/// The changes that a look at them told of, a line each.
fn changes(kind: &dyn Kind, request: &Request, text: &str) -> Result<Reply, Status> {
    let mut seen = request.resource_version.unwrap_or(0);
    let mut changes = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let event = codec::parse(line).map_err(|why| Status::internal(&why))?;
        let told = &event["object"];
        seen = revision(told).unwrap_or(seen);
        let happened = match event["type"].as_str().unwrap_or_default() {
            "ADDED" => ChangeKind::Added,
            "MODIFIED" => ChangeKind::Modified,
            "DELETED" => ChangeKind::Deleted,
            "ERROR" => {
                let code = told["code"].as_u64().and_then(|code| u16::try_from(code).ok());
                return Err(Status::from_value(code.unwrap_or(500), told));
            }
            _ => continue,
        };
        let object = object(kind, request, told)?;
        changes.push(Change { revision: seen, kind: happened, object, previous: None });
    }
    Ok(Reply::Changes(changes, seen))
}
