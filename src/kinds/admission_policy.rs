//! What is wrong with admission policies and their bindings. Native only: where nothing evaluates
//! their expressions they are kept as they come. Mirrors `pkg/apis/admissionregistration/validation`.

use serde_json::{Map, Value, json};

use super::custom::rule_types::{self, Type};
use super::custom::schema::Schema;
use super::path::{Errors, Path};
use super::{FieldError, names};
use crate::base::cel::Expression;
use crate::base::label_name;

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

/// What is wrong with the specification of a ValidatingAdmissionPolicy.
pub(super) fn validating(fields: &Value) -> Vec<FieldError> {
    let spec = &fields["spec"];
    let (mut errors, path) = (Errors::default(), Path::new("spec"));
    let scope = common(spec, &path, &mut errors);
    let validations = list(spec, "validations");
    if validations.is_empty() && list(spec, "auditAnnotations").is_empty() {
        let text = "validations or auditAnnotations must contain at least one item";
        errors.required(&path.child("validations"), text);
        errors.required(&path.child("auditAnnotations"), text);
    }
    let place = path.child("validations");
    for (index, validation) in validations.iter().enumerate() {
        one_validation(validation, &place.index(index), &scope, &mut errors);
    }
    let place = path.child("auditAnnotations");
    for (index, note) in list(spec, "auditAnnotations").iter().enumerate() {
        let note_path = place.index(index);
        let path = note_path.child("valueExpression");
        match text(note, "valueExpression").trim() {
            "" => errors.required(&path, "valueExpression is not specified"),
            given => scope.check(given, None, &path, &mut errors),
        }
    }
    errors.0
}

/// What is wrong with the specification of a MutatingAdmissionPolicy.
pub(super) fn mutating(fields: &Value) -> Vec<FieldError> {
    let spec = &fields["spec"];
    let (mut errors, path) = (Errors::default(), Path::new("spec"));
    let scope = common(spec, &path, &mut errors);
    let mutations = list(spec, "mutations");
    let place = path.child("mutations");
    if mutations.is_empty() {
        errors.required(&place, "mutations must contain at least one item");
    }
    for (index, mutation) in mutations.iter().enumerate() {
        one_mutation(mutation, &place.index(index), &scope, &mut errors);
    }
    let path = path.child("reinvocationPolicy");
    one_of(spec, "reinvocationPolicy", &path, &["IfNeeded", "Never"], true, &mut errors);
    errors.0
}

/// What is wrong with the specification of a binding; `validates` says of which kind.
fn binding(fields: &Value, validates: bool) -> Vec<FieldError> {
    let spec = &fields["spec"];
    let (mut errors, path) = (Errors::default(), Path::new("spec"));
    let name = text(spec, "policyName");
    if !name.is_empty() {
        errors.invalid_for(&path.child("policyName"), name, names::subdomain_errors(name));
    }
    if spec["paramRef"].is_object() {
        reference(&spec["paramRef"], &path.child("paramRef"), &mut errors);
    }
    if spec["matchResources"].is_object() {
        resources(&spec["matchResources"], &path.child("matchResources"), &mut errors);
    }
    if validates {
        actions(list(spec, "validationActions"), &path.child("validationActions"), &mut errors);
    }
    errors.0
}

/// Of a ValidatingAdmissionPolicyBinding.
pub(super) fn validating_binding(fields: &Value) -> Vec<FieldError> {
    binding(fields, true)
}

/// Of a MutatingAdmissionPolicyBinding.
pub(super) fn mutating_binding(fields: &Value) -> Vec<FieldError> {
    binding(fields, false)
}

