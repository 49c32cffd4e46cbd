//! OpenAPI v2 in protobuf, which older clients read nothing but. Mirrors `gnostic`'s `OpenAPIv2.proto`.

use serde_json::Value;

/// A message a line: its name, then the number, the JSON name and the type of each field. Before a
/// type, `*` makes a list of it. In a message whose line begins with `%`, every key that is no
/// field's is a name, and the field with the name `*` holds it with its value.
const MESSAGES: &str = "\
Document 1 swagger text 2 info Info 8 paths Paths 9 definitions Schemas
Info 1 title text 2 version text
%Paths 2 * PathItem
%Schemas 1 * Schema
PathItem 2 get Operation 3 put Operation 4 post Operation 5 delete Operation 6 options Operation \
7 head Operation 8 patch Operation 9 parameters *Parameter
Operation 1 tags *text 3 description text 5 operationId text 6 produces *text 7 consumes *text \
8 parameters *Parameter 9 responses Responses 10 schemes *text 13 x- any
Body 1 description text 2 name text 3 in text 4 required truth 5 schema Schema
Query 1 required truth 2 in text 3 description text 4 name text 6 type text 7 format text \
20 uniqueItems truth
Path 1 required truth 2 in text 3 description text 4 name text 5 type text 6 format text \
19 uniqueItems truth
%Responses 1 * Response
Response 1 description text 2 schema Held
Schema 1 $ref text 2 format text 3 title text 4 description text 7 maximum number \
8 exclusiveMaximum truth 9 minimum number 10 exclusiveMinimum truth 11 maxLength whole \
12 minLength whole 13 pattern text 14 maxItems whole 15 minItems whole 16 uniqueItems truth \
17 maxProperties whole 18 minProperties whole 19 required *text 20 enum *yaml \
21 additionalProperties Additional 22 type Type 23 items Items 25 properties Schemas 31 x- any
";

/// A document of v2 in protobuf.
pub fn encode(document: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    message("Document", document, &mut bytes);
    bytes
}

/// The fields of a message, and whether its keys are names.
fn find(name: &str) -> Option<(&'static str, bool)> {
    MESSAGES.lines().find_map(|line| {
        let (first, rest) = line.split_once(' ')?;
        let plain = first.strip_prefix('%').unwrap_or(first);
        (plain == name).then_some((rest, plain != first))
    })
}

fn message(name: &str, value: &Value, bytes: &mut Vec<u8>) {
    let Some((fields, is_named)) = find(name) else { return };
    let mut words = fields.split(' ');
    while let (Some(number), Some(key), Some(kind)) = (words.next(), words.next(), words.next()) {
        let number: u64 = number.parse().unwrap_or_default();
        let map = value.as_object().into_iter().flatten();
        match key {
            "*" if is_named => {
                for (key, value) in map {
                    pair(number, key, kind, value, bytes);
                }
            }
            "x-" => {
                for (key, value) in map.filter(|(key, _)| key.starts_with("x-")) {
                    pair(number, key, "yaml", value, bytes);
                }
            }
            _ => match (value.get(key), kind.strip_prefix('*')) {
                (None, _) => {}
                (Some(value), Some(kind)) => {
                    let items = value.as_array().into_iter().flatten();
                    items.for_each(|item| field(number, kind, item, bytes));
                }
                (Some(value), None) => field(number, kind, value, bytes),
            },
        }
    }
}

/// A name with its value.
fn pair(number: u64, name: &str, kind: &str, value: &Value, bytes: &mut Vec<u8>) {
    let mut inner = Vec::new();
    block(1, name.as_bytes(), &mut inner);
    field(2, kind, value, &mut inner);
    block(number, &inner, bytes);
}

fn field(number: u64, kind: &str, value: &Value, bytes: &mut Vec<u8>) {
    let mut inner = Vec::new();
    match kind {
        "text" => inner.extend(value.as_str().unwrap_or_default().as_bytes()),
        "truth" => return scalar(number, u64::from(value == &Value::Bool(true)), bytes),
        "whole" => return scalar(number, value.as_u64().unwrap_or_default(), bytes),
        "number" => {
            varint(number << 3 | 1, bytes);
            bytes.extend(value.as_f64().unwrap_or_default().to_le_bytes());
            return;
        }
        // YAML is what JSON is, too.
        "yaml" => block(2, value.to_string().as_bytes(), &mut inner),
        "Type" => block(1, value.as_str().unwrap_or_default().as_bytes(), &mut inner),
        "Held" | "Items" => field(1, "Schema", value, &mut inner),
        "Additional" => match value.as_bool() {
            Some(truth) => scalar(2, u64::from(truth), &mut inner),
            None => field(1, "Schema", value, &mut inner),
        },
        "Parameter" => parameter(value, &mut inner),
        "Response" => {
            let mut held = Vec::new();
            message("Response", value, &mut held);
            block(1, &held, &mut inner);
        }
        name => message(name, value, &mut inner),
    }
    block(number, &inner, bytes);
}

/// A parameter, which is wrapped once more for each thing that it might have been instead.
fn parameter(value: &Value, bytes: &mut Vec<u8>) {
    let (number, name) = match value["in"].as_str().unwrap_or_default() {
        "body" => (1, "Body"),
        "path" => (4, "Path"),
        _ => (3, "Query"),
    };
    let (mut one, mut held) = (Vec::new(), Vec::new());
    field(number, name, value, &mut one);
    match name {
        "Body" => held = one,
        _ => block(2, &one, &mut held),
    }
    block(1, &held, bytes);
}

fn scalar(number: u64, value: u64, bytes: &mut Vec<u8>) {
    varint(number << 3, bytes);
    varint(value, bytes);
}

fn block(number: u64, content: &[u8], bytes: &mut Vec<u8>) {
    varint(number << 3 | 2, bytes);
    varint(content.len() as u64, bytes);
    bytes.extend(content);
}

fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}
