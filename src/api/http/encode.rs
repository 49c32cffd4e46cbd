//! Objects, lists and refusals in the form that a client wants.
//! Mirrors `endpoints/handlers/response.go`.

use serde_json::{Map, Value, json};

use super::negotiate::{Form, Media, Shape};
use super::table::{self, Include};
use super::{Answer, Content};
use crate::api::{List, Status};
use crate::base::order::Order as _;
use crate::base::yaml;
use crate::kinds::Kind;
use crate::object::{Object, codec, go_json};
use crate::sim::Time;

/// What stands behind an answer: the kind and version that were asked for.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The kind.
    pub kind: &'a dyn Kind,
    /// The version of the path.
    pub version: &'a str,
    /// The time, for ages.
    pub now: Time,
    /// What a row of a table carries.
    pub include: Include,
}

/// A value written down.
pub(super) fn text(value: &Value, media: Media) -> Vec<u8> {
    let mut text = match media {
        Media::Json => go_json::to_string(value),
        Media::Pretty => go_json::indented(value, "  ", true),
        Media::Yaml => return yaml::to_string(value).into_bytes(),
    };
    text.push('\n');
    text.into_bytes()
}

/// An answer of one value.
pub(super) fn answer(code: u16, value: &Value, media: Media) -> Answer {
    answer_text(code, text(value, media), media)
}

fn answer_text(code: u16, text: Vec<u8>, media: Media) -> Answer {
    Answer {
        code,
        headers: vec![("Content-Type", media.content_type().to_owned())],
        body: Content::Bytes(text),
    }
}

/// An answer without a body.
pub(super) fn nothing() -> Answer {
    Answer { code: 204, headers: Vec::new(), body: Content::Bytes(Vec::new()) }
}

/// An answer of plain text.
pub(super) fn plain(code: u16, text: &str) -> Answer {
    Answer {
        code,
        headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
        body: Content::Bytes(text.as_bytes().to_vec()),
    }
}

/// A refusal.
pub(super) fn refusal(status: &Status, media: Media) -> Answer {
    let mut answer = answer(status.code, &status.to_value(), media);
    if status.retry_after_seconds > 0 {
        answer.headers.push(("Retry-After", status.retry_after_seconds.to_string()));
    }
    answer
}

/// One object in a shape.
///
/// # Errors
/// 406 where the shape is for lists.
pub(super) fn object(view: View<'_>, object: &Object, shape: Shape) -> Result<Value, Status> {
    match shape {
        Shape::Whole | Shape::Discovery => Ok(whole(view, object)),
        Shape::Partial => Ok(partial(object)),
        Shape::Table => Ok(table::table(view, std::slice::from_ref(object), &metadata_of(object))),
        Shape::PartialList => Err(Status::not_acceptable(format!(
            "you requested PartialObjectMetadataList, but the requested object is not a list \
             (*{})",
            internal_name(view.kind)
        ))),
    }
}

/// A list in a shape, as an answer.
///
/// # Errors
/// 406 where the shape is for single objects.
pub(super) fn list(
    view: View<'_>,
    list: &List,
    going_on: &str,
    form: Form,
) -> Result<Answer, Status> {
    let mut metadata = json!({"resourceVersion": list.revision.to_string()});
    if !going_on.is_empty() {
        metadata["continue"] = json!(going_on);
        if list.remaining > 0 {
            metadata["remainingItemCount"] = json!(list.remaining);
        }
    }
    let names = view.kind.names();
    let (frame, items, item): (Value, &str, fn(View<'_>, &Object) -> Value) = match form.shape {
        Shape::Whole | Shape::Discovery => {
            let version = api_version(names.group, view.version);
            let kind = view.kind.list_kind();
            (json!({"kind": kind, "apiVersion": version, "metadata": metadata}), "items", item_of)
        }
        Shape::PartialList => {
            let kind = "PartialObjectMetadataList";
            let frame = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
            (frame, "items", |_, object| partial(object))
        }
        Shape::Table => (table::frame(view, &metadata), "rows", table::row),
        Shape::Partial => {
            return Err(Status::not_acceptable(format!(
                "you requested PartialObjectMetadata, but the requested object is a list (*{}List)",
                internal_name(view.kind)
            )));
        }
    };
    let mut shown: Vec<&Object> = list.items.iter().collect();
    if form.shape == Shape::Table {
        shown.order_by_key(|object| view.kind.rank(object));
    }
    let values = shown.into_iter().map(|object| item(view, object));
    Ok(answer_text(200, listed(frame, items, values, form.media), form.media))
}

/// A list's text: a frame, with its items in a field that Go writes last. On one line they are
/// written one after the other, so that there are never all of them in memory as values.
fn listed(
    mut frame: Value,
    field: &str,
    items: impl Iterator<Item = Value>,
    media: Media,
) -> Vec<u8> {
    if media != Media::Json {
        frame[field] = items.collect();
        return text(&frame, media);
    }
    let mut text = go_json::to_string(&frame);
    text.pop();
    text.push_str(",\"");
    text.push_str(field);
    text.push_str("\":[");
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        go_json::append(&item, &mut text);
    }
    text.push_str("]}\n");
    text.into_bytes()
}

/// `apps/v1`.
pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// An object in the version that was asked for, with everything it has.
pub(super) fn whole(view: View<'_>, object: &Object) -> Value {
    view.kind.encode(view.version, object)
}

/// An object as an item of a list: those of built-in kinds do not say again what they are.
fn item_of(view: View<'_>, object: &Object) -> Value {
    let mut value = whole(view, object);
    if view.kind.is_custom() {
        return value;
    }
    if let Value::Object(map) = &mut value {
        map.remove("apiVersion");
        map.remove("kind");
    }
    value
}

/// Mirrors `metav1.PartialObjectMetadata`.
pub(super) fn partial(object: &Object) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": codec::encode(object.meta()),
    })
}

fn metadata_of(object: &Object) -> Value {
    let mut map = Map::new();
    map.insert("resourceVersion".to_owned(), json!(object.meta().resource_version));
    Value::Object(map)
}

/// How the type is called inside a Go server: `core.ConfigMap`.
fn internal_name(kind: &dyn Kind) -> String {
    let names = kind.names();
    let package = match names.group {
        "" => "core",
        group => group.split('.').next().unwrap_or_default(),
    };
    format!("{package}.{}", names.kind)
}