/// The items of a field.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// What both kinds of policies have; what their expressions may speak of.
fn common(spec: &Value, path: &Path<'_>, errors: &mut Errors) -> Scope {
    let policy = path.child("failurePolicy");
    one_of(spec, "failurePolicy", &policy, &["Fail", "Ignore"], true, errors);
    if spec["paramKind"].is_object() {
        param_kind(&spec["paramKind"], &path.child("paramKind"), errors);
    }
    if spec["matchConstraints"].is_object() {
        let place = path.child("matchConstraints");
        resources(&spec["matchConstraints"], &place, errors);
        if list(&spec["matchConstraints"], "resourceRules").is_empty() {
            errors.required(&place.child("resourceRules"), "");
        }
    }
    let mut scope = Scope { params: spec["paramKind"].is_object(), variables: Map::new() };
    check_conditions(list(spec, "matchConditions"), &path.child("matchConditions"), &scope, errors);
    let place = path.child("variables");
    for (index, variable) in list(spec, "variables").iter().enumerate() {
        let (path, name) = (place.index(index), text(variable, "name"));
        match name.trim() {
            "" => errors.required(&path.child("name"), "name is not specified"),
            _ if !is_identifier(name) => {
                errors.invalid(&path.child("name"), name, "must be a valid CEL identifier");
            }
            _ => {}
        }
        let given = text(variable, "expression");
        match given.trim() {
            "" => errors.required(&path.child("expression"), "expression is not specified"),
            _ => scope.check(given, None, &path.child("expression"), errors),
        }
        scope.variables.insert(name.to_owned(), json!({}));
    }
    scope
}

/// What is wrong with the match conditions of a webhook.
pub(super) fn conditions(given: &[Value], path: &Path<'_>, errors: &mut Errors) {
    check_conditions(given, path, &Scope { params: false, variables: Map::new() }, errors);
}

/// Mirrors `validateMatchConditions`.
fn check_conditions(given: &[Value], path: &Path<'_>, scope: &Scope, errors: &mut Errors) {
    let mut known: Vec<&str> = Vec::new();
    for (index, condition) in given.iter().enumerate() {
        let path = path.index(index);
        match text(condition, "expression").trim() {
            "" => errors.required(&path.child("expression"), ""),
            given => scope.check(given, Some("bool"), &path.child("expression"), errors),
        }
        let (place, name) = (path.child("name"), text(condition, "name"));
        match name {
            "" => errors.required(&place, ""),
            _ => errors.invalid_for(&place, name, label_name::qualified_name_errors(name)),
        }
        match name {
            "" => {}
            name if known.contains(&name) => errors.duplicate(&place, name),
            name => known.push(name),
        }
    }
}

