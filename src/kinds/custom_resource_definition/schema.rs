//! What is wrong with the schema of a version, keyword by keyword.
//! Mirrors `ValidateCustomResourceDefinitionOpenAPISchema` and what is around it.

use serde_json::{Value, json};

use super::{shape, structural};
use crate::base::cel;
use crate::kinds::FieldError;
use crate::kinds::custom::schema::{Schema, prune};
use crate::kinds::custom::{cardinality, check_rule, validate};
use crate::kinds::path::{Errors, Path};

/// What one rule may cost. Mirrors `StaticEstimatedCostLimit`.
const COST_MAX: f64 = 10_000_000.0;
/// What all rules of a schema may cost. Mirrors `StaticEstimatedCRDCostLimit`.
const TOTAL_COST_MAX: f64 = 100_000_000.0;
/// What a rule costs at least to be told of when all are too much.
const COST_NOTED: f64 = TOTAL_COST_MAX / 100.0;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
/// The formats that texts can have. Mirrors `supportedVersionedFormats`.
const FORMATS: &str = "bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 \
    isbn isbn10 isbn13 creditcard ssn hexcolor rgbcolor byte password date duration datetime \
    k8s-short-name k8s-long-name";
const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
const META_FIELDS: [&str; 3] = ["metadata", "kind", "apiVersion"];
/// Keywords that are not supported, and how that is said. In upstream's order.
const UNSUPPORTED: [(&str, &str); 6] = [
    ("id", "id is not supported"),
    ("additionalItems", "additionalItems is not supported"),
    ("patternProperties", "patternProperties is not supported"),
    ("definitions", "definitions is not supported"),
    ("dependencies", "dependencies is not supported"),
    ("$ref", "$ref is not supported"),
];
/// What may stand at the root next to a status subresource, as upstream names it.
const AT_ROOT: &str = "[Description Type Format Title Maximum ExclusiveMaximum Minimum \
    ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required \
    Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";
/// The keywords that may not.
const NOT_AT_ROOT: [&str; 15] = [
    "id",
    "$schema",
    "$ref",
    "default",
    "enum",
    "maxProperties",
    "minProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "additionalProperties",
    "nullable",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
];

/// What holds for the part of a schema that is looked at.
#[derive(Clone, Default)]
struct Place {
    /// Why there may be no defaults, where there may be none.
    no_defaults: Option<String>,
    in_meta: bool,
    /// The nearest list or map whose items cannot be told apart over time.
    uncorrelated: Option<String>,
    /// How many values of this place an object can have at most, as a power of e.
    values: f64,
}

/// What is wrong with rules, and what they cost.
#[derive(Default)]
struct RuleErrors {
    errors: Errors,
    total: f64,
    expensive: Vec<String>,
}

