//! Strategic merge patch: a merge patch that knows which lists merge, and by which key.
//!
//! Mirrors `k8s.io/apimachinery/pkg/util/strategicpatch`; the messages are upstream's.

use super::list::{
    DELETE_PREFIX, DIRECTIVE, Elements, ORDER_PREFIX, RETAIN_KEYS, distinct, elements, is_deletion,
    key_of, list, map, ordered, position, same_type,
};
use super::merge_keys::{Field, field, known_field};
use crate::base::go_text;
use crate::base::order::Gather;
use serde_json::{Map, Value};

/// `target`, an object of the built-in `kind`, after `patch`.
///
/// Mirrors `strategicpatch.StrategicMergePatch`. The API server answers its errors with 500 and
/// the message as it is.
pub fn apply(target: &Value, patch: &Value, kind: &str) -> Result<Value, String> {
    let target = map(target)?.clone();
    let patch = super::merge::require_object(patch)?.clone();
    merge_map(target, patch, kind, Mode::Apply).map(Value::Object)
}

/// What the merging is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Changing an object: directives are followed, nulls delete.
    Apply,
    /// Making one patch of two: directives and nulls are kept.
    Combine,
}

type Object = Map<String, Value>;

/// `original`, of the Go type `of`, with `patch` merged in. Mirrors `mergeMap`.
pub(super) fn merge_map(
    mut original: Object,
    mut patch: Object,
    of: &str,
    mode: Mode,
) -> Result<Object, String> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(directive, patch.clone())),
        };
    }
    retain_keys(&mut original, &mut patch, mode)?;
    follow_orders(&mut original, &mut patch, of, mode)?;
    for (key, value) in patch {
        let deletes = key.starts_with(DELETE_PREFIX);
        if deletes && mode == Mode::Combine {
            original.insert(key, value);
            continue;
        }
        let name = match deletes {
            true => suffix(&key).ok_or("invalid patch format of primitive list")?,
            false => key.as_str(),
        };
        if value.is_null() {
            original.remove(name);
            if mode == Mode::Apply {
                continue;
            }
        }
        let present = original.get(name);
        if present.is_some_and(|present| same_type(present, &value)) {
            let field = field(of, name);
            let present = original.remove(name).unwrap_or_default();
            let merged = merge_value(present, value, field, deletes, mode)?;
            original.insert(name.to_string(), merged);
        } else if !deletes {
            original
                .insert(name.to_string(), if mode == Mode::Apply { sound(value) } else { value });
        }
    }
    Ok(original)
}

fn unknown_directive(directive: &Value, within: Object) -> String {
    let (directive, within) = (go_text::print(directive), go_text::print(&Value::Object(within)));
    format!("unknown patch type: {directive} in map: {within}")
}

/// What follows the `/` of a directive's name.
fn suffix(directive: &str) -> Option<&str> {
    directive.split_once('/').map(|(_, name)| name)
}

/// A patch's value where the object has none: nulls within mean nothing.
fn sound(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let said = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(key, value)| (key, sound(value))).gathered())
        }
        Value::Array(items) => items.into_iter().map(sound).collect(),
        scalar => scalar,
    }
}

/// Two values of one type.
fn merge_value(
    present: Value,
    value: Value,
    field: Field,
    deletes: bool,
    mode: Mode,
) -> Result<Value, String> {
    match (present, value) {
        (Value::Object(present), Value::Object(value)) if !field.replace => {
            merge_map(present, value, field.of, mode).map(Value::Object)
        }
        (Value::Array(present), Value::Array(value)) if field.merge => {
            merge_list(present, value, field, deletes, mode).map(Value::Array)
        }
        (_, value) => Ok(value),
    }
}

/// Mirrors `mergeSlice`.
fn merge_list(
    original: Vec<Value>,
    patch: Vec<Value>,
    field: Field,
    deletes: bool,
    mode: Mode,
) -> Result<Vec<Value>, String> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    if elements(&[&original, &patch])? == Elements::Scalars {
        if mode == Mode::Apply && deletes {
            return Ok(original.into_iter().filter(|value| !patch.contains(value)).collect());
        }
        let merged = distinct(original.iter().chain(&patch).cloned());
        return ordered(merged, &patch, &original, "");
    }
    if field.key.is_empty() {
        return Err("cannot merge lists without merge key for type struct".into());
    }
    let (original, patch) = follow_directives(original, patch, field.key)?;
    let mut merged = original.clone();
    for element in &patch {
        key_of(element, field.key)?;
        match position(&merged, element, field.key) {
            Some(at) => {
                let (present, element) = (map(&merged[at])?.clone(), map(element)?.clone());
                merged[at] = Value::Object(merge_map(present, element, field.of, mode)?);
            }
            None => merged.push(element.clone()),
        }
    }
    ordered(merged, &patch, &original, field.key)
}

