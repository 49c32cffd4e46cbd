//! The scale of a custom resource: where its numbers stand.
//! Mirrors `ScaleREST` of `registry/customresource/etcd.go`.

use serde_json::{Map, Value};

use super::CustomKind;
use crate::base::go_text;
use crate::kinds::FieldError;

/// The value at a path like `.spec.replicas`; the error is that of `unstructured.NestedFieldNoCopy`.
fn nested<'a>(value: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let mut found = value;
    let steps: Vec<&str> = path.trim_start_matches('.').split('.').collect();
    for (index, step) in steps.iter().enumerate() {
        match found {
            Value::Null => return Ok(None),
            Value::Object(map) => match map.get(*step) {
                Some(next) => found = next,
                None => return Ok(None),
            },
            other => {
                let at = steps[..=index].join(".");
                return Err(accessor(&format!(".{at}"), other, "map[string]interface{}"));
            }
        }
    }
    Ok(Some(found))
}

fn accessor(path: &str, value: &Value, wanted: &str) -> String {
    let (text, of) = (go_text::print(value), go_text::type_name(value));
    format!("{path} accessor error: {text} is of the type {of}, expected {wanted}")
}

fn integer(value: &Value, path: &str) -> Result<Option<i64>, String> {
    match nested(value, path)? {
        None => Ok(None),
        Some(found) => match found.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(accessor(path, found, "int64")),
        },
    }
}

fn count_faults(value: &Value, path: &str) -> Vec<FieldError> {
    let number = match integer(value, path) {
        Err(why) => return vec![FieldError::invalid(path, 0, why)],
        Ok(number) => number.unwrap_or(0),
    };
    let why = match number {
        negative if negative < 0 => "should be a non-negative integer".to_owned(),
        large if large > i64::from(i32::MAX) => {
            format!("should be less than or equal to {}", i32::MAX)
        }
        _ => return Vec::new(),
    };
    vec![FieldError::invalid(path, number, why)]
}

impl CustomKind {
    fn scale_path(&self, name: &str) -> &'static str {
        self.version["subresources"]["scale"][name].as_str().unwrap_or_default()
    }

    /// What is wrong with the numbers of a scale. Mirrors `ValidateScaleSpec` and `ValidateScaleStatus`.
    pub(super) fn scale_faults(&self, value: &Value) -> Vec<FieldError> {
        if !self.has("scale") {
            return Vec::new();
        }
        let mut errors = count_faults(value, self.scale_path("specReplicasPath"));
        errors.extend(self.scale_status_faults(value));
        errors
    }

    /// The same for the status alone.
    pub(super) fn scale_status_faults(&self, value: &Value) -> Vec<FieldError> {
        if !self.has("scale") {
            return Vec::new();
        }
        let mut errors = count_faults(value, self.scale_path("statusReplicasPath"));
        let path = self.scale_path("labelSelectorPath");
        let selector = if path.is_empty() { Ok(None) } else { nested(value, path) };
        match selector {
            Err(why) => errors.push(FieldError::invalid(path, "", why)),
            Ok(Some(found)) if !found.is_string() => {
                errors.push(FieldError::invalid(path, "", accessor(path, found, "string")));
            }
            Ok(_) => {}
        }
        errors
    }

    /// Mirrors `scaleFromCustomResource`.
    pub(super) fn scale_of(&self, value: &Value) -> Option<(i32, i32, String)> {
        if !self.has("scale") {
            return None;
        }
        let number = |name: &str| {
            let number = integer(value, self.scale_path(name)).ok()?.unwrap_or(0);
            i32::try_from(number).ok()
        };
        let selector = match self.scale_path("labelSelectorPath") {
            "" => String::new(),
            path => {
                let found = nested(value, path).ok()?;
                found.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
        };
        Some((number("specReplicasPath")?, number("statusReplicasPath")?, selector))
    }

    /// Sets the number of replicas wanted.
    pub(super) fn write_scale(&self, fields: &mut Map<String, Value>, replicas: i32) {
        let path = self.scale_path("specReplicasPath");
        let mut steps: Vec<&str> = path.trim_start_matches('.').split('.').collect();
        let Some(last) = steps.pop() else { return };
        let mut map = fields;
        for step in steps {
            let next = map.entry(step).or_insert_with(|| Value::Object(Map::new()));
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            let Some(next) = next.as_object_mut() else { return };
            map = next;
        }
        map.insert(last.to_owned(), Value::from(replicas));
    }
}
