//! The output `plaintext`. Mirrors `pkg/explain/v2/templates/plaintext.tmpl`.

use serde_json::Value;

use super::schema::Asked;
use super::wrap::{indent, wrap};
use crate::api::openapi::Schemas;

/// How many values of an enumeration a list of fields names.
const VALUES_MAX: usize = 4;

/// Prints what is asked for of a schema; what comes before a mistake stays printed.
///
/// # Errors
/// There is no such resource or field.
pub(super) fn print(
    asked: &Asked,
    schemas: &Schemas,
    recursive: bool,
    out: &mut String,
) -> Result<(), String> {
    let found = schemas.of_kind(&asked.group, &asked.version, asked.kind);
    let schema = found
        .ok_or_else(|| format!("GVR ({}) not found in OpenAPI schema", asked.resource_text()))?;
    if !asked.group.is_empty() {
        out.push_str(&format!("GROUP:      {}\n", asked.group));
    }
    out.push_str(&format!("KIND:       {}\nVERSION:    {}\n\n", asked.kind, asked.version));
    let printer = Printer { schemas, recursive };
    let found = printer.output(schema, &asked.fields, &mut Vec::new());
    if found.is_empty() {
        let last = asked.fields.last().map(String::as_str).unwrap_or_default();
        return Err(format!("field \"{last}\" does not exist"));
    }
    out.push_str(&found);
    out.push('\n');
    Ok(())
}

struct Printer<'d> {
    schemas: &'d Schemas,
    recursive: bool,
}

/// The schema of a map's values.
fn additional(schema: &Value) -> Option<&Value> {
    Some(&schema["additionalProperties"]).filter(|value| value.is_object())
}

fn items(schema: &Value) -> Option<&Value> {
    Some(&schema["items"]).filter(|value| value.is_object())
}

fn alternatives(schema: &Value) -> &[Value] {
    schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default()
}

impl<'d> Printer<'d> {
    fn resolved<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'd: 's,
    {
        self.schemas.referred(schema).unwrap_or(schema)
    }

    /// Follows the fields to the end and prints what is there; nothing where the way ends before.
    fn output<'s>(&self, schema: &'s Value, fields: &[String], seen: &mut Vec<&'s str>) -> String
    where
        'd: 's,
    {
        let refers = schema["$ref"].as_str().unwrap_or_default();
        let resolved = self.resolved(schema);
        let Some((field, rest)) = fields.split_first() else { return self.described(resolved) };
        if !refers.is_empty() && seen.contains(&refers) {
            return String::new();
        }
        let depth = seen.len();
        seen.push(refers);
        let found = if let Some(inner) = resolved["properties"].get(field) {
            let mut text = String::new();
            if rest.is_empty() {
                let guess = self.type_of(inner);
                text = format!("FIELD: {field} <{guess}>\n{}\n\n", values(inner, None));
            }
            text + &self.output(inner, rest, &mut Vec::new())
        } else if let Some(inner) = items(resolved).or_else(|| additional(resolved)) {
            self.output(inner, fields, seen)
        } else {
            let mut found = alternatives(resolved).iter().map(|one| self.output(one, fields, seen));
            found.find(|text| !text.is_empty()).unwrap_or_default()
        };
        seen.truncate(depth);
        found
    }

    fn described(&self, schema: &Value) -> String {
        let mut words = String::new();
        self.descriptions(schema, &mut words);
        let words = if words.is_empty() { "<empty>" } else { &words };
        let mut text = format!("DESCRIPTION:\n{}\n", indent(&wrap(words, 76), 4));
        let docs = &schema["externalDocs"];
        if docs.is_object() {
            text.push_str(&format!("\nEXTERNAL DOCS:\n{}", external(docs, 76, 4)));
        }
        let mut fields = String::new();
        self.fields(schema, 1, &mut Vec::new(), &mut fields);
        if !fields.is_empty() {
            text.push_str(&format!("FIELDS:\n{fields}"));
        }
        text
    }

    /// The descriptions of a schema and of what it holds.
    fn descriptions(&self, schema: &Value, words: &mut String) {
        let schema = self.resolved(schema);
        if let Some(text) = schema["description"].as_str().filter(|text| !text.is_empty()) {
            words.push_str(text);
            words.push('\n');
        }
        let inner = alternatives(schema).iter().chain(items(schema)).chain(additional(schema));
        inner.for_each(|one| self.descriptions(one, words));
    }

