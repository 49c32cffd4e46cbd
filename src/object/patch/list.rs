//! Lists that merge: finding, ordering and telling apart their elements.

use crate::base::go_text;
use crate::base::order::Order as _;
use serde_json::{Map, Value};

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const DELETE_PREFIX: &str = "$deleteFromPrimitiveList";
pub(super) const ORDER_PREFIX: &str = "$setElementOrder";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";

/// What a merged list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elements {
    Maps,
    Scalars,
}

/// What all of `lists` hold, or upstream's words for why they cannot be merged. Mirrors
/// `sliceElementType`.
pub(super) fn elements(lists: &[&[Value]]) -> Result<Elements, String> {
    let mut all = lists.iter().flat_map(|list| list.iter());
    let Some(first) = all.next() else {
        return Err("no elements in any of the given slices".into());
    };
    if first.is_array() {
        return Err("lists of lists are not supported".into());
    }
    if !all.all(|value| same_type(first, value)) {
        let shown: Vec<Value> = lists.iter().map(|list| Value::from(list.to_vec())).collect();
        let shown = go_text::print(&Value::from(shown));
        return Err(format!("list element types are not identical: {shown}"));
    }
    Ok(if first.is_object() { Elements::Maps } else { Elements::Scalars })
}

/// Whether Go decodes both into the same type.
pub(super) fn same_type(a: &Value, b: &Value) -> bool {
    go_text::type_name(a) == go_text::type_name(b)
}

/// `value` as an object, or upstream's complaint.
pub(super) fn map(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| {
        let actual = go_text::type_name(value);
        format!("expected a map[string]interface {{}}, but received a {actual}")
    })
}

/// `value` as a list, or upstream's complaint.
pub(super) fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| {
        format!("expected a []interface {{}}, but received a {}", go_text::type_name(value))
    })
}

/// The value of an element's merge key.
pub(super) fn key_of<'a>(element: &'a Value, key: &str) -> Result<&'a Value, String> {
    let map = map(element)?;
    map.get(key).ok_or_else(|| {
        let shown = go_text::print(element);
        format!("map: {shown} does not contain declared merge key: {key}")
    })
}

/// Whether `element` asks for its own deletion.
pub(super) fn is_deletion(element: &Value) -> bool {
    element.get(DIRECTIVE).is_some_and(|directive| directive == "delete")
}

/// Where in `list` the element with the identity of `item` stands; without a `key`, elements are
/// their own identity.
pub(super) fn position(list: &[Value], item: &Value, key: &str) -> Option<usize> {
    if key.is_empty() {
        return list.iter().position(|other| other == item);
    }
    let wanted = item.get(key)?;
    list.iter().position(|other| other.get(key) == Some(wanted))
}

/// `items` in the order of `order`, deletions last. Mirrors `normalizeSliceOrder`.
pub(super) fn sort_by_order(
    items: Vec<Value>,
    order: &[Value],
    key: &str,
) -> Result<Vec<Value>, String> {
    if !key.is_empty() {
        for item in items.iter().chain(order) {
            key_of(item, key)?;
        }
    }
    let (deletions, mut kept): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| !key.is_empty() && is_deletion(item));
    kept.order_by_key(|item| position(order, item, key));
    kept.extend(deletions);
    Ok(kept)
}

/// A merged list in its final order: what `patch_order` names in that order, and the rest, as
/// far as possible, where it stood in `server_order`. Mirrors `normalizeElementOrder`.
pub(super) fn ordered(
    merged: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
) -> Result<Vec<Value>, String> {
    if !key.is_empty() {
        for item in &merged {
            key_of(item, key)?;
        }
    }
    let (named, rest): (Vec<_>, Vec<_>) =
        merged.into_iter().partition(|item| position(patch_order, item, key).is_some());
    let named = sort_by_order(named, patch_order, key)?;
    let rest = sort_by_order(rest, server_order, key)?;
    let mut out = Vec::with_capacity(named.len() + rest.len());
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    loop {
        let rest_first = match (rest.peek(), named.peek()) {
            (None, None) => return Ok(out),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(rest), Some(named)) => {
                let rest = position(server_order, rest, key);
                let named = position(server_order, named, key);
                matches!((rest, named), (Some(rest), Some(named)) if rest < named)
            }
        };
        out.extend(if rest_first { rest.next() } else { named.next() });
    }
}

/// `values` without repetitions.
pub(super) fn distinct(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}
