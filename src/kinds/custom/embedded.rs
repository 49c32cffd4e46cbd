//! Objects within objects: what `x-kubernetes-embedded-resource` asks of them.
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/objectmeta`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::schema::Schema;
use super::validate::quoted;
use crate::kinds::{FieldError, names};
use crate::object::codec;

/// What is wrong with the objects within a value.
pub(super) fn faults(value: &Value, schema: Schema<'_>, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match value {
        Value::Object(map) => {
            if schema.is_resource() {
                errors.extend(resource(value, path));
            }
            for (name, field) in map {
                if let Some(of) = schema.property(name) {
                    errors.extend(faults(field, of, &child(path, name)));
                } else if let Some(of) = schema.additional() {
                    errors.extend(faults(field, of, &format!("{path}[{name}]")));
                }
            }
        }
        Value::Array(items) => {
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

fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Mirrors `validateEmbeddedResource`.
fn resource(value: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for name in ["apiVersion", "kind"] {
        let path = child(path, name);
        match value.get(name) {
            None => errors.push(FieldError::required(&path, "")),
            Some(Value::String(text)) if text.is_empty() => {
                errors.push(FieldError::invalid(&path, text, "must not be empty"));
            }
            Some(Value::String(text)) if name == "kind" => {
                let faults = names::label_1035_errors(&text.to_ascii_lowercase());
                if !faults.is_empty() {
                    let mixed = "may have mixed case, but should otherwise match: ";
                    errors.push(FieldError::invalid(
                        &path,
                        text,
                        mixed.to_owned() + &faults.join(","),
                    ));
                }
            }
            Some(Value::String(text)) if text.matches('/').count() > 1 => {
                let why = format!("unexpected GroupVersion string: {text}");
                errors.push(FieldError::invalid(&path, text, why));
            }
            Some(Value::String(_)) => {}
            Some(other) => {
                errors.push(FieldError::invalid_text(&path, &quoted(other), "must be a string"));
            }
        }
    }
    if let Some(metadata) = value.get("metadata")
        && let Err(why) = codec::decode::<ObjectMeta>(metadata)
    {
        let path = child(path, "metadata");
        errors.push(FieldError::invalid_text(&path, &quoted(metadata), why));
    }
    errors
}
