//! Amounts of resources in JSON: numbers become text, and every text its canonical form.
//! Mirrors what `resource.Quantity` does when Go decodes and encodes it.

use std::borrow::Cow;

use serde_json::Value;

use crate::base::quantity;

/// Fields that map names of resources to amounts.
const LISTS: [&str; 14] = [
    "limits",
    "requests",
    "capacity",
    "allocatable",
    "allocatedResources",
    "hard",
    "used",
    "overhead",
    "usage",
    "default",
    "defaultRequest",
    "maxLimitRequestRatio",
    "max",
    "min",
];
/// Fields that hold one amount.
const AMOUNTS: [&str; 3] = ["averageValue", "sizeLimit", "divisor"];
/// Fields whose `value` is an amount: targets and readings of autoscalers.
const WITH_VALUE: [&str; 2] = ["target", "current"];

/// `value` with its amounts canonical; borrowed when they all were.
///
/// # Errors
/// Upstream's text for the first that is no amount.
pub fn canonical(value: &Value) -> Result<Cow<'_, Value>, String> {
    if !needs_change(value, "")? {
        return Ok(Cow::Borrowed(value));
    }
    let mut changed = value.clone();
    change(&mut changed, "")?;
    Ok(Cow::Owned(changed))
}

/// Whether `field` of the object under `parent` is an amount.
fn is_amount(parent: &str, field: &str) -> bool {
    LISTS.contains(&parent)
        || AMOUNTS.contains(&field)
        || (field == "value" && WITH_VALUE.contains(&parent))
}

/// What the amount should read, if it does not yet.
fn better(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::String(text) => {
            let canonical = quantity::canonical(text)?;
            Ok((canonical != *text).then_some(canonical))
        }
        Value::Number(number) => quantity::canonical(&number.to_string()).map(Some),
        _ => Ok(None),
    }
}

/// Whether an amount in `value`, which stands under `name`, is not canonical.
fn needs_change(value: &Value, name: &str) -> Result<bool, String> {
    match value {
        Value::Array(items) => {
            for item in items {
                if needs_change(item, "")? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                let found = match is_amount(name, field) {
                    true => better(value)?.is_some(),
                    false => needs_change(value, field)?,
                };
                if found {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn change(value: &mut Value, name: &str) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| change(item, "")),
        Value::Object(fields) => fields.iter_mut().try_for_each(|(field, value)| {
            if !is_amount(name, field) {
                return change(value, field);
            }
            if let Some(text) = better(value)? {
                *value = Value::String(text);
            }
            Ok(())
        }),
        _ => Ok(()),
    }
}
