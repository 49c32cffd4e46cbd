//! Tables: the rows of `kubectl get`. Mirrors `registry/rest/table.go` and `printers`.

use serde_json::{Value, json};

use super::encode::{View, partial, whole};
use crate::api::Status;
use crate::kinds::{Column, Kind, cells};
use crate::object::Object;

/// What a row carries of its object. Mirrors `metav1.IncludeObjectPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Include {
    /// Nothing.
    Nothing,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the `includeObject` parameter.
    ///
    /// # Errors
    /// 400 for a policy that does not exist.
    pub(super) fn parse(text: &str) -> Result<Self, Status> {
        match text {
            "" | "Metadata" => Ok(Self::Metadata),
            "None" => Ok(Self::Nothing),
            "Object" => Ok(Self::Object),
            _ => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {text:?}: \
                 must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// What the server says of its columns, where clients were seen to be told.
const DESCRIPTIONS: &str = include_str!("columns.txt");

/// Objects as a table with the given metadata.
pub(super) fn table(view: View<'_>, objects: &[Object], metadata: &Value) -> Value {
    let mut table = frame(view, metadata);
    table["rows"] = objects.iter().map(|object| row(view, object)).collect();
    table
}

/// A table without its rows.
pub(super) fn frame(view: View<'_>, metadata: &Value) -> Value {
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions(view.kind),
    })
}

/// The scale of an object as a table. Mirrors `printScale`.
pub(super) fn scale(view: View<'_>, object: &Object) -> Value {
    let value = object.to_value();
    let counted = |field: &str| value[field]["replicas"].as_i64().unwrap_or(0);
    let age = cells::age(object.meta(), view.now);
    let column = |name: &str, kind: &str, format: &str| json!({"name": name, "type": kind, "format": format, "description": description("scales", name), "priority": 0});
    let mut row = json!({"cells": [object.name(), counted("spec"), counted("status"), age]});
    row["object"] = match view.include {
        Include::Nothing => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => value,
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": object.meta().resource_version},
        "columnDefinitions": [
            column("Name", "string", "name"),
            column("Desired", "integer", ""),
            column("Available", "integer", ""),
            column("Age", "string", ""),
        ],
        "rows": [row],
    })
}

/// Mirrors `metav1.TableColumnDefinition`.
fn definitions(kind: &dyn Kind) -> Vec<Value> {
    let definition = |column: &Column| {
        if let Some((definition, description)) = column.custom {
            return json!({
                "name": column.name,
                "type": definition["type"],
                "format": definition["format"].as_str().unwrap_or_default(),
                "description": description,
                "priority": definition["priority"].as_i64().unwrap_or(0),
            });
        }
        json!({
            "name": column.name,
            "type": "string",
            "format": if column.name == "Name" { "name" } else { "" },
            "description": description(kind.names().plural, column.name),
            "priority": i32::from(column.wide),
        })
    };
    kind.columns().iter().map(definition).collect()
}

/// A column's description: the one for this resource, or the one for all.
fn description(plural: &str, column: &str) -> String {
    let find = |plural: &str| {
        DESCRIPTIONS.lines().find_map(|line| {
            let (head, text) = line.split_once(": ")?;
            (head.split_once(' ') == Some((plural, column))).then_some(text)
        })
    };
    find(plural).or_else(|| find("*")).unwrap_or_default().replace("\\n", "\n")
}

/// An object's row.
pub(super) fn row(view: View<'_>, object: &Object) -> Value {
    let cells = view.kind.row(object, view.now);
    let columns = view.kind.columns();
    let cells: Vec<Value> =
        cells.into_iter().zip(columns).map(|(cell, column)| value(cell, column)).collect();
    let mut row = json!({"cells": cells});
    let carried = match view.include {
        Include::Nothing => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => whole(view, object),
    };
    row["object"] = carried;
    row
}

/// A cell as the JSON that upstream's printers give: counts are numbers.
fn value(cell: String, column: &Column) -> Value {
    if column.custom.is_some() && cell.is_empty() {
        return Value::Null;
    }
    match column.holds {
        crate::kinds::Holds::Text => Value::String(cell),
        crate::kinds::Holds::Number => {
            let real = || cell.parse::<f64>().ok().map(|number| json!(number));
            let number = cell.parse::<i64>().ok().map(|number| json!(number));
            number.or_else(real).unwrap_or(Value::String(cell))
        }
        crate::kinds::Holds::Truth => match cell.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(cell),
        },
    }
}