/// What is wrong with the schema at `path`, which is that of a `CustomResourceValidation`.
pub(super) fn faults(validation: &Value, has_status: bool, path: &Path<'_>) -> Vec<FieldError> {
    let value = &validation["openAPIV3Schema"];
    if value.is_null() {
        return Vec::new();
    }
    let (schema, at) = (Schema::new(value), path.child("openAPIV3Schema"));
    let mut errors = Errors::default();
    if has_status {
        at_root(schema, &at, &mut errors);
    }
    if schema.is("nullable") {
        errors.forbidden(&at.child("nullable"), "nullable cannot be true at the root");
    }
    let unreadable = structural::unreadable(schema);
    let mut is_sound = false;
    if !unreadable {
        let found = structural::faults(schema, &at);
        if found.is_empty() {
            let before = errors.0.len();
            defaults(schema, true, &at, &mut errors);
            is_sound = errors.0.len() == before;
        }
        errors.0.extend(found);
    }
    let mut rules = RuleErrors::default();
    keywords(schema, true, &Place::default(), is_sound, &at, &mut errors, &mut rules);
    errors.0.extend(rules.errors.0);
    if rules.total > TOTAL_COST_MAX {
        for path in &rules.expensive {
            let text = "contributed to estimated rule cost total exceeding cost limit for entire \
                        OpenAPIv3 schema";
            errors.0.push(FieldError::forbidden(path, text));
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.forbidden(&at, too_expensive(what, rules.total, TOTAL_COST_MAX));
    }
    errors.0
}

fn at_root(schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    let kind = schema.kind();
    if !kind.is_empty() && kind != "object" {
        let text = "only \"object\" is allowed as the type at the root of the schema if the \
                    status subresource is enabled";
        errors.invalid(&path.child("type"), kind, text);
    }
    if NOT_AT_ROOT.iter().any(|name| !schema.get(name).is_null()) {
        let text = format!(
            "only {AT_ROOT} fields are allowed at the root of the schema if the status subresource \
             is enabled"
        );
        let value = shape::print(schema.value(), "JSONSchemaProps");
        errors.0.push(FieldError::invalid_text(&path.to_string(), &value, text));
    }
}

/// Whether defaults fit their own schemas. Mirrors `structuraldefaulting.ValidateDefaults`.
fn defaults(schema: Schema<'_>, root: bool, path: &Path<'_>, errors: &mut Errors) {
    if let Some(default) = schema.default().filter(|_| !root) {
        let at = path.child("default");
        let mut pruned = default.clone();
        prune(&mut pruned, Some(schema), schema.is_resource());
        if pruned != *default {
            errors.invalid(&at, default, "must not have unknown fields");
        }
        for error in validate::validate(default, None, schema, "").errors {
            let field = match error.field.as_str() {
                "<nil>" => at.to_string(),
                field => format!("{at}.{field}"),
            };
            errors.0.push(FieldError { field, ..error });
        }
    }
    let properties = path.child("properties");
    for (name, property) in schema.properties() {
        defaults(property, false, &properties.key(name), errors);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = schema.part(name) {
            defaults(inner, false, &path.child(name), errors);
        }
    }
}

/// Mirrors `ValidateCustomResourceDefinitionOpenAPISchema`.
fn keywords(
    schema: Schema<'_>,
    root: bool,
    place: &Place,
    is_sound: bool,
    path: &Path<'_>,
    errors: &mut Errors,
    rules: &mut RuleErrors,
) {
    let before = errors.0.len();
    standard(schema, place, path, errors);
    if schema.is("uniqueItems") {
        let text =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.forbidden(&path.child("uniqueItems"), text);
    }
    if schema.properties().next().is_some() && schema.is_map() {
        let text = "additionalProperties and properties are mutual exclusive";
        errors.forbidden(&path.child("additionalProperties"), text);
    }
    within(schema, root, place, is_sound, path, errors, rules);
    maps_and_lists(schema, path, errors);
    rule_texts(schema, path, errors);
    if errors.0.len() == before && is_sound {
        rule_programs(schema, root, place, path, rules);
    }
}

/// Looks into the schemas that a schema is made of.
fn within(
    schema: Schema<'_>,
    root: bool,
    place: &Place,
    is_sound: bool,
    path: &Path<'_>,
    errors: &mut Errors,
    rules: &mut RuleErrors,
) {
    if let Some(inner) = schema.additional() {
        let mut inside = place.clone();
        if place.in_meta {
            let why = "inside additionalProperties applying to object metadata";
            inside.no_defaults = Some(why.to_owned());
        }
        inside.values += cardinality(schema).ln();
        let at = path.child("additionalProperties");
        keywords(inner, false, &inside, is_sound, &at, errors, rules);
    }
    let properties = path.child("properties");
    for (name, property) in schema.properties() {
        let mut inside = place.clone();
        if schema.text("x-kubernetes-map-type") == "atomic" {
            inside.uncorrelated.get_or_insert_with(|| path.to_string());
        }
        if (root || schema.is_resource()) && META_FIELDS.contains(&name.as_str()) {
            inside.in_meta = true;
            if root {
                inside.no_defaults = Some(format!("in top-level {name}"));
            }
        }
        keywords(property, false, &inside, is_sound, &properties.key(name), errors, rules);
    }
    if let Some(not) = schema.part("not") {
        keywords(not, false, place, false, &path.child("not"), errors, rules);
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        let at = path.child(name);
        for (index, part) in schema.parts(name).enumerate() {
            keywords(part, false, place, false, &at.index(index), errors, rules);
        }
    }
    let at = path.child("items");
    let mut inside = place.clone();
    if schema.text("x-kubernetes-list-type") != "map" {
        inside.uncorrelated.get_or_insert_with(|| path.to_string());
    }
    if let Some(items) = schema.items() {
        inside.values += cardinality(schema).ln();
        keywords(items, false, &inside, is_sound, &at, errors, rules);
    }
    for (index, items) in schema.parts("items").enumerate() {
        keywords(items, false, &inside, false, &at.index(index), errors, rules);
    }
}

/// Mirrors `specStandardValidatorV3.validate`.
fn standard(schema: Schema<'_>, place: &Place, path: &Path<'_>, errors: &mut Errors) {
    let kind = schema.kind();
    if !kind.is_empty() && !TYPES.contains(&kind) {
        errors.not_supported(&path.child("type"), kind, &TYPES);
    }
    if let (Some(why), Some(_)) = (&place.no_defaults, schema.default()) {
        errors.forbidden(&path.child("default"), format!("must not be set {why}"));
    }
    for (name, text) in UNSUPPORTED {
        if !schema.get(name).is_null() {
            errors.forbidden(&path.child(name), text);
        }
    }
    if kind == "null" {
        let text = "type cannot be set to null, use nullable as an alternative";
        errors.forbidden(&path.child("type"), text);
    }
    if schema.get("items").is_array() {
        let text = "items must be a schema object and not an array";
        errors.forbidden(&path.child("items"), text);
    }
    if place.in_meta && schema.is_resource() {
        let text = "must not be used inside of resource meta";
        errors.forbidden(&path.child("x-kubernetes-embedded-resource"), text);
    }
}

fn maps_and_lists(schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    let preserve = "x-kubernetes-preserve-unknown-fields";
    if schema.get(preserve) == &Value::Bool(false) {
        errors.invalid(&path.child(preserve), &false, "must be true or undefined");
    }
    for (name, kind, allowed) in [
        ("x-kubernetes-map-type", "object", &["atomic", "granular"][..]),
        ("x-kubernetes-list-type", "array", &["atomic", "set", "map"][..]),
    ] {
        let Some(given) = schema.get(name).as_str() else { continue };
        if schema.kind() != kind {
            let text = format!("must be {kind} if {name} is specified");
            match schema.kind() {
                "" => errors.required(&path.child("type"), &text),
                other => errors.invalid(&path.child("type"), other, text),
            }
        } else if given == "set" {
            set_items(schema, path, errors);
        }
        if !allowed.contains(&given) {
            errors.not_supported(&path.child(name), given, allowed);
        }
    }
    map_keys(schema, path, errors);
}

/// The items of a set are whole values.
fn set_items(schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    let Some(items) = schema.items() else { return };
    let text = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let list_type = items.get("x-kubernetes-list-type");
    let at = path.child("items");
    match items.kind() {
        "array" if list_type.as_str().is_some_and(|kind| kind != "atomic") => {
            errors.invalid(&at.child("x-kubernetes-list-type"), list_type, text);
        }
        "object" if items.text("x-kubernetes-map-type") != "atomic" => {
            errors.invalid(&at.child("x-kubernetes-map-type"), list_type, text);
        }
        _ => {}
    }
}

/// What a list by keys asks of its items.
fn map_keys(schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    let keys: Vec<&str> = schema.texts("x-kubernetes-list-map-keys").collect();
    let (list_type, at) = (schema.text("x-kubernetes-list-type"), path.child("items"));
    let (keys_at, type_at) =
        (path.child("x-kubernetes-list-map-keys"), path.child("x-kubernetes-list-type"));
    if !keys.is_empty() && list_type != "map" {
        let text = "must be map if x-kubernetes-list-map-keys is non-empty";
        match list_type {
            "" => errors.required(&type_at, text),
            other => errors.invalid(&type_at, other, text),
        }
    }
    let items = schema.items();
    if list_type == "map" {
        if keys.is_empty() {
            let text = "must not be empty if x-kubernetes-list-type is map";
            errors.required(&keys_at, text);
        }
        match items {
            None => {
                errors.required(&at, "must have a schema if x-kubernetes-list-type is map");
            }
            Some(items) if items.kind() != "object" => {
                let text = "must be object if parent array's x-kubernetes-list-type is map";
                errors.invalid(&at.child("type"), items.kind(), text);
            }
            Some(items) => key_names(items, &keys, &at, &keys_at, errors),
        }
    }
    let (true, Some(items)) = (matches!(list_type, "map" | "set"), items) else { return };
    if items.is("nullable") {
        let text = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.forbidden(&at.child("nullable"), text);
    }
    let properties = at.child("properties");
    for key in keys.iter().filter(|_| list_type == "map") {
        let Some(property) = items.property(key) else { continue };
        let key_at = properties.key(key);
        if !items.texts("required").any(|name| name == *key) && property.default().is_none() {
            let text = "this property is in x-kubernetes-list-map-keys, so it must have a default \
                        or be a required property";
            errors.required(&key_at.child("default"), text);
        }
        if property.is("nullable") {
            let text = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.forbidden(&key_at.child("nullable"), text);
        }
    }
}

fn key_names(
    items: Schema<'_>,
    keys: &[&str],
    at: &Path<'_>,
    keys_at: &Path<'_>,
    errors: &mut Errors,
) {
    let properties = at.child("properties");
    for (index, key) in keys.iter().enumerate() {
        match items.property(key) {
            None => errors.invalid(keys_at, keys, "entries must all be names of item properties"),
            Some(property) if matches!(property.kind(), "array" | "object") => {
                let text = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.invalid(&properties.key(key).child("type"), items.kind(), text);
            }
            Some(_) => {}
        }
        if keys[..index].contains(key) {
            errors.invalid(keys_at, keys, "must not contain duplicate entries");
        }
    }
}

/// What is wrong with rules, before anybody reads their expressions.
fn rule_texts(schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    let all = path.child("x-kubernetes-validations");
    let breaks = |text: &str| text.contains(['\n', '\r']);
    for (index, rule) in schema.parts("x-kubernetes-validations").enumerate() {
        let at = all.index(index);
        let (expression, message) = (rule.text("rule").trim(), rule.text("message"));
        if expression.is_empty() {
            errors.required(&at.child("rule"), "rule is not specified");
        } else if !message.is_empty() && message.trim().is_empty() {
            errors.invalid(&at.child("message"), message, "must be non-empty if specified");
        } else if breaks(message.trim()) {
            errors.invalid(&at.child("message"), message, "must not contain line breaks");
        } else if breaks(expression) && message.trim().is_empty() {
            let text = "message must be specified if rule contains line breaks";
            errors.required(&at.child("message"), text);
        }
        let message = rule.text("messageExpression");
        if !message.is_empty() && message.trim().is_empty() {
            let text = "messageExpression must be non-empty if specified";
            errors.required(&at.child("messageExpression"), text);
        }
        if let Some(reason) = rule.get("reason").as_str()
            && !REASONS.contains(&reason)
        {
            errors.not_supported(&at.child("reason"), reason, &REASONS);
        }
        let field = rule.text("fieldPath");
        if !field.is_empty() {
            let at = at.child("fieldPath");
            if field.trim().is_empty() {
                errors.invalid(&at, field, "must be non-empty if specified");
            }
            if breaks(field) {
                errors.invalid(&at, field, "must not contain line breaks");
            }
            if find_field(schema, field, true).is_err() {
                errors.invalid(&at, field, "must be a valid path");
            }
        }
    }
}

/// What is wrong with the expressions of rules.
fn rule_programs(
    schema: Schema<'_>,
    root: bool,
    place: &Place,
    path: &Path<'_>,
    found: &mut RuleErrors,
) {
    let all = path.child("x-kubernetes-validations");
    for (index, rule) in schema.parts("x-kubernetes-validations").enumerate() {
        let at = all.index(index);
        let checked = check_rule(schema, root, rule);
        for (name, what, cost) in [
            ("rule", "estimated rule cost", checked.rule_cost * place.values.exp()),
            ("messageExpression", "estimated messageExpression cost", checked.message_cost),
        ] {
            let at = at.child(name);
            if cost > COST_MAX {
                found.errors.forbidden(&at, too_expensive(what, cost, COST_MAX));
            }
            if cost > COST_NOTED {
                found.expensive.push(at.to_string());
            }
            found.total += cost;
        }
        let errors = &mut found.errors;
        let printed = || shape::print(rule.value(), "ValidationRule");
        for (name, why) in [("rule", checked.rule), ("messageExpression", checked.message)] {
            if let Some(why) = why {
                let field = at.child(name).to_string();
                errors.0.push(FieldError::invalid_text(&field, &printed(), why));
            }
        }
        let given = rule.get("optionalOldSelf");
        if checked.uses_old {
            if let Some(outer) = &place.uncorrelated {
                let text = format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within {outer}"
                );
                errors.invalid(&at.child("rule"), rule.text("rule"), text);
            }
        } else if !given.is_null() {
            let text = "may not be set if oldSelf is not used in rule";
            errors.invalid(&at.child("optionalOldSelf"), given, text);
        }
    }
}

