//! JSON as Go writes it: what would end a script is escaped, and structs keep the order of their
//! fields.

use serde_json::{Map, Value};

use crate::base::go_text::escape_html;

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

/// The fields of an object in the order of its struct, those that are not known behind the others.
pub fn fields(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let lines = ORDERS.lines().filter_map(|line| line.split_once(": "));
    let known = lines.into_iter().find(|(mark, _)| map.contains_key(*mark));
    let order = known.map_or(USUAL, |(_, order)| order);
    let mut fields = Vec::with_capacity(map.len());
    for name in order.split_whitespace().chain(USUAL.split_whitespace()) {
        if let Some(field) = map.get_key_value(name)
            && !fields.contains(&field)
        {
            fields.push(field);
        }
    }
    let others: Vec<_> = map.iter().filter(|field| !fields.contains(field)).collect();
    fields.extend(others);
    fields
}

/// A value on one line, its fields in Go's order.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(value, None, 0, true, &mut out);
    out
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
                out.push_str(&escape_html(&Value::String(name.clone()).to_string()));
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(value, indent, depth + 1, typed && !is_raw(name), out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::String(_) => out.push_str(&escape_html(&value.to_string())),
        other => out.push_str(&other.to_string()),
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
