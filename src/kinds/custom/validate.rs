//! What is wrong with a value, seen by its schema, in the words of `kube-openapi`.
//! Mirrors `apiextensions-apiserver/pkg/apiserver/validation` with its ratcheting.

use serde_json::Value;

use super::formats;
use super::schema::Schema;
use crate::base::go_text;
use crate::base::regex::Regex;
use crate::kinds::{ErrorKind, FieldError};

/// What validation has found.
#[derive(Default)]
pub struct Findings {
    /// What is wrong.
    pub errors: Vec<FieldError>,
    /// How many checks went well, for telling which of several schemas was meant.
    matches: usize,
}

impl Findings {
    fn add(&mut self, kind: ErrorKind, path: &str, value: String, detail: String) {
        let field = path.strip_prefix('.').unwrap_or(path).to_owned();
        let field = if field.is_empty() { "<nil>".to_owned() } else { field };
        self.errors.push(FieldError { field, kind, value, detail });
    }

    /// An error whose place only its text tells.
    fn add_general(&mut self, text: String) {
        self.add(ErrorKind::Invalid, "", "\"\"".to_owned(), text);
    }

    fn invalid(&mut self, path: &str, value: &Value, what: &str) {
        let name = path.strip_prefix('.').unwrap_or(path);
        self.add(ErrorKind::Invalid, path, quoted(value), format!("{name} in body {what}"));
    }

    fn mistyped(&mut self, path: &str, wanted: &str, found: &str) {
        let name = path.strip_prefix('.').unwrap_or(path);
        let text = format!("{name} in body must be of type {wanted}: {found:?}");
        self.add(ErrorKind::TypeInvalid, path, format!("{found:?}"), text);
    }

    fn merge(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.matches += other.matches;
    }
}

/// A value as `field.Error` prints it.
pub fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => go_text::quote(text),
        Value::Number(number) => go_text::number(number),
        other => other.to_string(),
    }
}

/// The type's name as error texts have it.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
    }
}

/// What is wrong with a value at `path` (`.spec.x`; empty for the root). What has not changed from
/// `old` is not looked at.
pub fn validate(value: &Value, old: Option<&Value>, schema: Schema<'_>, path: &str) -> Findings {
    let mut found = Findings::default();
    if old.is_some_and(|old| old == value) {
        return found;
    }
    if !check_type(value, schema, path, &mut found) {
        return found;
    }
    check_combinations(value, schema, path, &mut found);
    match value {
        Value::String(text) => check_string(text, value, schema, path, &mut found),
        Value::Number(_) => check_number(value, schema, path, &mut found),
        Value::Array(items) => check_items(items, old, schema, path, &mut found),
        _ => {}
    }
    check_enum(value, schema, path, &mut found);
    if let Value::Object(_) = value {
        check_fields(value, old, schema, path, &mut found);
    }
    if found.errors.is_empty() {
        found.matches += 1;
    }
    found
}

/// Checks the type; false if nothing more can be said. Mirrors `typeValidator`.
fn check_type(value: &Value, schema: Schema<'_>, path: &str, found: &mut Findings) -> bool {
    let both = schema.is("x-kubernetes-int-or-string");
    let wanted = if both { "integer,string" } else { schema.kind() };
    if wanted.is_empty() {
        return !value.is_null();
    }
    let is = type_of(value);
    if value.is_null() {
        if !schema.is("nullable") {
            found.mistyped(path, wanted, is);
        }
        return false;
    }
    let whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let fits = wanted.split(',').any(|wanted| {
        wanted == is
            || (wanted == "number" && is == "integer")
            || (wanted == "integer" && is == "number" && whole(value))
    });
    if !fits {
        found.mistyped(path, wanted, is);
    }
    true
}

/// `anyOf`, `oneOf`, `allOf`, `not`. Mirrors `schemaPropsValidator`.
fn check_combinations(value: &Value, schema: Schema<'_>, path: &str, found: &mut Findings) {
    let name = go_text::quote(path.strip_prefix('.').unwrap_or(path));
    for (keyword, only) in [("anyOf", false), ("oneOf", true)] {
        let results: Vec<Findings> =
            schema.parts(keyword).map(|part| validate(value, None, part, path)).collect();
        let good = results.iter().filter(|result| result.errors.is_empty()).count();
        if results.is_empty() || good == 1 || (good > 1 && !only) {
            continue;
        }
        found.add_general(match (only, good) {
            (false, _) => format!("{name} must validate at least one schema (anyOf)"),
            (true, 0) => {
                format!("{name} must validate one and only one schema (oneOf). Found none valid")
            }
            (true, good) => format!(
                "{name} must validate one and only one schema (oneOf). Found {good} valid \
                 alternatives"
            ),
        });
        if good == 0
            && let Some(best) = results
                .into_iter()
                .reduce(|best, result| if result.matches > best.matches { result } else { best })
        {
            found.merge(best);
        }
    }
    let results: Vec<Findings> =
        schema.parts("allOf").map(|part| validate(value, None, part, path)).collect();
    let good = results.iter().filter(|result| result.errors.is_empty()).count();
    let all = results.len();
    results.into_iter().for_each(|result| found.merge(result));
    if good < all {
        let none = if good == 0 { ". None validated" } else { "" };
        found.add_general(format!("{name} must validate all the schemas (allOf){none}"));
    }
    if schema.part("not").is_some_and(|not| validate(value, None, not, path).errors.is_empty()) {
        found.add_general(format!("{name} must not validate the schema (not)"));
    }
}

fn count(schema: Schema<'_>, name: &str) -> Option<usize> {
    schema.get(name).as_u64().and_then(|count| usize::try_from(count).ok())
}