/// What is odd about the schemas of a definition.
pub(super) fn warnings(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut has_rules = false;
    for version in spec["versions"].as_array().into_iter().flatten() {
        let schema = Schema::new(&version["schema"]["openAPIV3Schema"]);
        let mut formats = Vec::new();
        collect_formats(schema, &mut formats);
        found.extend(formats.iter().map(|format| format!("unrecognized format {format:?}")));
        has_rules |= schema.any(&|schema| schema.get("x-kubernetes-validations").is_array());
    }
    if has_rules && !cel::AVAILABLE {
        let text = "x-kubernetes-validations are kept, but nothing here evaluates them: their \
                    evaluator is too large for the page. `tabernetes serve` has it";
        found.push(text.to_owned());
    }
    found
}

/// The formats of texts that nobody knows.
fn collect_formats<'a>(schema: Schema<'a>, found: &mut Vec<&'a str>) {
    let format = schema.text("format");
    if !format.is_empty()
        && matches!(schema.kind(), "" | "string")
        && !FORMATS.split(' ').any(|known| known == format.replace('-', "") || known == format)
    {
        found.push(format);
    }
    let named = schema.properties().map(|(_, schema)| schema);
    let single = ["items", "additionalProperties", "not"];
    let listed = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| schema.parts(name));
    for inner in named.chain(single.into_iter().filter_map(|name| schema.part(name))).chain(listed)
    {
        collect_formats(inner, found);
    }
}

