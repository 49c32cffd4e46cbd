//! What is wrong with definitions, as a table.

use serde_json::{Value, json};

use super::CustomResourceDefinitions;
use crate::kinds::Kind;
use crate::object::Object;

fn definition(spec: &Value) -> Object {
    let value = json!({"metadata": {"name": "toys.w.example.com"}, "spec": spec});
    let mut object = CustomResourceDefinitions.decode("v1", &value).unwrap();
    CustomResourceDefinitions.default(&mut object);
    CustomResourceDefinitions.prepare_create(&mut object);
    object
}

fn toys(version: Value) -> Value {
    json!({"group": "w.example.com", "scope": "Namespaced",
        "names": {"plural": "toys", "kind": "Toy"}, "versions": [version]})
}

fn faults(spec: &Value) -> Vec<String> {
    let errors = CustomResourceDefinitions.validate(&definition(spec));
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn schemas_are_judged_as_a_real_server_judges_them() {
    let mut wrong = Vec::new();
    for block in include_str!("cases.txt").split("\n\n").skip(1) {
        let mut lines = block.lines();
        let schema = lines.next().and_then(|line| line.strip_prefix("< ")).unwrap();
        let read: Value = serde_yaml::from_str(schema).unwrap();
        let version = json!({"name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": read}});
        let short = |text: &String| {
            format!("| {}", text.strip_prefix("spec.validation.openAPIV3Schema.").unwrap_or(text))
        };
        let found: Vec<String> = faults(&toys(version)).iter().map(short).collect();
        let expected: Vec<&str> = lines.collect();
        if found != expected {
            wrong.push(format!("< {schema}\n{}", found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn versions_are_printed_as_go_has_them() {
    let version = json!({"name": "v1", "served": true, "storage": false,
        "schema": {"openAPIV3Schema": {"type": "object"}}});
    let found = faults(&toys(version));
    assert_eq!(
        found[0],
        "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\
         \"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\
         \"AdditionalPrinterColumns\":null,\"SelectableFields\":null}]: must have exactly one \
         version marked as storage version"
    );
}

#[test]
fn what_does_not_fit_is_refused_in_gos_words() {
    let cases = [
        (
            json!({"group": 5}),
            "number into Go struct field CustomResourceDefinitionSpec.spec.group of type string",
        ),
        (
            json!({"versions": "x"}),
            "string into Go struct field CustomResourceDefinitionSpec.spec.versions of type []v1.CustomResourceDefinitionVersion",
        ),
        (
            json!({"versions": [{"served": "x"}]}),
            "string into Go struct field CustomResourceDefinitionVersion.spec.versions.served of type bool",
        ),
    ];
    for (spec, expected) in cases {
        let error = CustomResourceDefinitions.decode("v1", &json!({ "spec": spec })).unwrap_err();
        assert_eq!(error, format!("json: cannot unmarshal {expected}"));
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn rules_are_read_against_their_schema() {
    let rule = |rule: &str, message: &str| {
        let property = json!({"type": "object", "properties": {"n": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": rule, "messageExpression": message}]});
        let version = json!({"name": "v1", "served": true, "storage": true, "schema":
            {"openAPIV3Schema": {"type": "object", "properties": {"spec": property}}}});
        let found = faults(&toys(version));
        found
            .iter()
            .map(|text| {
                text.rsplit_once("\"OptionalOldSelf\":null}: ")
                    .map_or(text.as_str(), |(_, t)| t)
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    assert!(rule("self.n > 1 && has(self.n)", "'n is wrong'").is_empty());
    assert_eq!(
        rule("self.nope > 1", ""),
        [
            "compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^"
        ]
    );
    assert_eq!(rule("1 + 1", ""), ["cel expression must evaluate to a bool"]);
    let found = rule("self.n < 5", "'n is ' + string(self.n)");
    assert!(
        found[0].contains(
            "estimated messageExpression cost exceeds budget by factor of more than 100x"
        )
    );
}
