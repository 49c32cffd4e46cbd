//! The kinds' rules and defaults, as tables.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{KINDS, Kind, by_kind};
use crate::object::managed::{Schema, Type};
use crate::object::{Object, Str};
use crate::sim::Time;

/// An object as the API server prepares it before storing.
pub fn admitted(yaml: &str) -> (&'static dyn Kind, Object) {
    let value: Value = serde_yaml::from_str(yaml).unwrap();
    let version = value["apiVersion"].as_str().unwrap();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = by_kind(group, value["kind"].as_str().unwrap()).unwrap();
    let mut object = kind.decode(version, &value).unwrap();
    kind.default(&mut object);
    kind.prepare_create(&mut object);
    (kind, object)
}

/// The blocks of a table: blank lines part them, `#` starts a remark.
fn blocks(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let blocks = table.split("\n\n").map(|block| {
        block.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect::<Vec<_>>()
    });
    blocks.filter(|block| !block.is_empty())
}

#[test]
fn faults_read_as_upstream_words_them() {
    let mut wrong = Vec::new();
    for block in blocks(include_str!("validation_cases.txt")) {
        let (kind, object) = admitted(block[0].strip_prefix("< ").unwrap());
        let found: Vec<String> =
            kind.validate(&object).iter().map(|error| format!("| {error}")).collect();
        if found != block[1..] {
            wrong.push(format!("{}\n{}\n", block[0], found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn rows_say_what_upstream_prints() {
    let mut wrong = Vec::new();
    for block in blocks(include_str!("row_cases.txt")) {
        let value: Value = serde_yaml::from_str(block[0].strip_prefix("< ").unwrap()).unwrap();
        let group = value["apiVersion"].as_str().unwrap();
        let group = group.split_once('/').map_or("", |(group, _)| group);
        let kind = by_kind(group, value["kind"].as_str().unwrap()).unwrap();
        let object = kind.decode("", &value).unwrap();
        let row = kind.row(&object, Time::from_seconds(100));
        assert_eq!(row.len(), kind.columns().len(), "{}", block[0]);
        let found = format!("| {}", row.join("  "));
        if found != block[1] {
            wrong.push(format!("{}\n{found}\n", block[0]));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn defaults_are_upstreams() {
    let mut wrong = Vec::new();
    for block in blocks(include_str!("default_cases.txt")) {
        let (_, object) = admitted(block[0].strip_prefix("< ").unwrap());
        let mut value = object.to_value();
        let fields = value.as_object_mut().unwrap();
        fields.remove("apiVersion");
        fields.remove("kind");
        fields["metadata"].as_object_mut().unwrap().remove("name");
        let found = serde_yaml::to_string(&value).unwrap();
        if found.trim_end() != block[1..].join("\n") {
            wrong.push(format!("{}\n{found}", block[0]));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn version_one_of_an_autoscaler_keeps_in_annotations_what_it_cannot_say() {
    let given = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, \
                 spec: {maxReplicas: 3, minReplicas: 1, scaleTargetRef: {kind: D, name: d}, \
                 behavior: {scaleUp: {policies: [{type: Pods, value: 3, periodSeconds: 15}]}}, \
                 metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, \
                 averageUtilization: 60}}}, {type: Pods, pods: {metric: {name: m}, target: \
                 {type: AverageValue, averageValue: '5'}}}]}}";
    let (kind, object) = admitted(given);
    let old = kind.encode("v1", &object);
    let note = |name: &str| {
        let name = format!("autoscaling.alpha.kubernetes.io/{name}");
        old["metadata"]["annotations"][name].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(old["apiVersion"], "autoscaling/v1");
    assert_eq!(old["spec"]["targetCPUUtilizationPercentage"], 60);
    let metrics = r#"[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"5"}}]"#;
    assert_eq!(note("metrics"), metrics);
    let mut back = kind.decode("v1", &old).unwrap();
    kind.default(&mut back);
    assert_eq!(kind.encode("", &back)["spec"], kind.encode("", &object)["spec"]);
}

#[test]
fn faults_of_replacements_read_as_upstream_words_them() {
    let mut wrong = Vec::new();
    for block in blocks(include_str!("update_cases.txt")) {
        let (kind, old) = admitted(block[0].strip_prefix("< ").unwrap());
        let (_, mut new) = admitted(block[1].strip_prefix("> ").unwrap());
        kind.prepare_update(&mut new, &old);
        let faults = kind.validate_replacement(&new, &old);
        let lines = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let found: Vec<String> = lines.lines().map(|line| format!("| {line}")).collect();
        if found != block[2..] {
            wrong.push(format!("{}\n{}\n", block[0], found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn the_generation_follows_the_spec_and_a_status_changes_nothing_else() {
    let yaml = |replicas: u32, status: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: r}}, spec: {{replicas: \
             {replicas}, selector: {{matchLabels: {{a: b}}}}}}, status: {{{status}}}}}"
        )
    };
    let (kind, old) = admitted(&yaml(1, ""));
    let replaced = |replicas: u32| {
        let (_, mut new) = admitted(&yaml(replicas, "replicas: 7"));
        kind.prepare_update(&mut new, &old);
        (new.meta().generation, kind.scale(&new).unwrap().1)
    };
    assert_eq!((replaced(1), replaced(2)), ((Some(1), 0), (Some(2), 0)));
    let value: Value = serde_yaml::from_str(&yaml(5, "replicas: 7")).unwrap();
    let mut status = kind.decode("v1", &value).unwrap();
    kind.prepare_status(&mut status, &old);
    assert_eq!(kind.scale(&status).unwrap(), (1, 7, "a=b".to_owned()));
    assert_eq!(status.meta().generation, Some(1));
}

/// Puts a value where it is asked what becomes of it.
type Place<'p> = dyn Fn(Value) -> Value + 'p;

/// Calls `visit` for each value of a type, itself first, with what puts a value in its place.
fn each_place(
    (schema, of): (&Schema, &Type),
    seen: &mut BTreeSet<Str>,
    place: &Place<'_>,
    visit: &mut dyn FnMut(&Place<'_>),
) {
    visit(place);
    match of {
        Type::List { of, .. } => each_place((schema, of), seen, &|v| place(json!([v])), visit),
        Type::Map { of, .. } => each_place((schema, of), seen, &|v| place(json!({"k": v})), visit),
        Type::Named(name) if seen.insert(name.clone()) => {
            for (field, known) in &schema.types[name].fields {
                let within = |v: Value| place(json!({&**field: v}));
                each_place((schema, &known.of), seen, &within, visit);
            }
        }
        _ => {}
    }
}

/// No type's code has an end for what it would refuse: the reader must have found it before.
#[test]
fn whatever_stands_in_a_field_is_read_or_refused() {
    let odd = json!([
        null, true, 5, -1, 1.5, 99_999_999_999_u64, "", "x", "!!", "AB==", "1970-01-01T00:00:00Z",
        [], [null], [true], [[1]], ["x"], [{}], {}, {"a": null}, {"a": true}, {"a": [1]}, {"a": {}}
    ]);
    let (mut places, mut refused) = (0, 0);
    for kind in KINDS {
        let schema = kind.schema();
        each_place((&schema, &schema.root), &mut BTreeSet::new(), &|v| v, &mut |place| {
            places += 1;
            for value in odd.as_array().unwrap() {
                let outcome = kind.decode(kind.names().versions[0], &place(value.clone()));
                refused += u32::from(outcome.is_err_and(|why| !why.is_empty()));
            }
        });
    }
    assert!(places > 2_000 && refused > 20_000, "{places} places, {refused} refused");
}
