//! Lists whose items may not repeat. Mirrors `apiextensions-apiserver/pkg/apiserver/schema/listtype`.

use serde_json::Value;

use super::schema::Schema;
use super::validate::quoted;
use crate::base::order::Gather;
use crate::kinds::{ErrorKind, FieldError};

/// Items that stand in a set or a list by keys more than once.
pub(super) fn faults(value: &Value, schema: Schema<'_>, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match value {
        Value::Object(map) => {
            for (name, field) in map {
                if let Some(of) = schema.property(name) {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    errors.extend(faults(field, of, &path));
                } else if let Some(of) = schema.additional() {
                    errors.extend(faults(field, of, &format!("{path}[{name}]")));
                }
            }
        }
        Value::Array(items) => {
            match schema.text("x-kubernetes-list-type") {
                "set" => errors.extend(repeated(items.clone(), path)),
                "map" => errors.extend(by_keys(items, schema, path)),
                _ => {}
            }
            for (index, item) in items.iter().enumerate() {
                if let Some(of) = schema.items() {
                    errors.extend(faults(item, of, &format!("{path}[{index}]")));
                }
            }
        }
        _ => {}
    }
    errors
}

/// Mirrors `validateListSet`: every repeated value is told of once, where it stands again.
fn repeated(items: Vec<Value>, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let before = items[..index].iter().filter(|other| *other == item).count();
        if before == 1 {
            let field = format!("{path}[{index}]");
            let (kind, detail) = (ErrorKind::Duplicate, String::new());
            errors.push(FieldError { field, kind, value: quoted(item), detail });
        }
    }
    errors
}

/// Mirrors `validateListMap`.
fn by_keys(items: &[Value], schema: Schema<'_>, path: &str) -> Vec<FieldError> {
    let odd = items.iter().position(|item| !item.is_object() && !item.is_null());
    if let Some(index) = odd {
        let text = "must be an object for an array of list-type map";
        let field = format!("{path}[{index}]");
        return vec![FieldError::invalid_text(&field, &quoted(&items[index]), text)];
    }
    let keys = |item: &Value| {
        let given = schema.texts("x-kubernetes-list-map-keys");
        let given = given.filter_map(|key| Some((key.to_owned(), item.get(key)?.clone())));
        Value::Object(given.gathered())
    };
    repeated(items.iter().map(keys).collect(), path)
}
