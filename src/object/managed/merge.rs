//! Brings two values together, and takes fields out of one, along a schema.
//! Mirrors `structured-merge-diff/typed/{merge,remove}.go`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::element::Element;
use super::schema::{Schema, Shape, Type, below};
use super::set::FieldSet;
use super::walk::{element_of, indexed, is_empty};
use crate::base::order::Gather;
use crate::object::Str;

/// `live` with what `applied` says. Mirrors `TypedValue.Merge`.
pub(super) fn merge(
    schema: &Schema,
    of: &Type,
    live: Option<&Value>,
    applied: Option<&Value>,
) -> Option<Value> {
    let leaf = || applied.or(live).cloned();
    if is_empty(live) && is_empty(applied) {
        return leaf();
    }
    let shape = schema.shape(of, applied.filter(|value| !value.is_null()).or(live));
    match shape {
        Shape::List(of, keys) => merge_lists(schema, of, keys, live, applied),
        Shape::Map(known, rest) => {
            let (before, after) =
                (live.and_then(Value::as_object), applied.and_then(Value::as_object));
            let names: BTreeSet<&String> =
                [before, after].into_iter().flatten().flat_map(|map| map.keys()).gathered();
            let fields = names.into_iter().filter_map(|name| {
                let of = below(known, rest, name)?;
                let (old, new) =
                    (before.and_then(|m| m.get(name)), after.and_then(|m| m.get(name)));
                Some((name.clone(), merge(schema, of, old, new)?))
            });
            let fields: Map<String, Value> = fields.gathered();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Shape::Leaf => leaf(),
    }
}

/// The items of `live` in their order, those of `applied` in theirs where the two differ.
/// Mirrors `mergingWalker.visitListItems`.
fn merge_lists(
    schema: &Schema,
    of: &Type,
    keys: &[Str],
    live: Option<&Value>,
    applied: Option<&Value>,
) -> Option<Value> {
    let (left, right) = (indexed(schema, of, keys, live), indexed(schema, of, keys, applied));
    let find = |list: &[(Element, &Value)], wanted: &Element| {
        list.iter().find(|(element, _)| element == wanted).map(|(_, value)| (*value).clone())
    };
    let mut shared = right.iter().map(|(e, _)| e).filter(|e| find(&left, e).is_some());
    let mut next = shared.next();
    let mut merged: BTreeSet<&Element> = BTreeSet::new();
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if let (Some((element, old)), Some((wanted, new))) = (left.get(l), right.get(r)) {
            if element == wanted {
                merged.insert(element);
                out.extend(merge(schema, of, Some(old), Some(new)));
                (l, r) = (l + 1, r + 1);
                next = shared.next();
                continue;
            }
            let waits = next.is_some_and(|next| next != element);
            if waits && find(&right, element).is_some() {
                l += 1;
                continue;
            }
        }
        if let Some((element, old)) = left.get(l) {
            if find(&right, element).is_none() {
                out.extend(merge(schema, of, Some(old), None));
                l += 1;
                continue;
            }
            if merged.contains(element) {
                l += 1;
            }
        }
        if let Some((element, new)) = right.get(r) {
            merged.insert(element);
            out.extend(merge(schema, of, find(&left, element).as_ref(), Some(new)));
            r += 1;
            if next == Some(element) {
                next = shared.next();
            }
        }
    }
    (!out.is_empty()).then_some(Value::Array(out))
}

/// A value without some fields and items; null where nothing is left. Mirrors `RemoveItems`.
pub(super) fn remove(schema: &Schema, of: &Type, value: &Value, gone: &FieldSet) -> Value {
    match (schema.shape(of, Some(value)), value) {
        (Shape::List(of, keys), Value::Array(items)) => {
            let mut hit = false;
            let mut left = Vec::new();
            for item in items {
                let element = element_of(schema, of, keys, item).ok();
                if element.as_ref().is_some_and(|element| gone.members.contains(element)) {
                    continue;
                }
                let inner = element.and_then(|element| gone.children.get(&element));
                left.push(match inner {
                    Some(inner) => {
                        hit = true;
                        within(schema, of, item, inner)
                    }
                    None => item.clone(),
                });
            }
            if hit || !left.is_empty() { Value::Array(left) } else { Value::Null }
        }
        (Shape::Map(known, rest), Value::Object(map)) => {
            let mut hit = false;
            let mut left = Map::new();
            for (name, value) in map {
                let element = Element::Field(name.clone());
                if gone.members.contains(&element) {
                    continue;
                }
                let of = below(known, rest, name);
                let kept = match (gone.children.get(&element), of) {
                    (Some(inner), Some(of)) => {
                        hit = true;
                        within(schema, of, value, inner)
                    }
                    _ => value.clone(),
                };
                left.insert(name.clone(), kept);
            }
            if hit || !left.is_empty() { Value::Object(left) } else { Value::Null }
        }
        (Shape::Leaf, Value::Array(_) | Value::Object(_)) => Value::Null,
        (_, value) => value.clone(),
    }
}

/// What is left of a part of a value: an empty list or map rather than nothing.
fn within(schema: &Schema, of: &Type, value: &Value, gone: &FieldSet) -> Value {
    match (remove(schema, of, value, gone), value) {
        (Value::Null, Value::Object(_)) => json!({}),
        (Value::Null, Value::Array(_)) => json!([]),
        (left, _) => left,
    }
}

/// The set together with the fields of structs that lead to what is in it.
/// Mirrors `EnsureNamedFieldsAreMembers`.
pub(super) fn with_named(schema: &Schema, of: &Type, set: &FieldSet) -> FieldSet {
    // Where nothing is known, only the value could tell a list from a map; fields are a map's.
    let nothing = json!({});
    let shape = schema.shape(of, Some(&nothing));
    let mut all = FieldSet { members: set.members.clone(), ..FieldSet::default() };
    for (element, child) in &set.children {
        let (inner, is_named) = match (&shape, element) {
            (Shape::Map(known, rest), Element::Field(name)) => (
                below(*known, *rest, name),
                known.is_some_and(|known| known.fields.contains_key(name.as_str())),
            ),
            (Shape::List(of, _), _) => (Some(*of), false),
            _ => (None, false),
        };
        if is_named {
            all.members.insert(element.clone());
        }
        let child = inner.map_or_else(|| child.clone(), |of| with_named(schema, of, child));
        all.children.insert(element.clone(), child);
    }
    all
}
