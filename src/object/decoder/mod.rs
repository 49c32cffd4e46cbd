//! The decoder behind the codec: reads a JSON value into a typed object and, where a value does
//! not fit, says so in the words of Go's decoder. Mirrors `sigs.k8s.io/json`.
//!
//! Every type's code is made for the one `&mut Reader`, which knows where decoding stands. What is
//! made once a type is therefore little more than a call for each field: a tenth of the page hangs
//! on it. For the same reason an [`Error`] is a single pointer.

mod check;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

use self::reader::Reader;
use super::managed::Schema;
use super::survey::Survey;

/// Decodes a typed object.
///
/// # Errors
/// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`
/// and the like.
pub(super) fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(&mut Reader::of(value)).map_err(|error| error.0.text)
}

/// What a type is made of, as its decoder shows when it is led through every field once.
///
/// A type that can only be read from a value of a certain shape cannot be led through: all that is
/// known of it then is nothing.
pub(super) fn schema<T: DeserializeOwned>() -> Schema {
    let survey = Survey::default();
    let read = T::deserialize(&mut Reader::survey(&survey)).is_ok();
    if read { survey.schema() } else { Schema::deduced() }
}

/// Why a value does not fit.
#[derive(Debug)]
struct Error(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    text: String,
}

impl Error {
    #[inline(never)]
    fn new(text: String) -> Self {
        Self(Box::new(Refusal { text }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    /// What types say in words of their own is never told: times and base64 are checked before,
    /// and their words would be a hundredth of the page.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("the value does not fit its field".to_owned())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid type: {found}, expected {expected}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid value: {found}, expected {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $read:ident $number:ty, $go_type:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.scalar($go_type)?;
            let number = match value {
                Value::Null => Some(0),
                _ => value.$read().and_then(|number| <$number>::try_from(number).ok()),
            };
            visitor.$visit(number.ok_or_else(|| self.mismatch(value, $go_type))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    integers! {
        deserialize_i8 visit_i8 as_i64 i8, "int8";
        deserialize_i16 visit_i16 as_i64 i16, "int16";
        deserialize_i32 visit_i32 as_i64 i32, "int32";
        deserialize_i64 visit_i64 as_i64 i64, "int64";
        deserialize_u8 visit_u8 as_u64 u8, "uint8";
        deserialize_u16 visit_u16 as_u64 u16, "uint16";
        deserialize_u32 visit_u32 as_u64 u32, "uint32";
        deserialize_u64 visit_u64 as_u64 u64, "uint64";
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = self.scalar("float64")?;
        let number = if value.is_null() { Some(0.0) } else { value.as_f64() };
        visitor.visit_f64(number.ok_or_else(|| self.mismatch(value, "float64"))?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scalar("bool")? {
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::Null => visitor.visit_bool(false),
            other => Err(self.mismatch(other, "bool")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scalar("string")? {
            // Times are checked before, so that only base64 can be wrong.
            Value::String(text) => visitor.visit_borrowed_str(text).map_err(|_: Error| {
                let at = check::first_foreign_byte(text);
                Error::new(format!("illegal base64 data at input byte {at}"))
            }),
            Value::Null => visitor.visit_borrowed_str(""),
            other => Err(self.mismatch(other, "string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.open_list()?;
        visitor.visit_seq(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.open_map()?;
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.open_struct(name, fields)?;
        visitor.visit_map(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.open_newtype(name)?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scalar("interface {}")? {
            Value::Null => visitor.visit_unit(),
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::Number(number) => visit_number(number, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            value @ Value::Array(_) => {
                self.enter(value);
                visitor.visit_seq(self)
            }
            value @ Value::Object(_) => {
                self.enter(value);
                visitor.visit_map(self)
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier i128 u128
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Error> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(number), _, _) => visitor.visit_i64(number),
        (None, Some(number), _) => visitor.visit_u64(number),
        (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
    }
}

/// The elements of the innermost list.
impl<'de> SeqAccess<'de> for &mut Reader<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.advance() { seed.deserialize(&mut **self).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        self.elements_left()
    }
}

/// The fields of the innermost struct, or the entries of the innermost map.
impl<'de> MapAccess<'de> for &mut Reader<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let key = self.advance_key().map(serde::de::value::BorrowedStrDeserializer::new);
        key.map(|key| seed.deserialize(key)).transpose()
    }

    /// A key that is asked for leads to its value, so that there is nothing left to do.
    #[inline(always)]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut **self)
    }
}
