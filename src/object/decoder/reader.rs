//! [`Reader`]: where decoding stands.
//!
//! Nothing here depends on what is decoded, so that there is one copy of it.

use serde::de::Expected;
use serde_json::Value;

use super::super::survey::Survey;
use super::check;

/// The moment that is read where none is given.
const EPOCH: &str = "1970-01-01T00:00:00Z";

static NULL: Value = Value::Null;

/// Where decoding stands: at a value, within the lists, maps and structs that lead to it.
pub(super) struct Reader<'de> {
    source: Source<'de>,
    /// What has been entered and not been left, outermost first.
    frames: Vec<Frame<'de>>,
    /// Why the first value that does not fit does not: from then on there is nothing to be read.
    failure: Option<String>,
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
    /// Nowhere: whatever is asked for is as small as can be, and text is this.
    Nothing(&'static str),
}

/// A list, a map or a struct that is being read.
struct Frame<'de> {
    /// The name of a struct; empty for lists and maps.
    owner: &'static str,
    /// Whether the struct is an object of some kind: it is not asked what it is called.
    is_object: bool,
    /// A field that the struct cannot be without, and that has not been read yet.
    needs: Option<&'static str>,
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

impl<'de> Items<'de> {
    fn of(value: &'de Value) -> Self {
        match value {
            Value::Array(items) => Self::Elements(items.iter()),
            Value::Object(fields) => Self::Entries(fields.iter()),
            _ => Self::Nothing,
        }
    }
}

#[derive(Clone, Copy)]
enum Shape {
    List,
    Map,
}

impl<'de> Reader<'de> {
    /// Reads a value.
    pub(super) fn of(value: &'de Value) -> Self {
        Self { source: Source::Value(value), frames: Vec::new(), failure: None }
    }

    /// Leads a decoder through all fields.
    pub(super) fn survey(survey: &'de Survey) -> Self {
        Self { source: Source::Survey(survey), frames: Vec::new(), failure: None }
    }

    /// Why what was read did not fit, if it did not.
    pub(super) fn failure(self) -> Option<String> {
        self.failure
    }

