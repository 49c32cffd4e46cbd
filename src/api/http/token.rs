//! Where a list goes on: the `continue` token. Mirrors `apiserver/pkg/storage/continue.go`.

use serde_json::{Value, json};

use crate::api::Status;
use crate::base::base64::{self, Alphabet};
use crate::base::json_read;

const API_VERSION: &str = "meta.k8s.io/v1";

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Namespace and name of the last object before it.
    pub after: (String, String),
    /// The revision of the list; the current one, when absent.
    pub revision: Option<u64>,
}

/// A place as a token. Upstream's key is the first that may follow: the last one and a zero byte.
pub(super) fn write(place: &Place) -> String {
    let (namespace, name) = &place.after;
    let start = match namespace.as_str() {
        "" => format!("{name}\0"),
        namespace => format!("{namespace}/{name}\0"),
    };
    let revision = place.revision.map_or(-1, |revision| i64::try_from(revision).unwrap_or(-1));
    let text = json!({"v": API_VERSION, "rv": revision, "start": start}).to_string();
    base64::encode(text.as_bytes(), Alphabet::Url)
}

/// The place that a token stands for.
///
/// # Errors
/// What is wrong with it, in upstream's words.
pub(super) fn read(token: &str) -> Result<Place, String> {
    let invalid = |why: String| format!("invalid continue token: continue key is not valid: {why}");
    let bytes = base64::decode(token, Alphabet::Url).map_err(&invalid)?;
    let text = String::from_utf8_lossy(&bytes);
    let value = json_read::read(&text).map_err(&invalid)?.value;
    let version = value.get("v").and_then(Value::as_str).unwrap_or_default();
    if version != API_VERSION {
        return Err(invalid(format!("server does not recognize this encoded version {version:?}")));
    }
    let revision = value.get("rv").and_then(Value::as_i64).unwrap_or(0);
    let start = value.get("start").and_then(Value::as_str).unwrap_or_default();
    let start = start.strip_suffix('\0').unwrap_or(start);
    if revision == 0 {
        return Err(invalid(
            "incorrect encoded start resourceVersion (version meta.k8s.io/v1)".to_owned(),
        ));
    }
    if start.is_empty() {
        return Err(invalid("encoded start key empty (version meta.k8s.io/v1)".to_owned()));
    }
    let after = match start.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
        None => (String::new(), start.to_owned()),
    };
    Ok(Place { after, revision: u64::try_from(revision).ok() })
}

/// What is said of a token whose list can no longer be seen: the rest as it is now can.
/// Mirrors `handleCompactedErrorForPaging`.
pub(super) fn expired(status: Status, after: (String, String), namespaced: bool) -> Status {
    let namespace = if namespaced { String::new() } else { after.0 };
    let message = "The provided continue parameter is too old to display a consistent list result. \
                   You can start a new list without the continue parameter, or use the continue \
                   token in this response to retrieve the remainder of the results. Continuing with \
                   the provided token results in an inconsistent list - objects that were created, \
                   modified, or deleted between the time the first chunk was returned and now may \
                   show up in the list.";
    let continue_token = write(&Place { after: (namespace, after.1), revision: None });
    Status { message: message.to_owned(), continue_token, ..status }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place() {
        for after in [("a", "x"), ("", "node1"), ("ns", "much-longer-name.example")] {
            let after = (after.0.to_owned(), after.1.to_owned());
            let place = Place { after, revision: Some(17) };
            assert_eq!(read(&write(&place)), Ok(place));
        }
    }

    #[test]
    fn other_servers_tokens_are_read_and_nonsense_is_not() {
        let theirs = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0";
        let place = Place { after: (String::new(), "a".to_owned()), revision: Some(1) };
        assert_eq!(read(theirs), Ok(place));
        let error = read("abc").unwrap_err();
        assert!(
            error.starts_with(
                "invalid continue token: continue key is not valid: invalid character"
            )
        );
        assert!(read("!").unwrap_err().ends_with("illegal base64 data at input byte 0"));
    }
}
