//! autoscaling/v1 to and from autoscaling/v2: what v1 cannot say is kept in annotations.
//! Mirrors `pkg/apis/autoscaling/v1/conversion.go`.

use serde_json::{Map, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// The fields of a condition, in the order in which Go writes them.
const CONDITION: &[&str] = &["type", "status", "lastTransitionTime", "reason", "message"];
const RULES: &[&str] = &["stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"];
const POLICY: &[&str] = &["type", "value", "periodSeconds"];
/// How v1 says in one name what v2 says in two: (source, path in v2, name in v1). `T` in the
/// name stands for `target` in specs and for `current` in statuses.
const NAMES: &[(&str, &[&str], &str)] = &[
    ("object", &["describedObject"], "target"),
    ("object", &["metric", "name"], "metricName"),
    ("object", &["T", "value"], "TValue"),
    ("object", &["metric", "selector"], "selector"),
    ("object", &["T", "averageValue"], "averageValue"),
    ("pods", &["metric", "name"], "metricName"),
    ("pods", &["T", "averageValue"], "TAverageValue"),
    ("pods", &["metric", "selector"], "selector"),
    ("resource", &["name"], "name"),
    ("resource", &["T", "averageUtilization"], "TAverageUtilization"),
    ("resource", &["T", "averageValue"], "TAverageValue"),
    ("containerResource", &["name"], "name"),
    ("containerResource", &["T", "averageUtilization"], "TAverageUtilization"),
    ("containerResource", &["T", "averageValue"], "TAverageValue"),
    ("containerResource", &["container"], "container"),
    ("external", &["metric", "name"], "metricName"),
    ("external", &["metric", "selector"], "metricSelector"),
    ("external", &["T", "value"], "TValue"),
    ("external", &["T", "averageValue"], "TAverageValue"),
];

/// v2 as v1.
pub fn to_v1(mut value: Value) -> Value {
    let mut annotations = Vec::new();
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        let metrics = list(spec.remove("metrics"));
        let (cpu, others): (Vec<_>, Vec<_>) = metrics.into_iter().partition(is_cpu_percentage);
        if let Some(cpu) = cpu.first() {
            let percent = cpu["resource"]["target"]["averageUtilization"].clone();
            spec.insert("targetCPUUtilizationPercentage".to_owned(), percent);
        }
        annotations.push((METRICS, metrics_text(&others, "target")));
        annotations.push((BEHAVIOR, spec.remove("behavior").map(|rules| behavior_text(&rules))));
    }
    if let Some(status) = value.get_mut("status").and_then(Value::as_object_mut) {
        let metrics = list(status.remove("currentMetrics"));
        let cpu = metrics.iter().find(|metric| metric["resource"]["name"] == "cpu");
        let percent = cpu.map(|cpu| cpu["resource"]["current"]["averageUtilization"].clone());
        if let Some(percent) = percent.filter(|percent| !percent.is_null()) {
            status.insert("currentCPUUtilizationPercentage".to_owned(), percent);
        }
        annotations.push((CURRENT_METRICS, metrics_text(&metrics, "current")));
        let conditions = list(status.remove("conditions"));
        let texts = conditions.iter().map(|condition| ordered(condition, CONDITION));
        annotations.push((CONDITIONS, joined(texts)));
        for field in ["currentReplicas", "desiredReplicas"] {
            status.entry(field).or_insert(json!(0));
        }
    }
    for (name, text) in annotations {
        if let Some(text) = text {
            value["metadata"]["annotations"][name] = Value::String(text);
        }
    }
    value["apiVersion"] = json!("autoscaling/v1");
    value
}