    fn fields<'s>(&self, schema: &'s Value, level: usize, seen: &mut Vec<&'s str>, out: &mut String)
    where
        'd: 's,
    {
        let refers = schema["$ref"].as_str().unwrap_or_default();
        if !refers.is_empty() && seen.contains(&refers) {
            return;
        }
        let depth = seen.len();
        seen.push(refers);
        let resolved = self.resolved(schema);
        for (name, field) in resolved["properties"].as_object().into_iter().flatten() {
            self.field(name, field, resolved, level, out);
            if self.recursive {
                self.fields(field, level + 1, seen, out);
            }
        }
        let inner =
            alternatives(resolved).iter().chain(items(resolved)).chain(additional(resolved));
        inner.for_each(|one| self.fields(one, level, seen, out));
        seen.truncate(depth);
    }

    fn field(&self, name: &str, field: &Value, owner: &Value, level: usize, out: &mut String) {
        let amount = level * 2;
        out.push_str(&format!("{}{name}\t<{}>", " ".repeat(amount), self.type_of(field)));
        let required = owner["required"].as_array();
        if required.is_some_and(|all| all.iter().any(|one| one == name)) {
            out.push_str(" -required-");
        }
        out.push_str(&values(field, Some(amount)));
        out.push('\n');
        if self.recursive {
            return;
        }
        let words = field["description"].as_str().filter(|words| !words.is_empty());
        let words = words.unwrap_or("<no description>");
        out.push_str(&indent(&wrap(words, 78 - amount), amount + 2));
        out.push('\n');
        let docs = &field["externalDocs"];
        if docs.is_object() {
            out.push_str(&format!("\n{}\n", indent("EXTERNAL DOCS:", amount + 2)));
            out.push_str(&external(docs, 76 - amount, amount + 4));
        }
        out.push('\n');
    }

    /// What a value is, in a word or two.
    fn type_of(&self, schema: &Value) -> String {
        if let Some(inner) = items(schema) {
            return format!("[]{}", self.type_of(inner));
        }
        if let Some(inner) = additional(schema) {
            return format!("map[string]{}", self.type_of(inner));
        }
        if let ([only], false) = (alternatives(schema), schema["properties"].is_object()) {
            return self.type_of(only);
        }
        let named = |kind: &Value| match kind.as_str() {
            None | Some("object" | "") => "Object".to_owned(),
            Some(kind) => kind.to_owned(),
        };
        let Some(refers) = schema["$ref"].as_str() else { return named(&schema["type"]) };
        let kind = self.schemas.referred(schema).map_or(&Value::Null, |found| &found["type"]);
        match named(kind).as_str() {
            "Object" => refers.rsplit(['/', '.']).next().unwrap_or("Object").to_owned(),
            kind => kind.to_owned(),
        }
    }
}

/// The values that a field may have: all of them, or the first on a line with an indentation.
fn values(schema: &Value, short: Option<usize>) -> String {
    let Some(all) = schema["enum"].as_array().filter(|all| !all.is_empty()) else {
        return String::new();
    };
    let each = all.iter().map(|value| match value.as_str() {
        Some("") => "\"\"".to_owned(),
        Some(text) => text.to_owned(),
        None => value.to_string(),
    });
    let Some(amount) = short else {
        let lines: String = each.map(|value| format!("\n    {value}")).collect();
        return format!("ENUM:{lines}");
    };
    let first: Vec<String> = each.take(VALUES_MAX).collect();
    let more = if all.len() > VALUES_MAX { ", ...." } else { "" };
    format!("\n{}enum: {}{more}", " ".repeat(amount), first.join(", "))
}

fn external(docs: &Value, width: usize, amount: usize) -> String {
    let mut text = String::new();
    if let Some(words) = docs["description"].as_str().filter(|words| !words.is_empty()) {
        text.push_str(&format!("{}\n", indent(&wrap(words, width), amount)));
    }
    if let Some(url) = docs["url"].as_str().filter(|url| !url.is_empty()) {
        text.push_str(&format!("{}\n", indent(&format!("URL: {url}"), amount)));
    }
    text
}
