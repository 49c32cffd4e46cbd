//! JSON as Go writes it: what would end a script is escaped, and structs keep the order of their
//! fields.

use std::fmt::Write;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::base::go_text::escape_html;
use crate::base::order::{Gather, Order};
use crate::base::small_map::SmallMap;

/// Orders of fields: a line begins with the field by which its struct is known.
const ORDERS: &str = include_str!("go_order.txt");
/// The order of what has no line.
const USUAL: &str = "kind apiVersion groupVersion apiGroup name generateName namespace selfLink uid \
                     resourceVersion generation creationTimestamp deletionTimestamp \
                     deletionGracePeriodSeconds labels annotations ownerReferences finalizers \
                     managedFields version metadata ingressClassName defaultBackend tls host http \
                     aggregationRule immutable value globalDefault description preemptionPolicy \
                     minAvailable selector maxUnavailable rules spec data binaryData stringData type \
                     hard scopes status message reason details code port resources items";

/// The orders, ready to be asked.
struct Orders {
    /// The lines that marks begin.
    marks: SmallMap<&'static str, usize>,
    /// For each line, and last for what has none: the places of its fields.
    places: Vec<SmallMap<&'static str, usize>>,
}

static KNOWN: LazyLock<Orders> = LazyLock::new(|| {
    let lines: Vec<_> = ORDERS.lines().filter_map(|line| line.split_once(": ")).collect();
    let places = |order: &'static str| {
        let names = order.split_whitespace().chain(USUAL.split_whitespace());
        let mut places = SmallMap::new();
        for (place, name) in names.enumerate() {
            places.entry(name).or_insert(place);
        }
        places
    };
    Orders {
        marks: lines.iter().enumerate().rev().map(|(at, (mark, _))| (*mark, at)).gathered(),
        places: lines.iter().map(|(_, order)| *order).chain([""]).map(places).collect(),
    }
});

/// The fields of an object in the order of its struct, those that are not known behind the others.
pub fn fields(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    // The sets of managed fields, which are many, are maps in Go too.
    if map.keys().all(|name| name.starts_with("f:") || name == ".") {
        return map.iter().collect();
    }
    let line = map.keys().filter_map(|name| KNOWN.marks.get(name.as_str())).min();
    let line = line.map_or_else(|| KNOWN.places.last(), |line| KNOWN.places.get(*line));
    let place = |name: &str| line.and_then(|places| places.get(name)).copied();
    let mut fields: Vec<_> = map.iter().collect();
    fields.order_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    fields
}

/// A value on one line, its fields in Go's order.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    append(value, &mut out);
    out
}

/// The same behind a text.
#[inline(never)]
pub fn append(value: &Value, out: &mut String) {
    write(value, None, 0, true, out);
}

/// A value with an indentation; `typed` for Go's order of fields, or else sorted.
pub fn indented(value: &Value, indent: &str, typed: bool) -> String {
    let mut out = String::new();
    write(value, Some(indent), 0, typed, &mut out);
    out
}

fn write(value: &Value, indent: Option<&str>, depth: usize, typed: bool, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        if let Some(indent) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(indent, depth));
        }
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(depth + 1, out);
                write(item, indent, depth + 1, typed, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            let fields = if typed { fields(map) } else { map.iter().collect() };
            // A ControllerRevision holds its data as they were written: out of a map.
            let is_raw = |name: &str| name == "data" && map.contains_key("revision");
            for (at, (name, value)) in fields.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(depth + 1, out);
                text(name, out);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, indent, depth + 1, typed && !is_raw(name), out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::String(string) => text(string, out),
        other => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{other}");
        }
    }
}

fn text(string: &str, out: &mut String) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"\"\\<>&".contains(&byte);
    if string.bytes().all(is_plain) {
        out.push('"');
        out.push_str(string);
        out.push('"');
    } else {
        out.push_str(&escape_html(&Value::from(string).to_string()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    /// What Go 1.26 wrote.
    #[test]
    fn structs_keep_their_order_and_scripts_do_not_end() {
        let value = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"b": "<x>"}, "name": "d"},
            "spec": {"template": {"spec": {"containers": [{"resources": {}, "image": "i", "name": "c"}]}}, "replicas": 1}});
        assert_eq!(
            super::to_string(&value),
            "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"d\",\"labels\":\
             {\"b\":\"\\u003cx\\u003e\"}},\"spec\":{\"replicas\":1,\"template\":{\"spec\":{\"containers\":\
             [{\"name\":\"c\",\"image\":\"i\",\"resources\":{}}]}}}}"
        );
        let revision = json!({"data": {"spec": {"name": "c", "image": "i"}}, "revision": 1});
        let expected = r#"{"data":{"spec":{"image":"i","name":"c"}},"revision":1}"#;
        assert_eq!(super::to_string(&revision), expected);
        assert_eq!(
            super::indented(&json!({"b": 1, "a": []}), "  ", false),
            "{\n  \"a\": [],\n  \"b\": 1\n}"
        );
    }
}
