//! `--sort-by`. Mirrors `k8s.io/kubectl/pkg/cmd/get.SortingPrinter`.

use std::cmp::Ordering;

use serde_json::Value;

use super::Failure;
use super::print::{face, relaxed};
use super::resource::Asked;
use crate::base::json_path::{self, JsonPath};
use crate::base::order::Order as _;
use crate::base::quantity::Quantity;
use crate::object::Object;

/// Sorts objects by the field that a JSONPath names; objects without it come first.
///
/// # Errors
/// An expression that does not parse, or that names a field which none has.
pub fn sort_by(expression: &str, asked: &Asked, objects: &mut [&Object]) -> Result<(), Failure> {
    let mut all: Vec<(Asked, &Object)> = objects.iter().map(|object| (*asked, *object)).collect();
    sort_all(expression, &mut all)?;
    for (place, (_, object)) in objects.iter_mut().zip(all) {
        *place = object;
    }
    Ok(())
}

/// As [`sort_by`], for objects of several kinds.
///
/// # Errors
/// The same.
pub fn sort_all(expression: &str, objects: &mut [(Asked, &Object)]) -> Result<(), Failure> {
    if expression.is_empty() || objects.is_empty() {
        return Ok(());
    }
    let path = relaxed(expression)?;
    if objects.iter().all(|(asked, object)| field(&path, asked, object).0.is_none()) {
        let expression = json_path::relaxed(expression).map_err(Failure::error)?;
        return Err(Failure::error(format!(
            "couldn't find any field with path {expression:?} in the list of objects"
        )));
    }
    objects.order_by_key(|(asked, object)| field(&path, asked, object));
    Ok(())
}

fn field(path: &JsonPath, asked: &Asked, object: &Object) -> Field {
    let value = face(asked, object);
    let found = path.find(&value).unwrap_or_default();
    Field(found.into_iter().flatten().next().map(std::borrow::Cow::into_owned))
}

/// A field's value, ordered as kubectl orders it.
#[derive(PartialEq, Eq)]
struct Field(Option<Value>);

impl Ord for Field {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Less,
            (_, None) => Ordering::Greater,
            (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_i64().cmp(&b.as_i64()),
            (Some(Value::String(a)), Some(Value::String(b))) => {
                match (a.parse::<Quantity>(), b.parse::<Quantity>()) {
                    (Ok(a), Ok(b)) => a.cmp(&b),
                    _ => a.cmp(b),
                }
            }
            (Some(a), Some(b)) => a.to_string().cmp(&b.to_string()),
        }
    }
}

impl PartialOrd for Field {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
