//! One YAML document as a tree with line numbers.
//!
//! `serde_yaml` parses; it hands out unquoted and simply quoted text as slices of the document,
//! and where such a slice lies tells its line and whether it was quoted. That is enough to apply
//! YAML 1.1's rules for scalars, which `serde_yaml` itself does not follow.

use super::yaml_scalar::{Plain, resolve};
use serde::de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

/// A parsed value that remembers where its keys stood.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Scalar(Value),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    /// Zero-based within the document, if known.
    pub line: Option<usize>,
    /// `<<`: the value's entries are merged in.
    pub merge: bool,
    pub node: Node,
}

/// Why a document could not be read; the texts follow go-yaml.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub text: String,
    /// Zero-based within the document, if known.
    pub line: Option<usize>,
}

/// Parses the first document of `text`. Nothing but comments reads as null.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let reader = Reader {
        text,
        line_ends: text.match_indices('\n').map(|(end, _)| end).collect(),
        // Every real node takes at least a byte; more than that is aliases multiplying.
        budget: Cell::new(text.len() + ALIAS_ALLOWANCE),
        failure: RefCell::new(None),
    };
    let Some(document) = serde_yaml::Deserializer::from_str(text).next() else {
        return Ok(Node::Scalar(Value::Null));
    };
    Seed(&reader).deserialize(document).map_err(|error| match reader.failure.take() {
        Some(text) => Problem { text, line: None },
        None => problem(text, &error),
    })
}

const ALIAS_ALLOWANCE: usize = 10_000;
const EXCESSIVE_ALIASING: &str = "yaml: document contains excessive aliasing";

struct Reader<'a> {
    text: &'a str,
    line_ends: Vec<usize>,
    budget: Cell<usize>,
    failure: RefCell<Option<String>>,
}

impl Reader<'_> {
    /// Where `part` lies in the document, if it is a slice of it.
    fn offset(&self, part: &str) -> Option<usize> {
        let offset = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (offset + part.len() <= self.text.len()).then_some(offset)
    }

    fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset)
    }

    fn fail<E: de::Error>(&self, text: String) -> E {
        let error = E::custom(&text);
        self.failure.borrow_mut().get_or_insert(text);
        error
    }

    fn is_plain(&self, offset: usize) -> bool {
        let before = &self.text.as_bytes()[..offset];
        let quoted = matches!(before.last(), Some(b'"' | b'\''));
        let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let tag = &before[..before.len() - blanks];
        !quoted && !tag.ends_with(b"!!str") && !tag.ends_with(b" !")
    }
}