    /// The value, for a type of Go; null where there is none.
    #[inline(never)]
    pub(super) fn scalar(&mut self, go_type: &str) -> &'de Value {
        match self.source {
            Source::Value(value) => value,
            Source::Survey(survey) => survey.scalar(go_type),
            Source::Probe(value, before) => {
                self.mismatch(value, &format!("{before}{go_type}"));
                &NULL
            }
            Source::Nothing(_) => &NULL,
        }
    }

    /// The value as a whole number between two.
    #[inline(never)]
    pub(super) fn whole(&mut self, go_type: &str, least: i64, most: i64) -> i64 {
        let value = self.scalar(go_type);
        let number = value.as_i64().filter(|number| (least..=most).contains(number));
        number.unwrap_or_else(|| self.zero(value, go_type))
    }

    /// The value as a whole number that is not negative.
    #[inline(never)]
    pub(super) fn natural(&mut self, go_type: &str) -> u64 {
        let value = self.scalar(go_type);
        value.as_u64().unwrap_or_else(|| self.zero(value, go_type))
    }

    /// The value as a number.
    #[inline(never)]
    pub(super) fn real(&mut self) -> f64 {
        let value = self.scalar("float64");
        value.as_f64().unwrap_or_else(|| self.zero(value, "float64"))
    }

    /// The value as truth.
    #[inline(never)]
    pub(super) fn truth(&mut self) -> bool {
        let value = self.scalar("bool");
        value.as_bool().unwrap_or_else(|| self.zero(value, "bool"))
    }

    /// What is read for a value that does not fit, which is noted, or for null.
    fn zero<T: Default>(&mut self, value: &Value, go_type: &str) -> T {
        if !value.is_null() {
            self.mismatch(value, go_type);
        }
        T::default()
    }

    /// The value as text; as base64 if that is what is expected.
    #[inline(never)]
    pub(super) fn text(&mut self, expected: &dyn Expected) -> &'de str {
        if let Source::Nothing(text) = self.source {
            return text;
        }
        let value = self.scalar("string");
        let Some(text) = value.as_str() else {
            self.zero::<()>(value, "string");
            return "";
        };
        if expected.to_string() == "a base64-encoded string"
            && let Err(why) = check::base64(text)
        {
            self.fail(why);
            return "";
        }
        text
    }

    /// The value, where any will do; none where zero is to be read.
    #[inline(never)]
    pub(super) fn any(&mut self, expected: &dyn Expected) -> Option<&'de Value> {
        if let Source::Nothing(_) = self.source {
            return None;
        }
        let value = self.scalar("interface {}");
        let is_small = value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
        if is_small || value.is_string() || expected.to_string() != "IntOrString" {
            return Some(value).filter(|_| self.failure.is_none());
        }
        if !value.is_null() {
            let found = found(value, "int32");
            self.fail(format!("json: cannot unmarshal {found} into Go value of type int32"));
        }
        None
    }

    /// Whether there is nothing.
    #[inline(never)]
    pub(super) fn is_null(&self) -> bool {
        matches!(self.source, Source::Value(Value::Null) | Source::Nothing(""))
    }

    /// Notes why something does not fit, unless something before it did not.
    fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
        self.source = Source::Nothing("");
    }

    /// Notes that a value does not fit a type of Go.
    fn mismatch(&mut self, value: &Value, go_type: &str) {
        let (found, place) = (found(value, go_type), self.place());
        self.fail(format!("json: cannot unmarshal {found} into Go {place} of type {go_type}"));
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

    fn push(&mut self, items: Items<'de>) {
        self.frames.push(Frame { owner: "", is_object: false, needs: None, key: "", items });
    }

    /// Begins the list or map that the value is.
    #[inline(never)]
    pub(super) fn enter(&mut self, value: &'de Value) {
        self.push(Items::of(value));
    }

    /// Begins a list.
    #[inline(never)]
    pub(super) fn open_list(&mut self) {
        self.open(Shape::List);
    }

    /// Begins a map.
    #[inline(never)]
    pub(super) fn open_map(&mut self) {
        self.open(Shape::Map);
    }

    fn open(&mut self, shape: Shape) {
        let before = match shape {
            Shape::List => "[]",
            Shape::Map => "map[string]",
        };
        let items = match (self.source, shape) {
            (Source::Survey(survey), _) => Items::Once(survey, shape),
            (Source::Probe(..), _) => {
                self.scalar(&format!("{before}interface {{}}"));
                Items::Nothing
            }
            (Source::Nothing(_), _) => Items::Nothing,
            (Source::Value(value @ (Value::Array(_) | Value::Null)), Shape::List)
            | (Source::Value(value @ (Value::Object(_) | Value::Null)), Shape::Map) => {
                Items::of(value)
            }
            (Source::Value(value), _) => {
                self.source = Source::Probe(value, before);
                Items::Probe
            }
        };
        self.push(items);
    }

    /// Begins a struct.
    #[inline(never)]
    pub(super) fn open_struct(&mut self, name: &'static str, fields: &'static [&'static str]) {
        let items = match self.source {
            Source::Survey(survey) => Items::Fields(survey, survey.enter(name, fields).iter()),
            Source::Value(value) if value.is_object() || value.is_null() => Items::of(value),
            Source::Value(value) => {
                self.mismatch(value, &format!("v1.{name}"));
                Items::Nothing
            }
            Source::Probe(..) | Source::Nothing(_) => {
                self.scalar(&format!("v1.{name}"));
                Items::Nothing
            }
        };
        let is_object = ["apiVersion", "kind", "metadata"].iter().all(|name| fields.contains(name));
        // The one struct of these types that has a field without which it cannot be.
        let needs = (name == "Condition").then_some("lastTransitionTime");
        self.frames.push(Frame { owner: name, is_object, needs, key: "", items });
    }

    /// Begins a type that is another one under a name of its own.
    #[inline(never)]
    pub(super) fn open_newtype(&mut self, name: &str) {
        match (name, self.source) {
            (_, Source::Survey(survey)) => self.source = Source::Value(survey.named(name)),
            ("Quantity", Source::Value(Value::Null)) => self.source = Source::Nothing(""),
            ("Quantity", Source::Value(value)) => {
                check::quantity(value).unwrap_or_else(|why| self.fail(why));
            }
            ("Time" | "MicroTime", Source::Value(Value::String(text))) => {
                if let Err(why) = check::time(text) {
                    self.fail(why);
                    self.source = Source::Nothing(EPOCH);
                }
            }
            ("Time" | "MicroTime", _) => {
                let value = self.scalar("string");
                self.zero::<()>(value, "string");
                self.source = Source::Nothing(EPOCH);
            }
            _ => {}
        }
    }

    /// Goes on to the next value of the innermost struct or map, and tells its key. Without any,
    /// the struct or map is left.
    #[inline(never)]
    pub(super) fn advance_key(&mut self) -> Option<&'de str> {
        let has_failed = self.failure.is_some();
        let frame = self.frames.last_mut()?;
        let next = match &mut frame.items {
            _ if has_failed => None,
            Items::Entries(entries) => {
                let is_asked =
                    |key: &str| !frame.is_object || !matches!(key, "apiVersion" | "kind");
                let mut asked = entries.filter(|(key, _)| is_asked(key));
                asked.next().map(|(key, value)| (key.as_str(), Source::Value(value)))
            }
            Items::Fields(_, names) if names.len() == 0 && frame.needs.is_some() => None,
            Items::Fields(survey, names) => {
                let key = survey.next(frame.owner, frame.is_object, names);
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
        let Some((key, source)) = next else { return self.end_struct() };
        frame.needs = frame.needs.filter(|needed| *needed != key);
        frame.key = key;
        self.source = source;
        Some(key)
    }

    /// Leaves the innermost struct or map, unless there is a field that it cannot be without.
    fn end_struct(&mut self) -> Option<&'de str> {
        let frame = self.frames.last_mut()?;
        let Some(needed) = frame.needs.take() else {
            self.frames.pop();
            return None;
        };
        if !matches!(frame.items, Items::Fields(..)) {
            self.fail(format!("missing field `{needed}`"));
        }
        self.source = Source::Nothing(EPOCH);
        Some(needed)
    }

    /// Goes on to the next element of the innermost list. Without any, the list is left.
    #[inline(never)]
    pub(super) fn advance(&mut self) -> bool {
        let has_failed = self.failure.is_some();
        let Some(frame) = self.frames.last_mut() else { return false };
        let source = match &mut frame.items {
            _ if has_failed => None,
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

/// What a value is, where one of a type of Go was to be.
fn found(value: &Value, go_type: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if go_type.starts_with("int") => return format!("number {number}"),
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    found.to_owned()
}