/// Takes the elements with a `$patch` out of `patch` and does what they say. Mirrors
/// `mergeSliceWithSpecialElements`.
fn follow_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), String> {
    let mut plain = Vec::new();
    let mut replace = false;
    for element in patch {
        let Some(directive) = element.get(DIRECTIVE) else {
            plain.push(element);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let gone = key_of(&element, key)?;
                original.retain(|present| present.get(key) != Some(gone));
            }
            Some("replace") => replace = true,
            Some("merge") => {
                return Err("merging lists cannot yet be specified in the patch".into());
            }
            _ => return Err(unknown_directive(directive, map(&element)?.clone())),
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (original, plain) })
}

/// Follows (or keeps) `$retainKeys`. Mirrors `applyRetainKeysDirective`.
fn retain_keys(original: &mut Object, patch: &mut Object, mode: Mode) -> Result<(), String> {
    const BAD: &str = "invalid patch format of retainKeys";
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if mode == Mode::Combine {
        original.insert(RETAIN_KEYS.to_string(), retained);
        return Ok(());
    }
    let names = retained.as_array().ok_or(BAD)?;
    let kept = |key: &str| names.iter().any(|name| name == key);
    let is_directive = |key: &str| key.starts_with(DELETE_PREFIX) || key.starts_with(ORDER_PREFIX);
    if patch.iter().any(|(key, value)| !value.is_null() && !is_directive(key) && !kept(key)) {
        return Err(BAD.into());
    }
    original.retain(|key, _| kept(key));
    Ok(())
}

/// Merges the lists for which `patch` sets an order. Mirrors `mergePatchIntoOriginal`.
fn follow_orders(
    original: &mut Object,
    patch: &mut Object,
    of: &str,
    mode: Mode,
) -> Result<(), String> {
    const BAD: &str = "invalid patch format of setElementOrder list";
    let directives: Vec<String> =
        patch.keys().filter(|key| key.starts_with(ORDER_PREFIX)).cloned().collect();
    for directive in directives {
        let order = patch.remove(&directive).unwrap_or_default();
        if mode == Mode::Combine {
            let present = original.entry(&directive).or_insert_with(|| order.clone());
            if *present != order {
                return Err(BAD.into());
            }
        }
        let order = list(&order)?;
        let name = suffix(&directive).ok_or(BAD)?;
        let field = known_field(of, name)?;
        let present = original.get(name).map(list).transpose()?.cloned();
        let patched = patch.get(name).map(list).transpose()?.cloned();
        check_order(patched.as_deref().unwrap_or_default(), order, field.key)?;
        patch.remove(name);
        let server_order = present.clone().unwrap_or_default();
        let merged = match (present, patched) {
            (Some(present), Some(patched)) => {
                let merged = merge_value(present.into(), patched.into(), field, false, mode)?;
                list(&merged)?.clone()
            }
            (Some(list), None) | (None, Some(list)) => list,
            (None, None) => continue,
        };
        let merged = ordered(merged, order, &server_order, field.key)?;
        original.insert(name.to_string(), Value::Array(merged));
    }
    Ok(())
}

