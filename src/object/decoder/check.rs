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
pub(super) fn is_base64(text: &str) -> bool {
    let bytes = base64::decode(text, Alphabet::Standard);
    bytes.is_ok_and(|bytes| base64::encode(&bytes, Alphabet::Standard) == text)
}

/// Where base64 stops being base64.
pub(super) fn first_foreign_byte(text: &str) -> usize {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    text.bytes().position(|byte| !is_base64(byte)).unwrap_or(text.len())
}
