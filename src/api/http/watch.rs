//! Watches: streams of frames, a line of JSON each. Mirrors `endpoints/handlers/watch.go`.

use std::time::Duration;

use serde_json::{Value, json};

use super::encode::{self, View};
use super::negotiate::{Form, Shape};
use super::options::Query;
use super::table::Include;
use crate::api::{Api, Reply, Request, Status};
use crate::kinds::Kind;
use crate::object::Object;
use crate::sim::Time;
use crate::store::{Change, ChangeKind};

/// How long a watch goes on that names no end itself. Mirrors `MinRequestTimeout`.
const TIMEOUT: Duration = Duration::from_secs(1800);
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// A watch. Whoever holds it polls it after changes and sends what comes.
#[derive(Debug)]
pub struct Watch {
    kind: &'static dyn Kind,
    request: Request,
    form: Form,
    include: Include,
    next: Option<u64>,
    wants_initial: bool,
    skips_initial: bool,
    wants_bookmarks: bool,
    has_columns: bool,
    is_over: bool,
    waiting: Vec<u8>,
    timeout: Duration,
}

impl Watch {
    pub(super) fn new(
        kind: &'static dyn Kind,
        request: Request,
        form: Form,
        include: Include,
        query: &Query<'_>,
    ) -> Result<Self, Status> {
        let seconds = query.number("timeoutSeconds")?.and_then(|n| u64::try_from(n).ok());
        let timeout = seconds.filter(|n| *n > 0).map_or(TIMEOUT, Duration::from_secs);
        let initial = query.get("sendInitialEvents").map(|_| query.truth("sendInitialEvents"));
        // Without initial events, and without a version, a watch begins now.
        let mut request = request;
        let begins_now = initial == Some(false) && request.resource_version.unwrap_or(0) == 0;
        if initial == Some(true) {
            request.resource_version = None;
        }
        Ok(Self {
            kind,
            next: None,
            skips_initial: begins_now,
            request,
            form,
            include,
            wants_initial: initial == Some(true),
            wants_bookmarks: query.truth("allowWatchBookmarks"),
            has_columns: false,
            is_over: false,
            waiting: Vec::new(),
            timeout,
        })
    }

    /// Looks for the first time: what makes no sense is refused before the stream begins.
    pub(super) fn open(mut self, api: &mut dyn Api, now: Time) -> Result<Self, Status> {
        let frames = self.advance(api, now)?;
        self.waiting = frames;
        Ok(self)
    }

    /// How long it may go on.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the client wants to be told now and then how far it has got.
    pub fn wants_bookmarks(&self) -> bool {
        self.wants_bookmarks
    }

    /// The frames for what has happened since the last time.
    pub fn poll(&mut self, api: &mut dyn Api, now: Time) -> Vec<u8> {
        let mut frames = std::mem::take(&mut self.waiting);
        if self.is_over {
            return frames;
        }
        match self.advance(api, now) {
            Ok(more) => frames.extend(more),
            Err(status) => {
                self.is_over = true;
                frames.extend(line(&json!({"type": "ERROR", "object": status.to_value()})));
            }
        }
        frames
    }

    fn advance(&mut self, api: &mut dyn Api, now: Time) -> Result<Vec<u8>, Status> {
        let mut request = self.request.clone();
        let is_first = self.next.is_none();
        if let Some(next) = self.next {
            request.resource_version = Some(next);
        }
        let mut frames = Vec::new();
        match api.call(request) {
            Ok(Reply::Changes(changes, next)) => {
                if !(is_first && self.skips_initial) {
                    for change in &changes {
                        self.frame(change, now, &mut frames);
                    }
                }
                self.next = Some(next);
                if is_first && self.wants_initial && self.wants_bookmarks {
                    self.bookmark(true, &mut frames);
                }
            }
            Ok(_) => {}
            // That history is gone is told within the stream, even at its beginning.
            Err(status) if is_first && status.code == 410 => {
                self.is_over = true;
                frames.extend(line(&json!({"type": "ERROR", "object": status.to_value()})));
            }
            Err(status) => return Err(status),
        }
        Ok(frames)
    }

    /// A frame that says how far the client has got.
    pub fn progress(&self) -> Vec<u8> {
        let mut frames = Vec::new();
        self.bookmark(false, &mut frames);
        frames
    }

    fn frame(&mut self, change: &Change, now: Time, frames: &mut Vec<u8>) {
        let kind_of_event = match change.kind {
            ChangeKind::Added => "ADDED",
            ChangeKind::Modified => "MODIFIED",
            ChangeKind::Deleted => "DELETED",
        };
        let Some(value) = self.value(&change.object, now) else { return };
        frames.extend(line(&json!({"type": kind_of_event, "object": value})));
    }

    fn value(&mut self, object: &Object, now: Time) -> Option<Value> {
        let kind = self.kind;
        let view = View { kind, version: &self.request.version, now, include: self.include };
        let mut value = encode::object(view, object, self.form.shape).ok()?;
        if self.form.shape == Shape::Table && std::mem::replace(&mut self.has_columns, true) {
            value["columnDefinitions"] = Value::Null;
        }
        Some(value)
    }

    fn bookmark(&self, ends_initial: bool, frames: &mut Vec<u8>) {
        let Some(next) = self.next else { return };
        let kind = self.kind;
        let mut metadata = json!({"resourceVersion": next.to_string()});
        if ends_initial {
            metadata["annotations"] = json!({INITIAL_EVENTS_END: "true"});
        }
        let object = match self.form.shape {
            Shape::Partial | Shape::PartialList => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            }),
            _ => kind
                .decode(&self.request.version, &json!({"metadata": metadata}))
                .map_or(Value::Null, |object| kind.encode(&self.request.version, &object)),
        };
        frames.extend(line(&json!({"type": "BOOKMARK", "object": object})));
    }
}

fn line(value: &Value) -> Vec<u8> {
    let mut text = value.to_string();
    text.push('\n');
    text.into_bytes()
}
