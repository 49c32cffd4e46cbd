//! What is wrong with a field. Mirrors `k8s.io/apimachinery/pkg/util/validation/field`.

use std::fmt;

/// The ways a field can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// It must be given.
    Required,
    /// Its value is not acceptable.
    Invalid,
    /// Its value is not one of a fixed set.
    NotSupported,
    /// It may not be given here.
    Forbidden,
    /// Its value must be unique and is not.
    Duplicate,
    /// It names something that is not there.
    NotFound,
    /// It has too many items.
    TooMany,
    /// It is too long.
    TooLong,
    /// Its value is of the wrong type.
    TypeInvalid,
}

impl ErrorKind {
    /// The cause's machine-readable reason.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::TooMany => "FieldValueTooMany",
            Self::TooLong => "FieldValueTooLong",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::Duplicate => "Duplicate value",
            Self::NotFound => "Not found",
            Self::TooMany => "Too many",
            Self::TooLong => "Too long",
        }
    }
}

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// How it is wrong.
    pub kind: ErrorKind,
    /// The value as Go prints it in such errors (strings quoted); empty where none is shown.
    pub value: String,
    /// What would be right.
    pub detail: String,
}

impl FieldError {
    fn new(kind: ErrorKind, field: &str, value: String, detail: impl Into<String>) -> Self {
        Self { field: field.to_owned(), kind, value, detail: detail.into() }
    }

    /// The field must be given.
    pub fn required(field: &str, detail: &str) -> Self {
        Self::new(ErrorKind::Required, field, String::new(), detail)
    }

    /// The value is not acceptable. `value` prints as JSON would: strings in quotes.
    pub fn invalid(field: &str, value: impl fmt::Debug, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, field, format!("{value:?}"), detail)
    }

    /// The value is not acceptable; `value` stands in the message as it is.
    pub fn invalid_text(field: &str, value: &str, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, field, value.to_owned(), detail)
    }

    /// The value is not one of `supported`, which are listed in the given order (upstream sorts most).
    pub fn not_supported(field: &str, value: &str, supported: &[&str]) -> Self {
        let names: Vec<_> = supported.iter().map(|name| format!("{name:?}")).collect();
        let detail = format!("supported values: {}", names.join(", "));
        Self::new(ErrorKind::NotSupported, field, format!("{value:?}"), detail)
    }

    /// The field may not be given or changed.
    pub fn forbidden(field: &str, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, field, String::new(), detail)
    }

    /// The value occurs twice.
    pub fn duplicate(field: &str, value: impl fmt::Debug) -> Self {
        Self::new(ErrorKind::Duplicate, field, format!("{value:?}"), "")
    }

    /// The named thing is not there.
    pub fn not_found(field: &str, value: impl fmt::Debug) -> Self {
        Self::new(ErrorKind::NotFound, field, format!("{value:?}"), "")
    }

    /// The value is longer than `limit` bytes.
    pub fn too_long(field: &str, limit: usize) -> Self {
        let detail = format!("may not be more than {limit} bytes");
        Self::new(ErrorKind::TooLong, field, String::new(), detail)
    }

    /// The text without the field's path.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        for part in [&self.value, &self.detail] {
            if !part.is_empty() {
                text.push_str(": ");
                text.push_str(part);
            }
        }
        text
    }
}

/// `FIELD: Invalid value: VALUE: DETAIL`.
impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}
