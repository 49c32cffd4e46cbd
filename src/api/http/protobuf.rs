//! Bodies in protobuf, as typed Go clients send them: read into the JSON they stand for. Answers
//! are never written so: those clients accept JSON too.
//! Mirrors `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`.

use k8s_openapi::jiff;
use serde_json::{Map, Value, json};

use crate::base::base64::{self, Alphabet};

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// Deeper than any message of the API goes, but for the schemas of custom resources.
const DEPTH_MAX: usize = 64;
/// A message a line: its name, then the number, the JSON name and the type of each field. Before
/// a type, `*` makes a list of it, `%` a map from texts, and `^` puts its fields among those of the
/// message around it; `?` behind it tells that nothing and zero are different things.
const MESSAGES: &str = include_str!("messages.txt");
/// The message that holds itself.
const SCHEMA: &str = "apiextensions/v1.JSONSchemaProps";

/// The object in a body.
///
/// # Errors
/// What is wrong with the body.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    let bytes = body.strip_prefix(MAGIC).ok_or(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    )?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(meta)) => {
                for field in Fields(meta) {
                    match field? {
                        (1, Wire::Bytes(bytes)) => api_version = text(bytes),
                        (2, Wire::Bytes(bytes)) => kind = text(bytes),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let package = match api_version.split_once('/') {
        // Every group has its own, and all are the same.
        _ if kind == "DeleteOptions" => "meta/v1".to_owned(),
        Some((group, version)) => {
            format!("{}/{version}", group.split('.').next().unwrap_or_default())
        }
        None => format!("core/{api_version}"),
    };
    let name = format!("{package}.{kind}");
    let unknown = || format!("no kind {kind:?} is registered for version {api_version:?}");
    let mut object = Map::new();
    message(find(&name).ok_or_else(unknown)?, raw, 0, &mut object)?;
    object.insert("apiVersion".to_owned(), Value::String(api_version));
    object.insert("kind".to_owned(), Value::String(kind));
    Ok(Value::Object(object))
}

/// The fields of a message, as they stand in [`MESSAGES`].
fn find(name: &str) -> Option<&'static str> {
    MESSAGES.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix(' ') }
    })
}

/// One field: its JSON name and its type.
fn field(fields: &'static str, number: u64) -> Option<(&'static str, &'static str)> {
    let mut words = fields.split(' ');
    loop {
        let (id, name, kind) = (words.next()?, words.next()?, words.next()?);
        if id.parse() == Ok(number) {
            return Some((name, kind));
        }
    }
}

