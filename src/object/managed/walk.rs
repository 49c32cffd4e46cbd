//! Walks through values along a schema: what is wrong with one, which fields it has, how two
//! differ. Mirrors `structured-merge-diff/typed/{validate,tofieldset,compare}.go`.

use serde_json::Value;

use super::element::Element;
use super::schema::{Field, Scalar, Schema, Shape, Struct, Type, below};
use super::set::FieldSet;
use crate::base::go_text;
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::object::Str;

/// Which item of a list an item is. Mirrors `listItemToPathElement`.
pub(super) fn element_of(
    schema: &Schema,
    of: &Type,
    keys: &[Str],
    item: &Value,
) -> Result<Element, String> {
    if keys.is_empty() {
        let what = match item {
            Value::Object(_) => "associative list without keys has an element that's a map type",
            Value::Array(_) => "not supported: associative list with lists as elements",
            Value::Null => "associative list without keys has an element that's an explicit null",
            value => return Ok(Element::Value(value.clone())),
        };
        return Err(what.to_owned());
    }
    let map = match item {
        Value::Object(map) => map,
        Value::Null => {
            return Err("associative list with keys may not have a null element".to_owned());
        }
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let mut found: Vec<(String, Value)> = keys
        .iter()
        .filter_map(|key| {
            let value = map.get(&**key).or_else(|| schema.key_default(of, key))?;
            Some((key.to_string(), value.clone()))
        })
        .collect();
    if found.is_empty() {
        let keys: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and \
             doesn't have default values for any key fields)",
            keys.join(" ")
        ));
    }
    found.order_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Element::Key(found))
}

/// The items of a list, by what they are told apart by.
pub(super) fn indexed<'v>(
    schema: &Schema,
    of: &Type,
    keys: &[Str],
    list: Option<&'v Value>,
) -> Vec<(Element, &'v Value)> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| Some((element_of(schema, of, keys, item).ok()?, item))).collect()
}

/// Whether there is nothing: no value, null, or an empty list or map.
pub(super) fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// What does not fit, each with its path; lists may hold nothing twice.
pub(super) fn validate(schema: &Schema, of: &Type, value: &Value) -> Vec<String> {
    let (path, errors) = (String::new(), Vec::new());
    let mut walk = Validation { schema, path, errors };
    walk.value(of, value);
    walk.errors
}

struct Validation<'s> {
    schema: &'s Schema,
    path: String,
    errors: Vec<String>,
}

impl Validation<'_> {
    fn error(&mut self, why: &str) {
        let path = &self.path;
        self.errors.push(if path.is_empty() { why.to_owned() } else { format!("{path}: {why}") });
    }

    fn below(&mut self, step: &str, of: &Type, value: &Value) {
        let length = self.path.len();
        self.path.push_str(step);
        self.value(of, value);
        self.path.truncate(length);
    }

    fn value(&mut self, of: &Type, value: &Value) {
        if value.is_null() {
            return;
        }
        match (of, value) {
            (Type::Any | Type::Whole, _) => {}
            (Type::Scalar(scalar), _) => {
                if let Some(why) = misfit(*scalar, value) {
                    self.error(&why);
                }
            }
            (Type::List { of: items, .. }, Value::Array(list)) => self.list(of, items, list),
            (Type::List { .. }, other) => {
                self.error(&format!("expected list, got {}", text(other)))
            }
            (Type::Map { of, .. }, Value::Object(map)) => {
                for (name, value) in map {
                    self.below(&format!(".{name}"), of, value);
                }
            }
            (Type::Named(name), Value::Object(map)) => {
                let known = self.schema.find(name);
                for (name, value) in map {
                    let of = below(known, known.and_then(|known| known.rest.as_ref()), name);
                    let step = format!(".{name}");
                    match of {
                        Some(of) => self.below(&step, of, value),
                        None => {
                            let length = self.path.len();
                            self.path.push_str(&step);
                            self.error("field not declared in schema");
                            self.path.truncate(length);
                        }
                    }
                }
            }
            (Type::Map { .. } | Type::Named(_), other) => {
                self.error(&format!("expected map, got {}", text(other)));
            }
        }
    }

    fn list(&mut self, list: &Type, of: &Type, items: &[Value]) {
        let Shape::List(_, keys) = self.schema.shape(list, None) else {
            for (index, item) in items.iter().enumerate() {
                self.below(&format!("[{index}]"), of, item);
            }
            return;
        };
        let mut seen = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match element_of(self.schema, of, keys, item) {
                Err(why) => return self.error(&format!("element {index}: {why}")),
                Ok(element) => {
                    if seen.contains(&element) {
                        self.error(&format!("duplicate entries for key {element}"));
                    }
                    self.below(&element.to_string(), of, item);
                    seen.push(element);
                }
            }
        }
    }
}

