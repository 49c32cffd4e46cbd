//! Manifests: streams of YAML or JSON documents, read as kubectl reads them and printed as it
//! prints them.

use super::yaml_read::{Node, parse};
use serde_json::Value;
use std::fmt;

pub use super::yaml_write::to_string;

/// The most bytes of text that are read: what the API server takes in one request.
pub const LIMIT: usize = 3 * 1024 * 1024;

/// One document of a stream; documents without content are left out.
#[derive(Clone, Debug)]
pub struct Document {
    /// Zero-based among the documents returned.
    pub index: usize,
    /// The line of the whole text, from 1, on which the document's text begins.
    pub line: usize,
    /// What the document says. Of repeated keys the last one counts, as with kubectl.
    pub value: Result<Value, YamlError>,
    /// Strict decoding's complaints: `line 3: key "a" already set in map`, counted from the
    /// document's first line.
    pub duplicates: Vec<String>,
}

impl Document {
    /// What a strict decoder says about repeated keys, if there are any.
    pub fn strict_error(&self) -> Option<String> {
        let complaints = self.duplicates.join("\n  ");
        (!complaints.is_empty()).then(|| format!("yaml: unmarshal errors:\n  {complaints}"))
    }
}

/// Why a document could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// The line of the whole text, from 1, to point at.
    pub line: usize,
    /// What went wrong in go-yaml's words, with its own line count: `yaml: line 3: mapping
    /// values are not allowed in this context`.
    pub problem: String,
    json: bool,
}

impl fmt::Display for YamlError {
    /// As `sigs.k8s.io/yaml` words it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = if self.json { "" } else { "error converting YAML to JSON: " };
        write!(out, "{step}{}", self.problem)
    }
}

/// Reads every document of `text`; a broken one does not spoil the others.
///
/// Mirrors `yaml.YAMLOrJSONDecoder`: text that begins with `{` is a stream of JSON values, if it
/// can be read so.
pub fn parse_documents(text: &str) -> Vec<Document> {
    if text.len() > LIMIT {
        let problem = format!("Request entity too large: limit is {LIMIT}");
        let error = YamlError { line: 1, problem, json: true };
        return vec![Document { index: 0, line: 1, value: Err(error), duplicates: Vec::new() }];
    }
    if text.trim_start().starts_with('{')
        && let Some(documents) = json_documents(text)
    {
        return documents;
    }
    let mut documents = Vec::new();
    for (line, chunk) in chunks(text) {
        let (value, duplicates) = match parse(chunk) {
            Ok(Node::Scalar(Value::Null)) => continue,
            Ok(node) => (Ok(node.to_value()), complaints(&node)),
            Err(problem) => {
                let line = line + problem.line.unwrap_or(0);
                (Err(YamlError { line, problem: problem.text, json: false }), Vec::new())
            }
        };
        documents.push(Document { index: documents.len(), line, value, duplicates });
    }
    documents
}

/// The first document of `text`, or null if it holds none.
pub fn parse_one(text: &str) -> Result<Value, YamlError> {
    parse_documents(text).into_iter().next().map_or(Ok(Value::Null), |document| document.value)
}

fn complaints(node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    node.duplicates(&mut found);
    let complaint = |(line, key): (Option<usize>, String)| {
        format!("line {}: key {key:?} already set in map", line.unwrap_or(0) + 1)
    };
    found.into_iter().map(complaint).collect()
}

/// The documents' texts with their first lines, split at lines of `---`.
///
/// As upstream's reader does, a separator with nothing before it stays in the document it opens.
fn chunks(text: &str) -> Vec<(usize, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut first_line, mut at) = (0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.len();
        let separates = line.strip_prefix("---").is_some_and(|rest| {
            let rest = rest.trim();
            rest.is_empty() || rest.starts_with('#')
        });
        if separates && at > start {
            chunks.push((first_line, &text[start..at]));
            (start, first_line) = (end, index + 2);
        }
        at = end;
    }
    if start < text.len() {
        chunks.push((first_line, &text[start..]));
    }
    chunks
}

/// `text` as JSON values one after the other; `None` if not even the first is JSON.
fn json_documents(text: &str) -> Option<Vec<Document>> {
    let mut documents: Vec<Document> = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let offset = values.byte_offset();
        let blank = text[offset..].len() - text[offset..].trim_start().len();
        let line = 1 + text[..offset + blank].matches('\n').count();
        let value = match values.next() {
            None => break,
            Some(Ok(Value::Null)) => continue,
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) if documents.is_empty() => return None,
            Some(Err(error)) => Err(YamlError {
                line: error.line().max(line),
                problem: format!("json: offset {}: {error}", offset + blank),
                json: true,
            }),
        };
        let failed = value.is_err();
        let index = documents.len();
        documents.push(Document { index, line, value, duplicates: Vec::new() });
        if failed {
            break;
        }
    }
    Some(documents)
}

