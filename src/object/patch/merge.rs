//! JSON Merge Patch.

use serde_json::{Map, Value};

/// `target` with `patch` merged in: objects key by key, null deletes, all else replaces.
pub fn apply(target: &Value, patch: &Value) -> Value {
    let mut patched = target.clone();
    merge(&mut patched, patch);
    patched
}

/// Mirrors RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(merged) = target else { return };
    for (key, value) in fields {
        if value.is_null() {
            merged.remove(key);
        } else {
            merge(merged.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// The patch's object, or the API server's words for why it is none.
pub fn require_object(patch: &Value) -> Result<&Map<String, Value>, String> {
    patch.as_object().ok_or_else(|| {
        let kind = json_kind(patch);
        format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    })
}

/// What Go's decoder calls a value that it did not expect.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The merge patch that turns `from` into `to`. Mirrors `jsonpatch.CreateMergePatch`.
pub fn diff(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, wanted) in to {
        match (from.get(key), wanted) {
            (Some(Value::Object(from)), Value::Object(to)) => {
                let inner = diff(from, to);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (Some(present), wanted) if present == wanted => {}
            _ => {
                patch.insert(key.clone(), wanted.clone());
            }
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merges_and_diffs() {
        let from = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x", "same": {"y": 1}});
        let to = json!({"a": {"b": 2, "c": [1]}, "e": {}, "same": {"y": 1}});
        let patch = json!({"a": {"b": 2, "c": [1]}, "d": null, "e": {}});
        let maps = from.as_object().zip(to.as_object());
        assert_eq!(maps.map(|(from, to)| Value::Object(diff(from, to))), Some(patch.clone()));
        assert_eq!(apply(&from, &patch), to);
        assert_eq!(
            require_object(&json!([])),
            Err("json: cannot unmarshal array into Go value of type map[string]interface {}".into())
        );
    }
}