/// Why a value is no such scalar. Mirrors `validateScalar`.
fn misfit(scalar: Scalar, value: &Value) -> Option<String> {
    match (scalar, value) {
        (Scalar::Number, Value::Number(_))
        | (Scalar::Text, Value::String(_))
        | (Scalar::Truth, Value::Bool(_))
        | (Scalar::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => None,
        (Scalar::Number, other) => {
            Some(format!("expected numeric (int or float), got {}", go_text::type_name(other)))
        }
        (Scalar::Text, other) => {
            let value = go_text::syntax(other);
            Some(format!("expected string, got &value.valueUnstructured{{Value:{value}}}"))
        }
        (Scalar::Truth, other) => Some(format!("expected boolean, got {}", text(other))),
        (Scalar::Any, other) => Some(format!("expected any scalar, got {}", text(other))),
    }
}

/// Mirrors `value.ToString`.
fn text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(text).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(map) => {
            let fields: Vec<_> = map.iter().map(|(k, v)| format!("{k}={}", text(v))).collect();
            format!("{{{}}}", fields.join(";"))
        }
        other => other.to_string(),
    }
}

/// Every leaf and item that a value has. Mirrors `ToFieldSet`.
pub(super) fn fields(schema: &Schema, of: &Type, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(schema, of, value, &mut Vec::new(), &mut set);
    set
}

fn collect(schema: &Schema, of: &Type, value: &Value, path: &mut Vec<Element>, set: &mut FieldSet) {
    match (schema.shape(of, Some(value)), value) {
        (Shape::Leaf, _) => set.insert(path),
        (Shape::List(of, keys), list) => {
            for (element, item) in indexed(schema, of, keys, Some(list)) {
                path.push(element);
                collect(schema, of, item, path, set);
                set.insert(path);
                path.pop();
            }
        }
        (Shape::Map(known, rest), Value::Object(map)) => {
            for (name, value) in map {
                path.push(Element::Field(name.clone()));
                if let Some(of) = below(known, rest, name) {
                    collect(schema, of, value, path, set);
                }
                let is_named = known.is_some_and(|known| known.fields.contains_key(name.as_str()));
                let is_empty = value.is_null() || value.as_object().is_some_and(|m| m.is_empty());
                if is_empty || !is_named {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (Shape::Map(..), _) => {}
    }
}

/// How two objects differ. Mirrors `typed.Comparison`.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    /// What only the first has.
    pub removed: FieldSet,
    /// What both have, in different ways.
    pub modified: FieldSet,
    /// What only the second has.
    pub added: FieldSet,
}

impl Comparison {
    /// What the second brought.
    pub(super) fn brought(&self) -> FieldSet {
        self.modified.union(&self.added)
    }

    /// The same without some fields and what is below them.
    pub(super) fn excluding(self, fields: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            added: self.added.recursive_difference(fields),
        }
    }
}

/// How `new` differs from `old`. Mirrors `typed.Compare`.
pub(super) fn compare(schema: &Schema, old: &Value, new: &Value) -> Comparison {
    let mut walk = Comparer { schema, path: Vec::new(), found: Comparison::default() };
    walk.compare(&schema.root, Some(old), Some(new));
    walk.found
}

static NOTHING: Value = Value::Null;

struct Comparer<'s> {
    schema: &'s Schema,
    path: Vec<Element>,
    found: Comparison,
}

