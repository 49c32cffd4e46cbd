//! What is wrong with a definition. Mirrors `apiextensions/validation/validation.go`.

use serde_json::{Value, json};

use super::{schema, shape, status};
use crate::kinds::FieldError;
use crate::kinds::custom::schema::Schema;
use crate::kinds::names::{label_1035_errors, subdomain_errors};
use crate::kinds::path::{Errors, Path};
use crate::object::{Untyped, meta};

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const APPROVED: &str = "api-approved.kubernetes.io";
const WARNING_MAX: usize = 256;
const SELECTABLE_MAX: usize = 8;
/// What stands in a version as users write it, and for all of them where they are the same.
const HOISTED: [(&str, &str); 4] = [
    ("schema", "validation"),
    ("subresources", "subresources"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
];

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Mirrors `ValidateCustomResourceDefinition` and `ValidateCustomResourceDefinitionUpdate`.
pub(super) fn validate(object: &Untyped, old: Option<&Untyped>) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let written = object.field("spec");
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let wanted = format!("{}.{}", text(&written["names"], "plural"), text(written, "group"));
    if old.is_none() && name != wanted {
        let text = "must be spec.names.plural+\".\"+spec.group";
        errors.invalid(&Path::new("metadata").child("name"), name, text);
    }
    let path = Path::new("spec");
    spec(&internal(written), &path, &mut errors);
    if let Some(old) = old {
        immutable(written, old, &path, &mut errors);
    }
    let status = Path::new("status");
    names(&object.field("status")["acceptedNames"], &status.child("acceptedNames"), &mut errors);
    stored_versions(object, &status.child("storedVersions"), &mut errors);
    approval(object, old, &mut errors);
    if written["preserveUnknownFields"] == true
        && old.is_none_or(|old| old.field("spec")["preserveUnknownFields"] != true)
    {
        let text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                    spec.versions[*].schema instead";
        errors.invalid(&path.child("preserveUnknownFields"), &true, text);
    }
    errors.0
}

/// A specification as upstream sees it inside: what is the same in all versions stands for itself.
/// Mirrors `Convert_v1_CustomResourceDefinitionSpec_To_apiextensions_CustomResourceDefinitionSpec`.
fn internal(spec: &Value) -> Value {
    let mut spec = spec.clone();
    let Some(first) = list(&spec["versions"]).first().cloned() else { return spec };
    spec["version"] = first["name"].clone();
    for (field, outer) in HOISTED {
        let all_same = list(&spec["versions"]).iter().all(|other| other[field] == first[field]);
        if !all_same || first[field].is_null() {
            continue;
        }
        spec[outer] = first[field].clone();
        for version in spec["versions"].as_array_mut().into_iter().flatten() {
            version.as_object_mut().map(|version| version.remove(field));
        }
    }
    spec
}

/// Mirrors `validateCustomResourceDefinitionSpec`.
fn spec(spec: &Value, path: &Path<'_>, errors: &mut Errors) {
    group(text(spec, "group"), &path.child("group"), errors);
    let scope = path.child("scope");
    match text(spec, "scope") {
        "" => errors.required(&scope, ""),
        given if given == "Cluster" || given == "Namespaced" => {}
        given => errors.not_supported(&scope, given, &["Cluster", "Namespaced"]),
    }
    let versions = list(&spec["versions"]);
    let at = path.child("versions");
    if spec["validation"]["openAPIV3Schema"].is_null() {
        for (index, version) in versions.iter().enumerate() {
            if version["schema"]["openAPIV3Schema"].is_null() {
                let at = at.index(index);
                let at = at.child("schema");
                errors.required(&at.child("openAPIV3Schema"), "");
            }
        }
    }
    for (index, one) in versions.iter().enumerate() {
        version(spec, one, &at.index(index), errors);
    }
    version_list(versions, &at, errors);
    let first = text(spec, "version");
    if !first.is_empty() {
        all_of(&path.child("version"), first, label_1035_errors(first), errors);
    }
    let names_at = path.child("names");
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"], field).is_empty() {
            errors.required(&names_at.child(field), "");
        }
    }
    names(&spec["names"], &names_at, errors);
    let has_status = std::iter::once(spec).chain(versions);
    let has_status = has_status.into_iter().any(|v| v["subresources"].get("status").is_some());
    errors.0.extend(schema::faults(&spec["validation"], has_status, &path.child("validation")));
    parts(spec, &spec["validation"], path, errors);
    conversion(&spec["conversion"], &path.child("conversion"), errors);
}