/// The line of `text`, from 1, where the field at `path` of a document stands, or its nearest
/// parent that is there.
///
/// `path` reads as in API errors: `spec.template.spec.containers[0].image`,
/// `metadata.labels[a.b/c]`. `None` if there is no such document or it cannot be read.
pub fn locate(text: &str, document_index: usize, path: &str) -> Option<usize> {
    let mut left = document_index;
    for (first_line, chunk) in chunks(text) {
        let node = match parse(chunk) {
            Ok(Node::Scalar(Value::Null)) => continue,
            other => other,
        };
        if left == 0 {
            let node = node.ok()?;
            let found = locate_in(&node, path).or_else(|| first_content(&node));
            return Some(first_line + found.unwrap_or(0));
        }
        left -= 1;
    }
    None
}

fn locate_in(root: &Node, path: &str) -> Option<usize> {
    let mut node = root;
    let mut line = None;
    let mut rest = path;
    while !rest.is_empty() {
        let (step, next, after) = match descend(node, rest) {
            Some(found) => found,
            None => break,
        };
        line = step.or(line);
        node = next;
        rest = after;
    }
    line
}

/// The line and value of the first step of `path`, and the path's rest.
fn descend<'a, 'p>(node: &'a Node, path: &'p str) -> Option<(Option<usize>, &'a Node, &'p str)> {
    let path = path.strip_prefix('.').unwrap_or(path);
    if let Some(inner) = path.strip_prefix('[') {
        let (name, rest) = inner.split_once(']')?;
        return match node {
            Node::Sequence(nodes) => {
                let node = nodes.get(name.parse::<usize>().ok()?)?;
                Some((first_content(node), node, rest))
            }
            Node::Mapping(entries) => {
                let name = name.trim_matches(['"', '\'']);
                let entry = entries.iter().rfind(|entry| entry.key == name)?;
                Some((entry.line, &entry.node, rest))
            }
            Node::Scalar(_) => None,
        };
    }
    let Node::Mapping(entries) = node else { return None };
    // The longest key wins, because keys may hold dots themselves.
    let entry = entries
        .iter()
        .filter(|entry| {
            path.strip_prefix(entry.key.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
        .max_by_key(|entry| entry.key.len())?;
    Some((entry.line, &entry.node, &path[entry.key.len()..]))
}

/// The line of the first key within a value.
fn first_content(node: &Node) -> Option<usize> {
    match node {
        Node::Scalar(_) => None,
        Node::Sequence(nodes) => nodes.iter().find_map(first_content),
        Node::Mapping(entries) => {
            entries.iter().find_map(|entry| entry.line.or_else(|| first_content(&entry.node)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(text: &str) -> Value {
        parse_one(text).unwrap_or_else(|error| Value::String(error.to_string()))
    }

    #[test]
    fn reads_scalars_by_yaml_1_1() {
        let text = r#"
a: yes
b: "yes"
c: 0777
d: '0777'
e: 1_000
f: 1.0
g: 1.5
h: ~
i:
j: 2024-01-02
k: !!str 123
l: "\x79es"
m: |
  text
list: [on, "on", 'off', 12]
o: !custom x
p: >-
  yes
1: one
true: two
"#;
        let expected = json!({
            "a": true, "b": "yes", "c": 511, "d": "0777", "e": 1000, "f": 1, "g": 1.5, "h": null,
            "i": null, "j": "2024-01-02", "l": "yes", "m": "text\n", "k": "123",
            "list": [true, "on", "off", 12], "o": "x", "p": "yes", "1": "one", "true": "two",
        });
        assert_eq!(one(text), expected);
    }

    #[test]
    fn resolves_anchors_and_merges() {
        let text = "base: &b {x: 1, z: yes}\nuse: *b\nmerged:\n  w: hi!\n  <<: *b\n  x: 2\n";
        let base = json!({"x": 1, "z": true});
        let expected =
            json!({"base": base, "use": base, "merged": {"w": "hi!", "x": 2, "z": true}});
        assert_eq!(one(text), expected);
    }

    #[test]
    fn splits_streams() {
        let text = "# head\n---\na: 1\n---\n# nothing\n--- # next\nb: [\n---\nc: 3\n";
        let documents = parse_documents(text);
        let shown: Vec<_> =
            documents.iter().map(|d| (d.index, d.line, d.value.clone().ok())).collect();
        assert_eq!(
            shown,
            [(0, 3, Some(json!({"a": 1}))), (1, 7, None), (2, 9, Some(json!({"c": 3})))]
        );
        assert!(parse_documents("\n# only a comment\n").is_empty());
        assert!(parse_documents("").is_empty());
    }

    #[test]
    fn reads_json() {
        let documents = parse_documents("{\"a\": 1}\n\n{\"b\": 1.0}\n");
        let shown: Vec<_> = documents.into_iter().map(|d| (d.line, d.value.ok())).collect();
        assert_eq!(shown, [(1, Some(json!({"a": 1}))), (3, Some(json!({"b": 1.0})))]);
        assert_eq!(one("{a: 1}"), json!({"a": 1}));
        assert_eq!(one("[1,2]"), json!([1, 2]));
    }

    #[test]
    fn fails_in_go_yamls_words() {
        let cases = [
            (
                "apiVersion: v1\n\tkind: ConfigMap\n",
                "line 2: found a tab character that violates indentation",
                2,
            ),
            ("a: [\n", "line 1: did not find expected node content", 2),
            ("this is: not: yaml", "mapping values are not allowed in this context", 1),
            ("a: 1\nb: 2\nc: d: 3\n", "line 3: mapping values are not allowed in this context", 3),
            ("{a: 1\nb: 2", "line 1: did not find expected ',' or '}'", 2),
            ("a: *nope\n", "unknown anchor 'nope' referenced", 1),
            ("a: @x\n", "found character that cannot start any token", 1),
            ("a:\n  b: 1\n c: 2\n", "line 2: did not find expected key", 3),
            ("a: 'x\n", "found unexpected end of stream", 2),
        ];
        for (text, problem, line) in cases {
            let error = parse_documents(text).remove(0).value.err();
            let shown = error.as_ref().map(ToString::to_string).unwrap_or_default();
            let start = "error converting YAML to JSON: yaml: ";
            assert!(shown.starts_with(start) && shown.ends_with(problem), "{text:?}: {shown}");
            assert_eq!(error.map(|error| error.line), Some(line), "{text:?}: {shown}");
        }
    }

    #[test]
    fn bounds_what_it_reads() {
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (name, of) in ["ba", "cb", "dc", "ed", "fe", "gf", "hg", "ih"].map(|p| p.split_at(1)) {
            let items = vec![format!("*{of}"); 9].join(",");
            bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
        }
        let cases = [
            (bomb, "excessive aliasing"),
            ("[".repeat(100_000), "exceeded max depth"),
            (format!("{}{}", "[".repeat(300), "]".repeat(300)), "exceeded max depth"),
            ("x".repeat(LIMIT + 1), "Request entity too large: limit is 3145728"),
            (format!("{}c: .nan", "k: v!\n".repeat(50_000)), "json: unsupported value: NaN"),
            ("a: .nan".to_string(), "json: unsupported value: NaN"),
        ];
        for (text, expected) in cases {
            let error = parse_one(&text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn reports_repeated_keys() {
        let text = "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n";
        let document = parse_documents(text).remove(0);
        assert_eq!(document.value, Ok(json!({"a": 3, "b": {"c": 2}})));
        let expected = "yaml: unmarshal errors:\n  line 4: key \"c\" already set in map\n  line 5: key \"a\" already set in map";
        assert_eq!(document.strict_error().as_deref(), Some(expected));
    }

    #[test]
    fn locates_fields() {
        let text = "\
kind: Skipped
---
kind: Deployment
metadata:
  labels:
    app.kubernetes.io/name: x
spec:
  template:
    spec:
      containers:
      - name: a
        image: b
      - name: c
        ports:
        - containerPort: 80
";
        let cases = [
            ("kind", 3),
            ("metadata.labels[app.kubernetes.io/name]", 6),
            ("metadata.labels.app.kubernetes.io/name", 6),
            ("spec.template.spec.containers[0].image", 12),
            ("spec.template.spec.containers[1]", 13),
            ("spec.template.spec.containers[1].ports[0].containerPort", 15),
            ("spec.template.spec.containers[1].image", 13),
            ("spec.nope", 7),
            ("", 3),
        ];
        for (path, line) in cases {
            assert_eq!(locate(text, 1, path), Some(line), "{path}");
        }
        assert_eq!(locate(text, 2, "kind"), None);
    }
}
