//! The rows of custom resources. Mirrors `registry/customresource/tableconvertor`.

use serde_json::Value;

use crate::base::json_path::{self, JsonPath};
use crate::kinds::{Column, Holds, cells};
use crate::object::meta;
use crate::sim::Time;

/// The columns of a version, and where their cells come from.
pub(super) struct Printer {
    columns: &'static [Column],
    paths: Vec<JsonPath>,
}

impl Printer {
    /// Reads `additionalPrinterColumns`; without any, there is the age.
    pub(super) fn new(definitions: &'static Value) -> Self {
        let definitions = definitions.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut columns = vec![Column::new("Name")];
        let mut paths = Vec::new();
        for definition in definitions {
            let text = |field: &str| -> &'static str { definition[field].as_str().unwrap_or("") };
            let Ok(path) = JsonPath::parse(&format!("{{{}}}", text("jsonPath"))) else { continue };
            paths.push(path.allow_missing_keys(true));
            let description = match text("description") {
                "" => {
                    let at = text("jsonPath");
                    let text =
                        format!("Custom resource definition column (in JSONPath format): {at}");
                    super::keep(&text)
                }
                own => own,
            };
            columns.push(Column {
                name: text("name"),
                wide: definition["priority"].as_i64().unwrap_or(0) > 0,
                holds: match text("type") {
                    "integer" | "number" => Holds::Number,
                    "boolean" => Holds::Truth,
                    _ => Holds::Text,
                },
                custom: Some((definition, description)),
            });
        }
        if paths.is_empty() {
            columns.push(Column::new("Age"));
        }
        Self { columns: Box::leak(columns.into_boxed_slice()), paths }
    }

    pub(super) fn columns(&self) -> &'static [Column] {
        self.columns
    }

    /// A row; a cell for which there is no value is empty.
    pub(super) fn row(&self, name: &str, value: &Value, now: Time) -> Vec<String> {
        let mut row = vec![name.to_owned()];
        for (path, column) in self.paths.iter().zip(&self.columns[1..]) {
            let found = path.find(value).ok();
            let first = found.as_ref().and_then(|parts| parts.first()?.first());
            let kind = column.custom.map_or("", |(d, _)| d["type"].as_str().unwrap_or_default());
            row.push(first.map_or_else(String::new, |value| cell(value, kind, now)));
        }
        if self.paths.is_empty() {
            row.push(age(&value["metadata"]["creationTimestamp"], now));
        }
        row
    }
}

fn age(stamp: &Value, now: Time) -> String {
    match stamp.as_str().map(meta::read_timestamp) {
        None => cells::UNKNOWN.to_owned(),
        Some(None) => "<invalid>".to_owned(),
        Some(stamp) => cells::since(stamp.as_ref(), now),
    }
}

/// Mirrors `cellForJSONValue`.
fn cell(value: &Value, kind: &str, now: Time) -> String {
    match (kind, value) {
        (_, Value::Null) => String::new(),
        ("string", value) => json_path::text(value),
        ("integer", Value::Number(number)) => match number.as_i64() {
            Some(number) => number.to_string(),
            None => number.as_f64().map_or_else(String::new, |n| format!("{:.0}", n.trunc())),
        },
        ("number", Value::Number(number)) => crate::base::go_text::number(number),
        ("boolean", Value::Bool(truth)) => truth.to_string(),
        ("date", Value::String(_)) => age(value, now),
        _ => String::new(),
    }
}
