//! The output `plaintext-openapiv2`. Mirrors `k8s.io/kubectl/pkg/explain`, which older clients have
//! only. The schemas are those of v3, read as v2 has them.

use serde_json::Value;

use super::schema::Asked;
use super::wrap::lines;
use crate::api::openapi::Schemas;

const WIDTH: usize = 80;

/// A schema as the older output sees it.
enum Shape<'s> {
    /// A reference, with the description beside it.
    Reference(&'s str, &'s Value),
    Array(&'s Value),
    Map(&'s Value),
    Kind,
    Primitive(&'s str),
    Arbitrary,
}

fn shape<'s>(schemas: &'s Schemas, schema: &'s Value) -> Shape<'s> {
    let only = schema["allOf"].as_array().and_then(|all| all.first()).unwrap_or(schema);
    if let (Some(name), Some(to)) = (only["$ref"].as_str(), schemas.referred(only)) {
        return Shape::Reference(name, to);
    }
    if schema["oneOf"].is_array() {
        return Shape::Primitive("string");
    }
    match schema["type"].as_str() {
        None if schema["properties"].is_object() => Shape::Kind,
        None => Shape::Arbitrary,
        Some("object") if schema["properties"].is_object() => Shape::Kind,
        Some("object") => Shape::Map(&schema["additionalProperties"]),
        Some("array") => Shape::Array(&schema["items"]),
        Some(primitive) => Shape::Primitive(primitive),
    }
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// What is asked for, printed.
///
/// # Errors
/// There is no such resource or field.
pub(super) fn print(asked: &Asked, schemas: &Schemas, recursive: bool) -> Result<String, String> {
    let slash = if asked.group.is_empty() { "" } else { "/" };
    let version = format!("{}{slash}{}", asked.group, asked.version);
    let schema = schemas.of_kind(&asked.group, &asked.version, asked.kind).ok_or_else(|| {
        format!("couldn't find resource for {:?}", format!("{version}, Kind={}", asked.kind))
    })?;
    let found = look_up(schemas, schema, &asked.fields)?;
    let name = asked.fields.last().map(String::as_str).unwrap_or_default();
    let mut text = format!("KIND:     {}\nVERSION:  {version}\n\n", asked.kind);
    let (mut words, mut schema) = (vec![description(found)], found);
    let kind = type_of(schemas, found);
    let printed = loop {
        schema = match shape(schemas, schema) {
            Shape::Reference(_, inner) | Shape::Array(inner) | Shape::Map(inner) => inner,
            other => break other,
        };
        words.push(description(schema));
    };
    let is_kind = matches!(printed, Shape::Kind);
    match printed {
        Shape::Kind if name.is_empty() => {}
        Shape::Kind => text.push_str(&format!("RESOURCE: {name} <{kind}>\n\n")),
        Shape::Primitive(_) => text.push_str(&format!("FIELD:    {name} <{kind}>\n\n")),
        _ => {}
    }
    text.push_str("DESCRIPTION:\n");
    let mut is_empty = true;
    for (index, words) in words.iter().enumerate().filter(|(_, words)| !words.is_empty()) {
        is_empty = false;
        if index != 0 {
            text.push('\n');
        }
        put_lines(words, 5, &mut text);
    }
    if is_empty {
        text.push_str("     <empty>\n");
    }
    if is_kind {
        text.push_str("\nFIELDS:\n");
        if recursive {
            put_all(schemas, schema, 3, &mut Vec::new(), &mut text);
        } else {
            put_fields(schemas, schema, &mut text);
        }
    }
    Ok(text)
}

fn put_lines(words: &str, amount: usize, text: &mut String) {
    for line in lines(words, WIDTH - amount) {
        let pad = if line.is_empty() { 0 } else { amount };
        text.push_str(&format!("{}{line}\n", " ".repeat(pad)));
    }
}

/// Follows the fields. A way that goes on beyond a value without fields ends there.
fn look_up<'s>(
    schemas: &'s Schemas,
    schema: &'s Value,
    fields: &[String],
) -> Result<&'s Value, String> {
    let Some((field, rest)) = fields.split_first() else { return Ok(schema) };
    match shape(schemas, schema) {
        Shape::Reference(_, inner) | Shape::Array(inner) | Shape::Map(inner) => {
            look_up(schemas, inner, fields)
        }
        Shape::Kind => {
            let inner = schema["properties"].get(field);
            look_up(schemas, inner.ok_or_else(|| format!("field {field:?} does not exist"))?, rest)
        }
        Shape::Primitive(_) | Shape::Arbitrary => Ok(schema),
    }
}

fn type_of(schemas: &Schemas, schema: &Value) -> String {
    match shape(schemas, schema) {
        Shape::Reference(_, inner) => type_of(schemas, inner),
        Shape::Array(inner) => format!("[]{}", type_of(schemas, inner)),
        Shape::Map(inner) => format!("map[string]{}", type_of(schemas, inner)),
        Shape::Kind => "Object".to_owned(),
        Shape::Primitive(primitive) => primitive.to_owned(),
        Shape::Arbitrary => String::new(),
    }
}

fn put_fields(schemas: &Schemas, schema: &Value, text: &mut String) {
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.is_some_and(|all| all.iter().any(|one| one == name));
        let mark = if is_required { " -required-" } else { "" };
        text.push_str(&format!("   {name}\t<{}>{mark}\n", type_of(schemas, field)));
        put_lines(description(field), 5, text);
        text.push('\n');
    }
}

fn put_all<'s>(
    schemas: &'s Schemas,
    schema: &'s Value,
    amount: usize,
    seen: &mut Vec<&'s str>,
    text: &mut String,
) {
    match shape(schemas, schema) {
        Shape::Reference(name, inner) => {
            if !seen.contains(&name) {
                seen.push(name);
                put_all(schemas, inner, amount, seen, text);
                seen.pop();
            }
        }
        Shape::Array(inner) | Shape::Map(inner) => put_all(schemas, inner, amount, seen, text),
        Shape::Kind => {
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let kind = type_of(schemas, field);
                text.push_str(&format!("{}{name}\t<{kind}>\n", " ".repeat(amount)));
                put_all(schemas, field, amount + 3, seen, text);
            }
        }
        Shape::Primitive(_) | Shape::Arbitrary => {}
    }
}
