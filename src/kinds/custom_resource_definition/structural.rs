//! Whether a schema is structural: every field that a rule speaks of has a type of its own.
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/validation.go`.

use serde_json::{Value, json};

use crate::base::order::Order as _;
use crate::base::regex::Regex;
use crate::kinds::FieldError;
use crate::kinds::custom::schema::Schema;
use crate::kinds::path::{Errors, Path};

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What a schema within `anyOf` and the like may not have, and how that is said.
const NOT_NESTED: &[(&str, &str)] = &[
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
];

/// Why a schema cannot be read as a structural one at all. Mirrors `NewStructural`.
pub(super) fn unreadable(schema: Schema<'_>) -> bool {
    let names =
        ["id", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"];
    schema.any(&|schema| {
        names.iter().any(|name| !schema.get(name).is_null()) || schema.get("items").is_array()
    })
}

/// What keeps a schema from being structural, sorted. Mirrors `ValidateStructural`.
pub(super) fn faults(schema: Schema<'_>, path: &Path<'_>) -> Vec<FieldError> {
    let mut errors = Errors::default();
    invariants(schema, Level::Root, path, &mut errors);
    completeness(schema, Some(schema), path, path, &mut errors);
    errors.0.order_by_key(ToString::to_string);
    errors.0
}

/// Mirrors `validateStructuralInvariants`.
fn invariants(schema: Schema<'_>, level: Level, path: &Path<'_>, errors: &mut Errors) {
    if schema.kind() == "array" && schema.items().is_none() {
        errors.required(&path.child("items"), "must be specified");
    }
    if let Some(items) = schema.items() {
        invariants(items, Level::Item, &path.child("items"), errors);
    }
    let properties = path.child("properties");
    for (name, property) in schema.properties() {
        invariants(property, Level::Field, &properties.key(name), errors);
    }
    let additional = path.child("additionalProperties");
    if !schema.get("additionalProperties").is_null() {
        if level == Level::Root {
            errors.forbidden(&additional, "must not be used at the root");
        }
        if let Some(inner) = schema.additional() {
            invariants(inner, Level::Field, &additional, errors);
        }
    }
    if schema.is("x-kubernetes-int-or-string") {
        for name in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
            if schema.is(name) {
                let text = "must be false if x-kubernetes-int-or-string is true";
                errors.invalid(&path.child(name), &true, text);
            }
        }
    }
    value_validation(schema, path, errors);
    types(schema, level, path, errors);
    meta_fields(schema, level, path, errors);
}

fn types(schema: Schema<'_>, level: Level, path: &Path<'_>, errors: &mut Errors) {
    let (kind, at) = (schema.kind(), path.child("type"));
    let is_free = schema.is("x-kubernetes-int-or-string") || schema.preserves();
    if schema.is_resource() && kind != "object" {
        let text = "must be object if x-kubernetes-embedded-resource is true";
        match kind {
            "" => errors.required(&at, text),
            kind => errors.invalid(&at, kind, text),
        }
    } else if kind.is_empty() && !is_free {
        errors.required(
            &at,
            match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            },
        );
    }
    if schema.is_resource() && !schema.get("additionalProperties").is_null() {
        let text = "must not be used if x-kubernetes-embedded-resource is set";
        errors.forbidden(&path.child("additionalProperties"), text);
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        errors.invalid(&at, kind, "must be object at the root");
    }
}

/// What a schema may say of `apiVersion`, `kind` and `metadata`.
fn meta_fields(schema: Schema<'_>, level: Level, path: &Path<'_>, errors: &mut Errors) {
    let is_object = level == Level::Root || schema.is_resource();
    let properties = path.child("properties");
    for name in ["kind", "apiVersion"] {
        if let Some(property) = schema.property(name)
            && is_object
            && property.kind() != "string"
        {
            errors.invalid(&properties.key(name).child("type"), property.kind(), "must be string");
        }
    }
    if let Some(metadata) = schema.property("metadata") {
        let at = properties.key("metadata");
        if is_object && metadata.kind() != "object" {
            errors.invalid(&at.child("type"), metadata.kind(), "must be object");
        }
        if level == Level::Root && says_too_much(metadata) {
            let text = "must not specify anything other than name and generateName, but metadata \
                        is implicitly specified";
            errors.forbidden(&at, text);
        }
    }
    if schema.is_resource() && !schema.preserves() && schema.properties().next().is_none() {
        let text = "must not be empty if x-kubernetes-embedded-resource is true without \
                    x-kubernetes-preserve-unknown-fields";
        errors.required(&properties, text);
    }
}

/// Whether the schema of the metadata restricts more than the name.
fn says_too_much(schema: Schema<'_>) -> bool {
    let others = ["items", "additionalProperties", "nullable", "description", "title"];
    schema.properties().any(|(name, _)| name != "name" && name != "generateName")
        || others.iter().any(|name| !schema.get(name).is_null())
        || schema.preserves()
        || schema.is_resource()
}

fn is_int_or_string(any_of: &Value) -> bool {
    *any_of == json!([{"type": "integer"}, {"type": "string"}])
}

/// Mirrors `validateValueValidation`.
fn value_validation(schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    if !is_int_or_string(schema.get("anyOf")) {
        nested_list(schema, "anyOf", path, errors);
    }
    let all_of = path.child("allOf");
    for (index, part) in schema.parts("allOf").enumerate() {
        let is_pattern = index == 0 && is_int_or_string(part.get("anyOf"));
        nested(part, is_pattern, &all_of.index(index), errors);
    }
    nested_list(schema, "oneOf", path, errors);
    if let Some(not) = schema.part("not") {
        nested(not, false, &path.child("not"), errors);
    }
    let pattern = schema.text("pattern");
    if let Err(why) = Regex::parse(pattern) {
        let text = format!("must be a valid regular expression, but isn't: {why}");
        errors.invalid(&path.child("pattern"), pattern, text);
    }
}

fn nested_list(schema: Schema<'_>, name: &str, path: &Path<'_>, errors: &mut Errors) {
    let at = path.child(name);
    for (index, part) in schema.parts(name).enumerate() {
        nested(part, false, &at.index(index), errors);
    }
}

/// Mirrors `validateNestedValueValidation`.
fn nested(schema: Schema<'_>, skip_any_of: bool, path: &Path<'_>, errors: &mut Errors) {
    if !skip_any_of {
        value_validation(schema, path, errors);
    }
    if let Some(items) = schema.items() {
        nested(items, false, &path.child("items"), errors);
    }
    let properties = path.child("properties");
    for (name, property) in schema.properties() {
        nested(property, false, &properties.key(name), errors);
    }
    for (name, text) in NOT_NESTED {
        if !schema.get(name).is_null() {
            errors.forbidden(&path.child(name), *text);
        }
    }
    if schema.property("metadata").is_some() {
        let text = "must not be specified in a nested context";
        errors.forbidden(&properties.key("metadata"), text);
    }
}

/// Whether what the rules at the root speak of is specified. Mirrors `validateStructuralCompleteness`.
fn completeness(
    rules: Schema<'_>,
    schema: Option<Schema<'_>>,
    path: &Path<'_>,
    rules_path: &Path<'_>,
    errors: &mut Errors,
) {
    if let Some(not) = rules.part("not") {
        complete(not, schema, path, &rules_path.child("not"), errors);
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        let at = rules_path.child(name);
        for (index, part) in rules.parts(name).enumerate() {
            complete(part, schema, path, &at.index(index), errors);
        }
    }
}

fn complete(
    rules: Schema<'_>,
    schema: Option<Schema<'_>>,
    path: &Path<'_>,
    rules_path: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(known) = schema else {
        errors.required(path, &format!("because it is defined in {rules_path}"));
        return;
    };
    completeness(rules, schema, path, rules_path, errors);
    if let Some(items) = rules.items() {
        let (at, rules_at) = (path.child("items"), rules_path.child("items"));
        complete(items, known.items(), &at, &rules_at, errors);
    }
    let (at, rules_at) = (path.child("properties"), rules_path.child("properties"));
    for (name, property) in rules.properties() {
        let (at, rules_at) = (at.key(name), rules_at.key(name));
        complete(property, known.property(name), &at, &rules_at, errors);
    }
}
