//! What every object's metadata must satisfy.
//! Mirrors `k8s.io/apimachinery/pkg/api/validation/objectmeta.go`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    ObjectMeta, OwnerReference, Time as Timestamp,
};

use crate::base::{ip_text, label_name};
use crate::kinds::names::segment_faults;
use crate::kinds::{FieldError, Names};

/// Mirrors `TotalAnnotationSizeLimitB`.
const ANNOTATIONS_MAX: usize = 256 * 1024;
const LABEL_MAX: usize = 63;
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const IMMUTABLE: &str = "field is immutable";

/// What is wrong with an object's metadata. Mirrors `ValidateObjectMeta`.
pub(super) fn validate(names: &Names, meta: &ObjectMeta) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(prefix) = meta.generate_name.as_deref().filter(|prefix| !prefix.is_empty()) {
        let faults = name_faults(names, &without_trailing_dash(prefix));
        errors.extend(
            faults
                .into_iter()
                .map(|fault| FieldError::invalid("metadata.generateName", prefix, fault)),
        );
    }
    match meta.name.as_deref().unwrap_or_default() {
        "" => {
            errors.push(FieldError::required("metadata.name", "name or generateName is required"));
        }
        name => errors.extend(
            name_faults(names, name)
                .into_iter()
                .map(|fault| FieldError::invalid("metadata.name", name, fault)),
        ),
    }
    if let Some(generation) = meta.generation.filter(|generation| *generation < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("metadata.generation", generation, detail));
    }
    errors.extend(maps(meta));
    errors.extend(finalizers(meta));
    errors
}

/// What is wrong with a replacement's metadata. Mirrors `ValidateObjectMetaUpdate`.
pub(super) fn validate_update(new: &ObjectMeta, old: &ObjectMeta) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if old.deletion_timestamp.is_some() {
        errors.extend(new_finalizers(new, old));
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let stamp =
        |stamp: &Option<Timestamp>| stamp.as_ref().map_or_else(String::new, |t| t.0.to_string());
    let mut refuse = |field: &str, value: String| {
        errors.push(FieldError::invalid(&format!("metadata.{field}"), value, IMMUTABLE));
    };
    if new.name != old.name {
        refuse("name", text(&new.name));
    }
    if new.namespace != old.namespace {
        refuse("namespace", text(&new.namespace));
    }
    if new.uid != old.uid {
        refuse("uid", text(&new.uid));
    }
    if new.creation_timestamp != old.creation_timestamp {
        refuse("creationTimestamp", stamp(&new.creation_timestamp));
    }
    if new.deletion_timestamp != old.deletion_timestamp {
        refuse("deletionTimestamp", stamp(&new.deletion_timestamp));
    }
    let grace = new.deletion_grace_period_seconds;
    if grace != old.deletion_grace_period_seconds {
        let (field, value) = ("metadata.deletionGracePeriodSeconds", grace.unwrap_or(0));
        errors.push(FieldError::invalid(field, value, IMMUTABLE));
    }
    errors.extend(maps(new));
    errors
}

/// What is wrong with labels, annotations and owners.
pub(super) fn maps(meta: &ObjectMeta) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in meta.labels.iter().flatten() {
        let faults = label_name::qualified_name_errors(key);
        errors.extend(
            faults.into_iter().map(|fault| FieldError::invalid("metadata.labels", key, fault)),
        );
        let faults = label_name::label_value_errors(value);
        errors.extend(
            faults.into_iter().map(|fault| FieldError::invalid("metadata.labels", value, fault)),
        );
    }
    let mut size = 0;
    for (key, value) in meta.annotations.iter().flatten() {
        size += key.len() + value.len();
        let faults = label_name::qualified_name_errors(&key.to_ascii_lowercase());
        errors.extend(
            faults.into_iter().map(|fault| FieldError::invalid("metadata.annotations", key, fault)),
        );
    }
    if size > ANNOTATIONS_MAX {
        errors.push(FieldError::too_long("metadata.annotations", ANNOTATIONS_MAX));
    }
    errors.extend(owners(meta.owner_references.as_deref().unwrap_or_default()));
    errors
}