fn message(
    fields: &'static str,
    bytes: &[u8],
    depth: usize,
    object: &mut Map<String, Value>,
) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err("proto: nested too deeply".to_owned());
    }
    for part in Fields(bytes) {
        let (number, wire) = part?;
        let Some((name, kind)) = field(fields, number) else { continue };
        match kind.as_bytes().first() {
            Some(b'^') => {
                let inner = find(&kind[1..]).unwrap_or_default();
                message(inner, wire.bytes()?, depth + 1, object)?;
            }
            Some(b'*') => {
                let item = value(&kind[1..], wire, depth)?.unwrap_or_else(|| empty(&kind[1..]));
                let list = object.entry(name).or_insert_with(|| json!([]));
                list.as_array_mut().ok_or("proto: a list and none")?.push(item);
            }
            Some(b'%') => {
                let (key, item) = entry(&kind[1..], wire.bytes()?, depth)?;
                let map = object.entry(name).or_insert_with(|| json!({}));
                map.as_object_mut().ok_or("proto: a map and none")?.insert(key, item);
            }
            _ => {
                let (kind, keeps_zero) = match kind.strip_suffix('?') {
                    Some(kind) => (kind, true),
                    None => (kind, false),
                };
                let found = value(kind, wire, depth)?;
                let is_zero = found.as_ref().is_none_or(|found| {
                    *found == json!(0) || *found == json!(false) || *found == json!("")
                });
                match found {
                    Some(found) if keeps_zero || !is_zero => {
                        object.insert(name.to_owned(), found);
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn entry(kind: &'static str, bytes: &[u8], depth: usize) -> Result<(String, Value), String> {
    let (mut key, mut item) = (String::new(), empty(kind));
    for part in Fields(bytes) {
        match part? {
            (1, wire) => key = text(wire.bytes()?),
            (2, wire) => item = value(kind, wire, depth)?.unwrap_or_else(|| empty(kind)),
            _ => {}
        }
    }
    Ok((key, item))
}

/// What stands in a list or a map where nothing was sent.
fn empty(kind: &str) -> Value {
    match kind {
        "string" | "bytes" => json!(""),
        "int" => json!(0),
        "bool" => json!(false),
        "quantity" => json!("0"),
        _ => json!({}),
    }
}

/// A value of a type; `None` for a time that is not set.
fn value(kind: &'static str, wire: Wire<'_>, depth: usize) -> Result<Option<Value>, String> {
    Ok(Some(match kind {
        "string" => json!(text(wire.bytes()?)),
        "bool" => json!(wire.number()? != 0),
        "int" => json!(wire.number()?.cast_signed()),
        "double" => json!(f64::from_bits(wire.number()?)),
        "bytes" => json!(base64::encode(wire.bytes()?, Alphabet::Standard)),
        "quantity" => {
            let amount = text(first(wire.bytes()?, 1)?.map_or(Ok(&[][..]), Wire::bytes)?);
            return Ok(Some(amount).filter(|amount| !amount.is_empty()).map(Value::String));
        }
        "time" | "micro" => return time(wire.bytes()?, kind == "micro"),
        "duration" => json!(first(wire.bytes()?, 1)?.map_or(Ok(0), Wire::number)?.cast_signed()),
        "int-or-string" => {
            let bytes = wire.bytes()?;
            match first(bytes, 1)?.map_or(Ok(0), Wire::number)? {
                0 => json!(first(bytes, 2)?.map_or(Ok(0), Wire::number)?.cast_signed()),
                _ => json!(text(first(bytes, 3)?.map_or(Ok(&[][..]), Wire::bytes)?)),
            }
        }
        "raw" => {
            let raw = text(first(wire.bytes()?, 1)?.map_or(Ok(&[][..]), Wire::bytes)?);
            return Ok(crate::base::json_read::read(&raw).ok().map(|json| json.value));
        }
        "schema-or-bool" => match first(wire.bytes()?, 2)? {
            Some(schema) => return value(SCHEMA, schema, depth + 1),
            None => json!(first(wire.bytes()?, 1)?.map_or(Ok(0), Wire::number)? != 0),
        },
        "schema-or-list" => return schema_or(wire.bytes()?, SCHEMA, depth + 1).map(Some),
        "schema-or-texts" => return schema_or(wire.bytes()?, "string", depth + 1).map(Some),
        name => {
            let mut object = Map::new();
            message(find(name).unwrap_or_default(), wire.bytes()?, depth + 1, &mut object)?;
            Value::Object(object)
        }
    }))
}

/// A schema of a custom resource, or a list of something else.
fn schema_or(bytes: &[u8], items: &'static str, depth: usize) -> Result<Value, String> {
    let mut list = Vec::new();
    for part in Fields(bytes) {
        match part? {
            (1, schema) => return Ok(value(SCHEMA, schema, depth)?.unwrap_or_default()),
            (2, item) => list.extend(value(items, item, depth)?),
            _ => {}
        }
    }
    Ok(Value::Array(list))
}

/// A moment as RFC 3339.
fn time(bytes: &[u8], with_micros: bool) -> Result<Option<Value>, String> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let seconds = first(bytes, 1)?.map_or(Ok(0), Wire::number)?.cast_signed();
    let nanos = first(bytes, 2)?.map_or(Ok(0), Wire::number)?;
    let nanos = i32::try_from(nanos).unwrap_or(0);
    let stamp = jiff::Timestamp::new(seconds, nanos).map_err(|why| why.to_string())?;
    Ok(Some(json!(if with_micros { format!("{stamp:.6}") } else { format!("{stamp:.0}") })))
}

fn first(bytes: &[u8], wanted: u64) -> Result<Option<Wire<'_>>, String> {
    for part in Fields(bytes) {
        let (number, wire) = part?;
        if number == wanted {
            return Ok(Some(wire));
        }
    }
    Ok(None)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A field's value as it was sent.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Wire<'a> {
    fn number(self) -> Result<u64, String> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err("proto: wrong wireType".to_owned()),
        }
    }

    fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err("proto: wrong wireType".to_owned()),
        }
    }
}

