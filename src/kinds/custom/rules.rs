//! The rules of a schema, written in CEL. Mirrors `apiextensions-apiserver/pkg/apiserver/schema/cel`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::Schema;
use super::validate::{correlated, quoted};
use crate::base::cel::Expression;
use crate::kinds::{ErrorKind, FieldError};

/// The longest message that an expression may make. Mirrors `MaxEvaluatedMessageExpressionSizeBytes`.
const MESSAGE_MAX: usize = 5 * 1024;

/// The rules of a schema, ready to be applied: every expression by its text.
pub struct Rules(BTreeMap<String, Expression>);

/// A value, what it was, and where it stands.
struct Place<'a> {
    value: &'a Value,
    old: Option<&'a Value>,
    path: String,
    /// Whether the value is what it was: only transition rules can be broken anew.
    unchanged: bool,
}

impl Rules {
    /// The rules of a schema; `None` where it has none.
    pub(super) fn of(schema: Schema<'_>) -> Option<Self> {
        let mut expressions = BTreeMap::new();
        collect(schema, &mut expressions);
        if expressions.is_empty() { None } else { Some(Self(expressions)) }
    }

    /// What an object breaks of the rules; `old` is what it replaces.
    pub(super) fn check(
        &self,
        schema: Schema<'_>,
        value: &Value,
        old: Option<&Value>,
    ) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let unchanged = old.is_some_and(|old| old == value);
        self.walk(schema, &Place { value, old, path: String::new(), unchanged }, &mut errors);
        errors
    }

    fn walk(&self, schema: Schema<'_>, place: &Place<'_>, errors: &mut Vec<FieldError>) {
        if place.value.is_null() {
            return;
        }
        for rule in schema.parts("x-kubernetes-validations") {
            errors.extend(self.apply(rule, schema.kind(), place));
        }
        match place.value {
            Value::Object(map) => {
                for (name, value) in map {
                    let old = place.old.and_then(|old| old.get(name));
                    let (of, path) = match (schema.property(name), schema.additional()) {
                        (Some(of), _) if place.path.is_empty() => (of, name.clone()),
                        (Some(of), _) => (of, format!("{}.{name}", place.path)),
                        (None, Some(of)) => (of, format!("{}[{name}]", place.path)),
                        (None, None) => continue,
                    };
                    let unchanged = old.is_some_and(|old| old == value);
                    self.walk(of, &Place { value, old, path, unchanged }, errors);
                }
            }
            Value::Array(items) => {
                let Some(of) = schema.items() else { return };
                for (index, value) in items.iter().enumerate() {
                    let old = place.old.and_then(|old| correlated(value, old, schema));
                    let path = format!("{}[{index}]", place.path);
                    let unchanged = old.is_some_and(|old| old == value);
                    self.walk(of, &Place { value, old, path, unchanged }, errors);
                }
            }
            _ => {}
        }
    }

    /// Applies one rule. Mirrors `validateExpressions`.
    fn apply(&self, rule: Schema<'_>, kind: &str, place: &Place<'_>) -> Option<FieldError> {
        let text = rule.text("rule").trim();
        let program = self.0.get(text)?;
        let uses_old = program.uses("oldSelf");
        if uses_old && place.old.is_none() {
            return None;
        }
        let at = if place.path.is_empty() { "<nil>" } else { &place.path };
        let failed = |text: String| Some(FieldError::invalid(at, kind, text));
        match self.evaluate(program, place) {
            Ok(Value::Bool(true)) => return None,
            Ok(_) => {}
            Err(why) if why.starts_with("no such overload") => {
                return failed(format!(
                    "'{why}': call arguments did not match a supported operator, function or \
                     macro signature for rule: {}",
                    shown(rule)
                ));
            }
            Err(why) => return failed(format!("{why} evaluating rule: {}", shown(rule))),
        }
        if place.unchanged && !uses_old {
            return None;
        }
        let message = self.message(rule, place).unwrap_or_else(|| match rule.text("message") {
            "" => format!("failed rule: {}", shown(rule)),
            message => message.trim().to_owned(),
        });
        let field = match (at, rule.text("fieldPath")) {
            (at, "") => at.to_owned(),
            ("<nil>", path) => path.trim().trim_start_matches('.').to_owned(),
            (at, path) => format!("{at}.{}", path.trim().trim_start_matches('.')),
        };
        let value = match kind {
            "object" | "array" => String::new(),
            _ => quoted(place.value),
        };
        Some(refusal(rule.text("reason"), field, value, message))
    }

    fn evaluate(&self, program: &Expression, place: &Place<'_>) -> Result<Value, String> {
        let mut variables = vec![("self", place.value)];
        variables.extend(place.old.map(|old| ("oldSelf", old)));
        program.evaluate(&variables)
    }

    /// What the rule's own expression says of the value. Mirrors `evalMessageExpression`.
    fn message(&self, rule: Schema<'_>, place: &Place<'_>) -> Option<String> {
        let program = self.0.get(rule.text("messageExpression").trim())?;
        let value = self.evaluate(program, place).ok()?;
        let text = value.as_str()?.trim();
        let fits = !text.is_empty() && text.len() <= MESSAGE_MAX && !text.contains('\n');
        fits.then(|| text.to_owned())
    }
}

