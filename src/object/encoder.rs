//! The encoder behind the codec: a typed object as a JSON value.
//!
//! Every type's code is made for the one `&mut Writer`, and nothing can go wrong, so that what is
//! made once a type is little more than a call for each field.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Map, Value};

use super::never::{Never, refused};

/// Encodes a typed object: plain data with string keys.
pub(super) fn encode<T: Serialize + ?Sized>(object: &T) -> Value {
    let mut writer = Writer { open: Vec::new(), done: Value::Null };
    match object.serialize(&mut writer) {
        Ok(()) => writer.done,
    }
}

/// What has been written.
struct Writer {
    /// The lists and maps that have been begun and not ended, outermost first.
    open: Vec<Open>,
    /// The whole, once it is complete.
    done: Value,
}

enum Open {
    List(Vec<Value>),
    /// With the key of the value that comes next.
    Map(Map<String, Value>, String),
    /// The key of the map before it.
    Key,
}

impl Writer {
    #[inline(never)]
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = value,
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, key)) => {
                map.insert(std::mem::take(key), value);
            }
            Some(Open::Key) => {
                self.open.pop();
                match (self.open.last_mut(), value) {
                    (Some(Open::Map(_, key)), Value::String(text)) => *key = text,
                    _ => refused(),
                }
            }
        }
    }

    #[inline(never)]
    fn begin_list(&mut self) {
        self.open.push(Open::List(Vec::new()));
    }

    #[inline(never)]
    fn begin_map(&mut self) {
        self.open.push(Open::Map(Map::new(), String::new()));
    }

    #[inline(never)]
    fn key(&mut self, name: &str) {
        if let Some(Open::Map(_, key)) = self.open.last_mut() {
            name.clone_into(key);
        }
    }

    #[inline(never)]
    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::List(list)) => self.put(Value::Array(list)),
            Some(Open::Map(map, _)) => self.put(Value::Object(map)),
            Some(Open::Key) | None => refused(),
        }
    }

    #[inline(never)]
    fn text(&mut self, text: &str) {
        self.put(Value::String(text.to_owned()));
    }

    #[inline(never)]
    fn integer(&mut self, number: i64) {
        self.put(number.into());
    }
}

macro_rules! integers {
    ($($method:ident $number:ty;)*) => {$(
        fn $method(self, number: $number) -> Result<(), Never> {
            self.integer(number.into());
            Ok(())
        }
    )*};
}

impl Serializer for &mut Writer {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    integers! {
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
    }

    fn serialize_bool(self, yes: bool) -> Result<(), Never> {
        self.put(Value::Bool(yes));
        Ok(())
    }

    fn serialize_u64(self, number: u64) -> Result<(), Never> {
        self.put(number.into());
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), Never> {
        self.put(number.into());
        Ok(())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Never> {
        self.put(number.into());
        Ok(())
    }

    fn serialize_char(self, letter: char) -> Result<(), Never> {
        self.text(letter.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Never> {
        self.text(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Never> {
        bytes.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Never> {
        self.put(Value::Null);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Never> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.begin_map();
        self.key(variant);
        value.serialize(&mut *self)?;
        self.end();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Never> {
        self.begin_list();
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        self.begin_list();
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.begin_list();
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.begin_map();
        self.key(variant);
        self.begin_list();
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Never> {
        self.begin_map();
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.begin_map();
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.begin_map();
        self.key(variant);
        self.begin_map();
        Ok(self)
    }
}

impl SerializeStruct for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.key(name);
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Never> {
        Writer::end(self);
        Ok(())
    }
}

impl SerializeStructVariant for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        SerializeStruct::serialize_field(self, name, value)
    }

    fn end(self) -> Result<(), Never> {
        Writer::end(self);
        Writer::end(self);
        Ok(())
    }
}

impl SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        self.open.push(Open::Key);
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Never> {
        Writer::end(self);
        Ok(())
    }
}

macro_rules! lists {
    ($($list:ident $method:ident $ends:literal;)*) => {$(
        impl $list for &mut Writer {
            type Ok = ();
            type Error = Never;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Never> {
                for _ in 0..$ends {
                    Writer::end(self);
                }
                Ok(())
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element 1;
    SerializeTuple serialize_element 1;
    SerializeTupleStruct serialize_field 1;
    SerializeTupleVariant serialize_field 2;
}
