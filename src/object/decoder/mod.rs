//! The decoder behind the codec: reads a JSON value into a typed object and, where a value does
//! not fit, says so in the words of Go's decoder. Mirrors `sigs.k8s.io/json`.
//!
//! Every type's code is made for the one `&mut Reader`, which knows where decoding stands. What is
//! made once a type is therefore little more than a call for each field: a tenth of the page hangs
//! on it. For the same reason a type's code never ends halfway: what a type would refuse is found
//! and noted by the reader, which has nothing for it from then on ([`Never`]).

mod check;
mod reader;
#[cfg(test)]
mod tests;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

use self::reader::Reader;
use super::managed::Schema;
use super::never::Never;
use super::survey::Survey;

/// Decodes a typed object.
///
/// # Errors
/// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`
/// and the like.
pub(super) fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let mut reader = Reader::of(value);
    let Ok(object) = T::deserialize(&mut reader);
    reader.failure().map_or(Ok(object), Err)
}

/// What a type is made of, as its decoder shows when it is led through every field once.
pub(super) fn schema<T: DeserializeOwned>() -> Schema {
    let survey = Survey::default();
    let Ok(_) = T::deserialize(&mut Reader::survey(&survey));
    survey.schema()
}

macro_rules! integers {
    ($($method:ident $visit:ident $number:ident, $go_type:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
            let whole = self.whole($go_type, $number::MIN.into(), $number::MAX.into());
            visitor.$visit(whole.try_into().unwrap_or_default())
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Never;

    integers! {
        deserialize_i8 visit_i8 i8, "int8";
        deserialize_i16 visit_i16 i16, "int16";
        deserialize_i32 visit_i32 i32, "int32";
        deserialize_i64 visit_i64 i64, "int64";
        deserialize_u8 visit_u8 u8, "uint8";
        deserialize_u16 visit_u16 u16, "uint16";
        deserialize_u32 visit_u32 u32, "uint32";
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_u64(self.natural("uint64"))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_f64(self.real())
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_bool(self.truth())
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        let text = self.text(&visitor);
        visitor.visit_borrowed_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        if self.is_null() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        self.open_list();
        visitor.visit_seq(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        self.open_map();
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Never> {
        self.open_struct(name, fields);
        visitor.visit_map(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Never> {
        self.open_newtype(name);
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        match self.any(&visitor) {
            None => visitor.visit_i64(0),
            Some(Value::Null) => visitor.visit_unit(),
            Some(Value::Bool(yes)) => visitor.visit_bool(*yes),
            Some(Value::Number(number)) => visit_number(number, visitor),
            Some(Value::String(text)) => visitor.visit_borrowed_str(text),
            Some(value @ Value::Array(_)) => {
                self.enter(value);
                visitor.visit_seq(self)
            }
            Some(value @ Value::Object(_)) => {
                self.enter(value);
                visitor.visit_map(self)
            }
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Never> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier i128 u128
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Never> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(number), _, _) => visitor.visit_i64(number),
        (None, Some(number), _) => visitor.visit_u64(number),
        (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
    }
}

/// The elements of the innermost list.
impl<'de> SeqAccess<'de> for &mut Reader<'de> {
    type Error = Never;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Never> {
        if self.advance() { seed.deserialize(&mut **self).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        self.elements_left()
    }
}

/// The fields of the innermost struct, or the entries of the innermost map.
impl<'de> MapAccess<'de> for &mut Reader<'de> {
    type Error = Never;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Never> {
        let key = self.advance_key().map(serde::de::value::BorrowedStrDeserializer::new);
        key.map(|key| seed.deserialize(key)).transpose()
    }

    /// A key that is asked for leads to its value, so that there is nothing left to do.
    #[inline(always)]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Never> {
        seed.deserialize(&mut **self)
    }
}
