//! JSON as KYAML, the flow style of YAML that `-o kyaml` prints. Mirrors `sigs.k8s.io/yaml/kyaml`.

use serde_json::{Map, Value};

use super::go_text;

/// In which order the fields of an object are written.
pub type Order = fn(&Map<String, Value>) -> Vec<(&String, &Value)>;

/// The document of a value.
pub fn to_string(value: &Value, order: Order) -> String {
    let mut out = String::from("---\n");
    write(value, 0, order, &mut out);
    out.push('\n');
    out
}

fn write(value: &Value, depth: usize, order: Order, out: &mut String) {
    let pad = |depth: usize| "  ".repeat(depth);
    match value {
        Value::Object(map) if map.is_empty() => out.push_str("{}"),
        Value::Object(map) => {
            out.push_str("{\n");
            for (key, value) in order(map) {
                out.push_str(&format!("{}{}: ", pad(depth + 1), name(key)));
                write(value, depth + 1, order, out);
                out.push_str(",\n");
            }
            out.push_str(&format!("{}}}", pad(depth)));
        }
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) if items.iter().all(|i| i.is_object() || i.is_array()) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(item, depth, order, out);
            }
            out.push(']');
        }
        Value::Array(items) => {
            out.push_str("[\n");
            for item in items {
                out.push_str(&pad(depth + 1));
                write(item, depth + 1, order, out);
                out.push_str(",\n");
            }
            out.push_str(&format!("{}]", pad(depth)));
        }
        Value::String(text)
            if text.trim_end_matches('\n').contains('\n') || text.ends_with('\n') =>
        {
            out.push_str("\"\\\n");
            for line in text.split_inclusive('\n') {
                let quoted = go_text::quote(line);
                out.push_str(&format!("{}   {}\\\n", pad(depth), &quoted[1..quoted.len() - 1]));
            }
            out.push_str(&format!("{}  \"", pad(depth)));
        }
        Value::String(text) => out.push_str(&go_text::quote(text)),
        other => out.push_str(&other.to_string()),
    }
}

/// A key: quoted where it could be taken for something else.
fn name(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if is_word && key.chars().all(plain) && !reserved.contains(&key.to_ascii_lowercase().as_str()) {
        key.to_owned()
    } else {
        go_text::quote(key)
    }
}