/// Mirrors `stringValidator` and `formatValidator`.
fn check_string(text: &str, value: &Value, schema: Schema<'_>, path: &str, found: &mut Findings) {
    let length = text.chars().count();
    if let Some(most) = count(schema, "maxLength").filter(|most| length > *most) {
        let field = path.strip_prefix('.').unwrap_or(path);
        found.errors.push(FieldError::too_long(field, most));
    }
    if let Some(least) = count(schema, "minLength").filter(|least| length < *least) {
        found.invalid(path, value, &format!("should be at least {least} chars long"));
    }
    let pattern = schema.text("pattern");
    if !pattern.is_empty() && !Regex::parse(pattern).is_ok_and(|regex| regex.is_match(text)) {
        found.invalid(path, value, &format!("should match '{pattern}'"));
    }
    let format = schema.text("format");
    if !format.is_empty() && !formats::fits(format, text) {
        found.mistyped(path, format, text);
    }
}

/// Mirrors `numberValidator`.
fn check_number(value: &Value, schema: Schema<'_>, path: &str, found: &mut Findings) {
    let Some(number) = value.as_f64() else { return };
    let name = path.strip_prefix('.').unwrap_or(path);
    if schema.kind() == "integer" {
        let format = schema.text("format");
        let fits = match format {
            "int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            _ => value.as_i64().is_some() || number.fract() == 0.0,
        };
        if !fits {
            let format = match format {
                "" => "(default format)".to_owned(),
                format => format!("with format {format}"),
            };
            found.add_general(format!("Checked value must be of type integer {format} in {name}"));
        }
    }
    let bound = |keyword: &str| {
        let bound = schema.get(keyword);
        bound.as_f64().map(|limit| (limit, quoted(bound)))
    };
    if let Some((factor, text)) = bound("multipleOf")
        && (number / factor).fract() != 0.0
    {
        found.invalid(path, value, &format!("should be a multiple of {text}"));
    }
    if let Some((most, text)) = bound("maximum") {
        let exclusive = schema.is("exclusiveMaximum");
        if number > most || (exclusive && number >= most) {
            let or = if exclusive { "" } else { " or equal to" };
            found.invalid(path, value, &format!("should be less than{or} {text}"));
        }
    }
    if let Some((least, text)) = bound("minimum") {
        let exclusive = schema.is("exclusiveMinimum");
        if number < least || (exclusive && number <= least) {
            let or = if exclusive { "" } else { " or equal to" };
            found.invalid(path, value, &format!("should be greater than{or} {text}"));
        }
    }
}

fn too_many(path: &str, count: usize, most: usize) -> FieldError {
    let s = if most == 1 { "" } else { "s" };
    FieldError {
        field: path.strip_prefix('.').unwrap_or(path).to_owned(),
        kind: ErrorKind::TooMany,
        value: count.to_string(),
        detail: format!("must have at most {most} item{s}"),
    }
}

/// Mirrors `schemaSliceValidator`.
fn check_items(
    items: &[Value],
    old: Option<&Value>,
    schema: Schema<'_>,
    path: &str,
    found: &mut Findings,
) {
    if let Some(of) = schema.items() {
        for (index, item) in items.iter().enumerate() {
            let old = old.and_then(|old| correlated(item, old, schema));
            found.merge(validate(item, old, of, &format!("{path}[{index}]")));
        }
    }
    if let Some(least) = count(schema, "minItems").filter(|least| items.len() < *least) {
        let whole = Value::from(items.len());
        found.invalid(path, &whole, &format!("should have at least {least} items"));
    }
    if let Some(most) = count(schema, "maxItems").filter(|most| items.len() > *most) {
        found.errors.push(too_many(path, items.len(), most));
    }
}

/// The item that an item of a list by keys was before. Mirrors `CorrelatedObject.Index`.
pub fn correlated<'a>(item: &Value, old: &'a Value, list: Schema<'_>) -> Option<&'a Value> {
    if list.text("x-kubernetes-list-type") != "map" {
        return None;
    }
    let is_same = |other: &&Value| {
        list.texts("x-kubernetes-list-map-keys").all(|key| item.get(key) == other.get(key))
    };
    old.as_array()?.iter().find(is_same)
}

/// Mirrors the enum part of `basicCommonValidator`.
fn check_enum(value: &Value, schema: Schema<'_>, path: &str, found: &mut Findings) {
    let Some(allowed) = schema.get("enum").as_array() else { return };
    let same =
        |other: &Value| other == value || (other.is_number() && other.as_f64() == value.as_f64());
    if allowed.iter().any(same) {
        return;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let allowed: Vec<String> = allowed.iter().map(text).collect();
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    let field = path.strip_prefix('.').unwrap_or(path);
    let error = FieldError::not_supported(field, "", &allowed);
    found.errors.push(FieldError { value: quoted(value), ..error });
}

/// Mirrors `objectValidator`.
fn check_fields(
    value: &Value,
    old: Option<&Value>,
    schema: Schema<'_>,
    path: &str,
    found: &mut Findings,
) {
    let Some(map) = value.as_object() else { return };
    if let Some(least) = count(schema, "minProperties").filter(|least| map.len() < *least) {
        let whole = Value::from(map.len());
        found.invalid(path, &whole, &format!("should have at least {least} properties"));
    }
    if let Some(most) = count(schema, "maxProperties").filter(|most| map.len() > *most) {
        found.errors.push(too_many(path, map.len(), most));
    }
    for name in schema.texts("required").filter(|name| !map.contains_key(*name)) {
        let path = format!("{path}.{name}");
        found.add(ErrorKind::Required, &path, String::new(), String::new());
    }
    for (name, field) in map {
        if let Some(of) = schema.of_field(name) {
            let old = old.and_then(|old| old.get(name));
            found.merge(validate(field, old, of, &format!("{path}.{name}")));
        }
    }
}
