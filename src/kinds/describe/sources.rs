//! Where volumes come from: a row of a table for each type.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Lines, pairs};
use crate::base::go_text;

/// A line for each source: its field, what it is, and its lines as `TITLE=field:default`. With `+`
/// in front only PersistentVolumes have the line; `*` leaves the colon out; `_` is a blank.
const SOURCES: &str = include_str!("sources.txt");

/// Adds the source of a volume, or of a PersistentVolume, given as JSON; whether it is known.
/// Mirrors the `print…VolumeSource` functions of `k8s.io/kubectl/pkg/describe`.
pub fn write(out: &mut Lines, volume: &Value, is_persistent: bool) -> bool {
    let rows = SOURCES.lines().filter_map(|line| {
        let mut parts = line.splitn(3, '|');
        let source = volume.get(parts.next()?).filter(|source| source.is_object())?;
        Some((source, parts.next()?, parts.next()?))
    });
    let Some((source, kind, fields)) = rows.into_iter().next() else { return false };
    out.field(2, "Type", kind);
    for field in fields.split(' ') {
        let Some((title, place)) = field.split_once('=') else { continue };
        let (title, is_shown) = match title.strip_prefix('+') {
            Some(title) => (title, is_persistent),
            None => (title, true),
        };
        if !is_shown {
            continue;
        }
        let (place, default) = place.split_once(':').unwrap_or((place, ""));
        let value = source.pointer(&format!("/{place}")).map_or_else(|| default.to_owned(), shown);
        match title.strip_prefix('*') {
            Some(title) => out.line(2, format!("{title}\t{value}")),
            None => out.field(2, title.replace('_', " ").as_str(), value),
        }
    }
    if let Some(attributes) = source.get("volumeAttributes") {
        let attributes: BTreeMap<String, String> =
            crate::object::codec::decode(attributes).unwrap_or_default();
        pairs::labels(out, 2, "VolumeAttributes", Some(&attributes));
    } else if kind.starts_with("CSI ") {
        pairs::labels(out, 2, "VolumeAttributes", None);
    }
    true
}

/// A value as Go prints it; a reference by what it holds.
fn shown(value: &Value) -> String {
    let Some(fields) = value.as_object().filter(|fields| fields.contains_key("name")) else {
        return go_text::print(value);
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    match fields.contains_key("namespace") {
        true => {
            format!("&SecretReference{{Name:{},Namespace:{},}}", text("name"), text("namespace"))
        }
        false => format!("&LocalObjectReference{{Name:{},}}", text("name")),
    }
}