/// Mirrors `ValidateOwnerReferences`.
fn owners(owners: &[OwnerReference]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut controller: Option<&OwnerReference> = None;
    for owner in owners {
        let fields = [
            ("apiVersion", &owner.api_version, "version must not be empty"),
            ("kind", &owner.kind, "must not be empty"),
            ("name", &owner.name, "must not be empty"),
            ("uid", &owner.uid, "must not be empty"),
        ];
        for (field, value, fault) in fields {
            if value.is_empty() {
                let field = format!("metadata.ownerReferences.{field}");
                errors.push(FieldError::invalid(&field, value, fault));
            }
        }
        if owner.controller != Some(true) {
            continue;
        }
        if let Some(first) = controller {
            let list: Vec<_> = owners.iter().map(owner_text).collect();
            errors.push(FieldError::invalid_text(
                "metadata.ownerReferences",
                &format!("[{}]", list.join(",")),
                format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {}/{} and {}/{}",
                    first.kind, first.name, owner.kind, owner.name
                ),
            ));
        } else {
            controller = Some(owner);
        }
    }
    errors
}

/// An owner as JSON, in the order of Go's struct.
fn owner_text(owner: &OwnerReference) -> String {
    let OwnerReference { api_version, kind, name, uid, controller, block_owner_deletion } = owner;
    let mut text = format!(
        "{{\"apiVersion\":{api_version:?},\"kind\":{kind:?},\"name\":{name:?},\"uid\":{uid:?}"
    );
    for (field, value) in [("controller", controller), ("blockOwnerDeletion", block_owner_deletion)]
    {
        if let Some(value) = value {
            text.push_str(&format!(",\"{field}\":{value}"));
        }
    }
    text + "}"
}

/// Mirrors `ValidateFinalizers`.
fn finalizers(meta: &ObjectMeta) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let list = meta.finalizers.as_deref().unwrap_or_default();
    for (index, name) in list.iter().enumerate() {
        let field = format!("metadata.finalizers[{index}]");
        let faults = label_name::qualified_name_errors(name);
        errors.extend(faults.into_iter().map(|fault| FieldError::invalid(&field, name, fault)));
        let is_standard = matches!(name.as_str(), "orphan" | "foregroundDeletion" | "kubernetes");
        if !is_standard && !name.contains('/') {
            let fault = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(&field, name, fault));
        }
    }
    let has = |wanted: &str| list.iter().any(|name| name == wanted);
    if has("orphan") && has("foregroundDeletion") {
        errors.push(FieldError::invalid(
            "metadata.finalizers",
            list,
            "finalizer orphan and foregroundDeletion cannot be both set",
        ));
    }
    errors
}

/// Mirrors `ValidateNoNewFinalizers`.
fn new_finalizers(new: &ObjectMeta, old: &ObjectMeta) -> Option<FieldError> {
    let before = old.finalizers.as_deref().unwrap_or_default();
    let more: Vec<String> = new
        .finalizers
        .iter()
        .flatten()
        .filter(|name| !before.contains(name))
        .map(|name| format!("{name:?}"))
        .collect();
    if more.is_empty() {
        return None;
    }
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{{{}}}",
        more.join(", ")
    );
    Some(FieldError::forbidden("metadata.finalizers", detail))
}

/// What is wrong with a name. Namespaces, services and the pods of StatefulSets are parts of host
/// names, everything else may have dots.
fn name_faults(names: &Names, name: &str) -> Vec<String> {
    match (names.group, names.plural) {
        ("", "namespaces" | "services") | ("apps", "statefulsets") => label_faults(name),
        ("rbac.authorization.k8s.io" | "apiregistration.k8s.io", _) | ("", "events") => {
            segment_faults(name)
        }
        ("networking.k8s.io", "ipaddresses") => ip_text::address_fault(name).into_iter().collect(),
        _ => {
            let faults = label_name::subdomain_errors(name).into_iter();
            faults.map(|fault| fault.replace(" bytes", " characters")).collect()
        }
    }
}

/// Mirrors `validation.IsDNS1123Label`.
fn label_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > LABEL_MAX {
        faults.push(format!("must be no more than {LABEL_MAX} characters"));
    }
    let is_small = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(is_small) && bytes.last().is_some_and(is_small);
    if !ends || !bytes.iter().all(|byte| is_small(byte) || *byte == b'-') {
        faults.push(LABEL.to_owned());
    }
    faults
}

/// What a prefix must be, seeing that more letters follow. Mirrors `maskTrailingDash`.
fn without_trailing_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => prefix.to_owned(),
    }
}