/// Whether the patch's elements all occur in `order`, in that order. Mirrors
/// `validatePatchWithSetOrderList`.
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Result<(), String> {
    if order.is_empty() || patch.is_empty() {
        return Ok(());
    }
    let mut named = order.iter();
    for element in patch.iter().filter(|element| !is_deletion(element)) {
        if element.get(DIRECTIVE).is_some() {
            continue;
        }
        let found = if key.is_empty() {
            named.any(|name| name == element)
        } else {
            let wanted = key_of(element, key)?;
            named.any(|name| name.get(key) == Some(wanted))
        };
        if !found {
            let show = |list: &[Value]| go_text::print(&Value::from(list.to_vec()));
            let (patch, order) = (show(patch), show(order));
            return Err(format!(
                "The order in patch list:\n{patch}\n doesn't match {ORDER_PREFIX} list:\n{order}\n"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(containers: Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": containers}}}})
    }

    #[test]
    fn merges_lists_as_the_api_server_does() {
        let target = deployment(json!([
            {"name": "c", "image": "x", "args": ["a"],
             "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
             "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            {"name": "s", "image": "y"},
        ]));
        let cases = [
            (json!([{"name": "c", "image": "n"}]), "/0/image", json!("n")),
            (json!([{"name": "n", "image": "new"}]), "/0/name", json!("n")),
            (json!([{"name": "n", "image": "new"}]), "/2/name", json!("s")),
            (json!([{"name": "c", "$patch": "delete"}]), "/0/name", json!("s")),
            (json!([{"$patch": "replace"}, {"name": "o"}]), "", json!([{"name": "o"}])),
            (
                json!([{"name": "c", "env": [{"name": "B", "$patch": "delete"}, {"name": "C", "value": "3"}]}]),
                "/0/env",
                json!([{"name": "C", "value": "3"}, {"name": "A", "value": "1"}]),
            ),
            (
                json!([{"name": "c", "env": [{"$patch": "replace"}, {"name": "Z", "value": "9"}]}]),
                "/0/env",
                json!([{"name": "Z", "value": "9"}]),
            ),
            (json!([{"name": "c", "args": ["q"]}]), "/0/args", json!(["q"])),
            (
                json!([{"name": "c", "ports": [{"containerPort": 80, "protocol": "UDP"}]}]),
                "/0/ports",
                json!([{"containerPort": 80, "protocol": "UDP"}]),
            ),
        ];
        for (patch, pointer, expected) in cases {
            let patched = apply(&target, &deployment(patch.clone()), "Deployment");
            let at = format!("/spec/template/spec/containers{pointer}");
            let found = patched.map(|patched| patched.pointer(&at).cloned());
            assert_eq!(found, Ok(Some(expected)), "{patch}");
        }
    }

    #[test]
    fn follows_directives() {
        let target = json!({
            "metadata": {"finalizers": ["a", "b"], "labels": {"l": "m"}, "annotations": {"x": "y"}},
            "spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
        });
        let cases = [
            (
                json!({"metadata": {"finalizers": ["c"]}}),
                "/metadata/finalizers",
                json!(["c", "a", "b"]),
            ),
            (
                json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"],
                                    "$setElementOrder/finalizers": ["c", "b"]}}),
                "/metadata/finalizers",
                json!(["b"]),
            ),
            (json!({"metadata": {"finalizers": null}}), "/metadata/finalizers", Value::Null),
            (
                json!({"metadata": {"labels": {"l": null, "n": "o", "p": null}}}),
                "/metadata/labels",
                json!({"n": "o"}),
            ),
            (
                json!({"metadata": {"annotations": {"$patch": "replace", "z": "1"}}}),
                "/metadata/annotations",
                json!({"z": "1"}),
            ),
            (
                json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
                "/spec/strategy",
                json!({"type": "Recreate"}),
            ),
        ];
        for (patch, pointer, expected) in cases {
            let patched = apply(&target, &patch, "Deployment");
            let found =
                patched.map(|patched| patched.pointer(pointer).cloned().unwrap_or_default());
            assert_eq!(found, Ok(expected), "{patch}");
        }
        let two = deployment(json!([{"name": "c"}, {"name": "s"}]));
        let order = json!({"$setElementOrder/containers": [{"name": "s"}, {"name": "c"}],
                           "containers": [{"name": "s", "image": "i"}]});
        let patch = json!({"spec": {"template": {"spec": order}}});
        assert_eq!(
            apply(&two, &patch, "Deployment"),
            Ok(deployment(json!([{"name": "s", "image": "i"}, {"name": "c"}])))
        );
    }

    #[test]
    fn fails_in_upstreams_words() {
        let target = deployment(json!([{"name": "c"}]));
        let cases = [
            (
                deployment(json!([{"image": "noname"}])),
                "map: map[image:noname] does not contain declared merge key: name",
            ),
            (
                deployment(json!([{"name": "c", "$patch": "foo"}])),
                "unknown patch type: foo in map: map[$patch:foo name:c]",
            ),
            (
                json!({"spec": {"$setElementOrder/containers": [{"name": "c"}]}}),
                "unable to find api field in struct DeploymentSpec for the json field \"containers\"",
            ),
            (
                json!([]),
                "json: cannot unmarshal array into Go value of type map[string]interface {}",
            ),
        ];
        for (patch, expected) in cases {
            assert_eq!(apply(&target, &patch, "Deployment"), Err(expected.to_string()));
        }
    }
}