fn all_of(path: &Path<'_>, value: &str, faults: Vec<String>, errors: &mut Errors) {
    if !faults.is_empty() {
        errors.invalid(path, value, faults.join(","));
    }
}

fn group(group: &str, path: &Path<'_>, errors: &mut Errors) {
    let faults = subdomain_errors(group);
    if group.is_empty() {
        errors.required(path, "");
    } else if !faults.is_empty() {
        all_of(path, group, faults, errors);
    } else if !group.contains('.') {
        errors.invalid(path, group, "should be a domain with at least one dot");
    }
}

/// Mirrors `validateCustomResourceDefinitionVersion`.
fn version(spec: &Value, version: &Value, path: &Path<'_>, errors: &mut Errors) {
    let name = text(version, "name");
    all_of(&path.child("name"), name, label_1035_errors(name), errors);
    if let Some(warning) = version["deprecationWarning"].as_str() {
        let at = path.child("deprecationWarning");
        let is_odd = |c: char| c.is_control();
        if version["deprecated"] != true {
            errors.invalid(&at, warning, "can only be set for deprecated versions");
        } else if warning.len() > WARNING_MAX {
            errors.invalid(&at, warning, "must be <= 256 characters long");
        } else if warning.is_empty() {
            errors.invalid(&at, warning, "must not be an empty string");
        } else if let Some(index) = warning.find(is_odd) {
            let text = format!(
                "must only contain printable UTF-8 characters; non-printable character found at \
                 index {index}"
            );
            errors.invalid(&at, warning, text);
        }
    }
    let own = if version["subresources"].is_null() { spec } else { version };
    let has_status = own["subresources"].get("status").is_some();
    errors.0.extend(schema::faults(&version["schema"], has_status, &path.child("schema")));
    parts(version, &version["schema"], path, errors);
}

/// What a version, or all of them, have besides a schema.
fn parts(value: &Value, validation: &Value, path: &Path<'_>, errors: &mut Errors) {
    scale(&value["subresources"]["scale"], &path.child("subresources"), errors);
    let at = path.child("additionalPrinterColumns");
    for (index, one) in list(&value["additionalPrinterColumns"]).iter().enumerate() {
        column(one, &at.index(index), errors);
    }
    let selectable = list(&value["selectableFields"]);
    if !selectable.is_empty() {
        let any = schema::any();
        let given = &validation["openAPIV3Schema"];
        let schema = Schema::new(if given.is_null() { &any } else { given });
        selectable_fields(selectable, schema, &path.child("selectableFields"), errors);
    }
}

/// Mirrors `validateSimpleJSONPath`.
fn is_simple(given: &str, path: &Path<'_>, errors: &mut Errors) -> bool {
    let is_simple = given.starts_with('.');
    if !is_simple {
        errors.invalid(path, given, "must be a simple json path starting with .");
    }
    is_simple
}

/// Mirrors `ValidateCustomResourceDefinitionSubresources`.
fn scale(scale: &Value, path: &Path<'_>, errors: &mut Errors) {
    if scale.is_null() {
        return;
    }
    let path = path.child("scale");
    for (field, under) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let (given, at) = (text(scale, field), path.child(field));
        if given.is_empty() {
            errors.required(&at, "");
        } else if is_simple(given, &at, errors) && !given.starts_with(&format!("{under}.")) {
            errors.invalid(&at, given, format!("should be a json path under {under}"));
        }
    }
    let (given, at) = (text(scale, "labelSelectorPath"), path.child("labelSelectorPath"));
    let fits = given.starts_with(".spec.") || given.starts_with(".status.");
    if !given.is_empty() && is_simple(given, &at, errors) && !fits {
        errors.invalid(&at, given, "should be a json path under either .spec or .status");
    }
}

/// Mirrors `ValidateCustomResourceColumnDefinition`.
fn column(column: &Value, path: &Path<'_>, errors: &mut Errors) {
    if text(column, "name").is_empty() {
        errors.required(&path.child("name"), "");
    }
    let (kind, at) = (text(column, "type"), path.child("type"));
    let must = format!("must be one of {}", COLUMN_TYPES.join(","));
    if kind.is_empty() {
        errors.required(&at, &must);
    } else if !COLUMN_TYPES.contains(&kind) {
        errors.invalid(&at, kind, must);
    }
    let format = text(column, "format");
    if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
        let must = format!("must be one of {}", COLUMN_FORMATS.join(","));
        errors.invalid(&path.child("format"), format, must);
    }
    let (given, at) = (text(column, "jsonPath"), path.child("JSONPath"));
    if given.is_empty() {
        errors.required(&at, "");
    } else {
        is_simple(given, &at, errors);
    }
}

