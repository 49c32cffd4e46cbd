//! The types that a definition is made of: which fields there are, in the order and under the
//! names in which Go has them. Mirrors `apiextensions/v1/types.go` and `types_jsonschema.go`.

use serde_json::Value;

use crate::base::go_text;

/// A type a line: its fields, each with its own type. `*` may be absent, `[]` is a list, `{}` a map
/// from names; a `!` says that zero is written too. In the order of the internal types.
const TYPES: &[(&str, &str)] = &[
    (
        "CustomResourceDefinition",
        "spec:CustomResourceDefinitionSpec! status:CustomResourceDefinitionStatus!",
    ),
    (
        "CustomResourceDefinitionSpec",
        "group:string! names:CustomResourceDefinitionNames! scope:string! \
         versions:[]CustomResourceDefinitionVersion! conversion:*CustomResourceConversion \
         preserveUnknownFields:bool",
    ),
    (
        "CustomResourceDefinitionNames",
        "plural:string! singular:string shortNames:[]string kind:string! listKind:string \
         categories:[]string",
    ),
    (
        "CustomResourceDefinitionVersion",
        "name:string! served:bool! storage:bool! deprecated:bool deprecationWarning:*string \
         schema:*CustomResourceValidation subresources:*CustomResourceSubresources \
         additionalPrinterColumns:[]CustomResourceColumnDefinition \
         selectableFields:[]SelectableField",
    ),
    ("CustomResourceValidation", "openAPIV3Schema:*JSONSchemaProps"),
    (
        "CustomResourceSubresources",
        "status:*CustomResourceSubresourceStatus scale:*CustomResourceSubresourceScale",
    ),
    ("CustomResourceSubresourceStatus", ""),
    (
        "CustomResourceSubresourceScale",
        "specReplicasPath:string! statusReplicasPath:string! labelSelectorPath:*string",
    ),
    (
        "CustomResourceColumnDefinition",
        "name:string! type:string! format:string description:string priority:int32 \
         jsonPath:string!",
    ),
    ("SelectableField", "jsonPath:string!"),
    ("CustomResourceConversion", "strategy:string! webhook:*WebhookConversion"),
    ("WebhookConversion", "clientConfig:*WebhookClientConfig conversionReviewVersions:[]string!"),
    ("WebhookClientConfig", "url:*string service:*ServiceReference caBundle:string"),
    ("ServiceReference", "namespace:string! name:string! path:*string port:*int32"),
    (
        "CustomResourceDefinitionStatus",
        "conditions:[]CustomResourceDefinitionCondition! \
         acceptedNames:CustomResourceDefinitionNames! storedVersions:[]string! \
         observedGeneration:int64",
    ),
    (
        "CustomResourceDefinitionCondition",
        "type:string! status:string! lastTransitionTime:string reason:string message:string \
         observedGeneration:int64",
    ),
    (
        "JSONSchemaProps",
        "id:string $schema:string $ref:*string description:string type:string nullable:bool \
         format:string title:string default:any maximum:*float64 exclusiveMaximum:bool \
         minimum:*float64 exclusiveMinimum:bool maxLength:*int64 minLength:*int64 pattern:string \
         maxItems:*int64 minItems:*int64 uniqueItems:bool multipleOf:*float64 enum:[]any \
         maxProperties:*int64 minProperties:*int64 required:[]string items:schemas \
         allOf:[]JSONSchemaProps oneOf:[]JSONSchemaProps anyOf:[]JSONSchemaProps \
         not:*JSONSchemaProps properties:{}JSONSchemaProps additionalProperties:schema \
         patternProperties:{}JSONSchemaProps dependencies:{}any additionalItems:schema \
         definitions:{}JSONSchemaProps externalDocs:*ExternalDocumentation example:any \
         x-kubernetes-preserve-unknown-fields:*bool x-kubernetes-embedded-resource:bool \
         x-kubernetes-int-or-string:bool x-kubernetes-list-map-keys:[]string \
         x-kubernetes-list-type:*string x-kubernetes-map-type:*string \
         x-kubernetes-validations:[]ValidationRule",
    ),
    ("ExternalDocumentation", "description:string url:string"),
    (
        "ValidationRule",
        "rule:string! message:string messageExpression:string reason:*string fieldPath:string \
         optionalOldSelf:*bool",
    ),
];

fn fields(name: &str) -> impl Iterator<Item = (&'static str, &'static str, bool)> + use<> {
    let fields = TYPES.iter().find(|(known, _)| *known == name).map_or("", |(_, fields)| *fields);
    fields.split_whitespace().filter_map(|field| {
        let (name, of) = field.rsplit_once(':')?;
        let is_written = of.ends_with('!');
        Some((name, of.trim_end_matches('!'), is_written))
    })
}

