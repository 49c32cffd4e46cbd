use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;
use k8s_openapi::jiff;
use serde_json::{Value, json};

use super::*;
use crate::object::codec;

/// A write to an object of one version.
fn write<'a>(schema: &'a Schema, name: &'a str) -> Write<'a> {
    Write {
        schema,
        version: "apps/v1",
        convert: &|_, _| None,
        reset: FieldSet::of(&[&["status"]]),
        name,
        subresource: "",
        now: Timestamp(jiff::Timestamp::UNIX_EPOCH),
    }
}

fn deployment(more: &str) -> Value {
    serde_yaml::from_str(&format!("{{metadata: {{name: d}}, spec: {more}}}")).unwrap()
}

fn fields(managers: &Managers, name: &str) -> Value {
    let entries = managers.write().unwrap_or_default();
    let found = entries.into_iter().find(|entry| entry.manager.as_deref() == Some(name));
    found.and_then(|entry| entry.fields_v1).map_or(Value::Null, |fields| fields.0)
}

const FIRST: &str = "{replicas: 3, selector: {matchLabels: {a: b}}, template: {metadata: {labels: \
                     {a: b}}, spec: {containers: [{name: c, image: x, ports: [{containerPort: \
                     80}]}]}}}";

#[test]
fn an_update_owns_what_it_brought() {
    let schema = codec::schema::<Deployment>();
    let managers = write(&schema, "one").update(
        &Managers::default(),
        &json!({}),
        &deployment("{replicas: 3, strategy: {rollingUpdate: {maxSurge: 1}}, selector: {matchLabels: {a: b}}, \
                     template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, \
                     resources: {}, env: [{name: A, value: b}]}], securityContext: {}}}}"),
    );
    let expected = json!({"f:spec": {
        "f:replicas": {},
        "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}},
        "f:selector": {},
        "f:template": {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}, "f:spec": {
            "f:containers": {"k:{\"name\":\"c\"}": {".": {}, "f:name": {}, "f:resources": {},
                "f:env": {".": {}, "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}}}},
            "f:securityContext": {},
        }},
    }});
    assert_eq!(fields(&managers, "one"), expected);
}

#[test]
fn two_that_apply_meet() {
    let schema = codec::schema::<Deployment>();
    let first = deployment(FIRST);
    let (live, managers) =
        write(&schema, "one").apply(&Managers::default(), &json!({}), &first, false).unwrap();
    let live = live.unwrap();
    assert_eq!(live, first);
    let ports = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"c\"}/f:ports";
    let owned = fields(&managers, "one");
    let port =
        json!({"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}});
    assert_eq!(owned.pointer(ports), Some(&port));

    let second = deployment("{replicas: 5, template: {spec: {containers: [{name: c, image: y}]}}}");
    let refused = write(&schema, "two").apply(&managers, &live, &second, false).unwrap_err();
    let Refusal::Conflicts(conflicts) = refused else { panic!("it is a conflict") };
    let texts: Vec<_> =
        conflicts.iter().map(|found| format!("{}: {}", found.manager, found.path)).collect();
    let image = "\"one\": .spec.template.spec.containers[name=\"c\"].image";
    assert_eq!(texts, ["\"one\": .spec.replicas", image]);

    let (forced, managers) = write(&schema, "two").apply(&managers, &live, &second, true).unwrap();
    let forced = forced.unwrap();
    assert_eq!(forced["spec"]["replicas"], 5);
    assert_eq!(fields(&managers, "one")["f:spec"].get("f:replicas"), None);

    // What nobody applies any more goes, what another applies stays.
    let less = deployment("{template: {spec: {containers: [{name: s, image: z}]}}}");
    let (after, managers) = write(&schema, "two").apply(&managers, &forced, &less, false).unwrap();
    let after = after.unwrap();
    assert_eq!(after["spec"].get("replicas"), None);
    let names: Vec<_> = after["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|container| (container["name"].clone(), container.get("image").is_some()))
        .collect();
    assert_eq!(names, [(json!("c"), false), (json!("s"), true)]);
    let read = Managers::read(managers.write().as_ref()).unwrap();
    assert_eq!(read, managers);
}

#[test]
fn what_does_not_fit_is_told() {
    let schema = codec::schema::<Deployment>();
    let cases = [
        ("{replicas: two}", ".spec.replicas: expected numeric (int or float), got string"),
        ("{replicaz: 1}", ".spec.replicaz: field not declared in schema"),
        ("{selector: []}", ".spec.selector: expected map, got []"),
        (
            "{template: {metadata: {labels: {a: 5}}}}",
            ".spec.template.metadata.labels.a: expected string, got \
             &value.valueUnstructured{Value:5}",
        ),
        (
            "{template: {spec: {containers: [{name: q}, {name: q}]}}}",
            ".spec.template.spec.containers: duplicate entries for key [name=\"q\"]",
        ),
    ];
    for (spec, expected) in cases {
        let applied = deployment(spec);
        let found = write(&schema, "one").apply(&Managers::default(), &json!({}), &applied, false);
        assert_eq!(found.err(), Some(Refusal::Misfit(expected.to_owned())), "{spec}");
    }
}

#[test]
fn items_keep_the_order_in_which_they_are_applied() {
    let schema = codec::schema::<Service>();
    let ports = |list: &str| -> Value {
        serde_yaml::from_str(&format!("{{spec: {{ports: [{list}]}}}}")).unwrap()
    };
    let (one, two, three) = ("{port: 1}", "{port: 2}", "{port: 3, protocol: TCP}");
    let cases = [
        (vec![one, two], vec![two, one], vec![2, 1]),
        (vec![one, two, three], vec![three], vec![1, 2, 3]),
        (vec![one, two], vec![three, one], vec![3, 1, 2]),
        (vec![one], vec![two, three], vec![1, 2, 3]),
    ];
    for (live, applied, expected) in cases {
        let (live, applied) = (ports(&live.join(", ")), ports(&applied.join(", ")));
        let (after, _) =
            write(&schema, "one").apply(&Managers::default(), &live, &applied, false).unwrap();
        let after = after.unwrap_or(live);
        let found: Vec<_> =
            after["spec"]["ports"].as_array().unwrap().iter().map(|p| p["port"].clone()).collect();
        assert_eq!(found, expected, "{applied}");
    }
}

#[test]
fn many_that_update_become_few() {
    let schema = Schema::deduced();
    let mut managers = Managers::default();
    let mut before = json!({});
    for index in 0..14 {
        let mut after = before.clone();
        after[format!("f{index}")] = json!(1);
        let name = format!("m{index:02}");
        managers = write(&schema, &name).update(&managers, &before, &after);
        before = after;
    }
    let names: Vec<_> = managers.0.keys().map(|manager| manager.name.as_str()).collect();
    assert_eq!((names.len(), names[0]), (10, "ancient-changes"));
    let merged = fields(&managers, "ancient-changes");
    assert_eq!(merged, json!({"f:f0": {}, "f:f1": {}, "f:f2": {}, "f:f3": {}, "f:f4": {}}));
}
