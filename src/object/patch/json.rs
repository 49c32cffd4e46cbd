//! JSON Patch, with the liberties of the library the API server uses (`evanphx/json-patch` v4).

#[cfg(not(target_arch = "wasm32"))]
#[path = "json_words.rs"]
mod words;

use serde_json::Value;

/// Why a JSON Patch was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonPatchError {
    /// The patch is no list of operations: 400 with this message.
    Malformed(String),
    /// This operation does not fit the object: 422; the API server does not tell more.
    Rejected(Value),
}

/// `target` after the operations of `patch`, which all apply or none.
///
/// Beyond RFC 6902, `replace` adds a missing key, indices may count from the end, and what comes
/// before a path's first `/` is ignored.
pub fn apply(target: &Value, patch: &Value) -> Result<Value, JsonPatchError> {
    let Value::Array(operations) = patch else {
        let kind = super::merge::json_kind(patch);
        return Err(JsonPatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        )));
    };
    let mut patched = target.clone();
    for operation in operations {
        let operation = normalized(operation, &patched);
        if carry_out(&mut patched, &operation).is_none() {
            return Err(JsonPatchError::Rejected(operation));
        }
    }
    Ok(patched)
}

/// `operation` in the strict form that does to `target` what the loose one means.
fn normalized(operation: &Value, target: &Value) -> Value {
    let mut operation = operation.clone();
    for field in ["path", "from"] {
        let path = operation.get(field).and_then(Value::as_str);
        if let Some(path) = path.and_then(|path| absolute(path, target)) {
            operation[field] = Value::String(path);
        }
    }
    let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
    let absent = target.pointer(path).is_none();
    let (parent, _) = path.rsplit_once('/').unwrap_or_default();
    let in_map = target.pointer(parent).is_some_and(Value::is_object);
    if operation["op"] == "replace" && absent && in_map {
        operation["op"] = "add".into();
    }
    if operation["op"] == "add" && operation.get("value").is_none() {
        operation["value"] = Value::Null;
    }
    operation
}

/// `path` from its first `/` on, with negative indices of `target`'s lists resolved.
fn absolute(path: &str, target: &Value) -> Option<String> {
    let path = &path[path.find('/')?..];
    let mut resolved = String::new();
    for step in path.split('/').skip(1) {
        let list = target.pointer(&resolved).and_then(Value::as_array);
        let index = list.and_then(|list| {
            let back: usize = step.strip_prefix('-')?.parse().ok()?;
            list.len().checked_sub(back)
        });
        resolved.push('/');
        match index {
            Some(index) => resolved.push_str(&index.to_string()),
            None => resolved.push_str(step),
        }
    }
    Some(resolved)
}

/// Changes the document as RFC 6902 says; `None` where the operation does not fit it.
fn carry_out(document: &mut Value, operation: &Value) -> Option<()> {
    let text = |field: &str| operation.get(field).and_then(Value::as_str);
    let path = text("path")?;
    match text("op")? {
        "add" => add(document, path, operation.get("value")?.clone()),
        "remove" => remove(document, path).map(drop),
        "replace" => {
            *document.pointer_mut(path)? = operation.get("value")?.clone();
            Some(())
        }
        "test" => test(document, path, operation.get("value")).then_some(()),
        "copy" => {
            let value = document.pointer(text("from")?)?.clone();
            add(document, path, value)
        }
        "move" => {
            let from = text("from")?;
            let into_itself = path.strip_prefix(from).is_some_and(|rest| rest.starts_with('/'));
            let value = if into_itself { None } else { remove(document, from) };
            add(document, path, value?)
        }
        _ => None,
    }
}

