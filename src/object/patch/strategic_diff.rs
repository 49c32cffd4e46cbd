//! The strategic merge patch between two objects. Mirrors `diffMaps` and `diffLists` of
//! `k8s.io/apimachinery/pkg/util/strategicpatch`.

use super::list::{
    DELETE_PREFIX, DIRECTIVE, Elements, ORDER_PREFIX, RETAIN_KEYS, distinct, elements, key_of, map,
    same_type, sort_by_order,
};
use super::merge_keys::{Field, field};
use crate::base::go_text;
use crate::base::order::Order as _;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// Which changes a patch tells of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub changes_and_additions: bool,
    pub deletions: bool,
}

type Object = Map<String, Value>;

/// The patch that makes `modified` of `original`, both of the Go type `of`.
pub(super) fn diff_maps(
    original: &Object,
    modified: &Object,
    of: &str,
    retain_keys: bool,
    wanted: Wanted,
) -> Result<Object, String> {
    let mut patch = Object::new();
    for (key, value) in modified {
        match original.get(key) {
            Some(present) if same_type(present, value) => {
                diff_field(key, present, value, field(of, key), wanted, &mut patch)?;
            }
            _ if wanted.changes_and_additions => {
                patch.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    if wanted.deletions {
        for key in original.keys().filter(|key| !modified.contains_key(*key)) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    if retain_keys {
        let dropped =
            original.iter().any(|(key, value)| !value.is_null() && !modified.contains_key(key));
        let kept: Vec<&String> =
            modified.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key).collect();
        if !kept.is_empty() && (dropped || !patch.is_empty()) {
            patch.insert(RETAIN_KEYS.to_string(), json!(kept));
        }
    }
    Ok(patch)
}

/// Two values of one type under `key`.
fn diff_field(
    key: &str,
    present: &Value,
    value: &Value,
    field: Field,
    wanted: Wanted,
    patch: &mut Object,
) -> Result<(), String> {
    match (present, value) {
        (Value::Object(_), Value::Object(_)) if field.replace => {
            if wanted.changes_and_additions {
                patch.insert(key.to_string(), value.clone());
            }
        }
        (Value::Object(present), Value::Object(value)) => {
            let inner = diff_maps(present, value, field.of, field.retain_keys, wanted)?;
            if !inner.is_empty() {
                patch.insert(key.to_string(), Value::Object(inner));
            }
        }
        (Value::Array(present), Value::Array(value)) if field.merge => {
            let ListDiff { changed, deleted, order } = diff_lists(present, value, field, wanted)?;
            let parts = [
                (key.to_string(), changed),
                (format!("{DELETE_PREFIX}/{key}"), deleted),
                (format!("{ORDER_PREFIX}/{key}"), order),
            ];
            let parts = parts.into_iter().filter(|(_, list)| !list.is_empty());
            patch.extend(parts.map(|(key, list)| (key, Value::Array(list))));
        }
        _ => {
            if wanted.changes_and_additions && present != value {
                patch.insert(key.to_string(), value.clone());
            }
        }
    }
    Ok(())
}

#[derive(Default)]
struct ListDiff {
    changed: Vec<Value>,
    /// Scalars to delete.
    deleted: Vec<Value>,
    order: Vec<Value>,
}

fn diff_lists(
    original: &[Value],
    modified: &[Value],
    field: Field,
    wanted: Wanted,
) -> Result<ListDiff, String> {
    if original.is_empty() {
        let added = wanted.changes_and_additions.then(|| modified.to_vec());
        return Ok(ListDiff { changed: added.unwrap_or_default(), ..ListDiff::default() });
    }
    if elements(&[original, modified])? == Elements::Scalars {
        return diff_scalars(original, modified, wanted);
    }
    let (changed, deletions) = diff_list_of_maps(original, modified, field, wanted)?;
    let mut changed = sort_by_order(changed, modified, field.key)?;
    changed.extend(deletions);
    let same_order = original.len() == modified.len()
        && original.iter().zip(modified).all(|(a, b)| a.get(field.key) == b.get(field.key));
    let needs_order = (wanted.changes_and_additions && (!changed.is_empty() || !same_order))
        || (wanted.deletions && !changed.is_empty());
    let mut order = Vec::new();
    if needs_order {
        for element in modified {
            order.push(json!({field.key: key_of(element, field.key)?}));
        }
    }
    Ok(ListDiff { changed, deleted: Vec::new(), order })
}

fn diff_scalars(
    original: &[Value],
    modified: &[Value],
    wanted: Wanted,
) -> Result<ListDiff, String> {
    let missing_in = |list: &[Value], of: &[Value]| {
        let missing = of.iter().filter(|value| !list.contains(value));
        let mut missing: Vec<Value> = missing.cloned().collect();
        missing.order_by_key(go_text::print);
        missing
    };
    let mut diff = ListDiff::default();
    if wanted.deletions {
        diff.deleted = distinct(missing_in(modified, original));
    }
    if wanted.changes_and_additions {
        diff.changed = sort_by_order(missing_in(original, modified), modified, "")?;
    }
    let needs_order = (wanted.deletions && !diff.deleted.is_empty())
        || (wanted.changes_and_additions && original != modified);
    if needs_order {
        diff.order = modified.to_vec();
    }
    Ok(diff)
}

/// Changed or added elements, and directives for those to delete. Mirrors `diffListsOfMaps`.
fn diff_list_of_maps(
    original: &[Value],
    modified: &[Value],
    field: Field,
    wanted: Wanted,
) -> Result<(Vec<Value>, Vec<Value>), String> {
    let original = sorted(original, field.key)?;
    let modified = sorted(modified, field.key)?;
    let (mut changed, mut deletions) = (Vec::new(), Vec::new());
    let (mut present, mut next) = (original.iter().peekable(), modified.iter().peekable());
    loop {
        let order = match (present.peek(), next.peek()) {
            (None, None) => return Ok((changed, deletions)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let old = if order == Ordering::Greater { None } else { present.next() };
        let new = if order == Ordering::Less { None } else { next.next() };
        match (old, new) {
            (Some((_, old)), Some((_, new))) => {
                let retain = field.retain_keys;
                let mut inner = diff_maps(map(old)?, map(new)?, field.of, retain, wanted)?;
                if !inner.is_empty() {
                    inner.insert(field.key.to_string(), key_of(new, field.key)?.clone());
                    changed.push(Value::Object(inner));
                }
            }
            (None, Some((_, new))) if wanted.changes_and_additions => changed.push((*new).clone()),
            (Some((_, old)), None) if wanted.deletions => {
                let key = key_of(old, field.key)?;
                deletions.push(json!({field.key: key, DIRECTIVE: "delete"}));
            }
            _ => {}
        }
    }
}

/// Elements with their merge keys' text, in that text's order.
fn sorted<'a>(list: &'a [Value], key: &str) -> Result<Vec<(String, &'a Value)>, String> {
    let mut keyed = Vec::with_capacity(list.len());
    for element in list {
        keyed.push((go_text::print(key_of(element, key)?), element));
    }
    keyed.order_by(|a, b| a.0.cmp(&b.0));
    Ok(keyed)
}