impl<'s> Comparer<'s> {
    fn compare(&mut self, of: &'s Type, old: Option<&Value>, new: Option<&Value>) {
        if old.is_some() && old == new {
            return;
        }
        let both_empty = is_empty(old) && is_empty(new);
        let shapes = [old, new].map(|value| self.schema.shape(of, value));
        match shapes {
            _ if both_empty => return self.leaf(old, new, true),
            [Shape::List(of, keys), Shape::List(..)] => self.items(of, keys, old, new),
            [Shape::Map(known, rest), Shape::Map(..)] => self.fields(known, rest, old, new),
            // Where nothing is known, one of the two tells what it is.
            [Shape::Map(known, rest), _] if new.is_none() => self.fields(known, rest, old, new),
            [_, Shape::Map(known, rest)] if old.is_none() => self.fields(known, rest, old, new),
            _ => return self.leaf(old, new, false),
        }
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ => {}
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>, same: bool) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ if same => {}
            _ => self.found.modified.insert(&self.path),
        }
    }

    fn below(&mut self, step: Element, of: &'s Type, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(step);
        self.compare(of, old, new);
        self.path.pop();
    }

    fn fields(
        &mut self,
        known: Option<&'s Struct>,
        rest: Option<&'s Type>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) {
        let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let mut names: Vec<&String> = before.into_iter().flat_map(|map| map.keys()).collect();
        names.extend(after.into_iter().flat_map(|map| map.keys()));
        names.order();
        names.dedup();
        for name in names {
            let Some(of) = below(known, rest, name) else { continue };
            // What a Go struct holds by value is there as soon as the struct is.
            let field = known.and_then(|known| known.fields.get(name.as_str()));
            let zero = |side: Option<&Value>| {
                (side.is_some() && field.is_some_and(|field: &Field| field.always))
                    .then_some(&NOTHING)
            };
            let old = before.and_then(|map| map.get(name)).or_else(|| zero(old));
            let new = after.and_then(|map| map.get(name)).or_else(|| zero(new));
            self.below(Element::Field(name.clone()), of, old, new);
        }
    }

    fn items(&mut self, of: &'s Type, keys: &'s [Str], old: Option<&Value>, new: Option<&Value>) {
        let mut sides: SmallMap<Element, [Vec<&Value>; 2]> = SmallMap::new();
        for (side, list) in [old, new].into_iter().enumerate() {
            for (element, item) in indexed(self.schema, of, keys, list) {
                sides.entry(element).or_default()[side].push(item);
            }
        }
        for (element, [old, new]) in sides {
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => {
                    self.below(element, of, old.first().copied(), new.first().copied());
                }
                // What stands several times is owned as a whole.
                ([_, _, ..], [_, _, ..]) => {
                    if old != new {
                        self.insert(element, |found| &mut found.modified);
                    }
                }
                ([_, _, ..], _) => {
                    if let Some(new) = new.first() {
                        self.below(element.clone(), of, None, Some(new));
                    }
                    self.insert(element, |found| &mut found.removed);
                }
                (_, _) => {
                    if let Some(old) = old.first() {
                        self.below(element.clone(), of, Some(old), None);
                    }
                    self.insert(element, |found| &mut found.added);
                }
            }
        }
    }

    fn insert(&mut self, step: Element, into: impl Fn(&mut Comparison) -> &mut FieldSet) {
        self.path.push(step);
        into(&mut self.found).insert(&self.path);
        self.path.pop();
    }
}