/// Mirrors `ValidateCustomResourceSelectableFields`.
fn selectable_fields(fields: &[Value], schema: Schema<'_>, path: &Path<'_>, errors: &mut Errors) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let (given, at) = (text(field, "jsonPath"), path.index(index));
        let at = at.child("jsonPath");
        if given.is_empty() {
            errors.required(&at, "");
            continue;
        }
        let found = match schema::find_field(schema, given, false) {
            Ok(found) => found,
            Err(why) => {
                errors.invalid(&at, given, format!("is an invalid path: {why}"));
                continue;
            }
        };
        if given.starts_with(".metadata") {
            errors.invalid(&at, given, "must not point to fields in metadata");
        }
        if !matches!(found.kind(), "string" | "boolean" | "integer") {
            let text = "must point to a field of type string, boolean or integer. Enum string \
                        fields and strings with formats are allowed.";
            errors.invalid(&at, given, text);
        }
        if seen.contains(&given) {
            errors.duplicate(&at, given);
        } else {
            seen.push(given);
        }
    }
    if seen.len() > SELECTABLE_MAX {
        let detail = format!("must have at most {SELECTABLE_MAX} items");
        let error = FieldError::invalid_text(&path.to_string(), &seen.len().to_string(), detail);
        errors.0.push(FieldError { kind: crate::kinds::ErrorKind::TooMany, ..error });
    }
}

/// What the versions must be together.
fn version_list(versions: &[Value], path: &Path<'_>, errors: &mut Errors) {
    let whole = || match versions {
        [] => "null".to_owned(),
        some => shape::print(&Value::from(some), "[]CustomResourceDefinitionVersion"),
    };
    let name = |version: &Value| text(version, "name").to_owned();
    let unique = versions
        .iter()
        .enumerate()
        .all(|(index, version)| !versions[..index].iter().any(|v| name(v) == name(version)));
    let mut invalid = |text: &str| {
        errors.0.push(FieldError::invalid_text(&path.to_string(), &whole(), text));
    };
    if !unique {
        invalid("must contain unique version names");
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        invalid("must have exactly one version marked as storage version");
    }
}

/// Mirrors `ValidateCustomResourceDefinitionNames`.
fn names(names: &Value, path: &Path<'_>, errors: &mut Errors) {
    for field in ["plural", "singular"] {
        let given = text(names, field);
        if !given.is_empty() {
            all_of(&path.child(field), given, label_1035_errors(given), errors);
        }
    }
    for field in ["kind", "listKind"] {
        let given = text(names, field);
        let faults = label_1035_errors(&given.to_ascii_lowercase());
        if !given.is_empty() && !faults.is_empty() {
            let mixed = "may have mixed case, but should otherwise match: ";
            errors.invalid(&path.child(field), given, format!("{mixed}{}", faults.join(",")));
        }
    }
    let each = |field: &'static str, errors: &mut Errors| {
        let at = path.child(field);
        for (index, given) in list(&names[field]).iter().enumerate() {
            let given = given.as_str().unwrap_or_default();
            all_of(&at.index(index), given, label_1035_errors(given), errors);
        }
    };
    each("shortNames", errors);
    let list_kind = text(names, "listKind");
    if !list_kind.is_empty() && text(names, "kind") == list_kind {
        let text = "kind and listKind may not be the same";
        errors.invalid(&path.child("listKind"), list_kind, text);
    }
    each("categories", errors);
}

/// Mirrors `validateCustomResourceConversion`.
fn conversion(conversion: &Value, path: &Path<'_>, errors: &mut Errors) {
    if conversion.is_null() {
        return;
    }
    let webhook = &conversion["webhook"];
    let (client, versions) = (&webhook["clientConfig"], list(&webhook["conversionReviewVersions"]));
    let (client_at, versions_at) =
        (path.child("webhookClientConfig"), path.child("conversionReviewVersions"));
    match text(conversion, "strategy") {
        "" => errors.required(&path.child("strategy"), ""),
        "None" => {
            if !client.is_null() {
                let text = "should not be set when strategy is not set to Webhook";
                errors.forbidden(&client_at, text);
            }
            if !versions.is_empty() {
                let text = "should not be set when strategy is not set to Webhook";
                errors.forbidden(&versions_at, text);
            }
        }
        "Webhook" => {
            if client.is_null() {
                errors.required(&client_at, "required when strategy is set to Webhook");
            } else if client["url"].is_null() == client["service"].is_null() {
                errors.required(&client_at, "exactly one of url or service is required");
            } else if let Some(url) = client["url"].as_str()
                && !url.starts_with("https://")
            {
                let text = "'https' is the only allowed URL scheme; desired format: \
                            https://host[/path]";
                let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
                errors.invalid(&client_at.child("url"), scheme, text);
            }
            review_versions(versions, &versions_at, errors);
        }
        other => errors.not_supported(&path.child("strategy"), other, &["None", "Webhook"]),
    }
}