/// Reads a value of a type: unknown fields and zeros go, and what is always written is there.
///
/// # Errors
/// The words of Go's decoder for what does not fit.
pub(super) fn read(value: &mut Value, of: &str, owner: &str, path: &str) -> Result<(), String> {
    let misfit = |value: &Value, of: &str| {
        let found = match value {
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if of.contains("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) | Value::Null => "object".to_owned(),
        };
        format!(
            "json: cannot unmarshal {found} into Go struct field {owner}{path} of type {}",
            go_type(of)
        )
    };
    let plain = of.trim_start_matches('*');
    let fits = match plain {
        "any" => true,
        "string" => value.is_string(),
        "bool" => value.is_boolean(),
        "int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "int64" => value.is_i64() || value.is_u64(),
        "float64" => value.is_number(),
        "schema" if value.is_boolean() => true,
        "schemas" if value.is_array() => return read(value, "[]JSONSchemaProps", owner, path),
        "schema" | "schemas" => return read(value, "JSONSchemaProps", owner, path),
        list if list.starts_with("[]") => {
            let of = list.trim_start_matches("[]");
            let Value::Array(items) = value else { return Err(misfit(value, plain)) };
            return items.iter_mut().try_for_each(|item| read(item, of, owner, path));
        }
        map if map.starts_with("{}") => {
            let of = map.trim_start_matches("{}");
            let Value::Object(map) = value else { return Err(misfit(value, plain)) };
            return map.values_mut().try_for_each(|value| read(value, of, owner, path));
        }
        _ => return read_struct(value, plain, path).ok_or_else(|| misfit(value, plain))?,
    };
    if fits { Ok(()) } else { Err(misfit(value, plain)) }
}

/// Reads a struct; `None` if the value is none.
fn read_struct(value: &mut Value, name: &str, path: &str) -> Option<Result<(), String>> {
    if value.is_null() {
        *value = Value::Object(serde_json::Map::new());
    }
    let map = value.as_object_mut()?;
    map.retain(|field, _| fields(name).any(|(known, ..)| known == field));
    for (field, of, is_written) in fields(name) {
        let path = if path.is_empty() { format!(".{field}") } else { format!("{path}.{field}") };
        if map.get(field).is_none_or(Value::is_null) {
            map.remove(field);
            if is_written {
                map.insert(field.to_owned(), zero(of));
            }
        }
        let Some(value) = map.get_mut(field) else { continue };
        if !value.is_null()
            && let Err(error) = read(value, of, name, &path)
        {
            return Some(Err(error));
        }
        if !is_written && is_zero(value, of) {
            map.remove(field);
        }
    }
    Some(Ok(()))
}

/// What stands for a field that is not given.
fn zero(of: &str) -> Value {
    match of {
        "string" => Value::from(""),
        "bool" => Value::from(false),
        list if list.starts_with("[]") => Value::Null,
        name => {
            let mut value = Value::Null;
            // A struct of nothing but zeros has nothing that does not fit.
            let _ = read_struct(&mut value, name, "");
            value
        }
    }
}

/// Whether `omitempty` leaves a value out.
fn is_zero(value: &Value, of: &str) -> bool {
    match (of, value) {
        (_, Value::Array(items)) => items.is_empty(),
        (of, Value::Object(map)) if of.starts_with("{}") => map.is_empty(),
        ("string", Value::String(text)) => text.is_empty(),
        ("bool", Value::Bool(truth)) => !truth,
        ("int32" | "int64", Value::Number(number)) => number.as_i64() == Some(0),
        _ => false,
    }
}

fn go_type(of: &str) -> String {
    match of {
        "string" | "bool" | "int32" | "int64" | "float64" => of.to_owned(),
        of if of.starts_with("[]") => format!("[]{}", go_type(of.trim_start_matches("[]"))),
        of if of.starts_with("{}") => {
            format!("map[string]{}", go_type(of.trim_start_matches("{}")))
        }
        of => format!("v1.{of}"),
    }
}

/// A value as Go prints its struct in messages: every field, under its name in Go.
pub(super) fn print(value: &Value, of: &str) -> String {
    let plain = of.trim_start_matches('*');
    match value {
        Value::Null => match of {
            "string" => "\"\"".to_owned(),
            "bool" => "false".to_owned(),
            "int32" | "int64" => "0".to_owned(),
            _ if fields(of).next().is_some() => print(&Value::Object(Default::default()), of),
            _ => "null".to_owned(),
        },
        Value::Array(items) if plain.starts_with("[]") => {
            let of = plain.trim_start_matches("[]");
            let items: Vec<String> = items.iter().map(|item| print(item, of)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(map) if plain.starts_with("{}") => {
            let of = plain.trim_start_matches("{}");
            let entries = map.iter();
            let entries: Vec<String> = entries
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), print(value, of)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Object(_) if fields(plain).next().is_some() => {
            let fields: Vec<String> = fields(plain)
                .map(|(name, of, _)| {
                    let field = value.get(name).unwrap_or(&Value::Null);
                    format!("{:?}:{}", go_name(name), print(field, of))
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        other => go_text::json(other),
    }
}

/// `x-kubernetes-map-type` as `XMapType`, `jsonPath` as `JSONPath`.
fn go_name(name: &str) -> String {
    match name {
        "id" | "url" => return name.to_ascii_uppercase(),
        "jsonPath" => return "JSONPath".to_owned(),
        _ => {}
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    };
    match name.strip_prefix("x-kubernetes-") {
        Some(rest) => format!("X{}", rest.split('-').map(capital).collect::<String>()),
        None => capital(name.trim_start_matches('$')),
    }
}