/// Whether the document says `wanted` at `path`. Beyond RFC 6902, a map says null for keys it does
/// not have.
fn test(document: &Value, path: &str, wanted: Option<&Value>) -> bool {
    let in_map = || {
        let parent = path.rsplit_once('/').and_then(|(parent, _)| document.pointer(parent));
        parent.is_some_and(Value::is_object)
    };
    match document.pointer(path) {
        Some(Value::Null) => wanted.is_none_or(Value::is_null),
        Some(value) => wanted == Some(value),
        None => wanted.is_none_or(Value::is_null) && in_map(),
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    let Some((parent, step)) = path.rsplit_once('/') else {
        *document = value;
        return path.is_empty().then_some(());
    };
    match document.pointer_mut(parent)? {
        Value::Object(fields) => {
            fields.insert(unescaped(step), value);
        }
        Value::Array(items) => {
            let at = if step == "-" { Some(items.len()) } else { index(step) };
            items.insert(at.filter(|at| *at <= items.len())?, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    let (parent, step) = path.rsplit_once('/')?;
    match document.pointer_mut(parent)? {
        Value::Object(fields) => fields.remove(&unescaped(step)),
        Value::Array(items) => {
            let at = index(step).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

/// A step of a JSON pointer as a key.
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// A step of a JSON pointer as an index: digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let is_plain = step.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = step == "0" || !step.starts_with('0');
    if is_plain && is_short { step.parse().ok() } else { None }
}

/// Why a patch that was rejected does not fit an object, in the words of `evanphx/json-patch`.
#[cfg(not(target_arch = "wasm32"))]
pub fn words(why: &JsonPatchError, object: &Value, patch: &Value) -> String {
    let mut done = object.clone();
    for operation in patch.as_array().into_iter().flatten() {
        match apply(&done, &Value::Array(vec![operation.clone()])) {
            Ok(next) => done = next,
            Err(_) => return words::misfit(&done, operation),
        }
    }
    match why {
        JsonPatchError::Malformed(text) => text.clone(),
        JsonPatchError::Rejected(operation) => words::misfit(object, operation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn applies_as_the_api_server_does() {
        let target = json!({"spec": {"replicas": 1, "list": ["a", "b"]}, "labels": {"x": "y"}});
        let cases = [
            (json!([]), target.clone()),
            (
                json!([{"op": "replace", "path": "/spec/replicas", "value": 0},
                       {"op": "test", "path": "/spec/replicas", "value": 0},
                       {"op": "remove", "path": "/labels"}]),
                json!({"spec": {"replicas": 0, "list": ["a", "b"]}}),
            ),
            (
                json!([{"op": "replace", "path": "/labels/new", "value": "z"},
                       {"op": "add", "path": "/spec/list/-", "value": "d"},
                       {"op": "remove", "path": "/spec/list/-3"}]),
                json!({"spec": {"replicas": 1, "list": ["b", "d"]}, "labels": {"x": "y", "new": "z"}}),
            ),
            (
                json!([{"op": "add", "path": "/labels/a~1b", "value": "c"},
                       {"op": "copy", "from": "/labels/a~1b", "path": "/labels/d"},
                       {"op": "move", "from": "/labels/d", "path": "/labels/x"}]),
                json!({"spec": {"replicas": 1, "list": ["a", "b"]}, "labels": {"a/b": "c", "x": "c"}}),
            ),
            (
                json!([{"op": "test", "path": "/labels/nope", "value": null},
                       {"op": "test", "path": "/nope"}]),
                target.clone(),
            ),
            (json!([{"op": "replace", "path": "", "value": 1}]), json!(1)),
            (
                json!([{"op": "add", "path": "", "value": {"list": [1, 3]}},
                       {"op": "add", "path": "/list/1", "value": 2},
                       {"op": "move", "from": "/list/0", "path": "/list/2"}]),
                json!({"list": [2, 3, 1]}),
            ),
        ];
        for (patch, expected) in cases {
            assert_eq!(apply(&target, &patch), Ok(expected), "{patch}");
        }
        let rejected = [
            json!([{"op": "test", "path": "/spec/replicas", "value": 5}]),
            json!([{"op": "test", "path": "/labels/nope", "value": "z"}]),
            json!([{"op": "test", "path": "/labels/x", "value": null}]),
            json!([{"op": "test", "path": "/spec/list/7", "value": null}]),
            json!([{"op": "test", "path": "/nope/x", "value": null}]),
            json!([{"op": "remove", "path": "/labels/nope"}]),
            json!([{"op": "add", "path": "/nope/x", "value": 1}]),
            json!([{"op": "foo", "path": "/spec", "value": 1}]),
            json!([{"op": "add", "path": "/spec/list/9", "value": 1}]),
            json!([{"op": "add", "path": "/spec/list/01", "value": 1}]),
            json!([{"op": "add", "path": "spec", "value": 1}]),
            json!([{"op": "remove", "path": ""}]),
            json!([{"op": "replace", "path": "/spec/replicas"}]),
            json!([{"op": "move", "from": "/spec", "path": "/spec/list/0"}]),
        ];
        for patch in rejected {
            let outcome = apply(&target, &patch);
            assert!(matches!(outcome, Err(JsonPatchError::Rejected(_))), "{patch}: {outcome:?}");
        }
        let text = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
        assert_eq!(
            apply(&target, &json!({"op": "add"})),
            Err(JsonPatchError::Malformed(text.into()))
        );
    }
}
