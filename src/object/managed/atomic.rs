//! What a policy's apply configuration does to an object. Mirrors
//! `policy/mutating/patch.ApplyStructuredMergeDiff`.

use serde_json::Value;

use super::merge::merge;
use super::schema::{Schema, Shape, Type, below};

/// `live` with what `applied` says; nobody manages anything.
pub fn merged(schema: &Schema, live: &Value, applied: &Value) -> Value {
    merge(schema, &schema.root, Some(live), Some(applied)).unwrap_or_default()
}

/// The paths of lists and maps in `applied` that are owned as a whole.
pub fn atomic_paths(schema: &Schema, applied: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(schema, &schema.root, applied, "", &mut found);
    found
}

fn walk(schema: &Schema, of: &Type, value: &Value, path: &str, found: &mut Vec<String>) {
    match (schema.shape(of, Some(value)), value) {
        (Shape::Leaf, Value::Array(_) | Value::Object(_)) => found.push(path.to_owned()),
        (Shape::List(of, _), Value::Array(items)) => {
            items.iter().for_each(|item| walk(schema, of, item, path, found));
        }
        (Shape::Map(known, rest), Value::Object(map)) => {
            for (name, value) in map {
                if let Some(of) = below(known, rest, name) {
                    walk(schema, of, value, &format!("{path}.{name}"), found);
                }
            }
        }
        _ => {}
    }
}