fn is_identifier(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "in",
        "true",
        "false",
        "null",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

/// Whether a field says one of what it may say.
pub(super) fn one_of(
    value: &Value,
    field: &str,
    path: &Path<'_>,
    supported: &[&str],
    required: bool,
    errors: &mut Errors,
) {
    match text(value, field) {
        "" if required => errors.required(path, ""),
        "" => {}
        given if supported.contains(&given) => {}
        given => errors.not_supported(path, given, supported),
    }
}

fn param_kind(kind: &Value, path: &Path<'_>, errors: &mut Errors) {
    let version = path.child("apiVersion");
    match text(kind, "apiVersion") {
        "" => errors.required(&version, ""),
        given if given.matches('/').count() > 1 => {
            errors.invalid(&version, given, format!("unexpected GroupVersion string: {given}"));
        }
        given => {
            let (group, version_name) = given.rsplit_once('/').unwrap_or(("", given));
            if !group.is_empty() {
                errors.invalid_for(&version, group, names::subdomain_errors(group));
            }
            errors.invalid_for(&version, version_name, names::label_1035_errors(version_name));
        }
    }
    match text(kind, "kind") {
        "" => errors.required(&path.child("kind"), ""),
        given => {
            let faults = names::label_1035_errors(&given.to_ascii_lowercase());
            if !faults.is_empty() {
                let why = "may have mixed case, but should otherwise match: ".to_owned();
                errors.invalid(&path.child("kind"), given, why + &faults.join(","));
            }
        }
    }
}

fn reference(given: &Value, path: &Path<'_>, errors: &mut Errors) {
    let (name, selects) = (text(given, "name"), given["selector"].is_object());
    let both = "name and selector are mutually exclusive";
    match (name.is_empty(), selects) {
        (false, true) => {
            errors.forbidden(&path.child("name"), both);
            errors.forbidden(&path.child("selector"), both);
        }
        (true, false) => errors.required(path, "one of name or selector must be specified"),
        _ => {}
    }
    let field = "parameterNotFoundAction";
    one_of(given, field, &path.child(field), &["Deny", "Allow"], true, errors);
}

fn actions(given: &[Value], path: &Path<'_>, errors: &mut Errors) {
    const KNOWN: &[&str] = &["Audit", "Deny", "Warn"];
    let mut seen: Vec<&str> = Vec::new();
    for (index, action) in given.iter().filter_map(Value::as_str).enumerate() {
        if !KNOWN.contains(&action) {
            errors.not_supported(&path.index(index), action, KNOWN);
        }
        if seen.contains(&action) {
            errors.duplicate(&path.index(index), action);
        }
        seen.push(action);
    }
    if seen.contains(&"Deny") && seen.contains(&"Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure \
                   information in the API response and headers serves no purpose)";
        errors.invalid(path, given, why);
    }
}

/// Mirrors `validateMatchResources`.
fn resources(given: &Value, path: &Path<'_>, errors: &mut Errors) {
    let policy = path.child("matchPolicy");
    one_of(given, "matchPolicy", &policy, &["Equivalent", "Exact"], true, errors);
    for field in ["resourceRules", "excludeResourceRules"] {
        let place = path.child(field);
        for (index, rule) in list(given, field).iter().enumerate() {
            one_rule(rule, &place.index(index), errors);
        }
    }
}

/// Mirrors `validateRuleWithOperations`.
pub(super) fn one_rule(rule: &Value, path: &Path<'_>, errors: &mut Errors) {
    let fields = [
        ("operations", "operations"),
        ("apiGroups", "API groups"),
        ("apiVersions", "API versions"),
        ("resources", ""),
    ];
    for (field, others) in fields {
        let (given, path) = (list(rule, field), path.child(field));
        if given.is_empty() {
            errors.required(&path, "");
        }
        if given.len() > 1 && !others.is_empty() && given.iter().any(|one| one == "*") {
            errors.invalid(
                &path,
                given,
                format!("if '*' is present, must not specify other {others}"),
            );
        }
        for (index, one) in given.iter().filter_map(Value::as_str).enumerate() {
            match field {
                "operations" if !OPERATIONS.contains(&one) => {
                    errors.not_supported(&path.index(index), one, OPERATIONS);
                }
                "apiVersions" | "resources" if one.is_empty() => {
                    errors.required(&path.index(index), "");
                }
                _ => {}
            }
        }
    }
    resource_patterns(list(rule, "resources"), &path.child("resources"), errors);
    let scopes = &["*", "Cluster", "Namespaced"];
    one_of(rule, "scope", &path.child("scope"), scopes, false, errors);
}

/// Whether resources and subresources are named once each. Mirrors `validateResources`.
fn resource_patterns(given: &[Value], path: &Path<'_>, errors: &mut Errors) {
    let (mut all_of, mut of_all): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let names: Vec<&str> = given.iter().filter_map(Value::as_str).collect();
    let mut has_plain = false;
    for (index, name) in names.iter().enumerate() {
        let Some((resource, sub)) = name.split_once('/') else {
            has_plain = *name != "*";
            continue;
        };
        let path = path.index(index);
        if all_of.contains(&resource) {
            let why = format!("if '{resource}/*' is present, must not specify {name}");
            errors.invalid(&path, *name, why);
        }
        if of_all.contains(&sub) {
            let why = format!("if '*/{sub}' is present, must not specify {name}");
            errors.invalid(&path, *name, why);
        }
        all_of.extend((sub == "*").then_some(resource));
        of_all.extend((resource == "*").then_some(sub));
    }
    if names.len() > 1 && names.contains(&"*/*") {
        errors.invalid(path, given, "if '*/*' is present, must not specify other resources");
    }
    if names.contains(&"*") && has_plain {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.invalid(path, given, why);
    }
}

fn one_validation(given: &Value, path: &Path<'_>, scope: &Scope, errors: &mut Errors) {
    let expression = text(given, "expression");
    match expression.trim() {
        "" => errors.required(&path.child("expression"), "expression is not specified"),
        _ => scope.check(expression, Some("bool"), &path.child("expression"), errors),
    }
    let (field, made) = (path.child("messageExpression"), text(given, "messageExpression"));
    match (made, made.trim()) {
        ("", _) => {}
        (_, "") => errors.invalid(&field, made, "must be non-empty if specified"),
        _ => scope.check(made, Some("string"), &field, errors),
    }
    let (field, said) = (path.child("message"), text(given, "message"));
    match (said, said.trim()) {
        ("", _) => {}
        (_, "") => errors.invalid(&field, said, "must be non-empty if specified"),
        (_, said_trimmed) if said_trimmed.contains(['\n', '\r']) => {
            errors.invalid(&field, said, "must not contain line breaks");
        }
        _ => {}
    }
    // Unauthorized is taken too, though it is not told of.
    let reasons: &[&str] = &["Forbidden", "Invalid", "RequestEntityTooLarge"];
    if text(given, "reason") != "Unauthorized" {
        one_of(given, "reason", &path.child("reason"), reasons, false, errors);
    }
}

fn one_mutation(given: &Value, path: &Path<'_>, scope: &Scope, errors: &mut Errors) {
    let kinds = [("JSONPatch", "jsonPatch"), ("ApplyConfiguration", "applyConfiguration")];
    let kind = text(given, "patchType");
    let Some((_, own)) = kinds.iter().find(|(name, _)| *name == kind) else {
        let supported = &["ApplyConfiguration", "JSONPatch"];
        return one_of(given, "patchType", &path.child("patchType"), supported, true, errors);
    };
    if given[*own].is_object() {
        let place = path.child(own);
        let (place, expression) = (place.child("expression"), text(&given[*own], "expression"));
        let wanted = if *own == "jsonPatch" { "list(JSONPatch)" } else { "Object" };
        match expression.trim() {
            "" => errors.required(&place, "expression is not specified"),
            _ => scope.check(expression, Some(wanted), &place, errors),
        }
    } else {
        errors.required(&path.child(own), &format!("must be specified when patchType is {kind}"));
    }
    for (_, other) in kinds.iter().filter(|(_, field)| field != own) {
        if given[*other].is_object() {
            let why = format!("must not be specified when patchType is {kind}");
            errors.invalid(&path.child(other), &format!("{{{other}}}"), why);
        }
    }
}

/// What the expressions of a policy may speak of.
struct Scope {
    params: bool,
    variables: Map<String, Value>,
}

impl Scope {
    /// Notes what is wrong with an expression that should be of a type.
    fn check(&self, expression: &str, wanted: Option<&str>, path: &Path<'_>, errors: &mut Errors) {
        let program = match Expression::parse(expression) {
            Ok(program) => program,
            Err(why) => {
                return errors.invalid(path, expression, format!("compilation failed: {why}"));
            }
        };
        let variables = json!({"type": "object", "properties": self.variables});
        let mut names: Vec<(String, Type<'_>)> = [
            "object",
            "oldObject",
            "request",
            "namespaceObject",
            "authorizer",
            "jsonpatch",
            "Object",
        ]
        .into_iter()
        .map(|name| (name.to_owned(), Type::Any))
        .collect();
        if self.params {
            names.push(("params".to_owned(), Type::Any));
        }
        if !self.variables.is_empty() || expression.contains("variables.") {
            names.push(("variables".to_owned(), Type::Of(Schema::new(&variables))));
        }
        let found = rule_types::check_names(&program, expression, names);
        if let Some(why) = found.error {
            return errors.invalid(path, expression, format!("compilation failed: {why}"));
        }
        let kind = match found.kind {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Double => "double",
            Type::Null => "null",
            Type::String => "string",
            Type::Of(_) | Type::Any => return,
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != kind) {
            errors.invalid(path, expression, format!("must evaluate to {wanted} but got {kind}"));
        }
    }
}
