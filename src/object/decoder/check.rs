//! What Go checks of text while it decodes, and its words where the text is wrong.

use serde_json::Value;

use crate::base::base64::{self, Alphabet};
use crate::base::quantity::Quantity;

/// Mirrors `Quantity.UnmarshalJSON`.
pub(super) fn quantity(value: &Value) -> Result<(), String> {
    let text = match value {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.parse::<Quantity>().map(|_| ()).map_err(|error| error.to_string())
}

/// Mirrors the error of `time.Parse(time.RFC3339, …)`.
pub(super) fn time(text: &str) -> Result<(), String> {
    if text.parse::<k8s_openapi::jiff::Timestamp>().is_ok() {
        return Ok(());
    }
    let layout = "2006-01-02T15:04:05Z07:00";
    let fits = |(given, wanted): (u8, u8)| match wanted {
        b'0'..=b'9' => given.is_ascii_digit(),
        _ => given == wanted,
    };
    let fitting = text.bytes().zip(layout.bytes()).take_while(|pair| fits(*pair)).count();
    let elements = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05", "Z07:00"];
    let mut start = 0;
    for element in elements {
        if fitting < start + element.len() {
            let rest = text.get(start..).unwrap_or_default();
            return Err(format!(
                "parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {element:?}"
            ));
        }
        start += element.len();
    }
    Err(format!("parsing time {text:?}: day out of range"))
}

/// Whether text is what encoding some bytes gives, which is all that types take.
pub(super) fn base64(text: &str) -> Result<(), String> {
    let bytes = base64::decode(text, Alphabet::Standard)?;
    if base64::encode(&bytes, Alphabet::Standard) == text {
        return Ok(());
    }
    // Go passes over line ends, and over bits that belong to no byte.
    Err(format!("illegal base64 data at input byte {}", text.len()))
}