/// The fields of a message in the order in which they were sent.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte, rest @ ..] = self.0 else { return Err("unexpected EOF".to_owned()) };
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("proto: integer overflow".to_owned())
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], String> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) = self.0.split_at_checked(length).ok_or("unexpected EOF")?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Wire<'a>), String> {
        let tag = self.varint()?;
        let little = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
        let wire = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Number(little(self.take(8)?)),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Number(little(self.take(4)?)),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok((tag >> 3, wire))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Wire<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        let tag = u16::from(number) << 3 | 2;
        let low = u8::try_from(tag & 0x7f).unwrap();
        match u8::try_from(tag >> 7).unwrap() {
            0 => [&[low, length], content].concat(),
            high => [&[low | 0x80, high, length], content].concat(),
        }
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
        [MAGIC, &bytes(1, &meta), &bytes(2, raw)].concat()
    }

    #[test]
    fn a_message_is_read_as_the_json_it_stands_for() {
        let labels = [bytes(1, b"app"), bytes(2, b"web")].concat();
        let meta = [bytes(1, b"web"), bytes(3, b""), bytes(8, b""), bytes(11, &labels)].concat();
        // replicas: 0, which is not the same as none; minReadySeconds: 0, which is.
        let surge = [&[0x08, 0x01][..], &bytes(3, b"25%")].concat();
        let rolling = bytes(2, &surge);
        let strategy = bytes(2, &rolling);
        let spec = [&[0x08, 0x00][..], &bytes(4, &strategy), &[0x28, 0x00]].concat();
        let raw = [bytes(1, &meta), bytes(2, &spec)].concat();
        let expected = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"replicas": 0, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}}});
        assert_eq!(read(&body("apps/v1", "Deployment", &raw)).unwrap(), expected);
    }

    #[test]
    fn what_is_inline_in_json_is_put_there() {
        let host = bytes(1, b"/data");
        let volume = [bytes(1, b"v"), bytes(2, &bytes(1, &host))].concat();
        let raw = bytes(2, &bytes(1, &volume));
        let pod = read(&body("v1", "Pod", &raw)).unwrap();
        assert_eq!(pod["spec"]["volumes"], json!([{"name": "v", "hostPath": {"path": "/data"}}]));
    }

    #[test]
    fn a_schema_is_read_with_what_may_be_one_thing_or_another() {
        let text = bytes(5, b"string");
        let by_bool = bytes(30, &[0x08, 0x01]);
        let by_schema = bytes(30, &bytes(2, &text));
        let list = bytes(24, &bytes(1, &text));
        let default = bytes(8, &bytes(1, b"{\"a\":[1]}"));
        let schema = |parts: &[Vec<u8>]| value(SCHEMA, Wire::Bytes(&parts.concat()), 0).unwrap();
        let expected = json!({"additionalProperties": true, "default": {"a": [1]}});
        assert_eq!(schema(&[by_bool, default]), Some(expected));
        let of_text = json!({"type": "string"});
        let expected = json!({"additionalProperties": of_text, "items": of_text});
        assert_eq!(schema(&[by_schema, list]), Some(expected));
    }

    #[test]
    fn delete_options_are_the_same_in_every_group() {
        let read = read(&body("apps/v1", "DeleteOptions", &[0x08, 0x00])).unwrap();
        assert_eq!(read["gracePeriodSeconds"], json!(0));
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_refused() {
        let whole = body("v1", "ConfigMap", &bytes(1, &bytes(1, b"x")));
        assert!(read(&whole).is_ok());
        for end in MAGIC.len()..whole.len() {
            // A body may end between two fields; it must only never be read beyond its end.
            let _ = read(&whole[..end]);
        }
        assert_eq!(read(&whole[..whole.len() - 1]).unwrap_err(), "unexpected EOF");
        assert!(read(b"{}").unwrap_err().starts_with("provided data does not appear"));
        assert!(read(&body("v1", "Toy", b"")).unwrap_err().starts_with("no kind \"Toy\""));
    }
}