#[derive(Clone, Copy)]
struct Seed<'a>(&'a Reader<'a>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self.0.budget.get().checked_sub(1) {
            Some(budget) => self.0.budget.set(budget),
            None => return Err(self.0.fail(EXCESSIVE_ALIASING.into())),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a YAML value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Node, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Node, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        match float(value) {
            Ok(value) => Ok(Node::Scalar(value)),
            Err(text) => Err(self.0.fail(text)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::String(text.to_string())))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Node, E> {
        if !self.0.offset(text).is_some_and(|offset| self.0.is_plain(offset)) {
            return self.visit_str(text);
        }
        Ok(Node::Scalar(match resolve(text) {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Int(value) => value.into(),
            Plain::Unsigned(value) => value.into(),
            Plain::Float(value) => return self.visit_f64(value),
            Plain::Timestamp | Plain::Merge | Plain::Text => Value::String(text.to_string()),
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element_seed(self)? {
            nodes.push(node);
        }
        Ok(Node::Sequence(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(KeySeed(self.0))? {
            let node = map.next_value_seed(self)?;
            entries.push(Entry { key: key.text, line: key.line, merge: key.merge, node });
        }
        Ok(Node::Mapping(entries))
    }

    /// A value with an application's own tag, which is ignored.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (_, value) = tagged.variant::<String>()?;
        value.newtype_variant_seed(self)
    }
}

struct Key {
    text: String,
    line: Option<usize>,
    merge: bool,
}

#[derive(Clone, Copy)]
struct KeySeed<'a>(&'a Reader<'a>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping key")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Key, E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Key, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Key, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Key, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key { text: text.to_string(), line: None, merge: false })
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key, E> {
        let Some(offset) = self.0.offset(text) else { return self.visit_str(text) };
        let line = Some(self.0.line(offset));
        let plain = if self.0.is_plain(offset) { resolve(text) } else { Plain::Text };
        let text = match plain {
            Plain::Bool(value) => value.to_string(),
            Plain::Int(value) => value.to_string(),
            Plain::Unsigned(value) => value.to_string(),
            Plain::Float(value) => value.to_string(),
            _ => text.to_string(),
        };
        Ok(Key { text, line, merge: plain == Plain::Merge })
    }

    fn visit_unit<E: de::Error>(self) -> Result<Key, E> {
        let text = "unsupported map key of type: invalid, key: <nil>".to_string();
        Err(self.0.fail(text))
    }
}

/// A number as JSON would carry it: whole ones are integers. The error is that of Go's encoder.
fn float(value: f64) -> Result<Value, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Ok(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number).ok_or_else(|| {
        let name = match value {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        };
        format!("json: unsupported value: {name}")
    })
}

/// Whether go-yaml's parser, not its scanner, reports this; it counts lines differently.
fn is_parser_problem(text: &str) -> bool {
    let expected = ["<", "node content", "key", "',' or", "'-' indicator"];
    let expects = |rest: &str| expected.iter().any(|start| rest.starts_with(start));
    text.strip_prefix("did not find expected ").is_some_and(expects)
        || text.starts_with("found undefined tag handle")
        || text.starts_with("found duplicate %")
        || text.starts_with("found incompatible YAML document")
}

fn problem(text: &str, error: &serde_yaml::Error) -> Problem {
    let shown = error.to_string();
    let line = error.location().map(|location| location.line().saturating_sub(1));
    let ends = [" at line ", " at position ", ", while "];
    let end = ends.iter().filter_map(|end| shown.find(end)).min().unwrap_or(shown.len());
    let what = &shown[..end];
    let what = match what {
        "unknown anchor" => {
            let name = error.location().map_or("", |location| alias_at(text, &location));
            return Problem { text: format!("yaml: unknown anchor '{name}' referenced"), line };
        }
        "repetition limit exceeded" => {
            return Problem { text: EXCESSIVE_ALIASING.into(), line: None };
        }
        "recursion limit exceeded" => "exceeded max depth of 128",
        "EOF while parsing a value" => "did not find expected node content",
        what => what,
    };
    let context = shown.find(", while ").map(|at| &shown[at..]).and_then(|context| {
        let (_, place) = context.split_once(" at line ")?;
        let digits = place.split(|letter: char| !letter.is_ascii_digit()).next()?;
        digits.parse::<usize>().ok()?.checked_sub(1)
    });
    let counted = match (line.unwrap_or(0), context.unwrap_or(0)) {
        (0, context) => context,
        (line, _) if is_parser_problem(what) => line,
        (line, _) => line + 1,
    };
    let place = if counted == 0 { String::new() } else { format!("line {counted}: ") };
    Problem { text: format!("yaml: {place}{what}"), line }
}

fn alias_at<'a>(text: &'a str, location: &serde_yaml::Location) -> &'a str {
    let line = text.lines().nth(location.line().saturating_sub(1)).unwrap_or("");
    let start = line.char_indices().nth(location.column()).map_or(line.len(), |(at, _)| at);
    let rest = &line[start..];
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    rest.split(|letter| !is_name(letter)).next().unwrap_or("")
}

impl Node {
    /// The plain value; of repeated keys the last one counts.
    pub fn to_value(&self) -> Value {
        match self {
            Node::Scalar(value) => value.clone(),
            Node::Sequence(nodes) => nodes.iter().map(Node::to_value).collect(),
            Node::Mapping(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    if entry.merge {
                        merge(&entry.node, &mut map);
                    } else {
                        map.insert(entry.key.clone(), entry.node.to_value());
                    }
                }
                Value::Object(map)
            }
        }
    }

    /// Repeated keys and their zero-based lines, as strict decoding reports them.
    pub fn duplicates(&self, found: &mut Vec<(Option<usize>, String)>) {
        match self {
            Node::Scalar(_) => {}
            Node::Sequence(nodes) => nodes.iter().for_each(|node| node.duplicates(found)),
            Node::Mapping(entries) => {
                let mut seen = std::collections::BTreeSet::new();
                for entry in entries {
                    entry.node.duplicates(found);
                    if !entry.merge && !seen.insert(&entry.key) {
                        found.push((entry.line, entry.key.clone()));
                    }
                }
            }
        }
    }
}

fn merge(node: &Node, map: &mut Map<String, Value>) {
    match node {
        // Earlier mappings take precedence, so they are merged last.
        Node::Sequence(nodes) => nodes.iter().rev().for_each(|node| merge(node, map)),
        mapping => {
            if let Value::Object(merged) = mapping.to_value() {
                map.extend(merged);
            }
        }
    }
}