/// Mirrors `getCostErrorMessage`.
fn too_expensive(what: &str, cost: f64, limit: f64) -> String {
    let factor = match cost / limit {
        factor if factor > 100.0 => "more than 100x".to_owned(),
        factor if factor < 1.5 => format!("{factor:.6}x"),
        factor => format!("{factor:.1}x"),
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, \
         maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

/// The schema that a path like `.spec.size` or `.spec['x']` leads to. Mirrors `cel.ValidFieldPath`.
pub(super) fn find_field<'a>(
    schema: Schema<'a>,
    path: &str,
    brackets: bool,
) -> Result<Schema<'a>, &'static str> {
    const NOWHERE: &str = "does not refer to a valid field";
    let (mut found, mut rest) = (schema, path);
    while !rest.is_empty() {
        let name;
        if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find(['.', '[', ']']).unwrap_or(tail.len());
            if end == 0 {
                return Err("unexpected end of JSON path");
            }
            (name, rest) = tail.split_at(end);
        } else if let Some(tail) = rest.strip_prefix("['") {
            if !brackets {
                return Err("array notation is not allowed");
            }
            let Some(end) = tail.find("']") else { return Err("unexpected end of JSON path") };
            name = &tail[..end];
            rest = &tail[end + 2..];
        } else {
            return Err(if rest.starts_with('[') && !brackets {
                "array notation is not allowed"
            } else {
                "expected [ or ."
            });
        }
        let has_properties = found.properties().next().is_some();
        let next = if has_properties { found.property(name) } else { found.additional() };
        found = next.ok_or(NOWHERE)?;
    }
    Ok(found)
}

/// A schema that allows everything, for versions without one.
pub(super) fn any() -> Value {
    json!({})
}
