//! What schemas make of values, as a table.

use serde_json::{Value, json};

use super::{CustomKind, define};
use crate::kinds::Kind;

/// The kind Toy with a schema.
fn toys(schema: &Value) -> &'static CustomKind {
    let names = json!({"plural": "toys", "singular": "toy", "kind": "Toy", "listKind": "ToyList"});
    let version = json!({"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": schema}});
    let spec = json!({"group": "w.example.com", "scope": "Namespaced", "versions": [version]});
    define(&spec, &names)[0]
}

fn read(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn values_are_pruned_filled_and_judged_by_their_schemas() {
    let mut wrong = Vec::new();
    for block in include_str!("cases.txt").split("\n\n").skip(1) {
        let mut lines = block.lines();
        let schema = lines.next().and_then(|line| line.strip_prefix("schema ")).unwrap();
        let kind = toys(&read(schema));
        let rest: Vec<&str> = lines.collect();
        for case in rest.join("\n").split("\n< ") {
            let mut lines = case.lines();
            let first = lines.next().unwrap().trim_start_matches("< ");
            let mut object = kind.decode("v1", &read(first)).unwrap();
            kind.default(&mut object);
            let mut value = kind.encode("v1", &object);
            for name in ["apiVersion", "kind", "metadata"] {
                value.as_object_mut().unwrap().remove(name);
            }
            let mut found = vec![format!("= {value}")];
            found.extend(kind.validate(&object).iter().map(|error| format!("| {error}")));
            if found != lines.collect::<Vec<_>>() {
                wrong.push(format!("< {first}\n{}", found.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn what_was_wrong_before_may_stay() {
    let kind = toys(&read("{type: object, properties: {n: {type: integer, maximum: 5}}}"));
    let object = |n: i64| kind.decode("v1", &json!({"n": n})).unwrap();
    assert!(kind.validate_replacement(&object(9), &object(9)).is_empty());
    assert_eq!(kind.validate_replacement(&object(8), &object(9)).len(), 1);
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn rules_look_at_what_is_and_at_what_was() {
    let kind = toys(&read(
        "{type: object, properties: {spec: {type: object, x-kubernetes-validations: [\
         {rule: \"self.n <= 5 || self.size == 'L'\", messageExpression: \"'too many for ' + self.size\"}, \
         {rule: '!has(oldSelf.lock) || self.lock == oldSelf.lock', message: lock is immutable, \
          fieldPath: .lock, reason: FieldValueForbidden}, {rule: self.n >= oldSelf.n}], \
         properties: {n: {type: integer, x-kubernetes-validations: [{rule: self != 13, message: \
         unlucky}]}, size: {type: string, maxLength: 2}, lock: {type: string, maxLength: 5}}}}}",
    ));
    let object = |spec: Value| kind.decode("v1", &json!({ "spec": spec })).unwrap();
    let old = object(json!({"n": 4, "size": "S", "lock": "a"}));
    let cases = [
        (json!({"n": 7, "size": "S"}), None, "spec: Invalid value: too many for S"),
        (json!({"n": 13, "size": "L"}), None, "spec.n: Invalid value: 13: unlucky"),
        (
            json!({"size": "S"}),
            None,
            "spec: Invalid value: \"object\": no such key: n evaluating rule: self.n <= 5 || \
             self.size == 'L'",
        ),
        (
            json!({"n": 4, "size": "S", "lock": "b"}),
            Some(&old),
            "spec.lock: Forbidden: lock is immutable",
        ),
        (
            json!({"n": 3, "size": "S", "lock": "a"}),
            Some(&old),
            "spec: Invalid value: failed rule: self.n >= oldSelf.n",
        ),
        (json!({"n": 5, "size": "S", "lock": "a"}), Some(&old), ""),
    ];
    for (spec, old, expected) in cases {
        let new = object(spec);
        let errors = match old {
            Some(old) => kind.validate_replacement(&new, old),
            None => kind.validate(&new),
        };
        let found: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(found.join("\n"), expected);
    }
}
