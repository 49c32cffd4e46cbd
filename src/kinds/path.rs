//! Paths of fields and the errors found there, as validation collects them.
//! Mirrors `k8s.io/apimachinery/pkg/util/validation/field.Path` and `ErrorList`.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::FieldError;
use crate::base::quantity::Quantity;
use crate::object::codec;

/// A field's path. Steps borrow from each other, so that a path costs nothing until it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// A field of the object itself.
    pub const fn new(name: &'a str) -> Self {
        Self { parent: None, step: Step::Field(name) }
    }

    /// A field of the value at this path.
    pub const fn child(&'a self, name: &'a str) -> Path<'a> {
        Self { parent: Some(self), step: Step::Field(name) }
    }

    /// An item of the list at this path.
    pub const fn index(&'a self, index: usize) -> Path<'a> {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    /// An entry of the map at this path.
    pub const fn key(&'a self, key: &'a str) -> Path<'a> {
        Self { parent: Some(self), step: Step::Key(key) }
    }
}

/// `spec.containers[0].name`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Field(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// A label selector in the order of its Go struct, which is not that of its names.
fn selector_text(value: &Value) -> Option<String> {
    let (labels, rules) = (value.get("matchLabels")?, value.get("matchExpressions")?);
    Some(format!("{{\"matchLabels\":{labels},\"matchExpressions\":{rules}}}"))
}

/// What is wrong, in the order of discovery.
#[derive(Debug, Default)]
pub struct Errors(pub Vec<FieldError>);

impl Errors {
    /// The field must be given.
    pub fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.0.push(FieldError::required(&path.to_string(), detail));
    }

    /// The value, printed as JSON, is not acceptable.
    pub fn invalid<T: Serialize + ?Sized>(
        &mut self,
        path: &Path<'_>,
        value: &T,
        detail: impl Into<String>,
    ) {
        let value = codec::encode(value).to_string();
        self.0.push(FieldError::invalid_text(&path.to_string(), &value, detail));
    }

    /// The value is not one of `supported`, listed as they are.
    pub fn not_supported(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        self.0.push(FieldError::not_supported(&path.to_string(), value, supported));
    }

    /// The field may not be given or changed.
    pub fn forbidden(&mut self, path: &Path<'_>, detail: impl Into<String>) {
        self.0.push(FieldError::forbidden(&path.to_string(), detail));
    }

    /// The value occurs twice.
    pub fn duplicate<T: Serialize + ?Sized>(&mut self, path: &Path<'_>, value: &T) {
        let value = codec::encode(value).to_string();
        let error = FieldError::duplicate(&path.to_string(), "");
        self.0.push(FieldError { value, ..error });
    }

    /// The named thing is not there.
    pub fn not_found(&mut self, path: &Path<'_>, value: &str) {
        self.0.push(FieldError::not_found(&path.to_string(), value));
    }

    /// The value is longer than `limit` bytes.
    pub fn too_long(&mut self, path: &Path<'_>, limit: usize) {
        self.0.push(FieldError::too_long(&path.to_string(), limit));
    }

    /// Every text is a reason why `value` is not acceptable.
    pub fn invalid_for(&mut self, path: &Path<'_>, value: &str, reasons: Vec<String>) {
        for reason in reasons {
            self.invalid(path, value, reason);
        }
    }

    /// The number must not be negative. Mirrors `ValidateNonnegativeField`.
    pub fn non_negative(&mut self, path: &Path<'_>, value: i64) {
        if value < 0 {
            self.invalid(path, &value, NOT_NEGATIVE);
        }
    }

    /// The amount must not be negative. Mirrors `ValidateNonnegativeQuantity`.
    pub fn amount_non_negative(&mut self, path: &Path<'_>, amount: &str) {
        if Quantity::parse(amount).is_ok_and(|amount| amount.sign() < 0) {
            self.invalid(path, amount, NOT_NEGATIVE);
        }
    }

    /// The amount must be more than nothing. Mirrors `ValidatePositiveQuantityValue`.
    pub fn amount_positive(&mut self, path: &Path<'_>, amount: &str) -> bool {
        let is_positive = Quantity::parse(amount).is_ok_and(|amount| amount.sign() > 0);
        if !is_positive {
            self.invalid(path, amount, "must be greater than zero");
        }
        is_positive
    }

    /// The value must be what it was. Mirrors `ValidateImmutableField`.
    pub fn immutable<T: Serialize + PartialEq>(&mut self, path: &Path<'_>, new: &T, old: &T) {
        if new != old {
            // A pointer to nothing is what Go has for a struct that says nothing.
            let value = match codec::encode(new) {
                Value::Object(map) if map.is_empty() => Value::Null,
                value => value,
            };
            let text = selector_text(&value).unwrap_or_else(|| value.to_string());
            self.0.push(FieldError::invalid_text(&path.to_string(), &text, "field is immutable"));
        }
    }

    /// The value must be one of `supported`; nothing is said of an empty one.
    pub fn one_of(&mut self, path: &Path<'_>, value: Option<&String>, supported: &[&str]) {
        match value {
            Some(value) if !value.is_empty() && !supported.contains(&value.as_str()) => {
                self.not_supported(path, value, supported);
            }
            _ => {}
        }
    }
}

/// Upstream's text for negative numbers.
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
