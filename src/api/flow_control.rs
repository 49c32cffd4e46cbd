//! Priority levels and flow schemas that every cluster has. Nothing is queued here: they are for
//! those who look. Mirrors `pkg/apis/flowcontrol/bootstrap`.

use serde_json::{Value, json};

use crate::base::yaml;
use crate::kinds;
use crate::object::{Object, codec, meta};
use crate::sim::Time;

const TABLE: &str = include_str!("bootstrap.yaml");
const VERSION: &str = "flowcontrol.apiserver.k8s.io/v1";

/// The objects to be created before the first request is answered.
pub(super) fn objects(now: Time) -> Vec<Object> {
    let table = yaml::parse_one(TABLE).unwrap_or_default();
    let all = |field: &str| table[field].as_array().cloned().unwrap_or_default();
    let levels = all("levels").into_iter().map(|row| level(&row));
    let schemas = all("schemas").into_iter().map(|row| schema(&row, now));
    levels.chain(schemas).filter_map(|value| object(&value)).collect()
}

fn object(value: &Value) -> Option<Object> {
    let kind = kinds::by_kind("flowcontrol.apiserver.k8s.io", value["kind"].as_str()?)?;
    kind.decode("v1", value).ok()
}

fn metadata(row: &Value) -> Value {
    json!({"name": row["name"], "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}})
}

fn level(row: &Value) -> Value {
    let queuing = json!({"queues": row["queues"], "handSize": row["hand"], "queueLengthLimit": 50});
    let limited = json!({
        "nominalConcurrencyShares": row["shares"],
        "lendablePercent": row["lends"],
        "limitResponse": {"type": "Queue", "queuing": queuing},
    });
    let queued = json!({"type": "Limited", "limited": limited});
    let spec = if row["spec"].is_null() { queued } else { row["spec"].clone() };
    json!({
        "kind": "PriorityLevelConfiguration",
        "apiVersion": VERSION,
        "metadata": metadata(row),
        "spec": spec,
    })
}

fn schema(row: &Value, now: Time) -> Value {
    let everything = json!({
        "resourceRules": [{
            "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true,
            "namespaces": ["*"],
        }],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    });
    let mut rule = if row["rules"].is_null() { everything } else { row["rules"].clone() };
    let named = |field: &str, kind: &str, part: &str| {
        let names = row[field].as_array().cloned().unwrap_or_default().into_iter();
        let subject = |name: Value| json!({"kind": kind, part: {"name": name}});
        names.map(subject).collect::<Vec<_>>()
    };
    let mut subjects = named("users", "User", "user");
    subjects.extend(named("groups", "Group", "group"));
    if row["accounts"] == true {
        let account = json!({"namespace": "kube-system", "name": "*"});
        subjects.push(json!({"kind": "ServiceAccount", "serviceAccount": account}));
    }
    rule["subjects"] = Value::Array(subjects);
    let mut spec = json!({
        "priorityLevelConfiguration": {"name": row["level"]},
        "matchingPrecedence": row["precedence"],
        "rules": [rule],
    });
    if !row["by"].is_null() {
        spec["distinguisherMethod"] = json!({"type": row["by"]});
    }
    let level = &row["level"];
    let condition = json!({
        "type": "Dangling",
        "status": "False",
        "reason": "Found",
        "message": format!(
            "This FlowSchema references the PriorityLevelConfiguration object named {level} and it \
             exists"
        ),
        "lastTransitionTime": codec::encode(&meta::timestamp(now)),
    });
    json!({
        "kind": "FlowSchema",
        "apiVersion": VERSION,
        "metadata": metadata(row),
        "spec": spec,
        "status": {"conditions": [condition]},
    })
}