/// Mirrors `validateConversionReviewVersions`.
fn review_versions(versions: &[Value], path: &Path<'_>, errors: &mut Errors) {
    if versions.is_empty() {
        errors.required(path, "");
        return;
    }
    for (index, version) in versions.iter().enumerate() {
        let (given, at) = (version.as_str().unwrap_or_default(), path.index(index));
        if versions[..index].contains(version) {
            errors.invalid(&at, given, "duplicate version");
            continue;
        }
        errors.invalid_for(&at, given, label_1035_errors(given));
    }
    if !versions.iter().any(|version| version == "v1" || version == "v1beta1") {
        errors.invalid(path, versions, "must include at least one of v1, v1beta1");
    }
}

/// Mirrors `ValidateCustomResourceDefinitionStoredVersions`.
fn stored_versions(object: &Untyped, path: &Path<'_>, errors: &mut Errors) {
    let stored = &object.field("status")["storedVersions"];
    let all = list(stored);
    if all.is_empty() {
        errors.invalid(path, &json!(null), "must have at least one stored version");
        return;
    }
    let versions = list(&object.field("spec")["versions"]);
    for version in versions.iter().filter(|version| version["storage"] == true) {
        if !all.contains(&version["name"]) {
            let name = text(version, "name");
            errors.invalid(path, stored, format!("must have the storage version {name}"));
        }
    }
    for (index, name) in all.iter().enumerate() {
        if !versions.iter().any(|version| version["name"] == *name) {
            let n = name.as_str().unwrap_or_default();
            let text = format!(
                "missing from spec.versions; {n} was previously a storage version, and must remain \
                 in spec.versions until a storage migration ensures no data remains persisted in \
                 {n} and removes {n} from status.storedVersions"
            );
            errors.invalid(&path.index(index), n, text);
        }
    }
}

/// Mirrors `validateCustomResourceDefinitionSpecUpdate`.
fn immutable(new: &Value, old: &Untyped, path: &Path<'_>, errors: &mut Errors) {
    let before = old.field("spec");
    let names = path.child("names");
    if status::is_true(old, "Established") {
        errors.immutable(&path.child("scope"), &new["scope"], &before["scope"]);
        let (kind, was) = (&new["names"]["kind"], &before["names"]["kind"]);
        errors.immutable(&names.child("kind"), kind, was);
    }
    errors.immutable(&path.child("group"), &new["group"], &before["group"]);
    let (plural, was) = (&new["names"]["plural"], &before["names"]["plural"]);
    errors.immutable(&names.child("plural"), plural, was);
}

/// What the annotation says of a definition in a group of Kubernetes' own. Mirrors `GetAPIApprovalState`.
fn approval_state(object: &Untyped) -> Result<(), (bool, String)> {
    let link = "see https://github.com/kubernetes/enhancements/pull/1111";
    let is_url = |text: &str| {
        let rest = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty());
        rest.is_some_and(|(_, host)| !host.is_empty() && !host.starts_with('/'))
    };
    match meta::annotation(&object.metadata, APPROVED).unwrap_or_default() {
        "" => Err((
            false,
            format!("protected groups must have approval annotation \"{APPROVED}\", {link}"),
        )),
        given if given.starts_with("unapproved") || is_url(given) => Ok(()),
        _ => Err((
            true,
            format!(
                "protected groups must have approval annotation \"{APPROVED}\" with either a URL \
                 or a reason starting with \"unapproved\", {link}"
            ),
        )),
    }
}

/// Mirrors `validateAPIApproval`.
fn approval(object: &Untyped, old: Option<&Untyped>, errors: &mut Errors) {
    let group = text(object.field("spec"), "group");
    let is_protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|domain| group == *domain || group.ends_with(&format!(".{domain}")));
    let state = approval_state(object);
    if !is_protected || old.is_some_and(|old| approval_state(old) == state) {
        return;
    }
    let metadata = Path::new("metadata");
    let annotations = metadata.child("annotations");
    let at = annotations.key(APPROVED);
    match state {
        Ok(()) => {}
        Err((false, why)) => errors.required(&at, &why),
        Err((true, why)) => {
            let given = meta::annotation(&object.metadata, APPROVED).unwrap_or_default();
            errors.invalid(&at, given, why);
        }
    }
}