/// v1 as v2.
pub fn to_v2(value: &Value) -> Value {
    let mut value = value.clone();
    let mut kept = Map::new();
    let annotations = value.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(annotations) = annotations {
        for name in [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR] {
            let text = annotations.remove(name);
            let parsed = text.as_ref().and_then(Value::as_str).map(crate::object::codec::parse);
            if let Some(Ok(parsed)) = parsed {
                kept.insert(name.to_owned(), parsed);
            }
        }
    }
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        let mut metrics = Vec::new();
        if let Some(percent) = spec.remove("targetCPUUtilizationPercentage") {
            let target = json!({"type": "Utilization", "averageUtilization": percent});
            let resource = json!({"name": "cpu", "target": target});
            metrics.push(json!({"type": "Resource", "resource": resource}));
        }
        let others = list(kept.remove(METRICS));
        metrics.extend(others.iter().map(|metric| metric_from_v1(metric, "target")));
        if !metrics.is_empty() {
            spec.insert("metrics".to_owned(), Value::Array(metrics));
        }
        if let Some(behavior) = kept.remove(BEHAVIOR) {
            spec.insert("behavior".to_owned(), behavior);
        }
    }
    if let Some(status) = value.get_mut("status").and_then(Value::as_object_mut) {
        let percent = status.remove("currentCPUUtilizationPercentage");
        let mut metrics: Vec<_> = list(kept.remove(CURRENT_METRICS))
            .iter()
            .map(|metric| metric_from_v1(metric, "current"))
            .collect();
        if let (Some(percent), true) = (percent, metrics.is_empty()) {
            let current = json!({"averageUtilization": percent});
            let resource = json!({"name": "cpu", "current": current});
            metrics.push(json!({"type": "Resource", "resource": resource}));
        }
        if !metrics.is_empty() {
            status.insert("currentMetrics".to_owned(), Value::Array(metrics));
        }
        if let Some(conditions) = kept.remove(CONDITIONS) {
            status.insert("conditions".to_owned(), conditions);
        }
    }
    value["apiVersion"] = json!("autoscaling/v2");
    value
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn is_cpu_percentage(metric: &Value) -> bool {
    let resource = &metric["resource"];
    resource["name"] == "cpu" && !resource["target"]["averageUtilization"].is_null()
}

/// The JSON of an array, if it has items.
fn joined(items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(",")))
}

/// The JSON of an object, its fields in the given order.
fn ordered(value: &Value, fields: &[&str]) -> String {
    let given = fields.iter().filter(|field| !value[**field].is_null());
    let texts: Vec<_> = given.map(|field| format!("\"{field}\":{}", value[*field])).collect();
    format!("{{{}}}", texts.join(","))
}

fn behavior_text(behavior: &Value) -> String {
    let directions = ["scaleUp", "scaleDown"].into_iter().filter_map(|direction| {
        let rules = behavior.get(direction)?;
        let fields = RULES.iter().filter(|field| !rules[**field].is_null()).map(|field| {
            let text = match rules[*field].as_array() {
                Some(policies) => {
                    let policies = policies.iter().map(|policy| ordered(policy, POLICY));
                    joined(policies).unwrap_or_default()
                }
                None => rules[*field].to_string(),
            };
            format!("\"{field}\":{text}")
        });
        Some(format!("\"{direction}\":{{{}}}", fields.collect::<Vec<_>>().join(",")))
    });
    format!("{{{}}}", directions.collect::<Vec<_>>().join(","))
}

/// The sources of metrics, as v2 names them.
fn source_of(metric: &Value) -> Option<&'static str> {
    let sources = ["object", "pods", "resource", "containerResource", "external"];
    sources.into_iter().find(|source| metric[*source].is_object())
}

/// The fields of a source: (path in v2, name in v1).
fn fields(source: &str, side: &'static str) -> Vec<(Vec<&'static str>, String)> {
    let rows = NAMES.iter().filter(|(of, ..)| *of == source);
    rows.map(|(_, path, name)| {
        let path = path.iter().map(|part| if *part == "T" { side } else { part }).collect();
        let name = match name.strip_prefix('T') {
            Some(rest) => format!("{side}{rest}"),
            None => (*name).to_owned(),
        };
        (path, name)
    })
    .collect()
}

fn metrics_text(metrics: &[Value], side: &'static str) -> Option<String> {
    joined(metrics.iter().map(|metric| {
        let kind = &metric["type"];
        let Some(source) = source_of(metric) else { return format!("{{\"type\":{kind}}}") };
        let texts = fields(source, side).into_iter().filter_map(|(path, name)| {
            let value = metric.pointer(&format!("/{source}/{}", path.join("/")))?;
            Some(format!("\"{name}\":{value}"))
        });
        let texts: Vec<_> = texts.collect();
        format!("{{\"type\":{kind},\"{source}\":{{{}}}}}", texts.join(","))
    }))
}

fn metric_from_v1(metric: &Value, side: &'static str) -> Value {
    let mut new = json!({"type": metric["type"]});
    let Some(source) = source_of(metric) else { return new };
    for (path, name) in fields(source, side) {
        let value = &metric[source][&name];
        if value.is_null() {
            continue;
        }
        let place = path.iter().fold(&mut new[source], |place, part| &mut place[*part]);
        place.clone_from(value);
    }
    if side == "target" {
        let target = &mut new[source]["target"];
        let kinds = [("averageUtilization", "Utilization"), ("averageValue", "AverageValue")];
        let kind = kinds.iter().find(|(field, _)| !target[*field].is_null());
        target["type"] = json!(kind.map_or("Value", |(_, kind)| kind));
    }
    new
}
