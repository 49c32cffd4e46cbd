//! What names may look like. Mirrors `k8s.io/apimachinery/pkg/util/validation`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::path::{Errors, Path};
use crate::base::label_name::{label_value_errors, qualified_name_errors};

pub use crate::base::label_name::subdomain_errors;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const ENVIRONMENT: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const LABEL_LENGTH: usize = 63;
const KEY_LENGTH: usize = 253;
const PORT_NAME_LENGTH: usize = 15;

/// What may stand in a path. Mirrors `content.IsPathSegmentName`.
pub fn segment_faults(name: &str) -> Vec<String> {
    if let "." | ".." = name {
        return vec![format!("may not be '{name}'")];
    }
    let contained = ["/", "%"].into_iter().filter(|letter| name.contains(letter));
    contained.map(|letter| format!("may not contain '{letter}'")).collect()
}

fn too_long(length: usize) -> String {
    format!("must be no more than {length} characters")
}

fn is_small(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_dns_label(text: &str, first: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(first)
        && bytes.last().copied().is_some_and(is_small)
        && bytes.iter().all(|byte| is_small(*byte) || *byte == b'-')
}

/// What is wrong with a DNS label (`my-name`). Mirrors `IsDNS1123Label`.
pub fn label_errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if text.len() > LABEL_LENGTH {
        errors.push(too_long(LABEL_LENGTH));
    }
    if !is_dns_label(text, is_small) {
        errors.push(LABEL.to_owned());
    }
    errors
}

/// What is wrong with a DNS label that starts with a letter. Mirrors `IsDNS1035Label`.
pub fn label_1035_errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if text.len() > LABEL_LENGTH {
        errors.push(too_long(LABEL_LENGTH));
    }
    if !is_dns_label(text, |byte| byte.is_ascii_lowercase()) {
        errors.push(LABEL_1035.to_owned());
    }
    errors
}

/// What is wrong with a key of a ConfigMap or Secret. Mirrors `IsConfigMapKey`.
pub fn config_key_errors(key: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if key.len() > KEY_LENGTH {
        errors.push(too_long(KEY_LENGTH));
    }
    let is_fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    if key.is_empty() || !key.as_bytes().iter().all(is_fine) {
        errors.push(CONFIG_KEY.to_owned());
    }
    match key {
        "." => errors.push("must not be '.'".to_owned()),
        ".." => errors.push("must not be '..'".to_owned()),
        key if key.starts_with("..") => errors.push("must not start with '..'".to_owned()),
        _ => {}
    }
    errors
}

/// What is wrong with the name of an environment variable. Mirrors `IsRelaxedEnvVarName`.
pub fn environment_errors(name: &str) -> Vec<String> {
    let is_fine = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'=';
    if !name.is_empty() && name.as_bytes().iter().all(is_fine) {
        return Vec::new();
    }
    vec![ENVIRONMENT.to_owned()]
}

/// What is wrong with the name of a port. Mirrors `IsValidPortName`.
pub fn port_name_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > PORT_NAME_LENGTH {
        errors.push(too_long(PORT_NAME_LENGTH));
    }
    let bytes = name.as_bytes();
    if name.is_empty() || !bytes.iter().all(|byte| is_small(*byte) || *byte == b'-') {
        let text = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        errors.push(text.to_owned());
    }
    if !bytes.iter().any(u8::is_ascii_lowercase) {
        errors.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        errors.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        errors.push("must not begin or end with a hyphen".to_owned());
    }
    errors
}

/// What is wrong with the number of a port. Mirrors `IsValidPortNum`.
pub fn port_errors(port: i32) -> Vec<String> {
    let is_fine = (1..=65_535).contains(&port);
    if is_fine { Vec::new() } else { vec!["must be between 1 and 65535, inclusive".to_owned()] }
}

/// Versions by how settled they are: `v2`, `v1`, `v1beta2`, `v1alpha1`, `foo`. Mirrors
/// `version.CompareKubeAwareVersionStrings`.
pub fn version_rank(version: &str) -> (u8, u32, u32) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major: u32 = rest[..end].parse().ok().filter(|major| *major > 0)?;
        let tail = &rest[end..];
        if tail.is_empty() {
            return Some((3, major, 0));
        }
        let (rank, minor) = match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
            (Some(minor), _) => (2, minor),
            (_, Some(minor)) => (1, minor),
            _ => return None,
        };
        Some((rank, major, minor.parse().ok()?))
    };
    parse().unwrap_or_default()
}

/// Mirrors `ValidateLabels`.
pub fn labels(path: &Path<'_>, labels: Option<&BTreeMap<String, String>>, errors: &mut Errors) {
    for (key, value) in labels.into_iter().flatten() {
        errors.invalid_for(path, key, qualified_name_errors(key));
        errors.invalid_for(path, value, label_value_errors(value));
    }
}

/// Mirrors `ValidateAnnotations`.
pub fn annotations(path: &Path<'_>, all: Option<&BTreeMap<String, String>>, errors: &mut Errors) {
    const SIZE: usize = 256 * 1024;
    let mut size = 0;
    for (key, value) in all.into_iter().flatten() {
        size += key.len() + value.len();
        errors.invalid_for(path, key, qualified_name_errors(&key.to_ascii_lowercase()));
    }
    if size > SIZE {
        errors.too_long(path, SIZE);
    }
}

/// Mirrors `unversioned validation.ValidateLabelSelector`.
pub fn label_selector(path: &Path<'_>, selector: &LabelSelector, errors: &mut Errors) {
    labels(&path.child("matchLabels"), selector.match_labels.as_ref(), errors);
    let expressions = path.child("matchExpressions");
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = expressions.index(index);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                let text = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.required(&path.child("values"), text);
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&path.child("values"), text);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                errors.invalid(&path.child("operator"), other, "not a valid selector operator");
            }
        }
        let key = &expression.key;
        errors.invalid_for(&path.child("key"), key, qualified_name_errors(key));
        for (index, value) in values.iter().enumerate() {
            let values = path.child("values");
            errors.invalid_for(&values.index(index), value, label_value_errors(value));
        }
    }
}
