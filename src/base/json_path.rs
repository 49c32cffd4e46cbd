//! kubectl's JSONPath dialect: `{.items[*].metadata.name}`, `{range .items[*]}…{end}`.
//!
//! Mirrors `k8s.io/client-go/util/jsonpath`; its messages are kubectl's. Where Go's maps have no
//! order, keys come sorted.

use super::go_text;
use super::json_path_eval as eval;
use super::json_path_parser::{self as parser, Node};
use serde_json::Value;
use std::borrow::Cow;

/// A parsed template.
#[derive(Clone, Debug)]
pub struct JsonPath {
    nodes: Vec<Node>,
    allow_missing_keys: bool,
}

impl JsonPath {
    /// Reads a template; text outside braces stands for itself. The error is the parser's, which
    /// kubectl prints as `error parsing jsonpath TEMPLATE, ERROR`.
    pub fn parse(template: &str) -> Result<JsonPath, String> {
        Ok(JsonPath { nodes: parser::parse(template)?, allow_missing_keys: false })
    }

    /// Fields that are not there yield nothing instead of an error.
    #[must_use]
    pub fn allow_missing_keys(self, allow: bool) -> JsonPath {
        JsonPath { allow_missing_keys: allow, ..self }
    }

    /// What each part of the template finds in `value`, in order.
    pub fn find<'a>(&self, value: &'a Value) -> Result<Vec<Vec<Cow<'a, Value>>>, String> {
        eval::find(&self.nodes, value, self.allow_missing_keys)
    }

    /// The template filled in from `value`: scalars as text, the rest as compact JSON, several
    /// results of one part with spaces between. Mirrors `JSONPath.Execute`.
    pub fn execute(&self, value: &Value) -> Result<String, String> {
        let parts = self.find(value)?;
        Ok(parts.iter().map(|results| join(results)).collect())
    }

    /// Each part's results as an indented JSON list, for `-o jsonpath-as-json`.
    pub fn execute_as_json(&self, value: &Value) -> Result<String, String> {
        let lists = self.find(value)?.into_iter().map(|results| {
            let list = results.into_iter().map(Cow::into_owned).collect();
            go_text::json_indented(&Value::Array(list)) + "\n"
        });
        Ok(lists.collect())
    }
}

fn join(results: &[Cow<'_, Value>]) -> String {
    results.iter().map(|value| text(value)).collect::<Vec<_>>().join(" ")
}

/// One result as text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_string(),
        Value::Array(_) | Value::Object(_) => go_text::json(value),
        scalar => go_text::print(scalar),
    }
}

/// The template meant by a shorter form: `.metadata.name`, `metadata.name`, with braces or not.
///
/// Mirrors `get.RelaxedJSONPathExpression`, used by `custom-columns`, `--sort-by` and `wait`.
pub fn relaxed(expression: &str) -> Result<String, String> {
    const EXPECTED: &str = "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
    if expression.is_empty() {
        return Ok(String::new());
    }
    let braced = expression.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    let inner = braced.unwrap_or(expression);
    let field = inner.strip_prefix('.').filter(|field| !field.is_empty()).unwrap_or(inner);
    if field.is_empty() || field.contains(['{', '}']) {
        return Err(EXPECTED.to_string());
    }
    Ok(format!("{{.{field}}}"))
}

