//! What may be a label's key and value, and the names they build on.

/// Mirrors the texts of `k8s.io/apimachinery/pkg/util/validation`.
const QUALIFIED_NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN: &str = r"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_LENGTH: usize = 63;
const SUBDOMAIN_LENGTH: usize = 253;

/// What is wrong with `text` as a qualified name (`app`, `example.com/app`), such as a label key.
///
/// Empty when it is one. Mirrors `validation.IsQualifiedName`.
pub fn qualified_name_errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_string());
            } else {
                let found = subdomain_errors(prefix);
                errors.extend(found.into_iter().map(|error| format!("prefix part {error}")));
            }
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {QUALIFIED_NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_string());
    } else if name.len() > NAME_LENGTH {
        errors.push(format!("name part {}", too_long(NAME_LENGTH)));
    }
    if !is_word(name) {
        errors.push(format!("name part {QUALIFIED_NAME}"));
    }
    errors
}

/// What is wrong with `text` as a label's value. Mirrors `validation.IsValidLabelValue`.
pub fn label_value_errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if text.len() > NAME_LENGTH {
        errors.push(too_long(NAME_LENGTH));
    }
    if !text.is_empty() && !is_word(text) {
        errors.push(LABEL_VALUE.to_string());
    }
    errors
}

/// What is wrong with `text` as a DNS subdomain. Mirrors `validation.IsDNS1123Subdomain`.
pub fn subdomain_errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if text.len() > SUBDOMAIN_LENGTH {
        errors.push(too_long(SUBDOMAIN_LENGTH));
    }
    let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let ends =
            bytes.first().copied().is_some_and(small) && bytes.last().copied().is_some_and(small);
        ends && bytes.iter().all(|byte| small(*byte) || *byte == b'-')
    };
    if !text.split('.').all(is_label) {
        errors.push(SUBDOMAIN.to_string());
    }
    errors
}

fn too_long(most: usize) -> String {
    format!("must be no more than {most} bytes")
}

/// Whether `text` matches `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric);
    ends && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_fault_of_a_key() {
        for good in ["app", "a", "app.kubernetes.io/name", "1-a_b.C"] {
            assert!(qualified_name_errors(good).is_empty(), "{good}");
        }
        let cases: [(&str, &[&str]); 5] = [
            ("bad key!", &["name part must consist of"]),
            ("", &["name part must be non-empty", "name part must consist of"]),
            (
                "bad_key/",
                &[
                    "prefix part a lowercase RFC 1123 subdomain must",
                    "name part must be non-empty",
                    "name part must consist of",
                ],
            ),
            ("/x", &["prefix part must be non-empty"]),
            ("a/b/c", &["a valid label key must consist of"]),
        ];
        for (text, expected) in cases {
            let errors = qualified_name_errors(text);
            assert_eq!(errors.len(), expected.len(), "{text}: {errors:?}");
            for (error, start) in errors.iter().zip(expected) {
                assert!(error.starts_with(start), "{text}: {error}");
            }
        }
    }

    #[test]
    fn bounds_values() {
        assert!(label_value_errors("").is_empty());
        assert!(label_value_errors("v1.2_x-3").is_empty());
        assert_eq!(label_value_errors("a b"), [LABEL_VALUE]);
        assert_eq!(label_value_errors(&"a".repeat(64)), ["must be no more than 63 bytes"]);
        assert!(subdomain_errors("a.b-c.d0").is_empty());
        assert_eq!(subdomain_errors("a..b"), [SUBDOMAIN]);
    }
}
