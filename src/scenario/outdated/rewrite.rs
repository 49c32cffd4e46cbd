//! What else changed between an old version and the one that took its place, kind by kind.
//!
//! Each of these takes the object as it was written, with its new `apiVersion`, and the old one. A
//! field that has another default now is written down with the old default.

use serde_json::{Map, Value, json};

use crate::base::order::Gather;

/// Moves `fields` of `from`, each under its new name, into a new object; those that are missing
/// are left out.
fn take(from: &mut Map<String, Value>, fields: &[(&str, &str)]) -> Map<String, Value> {
    let moved =
        fields.iter().filter_map(|(old, new)| Some(((*new).to_owned(), from.remove(*old)?)));
    moved.gathered()
}

fn rename(object: &mut Map<String, Value>, old: &str, new: &str) {
    if let Some(value) = object.remove(old) {
        object.insert(new.to_owned(), value);
    }
}

/// Writes `value` where nothing is written.
fn default(object: &mut Map<String, Value>, field: &str, value: Value) {
    object.entry(field).or_insert(value);
}

fn object<'a>(value: &'a mut Value, field: &str) -> Option<&'a mut Map<String, Value>> {
    value.get_mut(field)?.as_object_mut()
}

fn items(value: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    value.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// `apps/v1` wants a selector. Mirrors the defaults of `extensions/v1beta1` and `apps/v1beta1`.
pub(super) fn workload(value: &mut Value, old: &str) {
    let labels = value["spec"]["template"]["metadata"]["labels"].clone();
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    let Some(spec) = object(value, "spec") else { return };
    spec.remove("rollbackTo");
    spec.remove("templateGeneration");
    if labels.is_object() {
        default(spec, "selector", json!({ "matchLabels": labels }));
    }
    let is_on_delete = matches!(
        (kind.as_str(), old),
        ("DaemonSet", "extensions/v1beta1") | ("StatefulSet", "apps/v1beta1")
    );
    if is_on_delete {
        default(spec, "updateStrategy", json!({ "type": "OnDelete" }));
    }
}

/// `autoscaling/v2` says what is measured and what is wanted apart. Mirrors
/// `pkg/apis/autoscaling/v2beta1/conversion.go`.
pub(super) fn metrics(value: &mut Value, _: &str) {
    let Some(spec) = object(value, "spec") else { return };
    for metric in items(spec.get_mut("metrics")) {
        for (kind, source) in metric.iter_mut() {
            if let Some(source) = source.as_object_mut() {
                self::source(kind, source);
            }
        }
    }
    if let Some(all) = value.as_object_mut() {
        all.remove("status");
    }
}

fn source(kind: &str, source: &mut Map<String, Value>) {
    if kind == "object" {
        rename(source, "target", "describedObject");
    }
    const TARGETS: [(&str, &str, &str); 4] = [
        ("targetAverageUtilization", "Utilization", "averageUtilization"),
        ("targetAverageValue", "AverageValue", "averageValue"),
        ("averageValue", "AverageValue", "averageValue"),
        ("targetValue", "Value", "value"),
    ];
    for (old, kind, new) in TARGETS {
        if let Some(wanted) = source.remove(old) {
            default(source, "target", json!({ "type": kind, new: wanted }));
        }
    }
    const METRIC: [(&str, &str); 3] =
        [("metricName", "name"), ("metricSelector", "selector"), ("selector", "selector")];
    let metric = take(source, &METRIC);
    if !metric.is_empty() {
        source.insert("metric".to_owned(), metric.into());
    }
}

/// Mirrors the defaults of `admissionregistration.k8s.io/v1beta1`.
pub(super) fn webhooks(value: &mut Value, _: &str) {
    for hook in items(value.get_mut("webhooks")) {
        if !matches!(hook.get("sideEffects").and_then(Value::as_str), Some("None" | "NoneOnDryRun"))
        {
            hook.insert("sideEffects".to_owned(), "None".into());
        }
        default(hook, "admissionReviewVersions", json!(["v1", "v1beta1"]));
        default(hook, "failurePolicy", "Ignore".into());
        default(hook, "matchPolicy", "Exact".into());
        default(hook, "timeoutSeconds", 30.into());
    }
}

/// What all versions shared belongs to each now, and every version has a schema. Mirrors
/// `apiextensions/v1beta1/conversion.go`.
pub(super) fn definition(value: &mut Value, _: &str) {
    let Some(spec) = object(value, "spec") else { return };
    let keeps_unknown = spec.remove("preserveUnknownFields") != Some(Value::Bool(false));
    let shared = [
        ("additionalPrinterColumns", "additionalPrinterColumns"),
        ("subresources", "subresources"),
        ("validation", "schema"),
    ];
    let shared = take(spec, &shared);
    if let Some(name) = spec.remove("version") {
        let only = json!([{ "name": name, "served": true, "storage": true }]);
        default(spec, "versions", only);
    }
    for version in items(spec.get_mut("versions")) {
        for (field, value) in &shared {
            default(version, field, value.clone());
        }
        for column in items(version.get_mut("additionalPrinterColumns")) {
            rename(column, "JSONPath", "jsonPath");
        }
        default(version, "schema", json!({ "openAPIV3Schema": {} }));
        let schema = version.get_mut("schema").and_then(|schema| schema.get_mut("openAPIV3Schema"));
        if let Some(schema) = schema.and_then(Value::as_object_mut) {
            default(schema, "type", "object".into());
            if keeps_unknown {
                default(schema, "x-kubernetes-preserve-unknown-fields", true.into());
            }
        }
    }
    let Some(conversion) = spec.get_mut("conversion").and_then(Value::as_object_mut) else {
        return;
    };
    let webhook = [
        ("webhookClientConfig", "clientConfig"),
        ("conversionReviewVersions", "conversionReviewVersions"),
    ];
    let mut webhook = take(conversion, &webhook);
    if !webhook.is_empty() {
        default(&mut webhook, "conversionReviewVersions", json!(["v1beta1"]));
        conversion.insert("webhook".to_owned(), webhook.into());
    }
}

/// `networking.k8s.io/v1` names Services in an object of their own. Mirrors
/// `pkg/apis/networking/v1beta1/conversion.go`.
pub(super) fn ingress(value: &mut Value, _: &str) {
    let Some(spec) = object(value, "spec") else { return };
    rename(spec, "backend", "defaultBackend");
    if let Some(backend) = spec.get_mut("defaultBackend") {
        self::backend(backend);
    }
    for rule in items(spec.get_mut("rules")) {
        let paths = rule.get_mut("http").and_then(|http| http.get_mut("paths"));
        for path in items(paths) {
            default(path, "pathType", "ImplementationSpecific".into());
            if let Some(backend) = path.get_mut("backend") {
                self::backend(backend);
            }
        }
    }
}

fn backend(backend: &mut Value) {
    let Some(backend) = backend.as_object_mut() else { return };
    let mut service = take(backend, &[("serviceName", "name")]);
    if let Some(port) = backend.remove("servicePort") {
        let field = if port.is_string() { "name" } else { "number" };
        service.insert("port".to_owned(), json!({ field: port }));
    }
    if !service.is_empty() {
        backend.insert("service".to_owned(), service.into());
    }
}
