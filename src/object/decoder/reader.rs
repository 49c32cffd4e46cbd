//! [`Reader`]: where decoding stands.
//!
//! Nothing here depends on what is decoded, so that there is one copy of it.

use serde_json::Value;

use super::super::survey::Survey;
use super::{Error, check};

/// Where decoding stands: at a value, within the lists, maps and structs that lead to it.
pub(super) struct Reader<'de> {
    source: Source<'de>,
    /// What has been entered and not been left, outermost first.
    frames: Vec<Frame<'de>>,
}

/// Where values come from.
#[derive(Clone, Copy)]
enum Source<'de> {
    /// A JSON value.
    Value(&'de Value),
    /// Nowhere: what is asked for is noted, and gets the least that will do.
    Survey(&'de Survey),
    /// Nowhere: a value that is no list (or map) is refused once it is known what the elements of
    /// the list should have been. The text is what goes before their Go type.
    Probe(&'de Value, &'static str),
}

/// A list, a map or a struct that is being read.
struct Frame<'de> {
    /// The name of a struct; empty for lists and maps.
    owner: &'static str,
    /// The key that was read last.
    key: &'de str,
    items: Items<'de>,
}

/// What has not been read yet.
enum Items<'de> {
    Elements(std::slice::Iter<'de, Value>),
    Entries(serde_json::map::Iter<'de>),
    Nothing,
    /// The fields of a struct that a survey is led through.
    Fields(&'de Survey, std::slice::Iter<'static, &'static str>),
    /// The one element of a list, or the one entry of a map, that a survey is led through.
    Once(&'de Survey, Shape),
    /// After it.
    Closing(&'de Survey, Shape),
    /// The element that a probe asks for.
    Probe,
}

#[derive(Clone, Copy)]
enum Shape {
    List,
    Map,
}

impl<'de> Reader<'de> {
    /// Reads a value.
    pub(super) fn of(value: &'de Value) -> Self {
        Self { source: Source::Value(value), frames: Vec::new() }
    }

    /// Leads a decoder through all fields.
    pub(super) fn survey(survey: &'de Survey) -> Self {
        Self { source: Source::Survey(survey), frames: Vec::new() }
    }

    /// The value, for a type of Go.
    #[inline(never)]
    pub(super) fn scalar(&self, go_type: &str) -> Result<&'de Value, Error> {
        match self.source {
            Source::Value(value) => Ok(value),
            Source::Survey(survey) => Ok(survey.scalar(go_type)),
            Source::Probe(value, before) => {
                Err(self.mismatch(value, &format!("{before}{go_type}")))
            }
        }
    }

    /// Whether there is nothing.
    #[inline(never)]
    pub(super) fn is_null(&self) -> bool {
        matches!(self.source, Source::Value(Value::Null))
    }

    /// Why a value does not fit a type of Go.
    #[inline(never)]
    pub(super) fn mismatch(&self, value: &Value, go_type: &str) -> Error {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if go_type.starts_with("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        let place = self.place();
        Error::new(format!("json: cannot unmarshal {found} into Go {place} of type {go_type}"))
    }

    /// The fields that lead here, and the struct of the last.
    fn place(&self) -> String {
        let mut structs = self.frames.iter().filter(|frame| !frame.owner.is_empty());
        let path: Vec<&str> =
            structs.clone().map(|frame| frame.key).filter(|key| !key.is_empty()).collect();
        match structs.next_back() {
            Some(last) if !path.is_empty() => {
                format!("struct field {}.{}", last.owner, path.join("."))
            }
            _ => "value".to_owned(),
        }
    }

    fn push(&mut self, owner: &'static str, items: Items<'de>) {
        self.frames.push(Frame { owner, key: "", items });
    }

    /// Begins the list or map that the value is.
    #[inline(never)]
    pub(super) fn enter(&mut self, value: &'de Value) {
        self.enter_as("", value);
    }

    fn enter_as(&mut self, owner: &'static str, value: &'de Value) {
        let items = match value {
            Value::Array(items) => Items::Elements(items.iter()),
            Value::Object(fields) => Items::Entries(fields.iter()),
            _ => Items::Nothing,
        };
        self.push(owner, items);
    }

    /// Begins a list.
    #[inline(never)]
    pub(super) fn open_list(&mut self) -> Result<(), Error> {
        self.open(Shape::List)
    }

    /// Begins a map.
    #[inline(never)]
    pub(super) fn open_map(&mut self) -> Result<(), Error> {
        self.open(Shape::Map)
    }

    fn open(&mut self, shape: Shape) -> Result<(), Error> {
        let before = match shape {
            Shape::List => "[]",
            Shape::Map => "map[string]",
        };
        match (self.source, shape) {
            (Source::Survey(survey), _) => self.push("", Items::Once(survey, shape)),
            (Source::Probe(..), _) => {
                self.scalar(&format!("{before}interface {{}}"))?;
            }
            (Source::Value(value @ (Value::Array(_) | Value::Null)), Shape::List)
            | (Source::Value(value @ (Value::Object(_) | Value::Null)), Shape::Map) => {
                self.enter(value);
            }
            (Source::Value(value), _) => {
                self.source = Source::Probe(value, before);
                self.push("", Items::Probe);
            }
        }
        Ok(())
    }

    /// Begins a struct.
    #[inline(never)]
    pub(super) fn open_struct(
        &mut self,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> Result<(), Error> {
        match self.source {
            Source::Survey(survey) => {
                self.push(name, Items::Fields(survey, survey.enter(name, fields).iter()));
            }
            Source::Value(value) if value.is_object() || value.is_null() => {
                self.enter_as(name, value);
            }
            Source::Value(value) => return Err(self.mismatch(value, &format!("v1.{name}"))),
            Source::Probe(..) => return self.scalar(&format!("v1.{name}")).map(|_| ()),
        }
        Ok(())
    }

    /// Begins a type that is another one under a name of its own.
    #[inline(never)]
    pub(super) fn open_newtype(&mut self, name: &str) -> Result<(), Error> {
        match (name, self.source) {
            ("Quantity", Source::Value(value)) => check::quantity(value).map_err(Error::new),
            ("Time" | "MicroTime", Source::Value(Value::String(text))) => {
                check::time(text).map_err(Error::new)
            }
            (_, Source::Survey(survey)) => {
                self.source = Source::Value(survey.named(name));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Goes on to the next value of the innermost struct or map, and tells its key. Without any,
    /// the struct or map is left.
    #[inline(never)]
    pub(super) fn advance_key(&mut self) -> Option<&'de str> {
        let frame = self.frames.last_mut()?;
        let next = match &mut frame.items {
            Items::Entries(entries) => {
                entries.next().map(|(key, value)| (key.as_str(), Source::Value(value)))
            }
            Items::Fields(survey, names) => {
                let key = survey.next(frame.owner, names);
                if key.is_none() {
                    survey.leave(frame.owner);
                }
                key.map(|key| (key, Source::Survey(survey)))
            }
            Items::Nothing | Items::Elements(_) => None,
            Items::Once(..) | Items::Closing(..) | Items::Probe => {
                return self.advance().then_some("");
            }
        };
        let Some((key, source)) = next else {
            self.frames.pop();
            return None;
        };
        frame.key = key;
        self.source = source;
        Some(key)
    }

    /// Goes on to the next element of the innermost list. Without any, the list is left.
    #[inline(never)]
    pub(super) fn advance(&mut self) -> bool {
        let Some(frame) = self.frames.last_mut() else { return false };
        let source = match &mut frame.items {
            Items::Elements(items) => items.next().map(Source::Value),
            Items::Once(survey, shape) => {
                let source = Source::Survey(survey);
                frame.items = Items::Closing(survey, *shape);
                Some(source)
            }
            Items::Closing(survey, shape) => {
                match shape {
                    Shape::List => survey.list(),
                    Shape::Map => survey.map(),
                }
                None
            }
            Items::Probe => Some(self.source),
            Items::Nothing | Items::Entries(_) | Items::Fields(..) => None,
        };
        match source {
            Some(source) => self.source = source,
            None => {
                self.frames.pop();
            }
        }
        source.is_some()
    }

    /// How many elements the innermost list still has, if that is known.
    #[inline(never)]
    pub(super) fn elements_left(&self) -> Option<usize> {
        match &self.frames.last()?.items {
            Items::Elements(items) => Some(items.len()),
            _ => None,
        }
    }
}
