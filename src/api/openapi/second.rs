//! OpenAPI v2, made of the documents of v3. Mirrors `kube-openapi/pkg/openapiconv` and, for custom
//! kinds, `apiextensions-apiserver/pkg/controller/openapi/v2`.

use serde_json::{Map, Value, json};

use super::documents::{Document, VERSION, documents};
use super::schemas::{GVK, SCHEMAS};
use crate::api::Api;

/// `/openapi/v2`: everything in one document.
pub fn document(api: &mut dyn Api) -> Document {
    let (mut paths, mut definitions) = (Map::new(), Map::new());
    for document in documents(api).into_values() {
        let value = &document.value;
        for (path, item) in value["paths"].as_object().into_iter().flatten() {
            paths.insert(path.clone(), path_item(item));
        }
        let is_custom = value["info"]["title"] != "Kubernetes";
        for (name, schema) in value["components"]["schemas"].as_object().into_iter().flatten() {
            if !definitions.contains_key(name) {
                let is_own = is_custom && !name.starts_with("io.k8s.a");
                definitions.insert(name.clone(), definition(schema, is_own));
            }
        }
    }
    Document::new(json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "definitions": definitions,
        "securityDefinitions": {
            "BearerToken": {
                "description": "Bearer Token authentication",
                "type": "apiKey",
                "name": "authorization",
                "in": "header",
            },
        },
        "security": [{"BearerToken": []}],
    }))
}

/// A schema by name. A custom kind that keeps unknown fields says nothing of its fields, since
/// clients would refuse all others.
fn definition(schema: &Value, is_custom: bool) -> Value {
    if is_custom && schema["x-kubernetes-preserve-unknown-fields"] == true {
        return json!({"type": "object", GVK: schema[GVK]});
    }
    let mut schema = converted(schema);
    if is_custom {
        narrow(&mut schema);
    }
    schema
}

/// Leaves out what v2 does not know. Mirrors `ToStructuralOpenAPIV2`.
fn narrow(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    for name in ["allOf", "oneOf", "anyOf", "not"] {
        map.remove(name);
    }
    let is = |map: &Map<String, Value>, name: &str| map.get(name) == Some(&Value::Bool(true));
    let keeps = is(map, "x-kubernetes-preserve-unknown-fields");
    let is_nullable = is(map, "nullable");
    if keeps || is_nullable {
        for name in ["items", "properties", "nullable"] {
            map.remove(name);
        }
        let is_left = |kind: &Value| !is_nullable && kind != "object" && kind != "array";
        if let Some(kind) = map.remove("type").filter(is_left) {
            map.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        let nullable: Vec<String> = properties
            .iter()
            .filter(|(_, inner)| inner["nullable"] == true)
            .map(|(name, _)| name.clone())
            .collect();
        properties.values_mut().for_each(narrow);
        if let Some(Value::Array(required)) = map.get_mut("required") {
            required.retain(|name| !nullable.iter().any(|known| name == known));
        }
    }
    for part in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(part) {
            narrow(inner);
        }
    }
}

/// A schema as v2 writes it: a reference may have a description beside it, and there are no
/// defaults and no alternatives.
fn converted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(converted).collect(),
        Value::String(text) => json!(text.replace(SCHEMAS, "#/definitions/")),
        Value::Object(map) => {
            let mut made = Map::new();
            for (key, value) in map.iter().filter(|(key, _)| *key != "default") {
                match (key.as_str(), value.as_array().map(Vec::as_slice)) {
                    ("allOf", Some([only])) => {
                        made.extend(converted(only).as_object().cloned().unwrap_or_default());
                    }
                    ("oneOf", Some(_)) => {
                        made.insert("type".to_owned(), json!("string"));
                    }
                    // Properties are called as they like, `default` too.
                    ("properties", _) => {
                        let each = value.as_object().into_iter().flatten();
                        let each = each.map(|(name, inner)| (name.clone(), converted(inner)));
                        made.insert(key.clone(), each.collect());
                    }
                    ("description" | "enum", _) => {
                        made.insert(key.clone(), value.clone());
                    }
                    _ => {
                        made.insert(key.clone(), converted(value));
                    }
                }
            }
            Value::Object(made)
        }
        other => other.clone(),
    }
}

fn path_item(item: &Value) -> Value {
    let each = item.as_object().into_iter().flatten();
    let each = each.map(|(key, value)| match key.as_str() {
        "parameters" => (key.clone(), parameters(value)),
        _ => (key.clone(), operation(value)),
    });
    each.collect()
}

fn parameters(all: &Value) -> Value {
    let each = all.as_array().into_iter().flatten().map(|parameter| {
        let mut flat = parameter.clone();
        if let Some(map) = flat.as_object_mut()
            && let Some(Value::Object(schema)) = map.remove("schema")
        {
            map.extend(schema);
        }
        flat
    });
    each.collect()
}

fn operation(operation: &Value) -> Value {
    let mut made = operation.clone();
    let media = |content: &Value| -> Vec<String> {
        content.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let body = made.as_object_mut().and_then(|map| map.remove("requestBody"));
    let mut all = match parameters(&operation["parameters"]) {
        Value::Array(all) => all,
        _ => Vec::new(),
    };
    if let Some(body) = body {
        let content = &body["content"];
        let schema = content.as_object().and_then(|map| map.values().next());
        let mut parameter = json!({"name": "body", "in": "body",
            "schema": converted(schema.map_or(&Value::Null, |one| &one["schema"]))});
        if body["required"] == true {
            parameter["required"] = json!(true);
        }
        made["consumes"] = json!(media(content));
        all.insert(0, parameter);
    }
    if !all.is_empty() {
        made["parameters"] = Value::Array(all);
    }
    made["schemes"] = json!(["https"]);
    made["produces"] = json!(media(&operation["responses"]["200"]["content"]));
    for (_, answer) in made["responses"].as_object_mut().into_iter().flatten() {
        let content = answer.as_object_mut().and_then(|map| map.remove("content"));
        let schema = content.as_ref().and_then(|content| content.as_object()?.values().next());
        if let Some(schema) = schema {
            answer["schema"] = converted(&schema["schema"]);
        }
    }
    made
}
