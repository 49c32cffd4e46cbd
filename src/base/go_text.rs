//! Values as Go prints them: upstream's messages are full of them.

use serde_json::{Number, Value};
use std::fmt::Write;

/// A float in the shorter of `%e` and `%f`. Mirrors `strconv.FormatFloat(value, 'g', -1, 64)`.
pub fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) || value == 0.0 {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// A number: integers as they are, others as [`float`].
pub fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() => float(value),
        _ => number.to_string(),
    }
}

/// A value in `%v`: `map[a:1 b:[x y]]`, `<nil>`.
pub fn print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => number(value),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(print).collect::<Vec<_>>().join(" "))
        }
        Value::Object(map) => {
            let entries: Vec<_> =
                map.iter().map(|(key, value)| format!("{key}:{}", print(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// A value in `%#v`: `map[string]interface {}{"a":1}`, `interface {}(nil)`.
pub fn syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_string(),
        Value::String(text) => quote(text),
        Value::Array(items) => {
            let items = items.iter().map(syntax).collect::<Vec<_>>().join(", ");
            format!("[]interface {{}}{{{items}}}")
        }
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", quote(key), syntax(value)))
                .collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        other => print(other),
    }
}

/// The name of a decoded value's type: `map[string]interface {}`, `int64`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Text in `%q`.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        let code = u32::from(letter);
        let _ = match letter {
            '"' | '\\' => write!(out, "\\{letter}"),
            '\u{7}' => write!(out, "\\a"),
            '\u{8}' => write!(out, "\\b"),
            '\u{c}' => write!(out, "\\f"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\u{b}' => write!(out, "\\v"),
            ..' ' | '\u{7f}' => write!(out, "\\x{code:02x}"),
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                write!(out, "\\u{code:04x}")
            }
            _ => write!(out, "{letter}"),
        };
    }
    out.push('"');
    out
}

/// Compact JSON with `<`, `>` and `&` escaped. Mirrors `json.Marshal`.
pub fn json(value: &Value) -> String {
    escape_html(&value.to_string())
}

/// JSON text indented by four spaces. Mirrors `json.MarshalIndent(value, "", "    ")`.
pub fn json_indented(value: &Value) -> String {
    let mut out = String::new();
    indented(value, 0, &mut out);
    escape_html(&out)
}

fn indented(value: &Value, depth: usize, out: &mut String) {
    let (open, close, items): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Array(items) if !items.is_empty() => {
            ('[', ']', items.iter().map(|item| (None, item)).collect())
        }
        Value::Object(map) if !map.is_empty() => {
            ('{', '}', map.iter().map(|(key, item)| (Some(key), item)).collect())
        }
        leaf => return out.push_str(&leaf.to_string()),
    };
    out.push(open);
    for (index, (key, item)) in items.into_iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"    ".repeat(depth + 1));
        if let Some(key) = key {
            out.push_str(&Value::from(key.as_str()).to_string());
            out.push_str(": ");
        }
        indented(item, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&"    ".repeat(depth));
    out.push(close);
}

/// These characters occur in JSON only within strings, where their escapes mean the same.
pub fn escape_html(json: &str) -> String {
    if !json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return json.to_string();
    }
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prints_like_go() {
        let value = json!({"b": [1, "x", null], "a": {"t": true}, "f": 1e6});
        assert_eq!(print(&value), "map[a:map[t:true] b:[1 x <nil>] f:1e+06]");
        assert_eq!(
            syntax(&value),
            r#"map[string]interface {}{"a":map[string]interface {}{"t":true}, "b":[]interface {}{1, "x", interface {}(nil)}, "f":1e+06}"#
        );
        assert_eq!(quote("a\"b\n\u{1}\u{e9}"), r#""a\"b\n\x01é""#);
        assert_eq!(json(&json!({"a": "<b>&"})), r#"{"a":"\u003cb\u003e\u0026"}"#);
        assert_eq!(
            json_indented(&json!({"a": [1], "b": {}})),
            "{\n    \"a\": [\n        1\n    ],\n    \"b\": {}\n}"
        );
        assert_eq!(type_name(&json!(1)), "int64");
    }

    #[test]
    fn prints_floats_like_go() {
        let cases = [(0.5, "0.5"), (1e6, "1e+06"), (123456.5, "123456.5"), (1e-5, "1e-05")];
        for (value, expected) in cases {
            assert_eq!(float(value), expected);
        }
    }
}
