//! The decoder behind the codec: reads a JSON value into a typed object and, where a value does
//! not fit, says so in the words of Go's decoder. Mirrors `sigs.k8s.io/json`.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Number, Value};

use super::managed::Schema;
use super::survey::Survey;
use crate::base::quantity::Quantity;

/// Decodes a typed object.
///
/// # Errors
/// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`
/// and the like.
pub(super) fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let node = Node { source: Source::Value(value), place: &Place::ROOT };
    T::deserialize(node).map_err(|error| error.0)
}

/// What a type is made of, as its decoder shows when it is led through every field once.
///
/// A type that can only be read from a value of a certain shape cannot be led through: all that is
/// known of it then is nothing.
pub(super) fn schema<T: DeserializeOwned>() -> Schema {
    let survey = Survey::default();
    let node = Node { source: Source::Survey(&survey), place: &Place::ROOT };
    let read = T::deserialize(node).is_ok();
    if read { survey.schema() } else { Schema::deduced() }
}

/// Why a value does not fit.
#[derive(Debug)]
struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Where base64 stops being base64.
fn first_foreign_byte(text: &str) -> usize {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    text.bytes().position(|byte| !is_base64(byte)).unwrap_or(text.len())
}

/// Where a value stands: the fields that lead to it, innermost first, and the struct of the last.
#[derive(Clone, Copy)]
struct Place<'a> {
    outer: Option<&'a Place<'a>>,
    owner: &'a str,
    field: &'a str,
}

impl Place<'_> {
    const ROOT: Place<'static> = Place { outer: None, owner: "", field: "" };

    fn path(&self) -> String {
        let before = self.outer.map(Place::path).unwrap_or_default();
        match (before.is_empty(), self.field.is_empty()) {
            (true, _) => self.field.to_owned(),
            (false, true) => before,
            (false, false) => format!("{before}.{}", self.field),
        }
    }
}

