//! What `evanphx/json-patch` says of an operation that does not fit.

use serde_json::Value;

const MISSING: &str = "missing value";
const FAILED: &str = "test failed";

/// Why an operation does not fit a document.
pub(super) fn misfit(document: &Value, operation: &Value) -> String {
    let text = |field: &str| operation[field].as_str();
    let op = text("op").unwrap_or_default();
    let Some(path) = text("path") else {
        return match op {
            "add" | "remove" => format!("{op} operation failed to decode path: {MISSING}"),
            _ => format!(
                "{op} operation failed to decode path: operation missing path field: {MISSING}"
            ),
        };
    };
    let target = place(document, path);
    match op {
        "add" | "remove" => match target {
            None => {
                format!("{op} operation does not apply: doc is missing path: \"{path}\": {MISSING}")
            }
            Some((parent, key)) => {
                format!("error in {op} for path: '{path}': {}", fault(parent, key, op))
            }
        },
        "replace" => {
            let what = if target.is_none() { "path" } else { "key" };
            format!("replace operation does not apply: doc is missing {what}: {path}: {MISSING}")
        }
        "test" => match target {
            None => format!("test operation does not apply: is missing path: {path}: {MISSING}"),
            Some((parent @ Value::Array(_), key)) if get(parent, key).is_none() => {
                format!("error in test for path: '{path}': {}", fault(parent, key, op))
            }
            Some(_) => format!("testing value {path} failed: {FAILED}"),
        },
        "move" | "copy" => transfer(document, op, path, text("from")),
        other => format!("Unexpected kind: {other}"),
    }
}

fn transfer(document: &Value, op: &str, path: &str, from: Option<&str>) -> String {
    let Some(from) = from else {
        return format!(
            "{op} operation failed to decode from: operation, missing from field: {MISSING}"
        );
    };
    let Some((parent, key)) = place(document, from) else {
        return format!(
            "{op} operation does not apply: doc is missing from path: {from}: {MISSING}"
        );
    };
    if get(parent, key).is_none() {
        let shown = if op == "move" { format!("path: '{key}'") } else { format!("from: '{from}'") };
        return format!("error in {op} for {shown}: {}", fault(parent, key, "remove"));
    }
    match place(document, path) {
        None => {
            format!(
                "{op} operation does not apply: doc is missing destination path: {path}: {MISSING}"
            )
        }
        Some((parent, key)) if op == "move" => {
            format!("error in move for path: '{path}': {}", fault(parent, key, "add"))
        }
        Some((parent, key)) => {
            format!("error while adding value during copy: {}", fault(parent, key, "add"))
        }
    }
}

/// What holds the value of a path, and under which key.
fn place<'a>(document: &'a Value, path: &'a str) -> Option<(&'a Value, &'a str)> {
    let (parent, key) = path.rsplit_once('/')?;
    let parent = document.pointer(parent)?;
    (parent.is_object() || parent.is_array()).then_some((parent, key))
}

fn get<'a>(parent: &'a Value, key: &str) -> Option<&'a Value> {
    parent.pointer(&format!("/{key}"))
}

/// What is wrong with a key.
fn fault(parent: &Value, key: &str, op: &str) -> String {
    if parent.is_object() {
        return format!("Unable to remove nonexistent key: {key}: {MISSING}");
    }
    match key.parse::<i64>() {
        Ok(index) => format!("Unable to access invalid index: {index}: invalid index referenced"),
        Err(_) => {
            let why = format!("strconv.Atoi: parsing {key:?}: invalid syntax");
            match op {
                "add" => format!("value was not a proper array index: '{key}': {why}"),
                _ => why,
            }
        }
    }
}
