//! References from object to object, after the names have changed. Mirrors
//! `nameReferenceTransformer`.

use serde_json::Value;

use super::Resource;

/// Where names stand: the kind that is named; the field that holds the name; and the field that
/// this is in, where that matters.
const PLACES: &[(&str, &str, &str)] = &[
    ("ConfigMap", "name", "configMap"),
    ("ConfigMap", "name", "configMapKeyRef"),
    ("ConfigMap", "name", "configMapRef"),
    ("Secret", "secretName", ""),
    ("Secret", "name", "secret"),
    ("Secret", "name", "secretKeyRef"),
    ("Secret", "name", "secretRef"),
    ("Secret", "name", "imagePullSecrets"),
    ("Secret", "name", "secrets"),
    ("Service", "serviceName", ""),
    ("Service", "name", "service"),
    ("ServiceAccount", "serviceAccountName", ""),
    ("ServiceAccount", "serviceAccount", ""),
    ("PersistentVolumeClaim", "claimName", ""),
    ("PersistentVolume", "volumeName", ""),
    ("StorageClass", "storageClassName", ""),
    ("PriorityClass", "priorityClassName", ""),
    ("IngressClass", "ingressClassName", ""),
];
/// Fields that say the kind beside the name.
const WITH_KIND: [&str; 3] = ["roleRef", "scaleTargetRef", "subjects"];

/// A name that changed: kind, name before, name now, namespace now.
struct Changed {
    kind: String,
    before: String,
    name: String,
    namespace: String,
}

/// Lets every reference follow its object.
pub(super) fn follow(all: &mut [Resource]) {
    let mut changes = Vec::new();
    for resource in all.iter() {
        let text = |pointer: &str| resource.text(pointer).to_owned();
        let before = resource.names.iter().map(String::as_str).chain([resource.name()]);
        changes.extend(before.map(|before| Changed {
            kind: resource.kind().to_owned(),
            before: before.to_owned(),
            name: resource.name().to_owned(),
            namespace: text("/metadata/namespace"),
        }));
    }
    for resource in all.iter_mut() {
        for (field, value) in resource.value.as_object_mut().into_iter().flatten() {
            if field != "metadata" && field != "data" {
                walk(value, field, &changes);
            }
        }
    }
}

fn walk(value: &mut Value, inside: &str, changes: &[Changed]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, inside, changes)),
        Value::Object(fields) => {
            if WITH_KIND.contains(&inside) {
                let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or("");
                let found = changes
                    .iter()
                    .find(|change| change.kind == text("kind") && change.before == text("name"));
                if let Some(change) = found {
                    fields.insert("name".to_owned(), Value::String(change.name.clone()));
                    if fields.contains_key("namespace") && !change.namespace.is_empty() {
                        let namespace = Value::String(change.namespace.clone());
                        fields.insert("namespace".to_owned(), namespace);
                    }
                }
                return;
            }
            for (field, value) in fields {
                let is_place = |(_, name, around): &&(&str, &str, &str)| {
                    name == field && (around.is_empty() || *around == inside)
                };
                let kind = PLACES.iter().find(is_place).map(|(kind, ..)| *kind);
                if let (Some(kind), Value::String(name)) = (kind, &mut *value) {
                    let found = changes.iter().find(|c| c.kind == kind && c.before == *name);
                    if let Some(change) = found {
                        name.clone_from(&change.name);
                    }
                } else {
                    walk(value, field, changes);
                }
            }
        }
        _ => {}
    }
}