/// Where values come from.
#[derive(Clone, Copy)]
enum Source<'a, 'de> {
    /// A JSON value.
    Value(&'de Value),
    /// Nowhere: the Go type that is asked for is noted, and decoding fails.
    Probe(&'a RefCell<String>),
    /// Nowhere: what is asked for is noted, and gets the least that will do.
    Survey(&'de Survey),
}

/// A value to be decoded.
#[derive(Clone, Copy)]
struct Node<'a, 'de> {
    source: Source<'a, 'de>,
    place: &'a Place<'a>,
}

impl<'a, 'de> Node<'a, 'de> {
    /// The value, for a type of Go; a probe takes note of the type.
    fn value(&self, go_type: &str) -> Result<&'de Value, Error> {
        match self.source {
            Source::Value(value) => Ok(value),
            Source::Probe(note) => {
                go_type.clone_into(&mut note.borrow_mut());
                Err(Error(String::new()))
            }
            Source::Survey(survey) => Ok(survey.scalar(go_type)),
        }
    }

    fn mismatch(&self, value: &Value, go_type: &str) -> Error {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if go_type.starts_with("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        let place = match self.place.path() {
            path if path.is_empty() => "value".to_owned(),
            path => format!("struct field {}.{path}", self.place.owner),
        };
        Error(format!("json: cannot unmarshal {found} into Go {place} of type {go_type}"))
    }

    /// The fields of a struct.
    fn open_struct(
        self,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> Result<Fields<'a, 'de>, Error> {
        match self.source {
            Source::Probe(note) => {
                *note.borrow_mut() = format!("v1.{name}");
                Err(Error(String::new()))
            }
            Source::Survey(survey) => {
                let items = Items::Survey(survey, survey.enter(name, fields).iter());
                Ok(Fields { items, owner: Some(name), value: None })
            }
            Source::Value(value) if value.is_object() || value.is_null() => {
                Ok(Fields::of(value, self.place, Some(name)))
            }
            Source::Value(value) => Err(self.mismatch(value, &format!("v1.{name}"))),
        }
    }

    /// The type of the elements that a visitor of lists or maps asks for.
    fn element_type<V: Visitor<'de>>(visitor: V, is_map: bool) -> String {
        let note = RefCell::new(String::new());
        let source = Source::Probe(&note);
        let probe = Node { source, place: &Place::ROOT };
        // It fails by design; what counts is the note.
        let _ = if is_map {
            visitor.visit_map(Fields { items: Items::Probe(probe), owner: None, value: None })
        } else {
            visitor.visit_seq(Elements { items: ElementSource::Probe(probe) })
        };
        note.into_inner()
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $read:ident $number:ty, $go_type:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.value($go_type)?;
            let number = match value {
                Value::Null => Some(0),
                _ => value.$read().and_then(|number| <$number>::try_from(number).ok()),
            };
            visitor.$visit(number.ok_or_else(|| self.mismatch(value, $go_type))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_, 'de> {
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
        let value = self.value("float64")?;
        let number = if value.is_null() { Some(0.0) } else { value.as_f64() };
        visitor.visit_f64(number.ok_or_else(|| self.mismatch(value, "float64"))?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value("bool")? {
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::Null => visitor.visit_bool(false),
            other => Err(self.mismatch(other, "bool")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value("string")? {
            // Times are checked before, so that only base64 can be wrong.
            Value::String(text) => visitor.visit_borrowed_str(text).map_err(|_: Error| {
                Error(format!("illegal base64 data at input byte {}", first_foreign_byte(text)))
            }),
            Value::Null => visitor.visit_borrowed_str(""),
            other => Err(self.mismatch(other, "string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Source::Value(Value::Null) = self.source {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = match self.source {
            Source::Survey(_) => ElementSource::Once(Some(self)),
            _ => match self.value("[]interface {}")? {
                Value::Array(items) => ElementSource::List(items.iter(), self.place),
                Value::Null => ElementSource::List([].iter(), self.place),
                other => {
                    let go_type = format!("[]{}", Self::element_type(visitor, false));
                    return Err(self.mismatch(other, &go_type));
                }
            },
        };
        let read = visitor.visit_seq(Elements { items });
        if let Source::Survey(survey) = self.source {
            survey.list();
        }
        read
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let fields = match self.source {
            Source::Survey(_) => Fields { items: Items::Once(self), owner: None, value: None },
            _ => {
                let value = self.value("map[string]interface {}")?;
                if !value.is_object() && !value.is_null() {
                    let go_type = format!("map[string]{}", Self::element_type(visitor, true));
                    return Err(self.mismatch(value, &go_type));
                }
                Fields::of(value, self.place, None)
            }
        };
        let read = visitor.visit_map(fields);
        if let Source::Survey(survey) = self.source {
            survey.map();
        }
        read
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let items = self.open_struct(name, fields)?;
        let read = visitor.visit_map(items);
        if let Source::Survey(survey) = self.source {
            survey.leave(name);
        }
        read
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut node = self;
        match (name, self.source) {
            ("Quantity", Source::Value(value)) => check_quantity(value).map_err(Error)?,
            ("Time" | "MicroTime", Source::Value(Value::String(text))) => {
                check_time(text).map_err(Error)?;
            }
            (_, Source::Survey(survey)) => node.source = Source::Value(survey.named(name)),
            _ => {}
        }
        visitor.visit_newtype_struct(node)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value("interface {}")? {
            Value::Null => visitor.visit_unit(),
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::Number(number) => visit_number(number, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                let items = ElementSource::List(items.iter(), self.place);
                visitor.visit_seq(Elements { items })
            }
            value @ Value::Object(_) => visitor.visit_map(Fields::of(value, self.place, None)),
        }
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier ignored_any
        i128 u128
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Error> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(number), _, _) => visitor.visit_i64(number),
        (None, Some(number), _) => visitor.visit_u64(number),
        (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
    }
}

/// Mirrors `Quantity.UnmarshalJSON`.
fn check_quantity(value: &Value) -> Result<(), String> {
    let text = match value {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.parse::<Quantity>().map(|_| ()).map_err(|error| error.to_string())
}

/// Mirrors the error of `time.Parse(time.RFC3339, …)`.
fn check_time(text: &str) -> Result<(), String> {
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

/// The elements of a list.
struct Elements<'a, 'de> {
    items: ElementSource<'a, 'de>,
}

enum ElementSource<'a, 'de> {
    List(std::slice::Iter<'de, Value>, &'a Place<'a>),
    Probe(Node<'a, 'de>),
    Once(Option<Node<'a, 'de>>),
}

impl<'a, 'de> Elements<'a, 'de> {
    fn next(&mut self) -> Option<Node<'a, 'de>> {
        match &mut self.items {
            ElementSource::Probe(probe) => Some(*probe),
            ElementSource::Once(node) => node.take(),
            ElementSource::List(items, place) => {
                let place: &'a Place<'a> = place;
                items.next().map(|value| Node { source: Source::Value(value), place })
            }
        }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.next().map(|node| seed.deserialize(node)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        match &self.items {
            ElementSource::List(items, _) => Some(items.len()),
            ElementSource::Probe(_) | ElementSource::Once(_) => None,
        }
    }
}

/// The fields of a struct, or the entries of a map (which have no owner).
struct Fields<'a, 'de> {
    items: Items<'a, 'de>,
    owner: Option<&'static str>,
    value: Option<(&'de str, Source<'a, 'de>)>,
}

enum Items<'a, 'de> {
    Map(Option<serde_json::map::Iter<'de>>, &'a Place<'a>),
    Probe(Node<'a, 'de>),
    Once(Node<'a, 'de>),
    Survey(&'de Survey, std::slice::Iter<'static, &'static str>),
}

impl<'a, 'de> Fields<'a, 'de> {
    fn of(value: &'de Value, place: &'a Place<'a>, owner: Option<&'static str>) -> Self {
        let items = Items::Map(value.as_object().map(Map::iter), place);
        Self { items, owner, value: None }
    }

    fn next_key(&mut self) -> Option<&'de str> {
        match &mut self.items {
            Items::Probe(_) => Some(""),
            Items::Once(node) => {
                let node = *node;
                self.items = Items::Map(None, node.place);
                self.value = Some(("", node.source));
                Some("")
            }
            Items::Map(items, _) => {
                let (key, value) = items.as_mut().and_then(Iterator::next)?;
                self.value = Some((key, Source::Value(value)));
                Some(key)
            }
            Items::Survey(survey, names) => {
                let key = survey.next(self.owner.unwrap_or_default(), names)?;
                self.value = Some((key, Source::Survey(survey)));
                Some(key)
            }
        }
    }

    fn next_value<'x>(&mut self) -> Result<(Source<'a, 'de>, Place<'x>), Error>
    where
        'a: 'x,
        'de: 'x,
    {
        let outer = match &self.items {
            Items::Probe(probe) => return Ok((probe.source, *probe.place)),
            Items::Map(_, place) => *place,
            Items::Once(_) | Items::Survey(..) => &Place::ROOT,
        };
        let (key, source) =
            self.value.take().ok_or_else(|| Error::custom("a value is read before its key"))?;
        Ok(match self.owner {
            Some(owner) => (source, Place { outer: Some(outer), owner, field: key }),
            None => (source, *outer),
        })
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let key = self.next_key().map(serde::de::value::BorrowedStrDeserializer::new);
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (source, place) = self.next_value()?;
        seed.deserialize(Node { source, place: &place })
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
    use serde_json::json;

    use super::*;

    fn refusal<T: DeserializeOwned>(value: Value) -> String {
        decode::<T>(&value).err().unwrap_or_default()
    }

    #[test]
    fn what_does_not_fit_is_named_as_go_does() {
        let container = |more: Value| json!({"spec": {"containers": [more]}});
        let cases = [
            (
                refusal::<Deployment>(json!({"spec": {"replicas": "three"}})),
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas \
                 of type int32",
            ),
            (
                refusal::<ConfigMap>(json!({"data": {"x": 5}})),
                "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
            ),
            (
                refusal::<ConfigMap>(json!({"metadata": "x"})),
                "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type \
                 v1.ObjectMeta",
            ),
            (
                refusal::<Pod>(json!({"spec": {"containers": {"name": "c"}}})),
                "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of \
                 type []v1.Container",
            ),
            (
                refusal::<Pod>(container(
                    json!({"ports": [{"containerPort": 99_999_999_999_u64}]}),
                )),
                "json: cannot unmarshal number 99999999999 into Go struct field \
                 ContainerPort.spec.containers.ports.containerPort of type int32",
            ),
            (
                refusal::<Pod>(json!({"spec": {"nodeSelector": []}})),
                "json: cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of \
                 type map[string]string",
            ),
            (
                refusal::<Pod>(container(json!({"resources": {"limits": {"cpu": "much"}}}))),
                "quantities must match the regular expression \
                 '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ),
            (
                refusal::<Pod>(json!({"metadata": {"creationTimestamp": "yesterday"}})),
                "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \
                 \"yesterday\" as \"2006\"",
            ),
            (
                refusal::<Secret>(json!({"data": {"k": "!!"}})),
                "illegal base64 data at input byte 0",
            ),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn null_counts_as_absent_everywhere() {
        let value = json!({"metadata": null, "spec": {"containers": [{"name": null, "ports": null,
            "image": "i"}], "volumes": [null]}});
        let pod: Pod = decode(&value).unwrap();
        let spec = pod.spec.unwrap();
        assert_eq!((spec.containers[0].name.as_str(), spec.volumes.unwrap().len()), ("", 1));
    }

    #[test]
    fn every_shape_of_value_is_read() {
        let value = json!({"metadata": {"creationTimestamp": "2026-11-23T07:49:20Z"}, "spec": {
            "containers": [{"name": "c", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                "livenessProbe": {"httpGet": {"port": "web"}},
                "readinessProbe": {"tcpSocket": {"port": 80}}}], "hostNetwork": true}});
        let pod: Pod = decode(&value).unwrap();
        let written = serde_json::to_value(&pod).unwrap();
        assert_eq!(written["spec"]["containers"][0]["livenessProbe"]["httpGet"]["port"], "web");
        assert_eq!(written["spec"]["containers"][0]["readinessProbe"]["tcpSocket"]["port"], 80);
        assert_eq!(written["spec"]["containers"][0]["resources"]["limits"]["cpu"], "1");
    }
}
