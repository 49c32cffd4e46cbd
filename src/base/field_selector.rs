//! Which fields an object must have: `status.phase=Running,spec.nodeName!=node1`.

use std::fmt;

use crate::base::order::Order as _;

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// The field's label, such as `metadata.name`.
    pub field: String,
    /// `field!=value` rather than `field=value`.
    pub negated: bool,
    /// What the field's text is compared with.
    pub value: String,
}

/// A conjunction of conditions on fields; none of them selects everything.
///
/// Mirrors `k8s.io/apimachinery/pkg/fields.Selector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

impl FieldSelector {
    /// Reads selector text, as given to `--field-selector`; the error is upstream's. Mirrors
    /// `fields.ParseSelector`.
    pub fn parse(text: &str) -> Result<FieldSelector, String> {
        let mut parts: Vec<String> = split(text);
        parts.order();
        let mut terms = Vec::new();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let term = term(part)?
                .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            terms.push(term);
        }
        Ok(FieldSelector { terms })
    }

    /// Objects whose `field` reads `value`. Mirrors `fields.OneTermEqualSelector`.
    pub fn equals(field: &str, value: &str) -> FieldSelector {
        let term = Term { field: field.into(), negated: false, value: value.into() };
        FieldSelector { terms: vec![term] }
    }

    /// The conditions, in upstream's order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether this selects everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is selected whose fields read as `field` tells; an absent field reads
    /// as empty text.
    pub fn matches<T: AsRef<str>>(&self, field: impl Fn(&str) -> T) -> bool {
        self.terms.iter().all(|term| (field(&term.field).as_ref() == term.value) != term.negated)
    }

    /// The value `field` must have, if one is required.
    pub fn requires_exact_match(&self, field: &str) -> Option<&str> {
        let term = self.terms.iter().find(|term| !term.negated && term.field == field)?;
        Some(&term.value)
    }
}

/// The conditions' texts: split at commas that no backslash escapes.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for letter in text.chars() {
        if letter == ',' && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = letter == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn term(part: &str) -> Result<Option<Term>, String> {
    let mut escaped = false;
    for (at, letter) in part.char_indices() {
        let rest = &part[at..];
        for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
            if !escaped && rest.starts_with(operator) {
                let value = unescape(&rest[operator.len()..])?;
                return Ok(Some(Term { field: part[..at].to_string(), negated, value }));
            }
        }
        escaped = letter == '\\' && !escaped;
    }
    Ok(None)
}

/// `\\`, `\,` and `\=` stand for their second letter. Mirrors `fields.UnescapeValue`.
fn unescape(text: &str) -> Result<String, String> {
    let mut value = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(letter @ ('\\' | ',' | '=')) => value.push(letter),
                Some(letter) => {
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{letter}"
                    ));
                }
                None => return Err("invalid field selector: invalid escape sequence: \\".into()),
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {letter}"
                ));
            }
            _ => value.push(letter),
        }
    }
    Ok(value)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let operator = if term.negated { "!=" } else { "=" };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(out, "{comma}{}{operator}{value}", term.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_sorted() {
        let cases = [
            ("", ""),
            ("b=1,a==2", "a=2,b=1"),
            ("a!=x,", "a!=x"),
            ("a=", "a="),
            (r"a=x\,y\=z", r"a=x\,y\=z"),
        ];
        for (text, expected) in cases {
            let selector = FieldSelector::parse(text).map(|selector| selector.to_string());
            assert_eq!(selector.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_with_upstreams_words() {
        assert_eq!(
            FieldSelector::parse("badsyntax"),
            Err("invalid selector: 'badsyntax'; can't understand 'badsyntax'".to_string())
        );
        assert!(FieldSelector::parse(r"a=\x").is_err());
        assert!(FieldSelector::parse("a=b=c").is_err());
    }

    #[test]
    fn matches_fields() {
        let selector = FieldSelector::parse("status.phase!=Failed,metadata.name=a");
        let selector = selector.unwrap_or_default();
        let fields = |phase: &'static str| {
            move |field: &str| match field {
                "metadata.name" => "a".to_string(),
                "status.phase" => phase.to_string(),
                _ => String::new(),
            }
        };
        assert!(selector.matches(fields("Running")));
        assert!(!selector.matches(fields("Failed")));
        assert_eq!(selector.requires_exact_match("metadata.name"), Some("a"));
        assert_eq!(selector.requires_exact_match("status.phase"), None);
        assert!(FieldSelector::equals("metadata.name", "a").matches(fields("")));
    }
}
