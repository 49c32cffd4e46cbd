//! The patches `kubectl apply` computes: what changed from the object as it is, and what was
//! deleted since the manifest was applied last.

use super::list::map;
use super::merge;
use super::strategic::{Mode, merge_map};
use super::strategic_diff::{Wanted, diff_maps};
use serde_json::{Map, Value};

/// The strategic merge patch between two objects of a built-in `kind`. Mirrors
/// `strategicpatch.CreateTwoWayMergePatch`.
pub fn two_way_strategic(original: &Value, modified: &Value, kind: &str) -> Result<Value, String> {
    let wanted = Wanted { changes_and_additions: true, deletions: true };
    diff_maps(map(original)?, map(modified)?, kind, false, wanted).map(Value::Object)
}

/// The strategic merge patch that brings `current` to `modified` and deletes what `original`,
/// the manifest applied last (null if there was none), had beyond `modified`.
///
/// Mirrors `strategicpatch.CreateThreeWayMergePatch` with overwriting, kubectl's default.
pub fn three_way_strategic(
    original: &Value,
    modified: &Value,
    current: &Value,
    kind: &str,
) -> Result<Value, String> {
    let none = Map::new();
    let original = if original.is_null() { &none } else { map(original)? };
    let modified = map(modified)?;
    let changes = Wanted { changes_and_additions: true, deletions: false };
    let delta = diff_maps(map(current)?, modified, kind, false, changes)?;
    let gone = Wanted { changes_and_additions: false, deletions: true };
    let deletions = diff_maps(original, modified, kind, false, gone)?;
    merge_map(deletions, delta, kind, Mode::Combine).map(Value::Object)
}

/// The JSON merge patch for kinds without built-in types, made of the same three.
///
/// Mirrors `jsonmergepatch.CreateThreeWayJSONMergePatch` with kubectl's preconditions, whose
/// failure is the error.
pub fn three_way_merge(
    original: &Value,
    modified: &Value,
    current: &Value,
) -> Result<Value, String> {
    let none = Map::new();
    let original = if original.is_null() { &none } else { map(original)? };
    let modified = map(modified)?;
    let changes = keep(merge::diff(map(current)?, modified), false);
    let deletions = keep(merge::diff(original, modified), true);
    let patch = overlay(deletions, changes);
    let identity = patch.contains_key("apiVersion")
        || patch.contains_key("kind")
        || patch.get("metadata").is_some_and(|metadata| metadata.get("name").is_some());
    if identity {
        return Err("At least one of apiVersion, kind and name was changed".into());
    }
    Ok(Value::Object(patch))
}

/// Only the nulls of a merge patch, or all but them. Mirrors `keepOrDeleteNullInObj`.
fn keep(patch: Map<String, Value>, nulls: bool) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in patch {
        match value {
            Value::Null if nulls => {
                kept.insert(key, Value::Null);
            }
            Value::Null => {}
            Value::Object(inner) if !inner.is_empty() => {
                let inner = keep(inner, nulls);
                if !inner.is_empty() {
                    kept.insert(key, Value::Object(inner));
                }
            }
            value if !nulls => {
                kept.insert(key, value);
            }
            _ => {}
        }
    }
    kept
}

/// One merge patch that does what two do.
fn overlay(mut under: Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in over {
        let value = match (under.remove(&key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => {
                Value::Object(overlay(under, over))
            }
            (_, value) => value,
        };
        under.insert(key, value);
    }
    under
}

#[cfg(test)]
mod tests {
    use super::super::strategic;
    use super::*;
    use serde_json::json;

    #[test]
    fn apply_changes_deletes_and_leaves_alone() {
        let original = json!({
            "metadata": {"name": "d", "labels": {"a": "1", "gone": "x"}},
            "spec": {"template": {"spec": {"containers": [
                {"name": "c", "image": "x", "env": [{"name": "A", "value": "1"}]},
                {"name": "old", "image": "o"},
            ]}}},
        });
        let modified = json!({
            "metadata": {"name": "d", "labels": {"a": "2"}},
            "spec": {"template": {"spec": {"containers": [
                {"name": "new", "image": "n"},
                {"name": "c", "image": "y"},
            ]}}},
        });
        let current = json!({
            "metadata": {"name": "d", "labels": {"a": "1", "gone": "x", "theirs": "t"}},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [
                {"name": "c", "image": "x", "imagePullPolicy": "Always", "env": [{"name": "A", "value": "1"}]},
                {"name": "old", "image": "o"},
                {"name": "injected", "image": "i"},
            ]}}},
        });
        let patch = json!({
            "metadata": {"labels": {"a": "2", "gone": null}},
            "spec": {"template": {"spec": {
                "$setElementOrder/containers": [{"name": "new"}, {"name": "c"}],
                "containers": [
                    {"name": "new", "image": "n"},
                    {"name": "c", "image": "y", "env": null},
                    {"name": "old", "$patch": "delete"},
                ],
            }}},
        });
        assert_eq!(three_way_strategic(&original, &modified, &current, "Deployment"), Ok(patch));
        let applied = json!({
            "metadata": {"name": "d", "labels": {"a": "2", "theirs": "t"}},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [
                {"name": "new", "image": "n"},
                {"name": "c", "image": "y", "imagePullPolicy": "Always"},
                {"name": "injected", "image": "i"},
            ]}}},
        });
        let sent = three_way_strategic(&original, &modified, &current, "Deployment");
        let patched = sent.and_then(|patch| strategic::apply(&current, &patch, "Deployment"));
        assert_eq!(patched, Ok(applied));
        // Another's container changes the list's length, so the order is sent again.
        let order = json!({"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "old"}],
        }}}});
        let unchanged = three_way_strategic(&original, &original, &current, "Deployment");
        assert_eq!(unchanged, Ok(order));
    }

    #[test]
    fn two_way_patches_restore_the_second_object() {
        let cases = [
            (
                "Service",
                json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}}),
                json!({"spec": {"ports": [{"port": 81, "name": "c"}, {"port": 82}]}}),
            ),
            (
                "Deployment",
                json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
                json!({"spec": {"strategy": {"type": "Recreate"}}}),
            ),
            (
                "Pod",
                json!({"metadata": {"finalizers": ["a", "b", "c"]},
                       "spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}),
                json!({"metadata": {"finalizers": ["c", "d", "a"]},
                       "spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}),
            ),
        ];
        for (kind, from, to) in cases {
            let patch = two_way_strategic(&from, &to, kind);
            let patched = patch.and_then(|patch| strategic::apply(&from, &patch, kind));
            assert_eq!(patched, Ok(to), "{kind}");
        }
    }

    #[test]
    fn custom_objects_use_merge_patches() {
        let original = json!({"kind": "Toy", "spec": {"a": 1, "b": {"c": 1}, "list": [1]}});
        let modified = json!({"kind": "Toy", "spec": {"b": {}, "list": [1, 2]}});
        let current = json!({"kind": "Toy", "spec": {"a": 1, "b": {"c": 1, "d": 2}, "list": [1]}, "status": {}});
        assert_eq!(
            three_way_merge(&original, &modified, &current),
            Ok(json!({"spec": {"a": null, "b": {"c": null}, "list": [1, 2]}}))
        );
        assert_eq!(three_way_merge(&Value::Null, &current, &current), Ok(json!({})));
        let renamed = json!({"kind": "Other"});
        assert_eq!(
            three_way_merge(&Value::Null, &renamed, &current),
            Err("At least one of apiVersion, kind and name was changed".to_string())
        );
    }
}