/// Mirrors `fieldErrorForReason`.
fn refusal(reason: &str, field: String, value: String, detail: String) -> FieldError {
    let kind = match reason {
        "FieldValueRequired" => ErrorKind::Required,
        "FieldValueForbidden" => ErrorKind::Forbidden,
        "FieldValueDuplicate" => ErrorKind::Duplicate,
        _ => ErrorKind::Invalid,
    };
    let (value, detail) = match kind {
        ErrorKind::Duplicate => (value, String::new()),
        ErrorKind::Invalid => (value, detail),
        _ => (String::new(), detail),
    };
    FieldError { field, kind, value, detail }
}

/// A rule in messages. Mirrors `ruleErrorString`.
fn shown(rule: Schema<'_>) -> &str {
    let message = rule.text("message").trim();
    if message.is_empty() { rule.text("rule").trim() } else { message }
}

fn collect(schema: Schema<'_>, found: &mut BTreeMap<String, Expression>) {
    for rule in schema.parts("x-kubernetes-validations") {
        for text in [rule.text("rule").trim(), rule.text("messageExpression").trim()] {
            if let (false, Ok(program)) = (text.is_empty(), Expression::parse(text)) {
                found.insert(text.to_owned(), program);
            }
        }
    }
    for (_, property) in schema.properties() {
        collect(property, found);
    }
    for inner in [schema.items(), schema.additional()].into_iter().flatten() {
        collect(inner, found);
    }
}

/// What is wrong with a rule's expressions, and what they may cost.
#[derive(Default)]
pub struct Checked {
    /// What is wrong with the rule.
    pub rule: Option<String>,
    /// What is wrong with the expression of its message.
    pub message: Option<String>,
    /// Whether the rule looks at the value that was there before.
    pub uses_old: bool,
    /// What one look at the rule costs at most.
    pub rule_cost: f64,
    /// What the message costs at most.
    pub message_cost: f64,
}

/// How many items a list or map of a schema has at most.
pub fn cardinality(schema: Schema<'_>) -> f64 {
    #[cfg(not(target_arch = "wasm32"))]
    let most = super::rule_types::cardinality(schema);
    // Where no rule is evaluated none costs anything.
    #[cfg(target_arch = "wasm32")]
    let most = schema.get("maxItems").as_f64().unwrap_or(1.0);
    most
}

/// Reads a rule of a schema; `root` says that the schema is that of whole objects.
#[cfg(target_arch = "wasm32")]
pub fn check_rule(_schema: Schema<'_>, _root: bool, rule: Schema<'_>) -> Checked {
    Checked { uses_old: rule.text("rule").contains("oldSelf"), ..Checked::default() }
}

/// Reads a rule of a schema; `root` says that the schema is that of whole objects.
#[cfg(not(target_arch = "wasm32"))]
pub fn check_rule(schema: Schema<'_>, root: bool, rule: Schema<'_>) -> Checked {
    use super::rule_types::{self, Type};
    let with_meta;
    let schema = if root {
        with_meta = with_meta_fields(schema);
        Schema::new(&with_meta)
    } else {
        schema
    };
    let mut checked = Checked::default();
    let text = rule.text("rule").trim();
    let program = Expression::parse(text);
    match program {
        Err(why) => checked.rule = Some(format!("compilation failed: {why}")),
        Ok(program) => {
            checked.uses_old = program.uses("oldSelf");
            let found = rule_types::check(&program, text, schema);
            checked.rule_cost = found.cost;
            checked.rule = match (found.error, found.kind) {
                (Some(why), _) => Some(format!("compilation failed: {why}")),
                (None, Type::Bool | Type::Any) => None,
                (None, _) => Some("cel expression must evaluate to a bool".to_owned()),
            };
        }
    }
    let text = rule.text("messageExpression").trim();
    if !text.is_empty() {
        match Expression::parse(text) {
            Err(why) => {
                checked.message = Some(format!("messageExpression compilation failed: {why}"));
            }
            Ok(program) => {
                let found = rule_types::check(&program, text, schema);
                checked.message_cost = found.cost;
                checked.message = match (found.error, found.kind) {
                    (Some(why), _) => Some(format!("messageExpression compilation failed: {why}")),
                    (None, Type::String | Type::Any) => None,
                    (None, _) => Some("messageExpression must evaluate to a string".to_owned()),
                };
            }
        }
    }
    checked
}

/// The schema of whole objects with the fields that all have. Mirrors `model.WithTypeAndObjectMeta`.
#[cfg(not(target_arch = "wasm32"))]
fn with_meta_fields(schema: Schema<'_>) -> Value {
    use serde_json::json;
    let mut value = schema.value().clone();
    if !value["properties"].is_object() {
        value["properties"] = json!({});
    }
    let text = json!({"type": "string"});
    value["properties"]["apiVersion"] = text.clone();
    value["properties"]["kind"] = text.clone();
    value["properties"]["metadata"] =
        json!({"type": "object", "properties": {"name": text, "generateName": text}});
    value
}