/// What kubectl prints when filling in `template` from `value` failed with `error`. Mirrors
/// `printers.JSONPathPrinter.PrintObj`.
pub fn execution_error(template: &str, value: &Value, error: &str) -> String {
    format!(
        "error executing jsonpath {}: Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n",
        go_text::quote(template),
        go_text::syntax(value)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pods() -> Value {
        json!({"items": [
            {"metadata": {"name": "alpha", "annotations": {"example.com/note": "x.y"},
                          "labels": {"tier": "front", "release": "r1"}},
             "spec": {"containers": [{"name": "c1", "image": "nginx:1"},
                                     {"name": "c2", "image": "redis:7"}], "grace": 30}},
            {"metadata": {"name": "beta", "labels": {"tier": "back"}},
             "spec": {"containers": [{"name": "c1", "image": "nginx:2"}], "grace": 5}},
            {"metadata": {"name": "gamma", "labels": {"tier": "back", "release": "r2"}},
             "spec": {"containers": [{"name": "c1", "image": "busybox:3"}], "grace": 30},
             "none": null},
        ], "list": [0, 1, 2, 3, 4], "html": "<b>", "map": {"a": "<b>"}, "ratio": 0.5, "ok": true})
    }

    fn run(template: &str) -> Result<String, String> {
        JsonPath::parse(template)?.allow_missing_keys(true).execute(&pods())
    }

    #[test]
    fn finds_what_kubectl_finds() {
        let cases = [
            ("{.items[*].metadata.name}", "alpha beta gamma"),
            ("{.items[0].metadata.name}{\"\\n\"}", "alpha\n"),
            ("{.items[-1:].metadata.name}", "gamma"),
            ("{.items[-1].metadata.name}", "gamma"),
            ("{.items[0:2].metadata.name}", "alpha beta"),
            ("{.items[::2].metadata.name}", "alpha gamma"),
            ("{.items[0,2]['metadata.name', 'spec.grace']}", "alpha gamma 30 30"),
            ("{..image}", "nginx:1 redis:7 nginx:2 busybox:3"),
            ("{.items[*].spec.containers[*].image}", "nginx:1 redis:7 nginx:2 busybox:3"),
            (
                "{range .items[*]}{@.metadata.name}{\":\"}{range .spec.containers[*]}{.name}{\",\"}{end}{\"\\n\"}{end}|",
                "alpha:c1,c2,\nbeta:c1,\ngamma:c1,\n|",
            ),
            ("{.items[?(@.metadata.labels.tier==\"back\")].metadata.name}", "beta gamma"),
            ("{.items[?(@.metadata.labels.release)].metadata.name}", "alpha gamma"),
            ("{.items[?(@.spec.grace>20)].metadata.name}", "alpha gamma"),
            ("{.items[?(@.spec.grace<=5)].metadata.name}", "beta"),
            ("{.items[?(@.metadata.name!='beta')].spec.grace}", "30 30"),
            ("{.items[0].metadata.annotations.example\\.com/note}", "x.y"),
            ("{.items[0].metadata.annotations['example\\.com/note']}", "x.y"),
            ("{.ok}{.nothing}|{.items[2].none}", "true|null"),
            ("{.map}{.html}{.ratio}", "{\"a\":\"\\u003cb\\u003e\"}<b>0.5"),
            ("{range .nothing[*]}x{end}y", "y"),
            ("{range .list[1:3]}{@}", "12"),
            ("{range .list[1:3]}{@}{end}{.ok}", "12true"),
            ("{.list[2:2]}", ""),
            ("{.items[*]['metadata.name']}", "alpha beta gamma"),
            ("plain text", "plain text"),
            (".metadata.name", ".metadata.name"),
            ("{.items[1].metadata.*}", "{\"tier\":\"back\"} beta"),
            ("{'single'}{\"dou\\\"ble\"}", "singledou\"ble"),
            ("{ .ok }", "true"),
            ("{$.ok}", "true"),
        ];
        for (template, expected) in cases {
            assert_eq!(run(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn fails_in_upstreams_words() {
        let cases = [
            ("{.list[0", "unterminated array"),
            ("{.list[x]}", "invalid array index x"),
            ("{.list[\"x\"]}", "invalid array index \"x\""),
            ("{.list[9]}", "array index out of bounds: index 9, length 5"),
            ("{end}", "not in range, nothing to end"),
            ("{.bad", "unclosed action"),
            ("{what}", "unrecognized identifier what"),
            ("{\"x}", "unterminated quoted string"),
            ("{.ok|}", ""),
            ("{|}", "unrecognized character in action: U+007C '|'"),
            ("{.map[0]}", "map[string]interface {} is not array or slice"),
            ("{.list[::0]}", "step must be > 0"),
            ("{.list[?(@=1)]}", "unrecognized filter operator ="),
            ("{.list[?(@==\"x\")]}", "incompatible types for comparison"),
            ("{.items[?(@.metadata==1)]}", "invalid type for comparison"),
            ("{.a....b}", "invalid multiple recursive descent"),
        ];
        for (template, expected) in cases {
            match run(template) {
                Err(error) => assert_eq!(error, expected, "{template}"),
                Ok(text) => assert_eq!((text.as_str(), expected), ("", ""), "{template}"),
            }
        }
        let strict = JsonPath::parse("{.nope}").and_then(|path| path.execute(&json!({})));
        assert_eq!(strict, Err("nope is not found".to_string()));
    }

    #[test]
    fn relaxes_expressions() {
        for expression in [".a.b", "a.b", "{a.b}", "{.a.b}"] {
            assert_eq!(relaxed(expression).as_deref(), Ok("{.a.b}"));
        }
        assert!(relaxed("{.a").is_err());
        let debug = execution_error("{end}", &json!({"a": null}), "x");
        assert!(
            debug.starts_with("error executing jsonpath \"{end}\": Error executing template: x.")
        );
        assert!(debug.contains("\t\tmap[string]interface {}{\"a\":interface {}(nil)}\n"));
    }

    #[test]
    fn prints_json_lists() {
        let path = JsonPath::parse("{.list[0:2]}");
        let json = path.and_then(|path| path.execute_as_json(&pods()));
        assert_eq!(json.as_deref(), Ok("[\n    0,\n    1\n]\n"));
    }
}
