//! The only door between JSON values and typed objects.
//!
//! One decoder (from a borrowed [`Value`]) and one encoder per type: a second pair would cost more
//! than half again in wasm size. Text is parsed to a [`Value`] first.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::managed::Schema;
use super::{decoder, encoder};

/// Decodes a typed object. Unknown fields are ignored; `null` counts as absent.
///
/// # Errors
/// The words of Go's decoder for the first value that does not fit its field.
pub fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    decoder::decode(value)
}

/// What the decoder of a type knows of its fields.
pub fn schema<T: DeserializeOwned>() -> Schema {
    decoder::schema::<T>()
}

/// Encodes a typed object: plain data with string keys.
pub fn encode<T: Serialize + ?Sized>(object: &T) -> Value {
    encoder::encode(object)
}

/// JSON text as a value.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// A value as JSON text with an indentation of four spaces, as kubectl prints it.
pub fn pretty(value: &Value) -> String {
    indented(value, "    ")
}

/// A value as JSON text with an indentation of one's own choice.
pub fn indented(value: &Value, indent: &str) -> String {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    let written = value.serialize(&mut serializer);
    assert!(written.is_ok(), "JSON values always serialize");
    String::from_utf8(text).unwrap_or_default()
}
