//! What the page keeps across reloads: the session's log, and apart from it the manifests.

use std::rc::Rc;

use serde_json::{Value, json};

use super::state::Document;
use crate::object::codec;
use crate::scenario::{Log, lessons};
use crate::sim::Time;
use crate::web::{storage, url};

const LOG: &str = "tabernetes.log";
const CLOCK: &str = "tabernetes.clock";
const DOCUMENTS: &str = "tabernetes.documents";
const THEME: &str = "tabernetes.theme";

/// A session as it was saved.
#[derive(Default)]
pub struct Saved {
    /// Its log.
    pub log: Option<Log>,
    /// Where its clock was.
    pub until: Option<Time>,
}

/// The saved session. After a failure the address says what to do about it: `?recover=back` leaves
/// the last input out, `?recover=fresh` forgets everything but the manifests.
pub fn load_log() -> Saved {
    let query = url::query();
    if query.contains("recover=") {
        url::clear_query();
    }
    if query.contains("recover=fresh") {
        storage::remove(LOG);
        storage::remove(CLOCK);
    }
    let parsed = storage::get(LOG).and_then(|text| codec::parse(&text).ok());
    let mut log = parsed.and_then(|value| Log::from_value(&value));
    let clock = storage::get(CLOCK).and_then(|text| text.parse().ok());
    let mut until = clock.map(Time::from_micros);
    if query.contains("recover=back")
        && let Some(mut kept) = log.take()
    {
        until = kept.inputs.last().map(|(_, time, _)| *time);
        kept = kept.without_last();
        save_log(&kept, until.unwrap_or_default());
        log = Some(kept);
    }
    if log.is_none() {
        until = None;
    }
    Saved { log, until }
}

/// The saved log as it was written; empty where there is none.
pub fn log_text() -> String {
    storage::get(LOG).unwrap_or_default()
}

/// Saves a session. A browser that refuses (private mode, quota) loses it on reload, nothing else.
pub fn save_log(log: &Log, now: Time) {
    let inputs = log.inputs.len().to_string();
    // The log only ever grows by inputs; its text is written when their number changed.
    let head = format!("{}-{inputs}", log.seed);
    if storage::get("tabernetes.head").as_deref() != Some(&head) {
        storage::set(LOG, &log.to_value().to_string());
        storage::set("tabernetes.head", &head);
    }
    storage::set(CLOCK, &now.micros().to_string());
}

/// The saved manifests, or the first sample.
pub fn load_documents() -> Vec<Document> {
    let parsed = storage::get(DOCUMENTS).and_then(|text| codec::parse(&text).ok());
    let document = |value: &Value| {
        let text = |field: &str| value[field].as_str().map(Rc::from);
        Some(Document { name: text("name")?, text: text("text")? })
    };
    let saved = parsed.as_ref().and_then(Value::as_array);
    let saved: Vec<Document> = saved.into_iter().flatten().filter_map(document).collect();
    if saved.is_empty() {
        return vec![Document::of_lesson(lessons::FIRST)];
    }
    saved
}

/// Saves the manifests; false if the browser refused.
pub fn save_documents(documents: &[Document]) -> bool {
    let values = documents.iter().map(|d| json!({ "name": &*d.name, "text": &*d.text }));
    storage::set(DOCUMENTS, &Value::from_iter(values).to_string())
}

/// Whether the dark theme was chosen, or the light one, or neither.
pub fn load_theme() -> Option<bool> {
    storage::get(THEME).map(|theme| theme == "dark")
}

/// Saves the choice of theme.
pub fn save_theme(dark: bool) {
    storage::set(THEME, if dark { "dark" } else { "light" });
}
