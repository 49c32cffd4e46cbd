//! Kinds without a text of their own: every field, its name in words. Mirrors
//! `describe.genericDescriber`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{Lines, pairs};
use crate::base::go_text;
use crate::kinds::cells;

/// What stands in the head already, and what nobody wants to see.
const SKIPPED: [&str; 5] = [
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
];
/// Words that are written in capitals.
const ACRONYMS: [&str; 5] = ["API", "URL", "UID", "OSB", "GUID"];

/// The description of an object given as JSON.
pub fn describe(meta: &ObjectMeta, value: &Value) -> String {
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    fields(&mut out, 0, value, "");
    out.raw()
}

fn fields(out: &mut Lines, level: usize, value: &Value, path: &str) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        let title = title(name);
        match value {
            Value::Object(_) => {
                out.line(level, format!("{title}:"));
                fields(out, level + 1, value, &path);
            }
            Value::Array(items) => {
                out.line(level, format!("{title}:"));
                for item in items {
                    match item {
                        Value::Object(_) => fields(out, level + 1, item, &path),
                        other => out.line(level + 1, go_text::print(other)),
                    }
                }
            }
            other => out.field(level, &title, go_text::print(other)),
        }
    }
}

/// `lastTransitionTime` as `Last Transition Time`. Mirrors `describe.smartLabelFor`.
fn title(field: &str) -> String {
    if field.chars().any(|letter| !letter.is_alphabetic() && letter != '-') {
        return field.to_owned();
    }
    let words = words(field).into_iter().map(|word| {
        let upper = word.to_ascii_uppercase();
        if ACRONYMS.contains(&upper.as_str()) {
            return upper;
        }
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase().to_string());
        first.unwrap_or_default() + letters.as_str()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The words of a name in camel case.
fn words(field: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in field.chars() {
        let last = words.last().and_then(|word| word.chars().last());
        match (last, words.last_mut()) {
            (Some(last), Some(word))
                if last.is_alphabetic() == letter.is_alphabetic()
                    && !(last.is_ascii_lowercase() && letter.is_ascii_uppercase()) =>
            {
                word.push(letter);
            }
            _ => words.push(letter.to_string()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_words() {
        let cases = [
            ("apiVersion", "API Version"),
            ("uid", "UID"),
            ("leaseDurationSeconds", "Lease Duration Seconds"),
            ("openAPIV3Schema", "openAPIV3Schema"),
            ("x-kubernetes-preserve", "X - Kubernetes - Preserve"),
        ];
        for (field, title) in cases {
            assert_eq!(super::title(field), title, "{field}");
        }
    }
}
