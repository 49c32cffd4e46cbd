//! What is wrong with a manifest, and where: kubectl's refusals, led back to lines of the editor.

use std::rc::Rc;

use super::state::{Document, Problem};
use crate::base::order::Order as _;

/// The problems that kubectl's error output names in `document`.
pub fn find(document: &Document, output: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Lines that begin with a star belong to the object of the line above them.
    let mut above = None;
    for line in output.lines() {
        let text = line.trim_start_matches("* ").trim();
        if !is_error(line) {
            continue;
        }
        if let Some(at) = yaml_line(text) {
            problems.push(problem(document, at, "", text));
            continue;
        }
        if !line.starts_with("* ") {
            above = subject(text).and_then(|name| document_start(&document.text, name));
        }
        if text.ends_with(" is invalid:") {
            continue;
        }
        if let Some((kind, field, wanted)) = type_error(text) {
            let start = mistyped(&document.text, kind, field, wanted);
            let at = locate(&document.text, start, field).0.unwrap_or(start);
            problems.push(problem(document, at + 1, field, text));
            continue;
        }
        let fields = fields(text);
        let start = above.or_else(|| {
            let (field, _) = fields.first()?;
            starts(&document.text).into_iter().find(|s| locate(&document.text, *s, field).1)
        });
        let start = start.unwrap_or(0);
        if text.contains("no matches for kind ") {
            let at = locate(&document.text, start, "apiVersion").0.unwrap_or(start);
            problems.push(problem(document, at + 1, "apiVersion", text));
        } else if fields.is_empty() {
            problems.push(problem(document, start + 1, "", text));
        }
        for (field, why) in fields {
            let at = locate(&document.text, start, &field).0.unwrap_or(start);
            problems.push(problem(document, at + 1, &field, &why));
        }
    }
    problems
}

fn is_error(line: &str) -> bool {
    line.starts_with("error")
        || line.starts_with("Error")
        || line.starts_with("The ")
        || line.starts_with("* ")
}

fn problem(document: &Document, line: usize, field: &str, message: &str) -> Problem {
    let lines = document.text.lines().count().max(1);
    let line = line.clamp(1, lines);
    let starts = starts(&document.text);
    Problem {
        file: Rc::clone(&document.name),
        document: (starts.len() > 1).then(|| starts.iter().filter(|start| **start < line).count()),
        line,
        field: field.to_owned(),
        message: message.to_owned(),
    }
}

/// The line that a YAML error names: `yaml: line 7: …`.
fn yaml_line(text: &str) -> Option<usize> {
    let at = text.find("yaml: line ")? + "yaml: line ".len();
    let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The kind, the field and the type that a decoder's refusal names: `Deployment in version "v1"
/// cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field
/// DeploymentSpec.spec.replicas of type int32`.
fn type_error(text: &str) -> Option<(&str, &str, &str)> {
    let kind = text.split(" in version ").next()?.rsplit(' ').next()?;
    let (path, wanted) = text.split_once("Go struct field ")?.1.split_once(" of type ")?;
    // In front of the path stands the name of the innermost struct.
    let (_, path) = path.split_once('.')?;
    Some((kind, path, wanted.trim()))
}

/// The document (its first line, from zero) of `kind` in which `field` is not of the wanted type.
fn mistyped(text: &str, kind: &str, field: &str, wanted: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let of_kind = |start: &usize| {
        let written = locate(text, *start, "kind").0.map(|at| value(lines[at]));
        written == Some(kind) && locate(text, *start, field).1
    };
    let is_wrong = |start: &usize| {
        let value = locate(text, *start, field).0.map_or("", |at| value(lines[at]));
        match wanted {
            "bool" => !matches!(value, "true" | "false"),
            "string" => value.parse::<f64>().is_ok() || matches!(value, "true" | "false"),
            number if number.starts_with("int") => value.parse::<i64>().is_err(),
            _ => true,
        }
    };
    let candidates: Vec<usize> = starts(text).into_iter().filter(of_kind).collect();
    let found = candidates.iter().copied().find(is_wrong);
    found.or(candidates.first().copied()).unwrap_or(0)
}

/// What a line says after its key, without a comment.
fn value(line: &str) -> &str {
    let text = line.split_once(':').map_or("", |(_, value)| value);
    text.split(" #").next().unwrap_or("").trim()
}

/// The object an error is about: the first quoted word.
fn subject(text: &str) -> Option<&str> {
    let start = text.find('"')? + 1;
    let end = start + text[start..].find('"')?;
    Some(&text[start..end])
}

/// The fields an error names, each with what is wrong: `spec.replicas: Invalid value: …` and
/// `unknown field "spec.replica"`.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for quoted in ["unknown field \"", "duplicate field \""] {
        for (at, _) in text.match_indices(quoted) {
            let rest = &text[at + quoted.len()..];
            let end = rest.find('"').unwrap_or(rest.len());
            let why = format!("{}{}\"", quoted, &rest[..end]);
            found.push((rest[..end].to_owned(), why));
        }
    }
    let kinds = [
        ": Invalid value",
        ": Required value",
        ": Unsupported value",
        ": Forbidden",
        ": Duplicate value",
        ": Too long",
        ": Too many",
        ": Not found",
        ": Internal error",
    ];
    let bounds = kinds.iter().flat_map(|kind| text.match_indices(kind));
    let mut bounds: Vec<usize> = bounds.map(|(at, _)| at).collect();
    bounds.order();
    for (n, &at) in bounds.iter().enumerate() {
        let start = text[..at].rfind([' ', '*']).map_or(0, |s| s + 1);
        // Several errors stand in brackets; a bracket further on is an index of the field.
        let start = start + usize::from(text[start..].starts_with('['));
        let end = bounds
            .get(n + 1)
            .map_or(text.len(), |next| text[..*next].rfind(", ").unwrap_or(text.len()));
        let why = text[at + 2..end].trim_end_matches([']', ',']).to_owned();
        found.push((text[start..at].to_owned(), why));
    }
    found
}

/// The first line (from zero) of every YAML document.
fn starts(text: &str) -> Vec<usize> {
    let marks = text.lines().enumerate().filter(|(_, line)| line.starts_with("---"));
    std::iter::once(0).chain(marks.map(|(n, _)| n + 1)).collect()
}

/// The first line (from zero) of the YAML document that holds the object `name`.
fn document_start(text: &str, name: &str) -> Option<usize> {
    let mut start = 0;
    for (n, line) in text.lines().enumerate() {
        if line.starts_with("---") {
            start = n + 1;
        }
        let value = line.trim().strip_prefix("name:").map(|v| v.trim().trim_matches(['"', '\'']));
        if value.is_some_and(|v| v == name) {
            return Some(start);
        }
    }
    None
}

/// The line (from zero) of `field` (`spec.containers[0].image`) in the document that starts at
/// line `start`, or of its nearest ancestor that is written there; and whether it is the field.
fn locate(text: &str, start: usize, field: &str) -> (Option<usize>, bool) {
    let lines: Vec<&str> = text.lines().collect();
    let end = (start..lines.len()).find(|n| lines[*n].starts_with("---") && *n > start);
    let end = end.unwrap_or(lines.len());
    let (mut from, mut until, mut least) = (start, end, 0);
    let mut found = None;
    for part in field.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let Some(at) = child(&lines, from, until, least, name) else { return (found, false) };
        found = Some(at);
        (from, until, least) = inside(&lines, at, until);
        if let Some(index) = index {
            let Some(at) = element(&lines, from, until, index) else {
                return (found, false);
            };
            found = Some(at);
            let next = element(&lines, from, until, index + 1);
            (from, until, least) = (at, next.unwrap_or(until), indent(lines[at]) + 1);
        }
    }
    (found, true)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn key(line: &str) -> &str {
    let text = line.trim_start();
    let text = text.strip_prefix("- ").unwrap_or(text).trim_start();
    text.split(':').next().unwrap_or("").trim_matches(['"', '\''])
}

fn child(lines: &[&str], from: usize, until: usize, least: usize, name: &str) -> Option<usize> {
    let depth = |line: &str| match line.trim_start().starts_with("- ") {
        true => indent(line) + 2,
        false => indent(line),
    };
    let known = |n: &usize| !lines[*n].trim().is_empty() && !lines[*n].trim().starts_with('#');
    let candidates = (from..until).filter(known).filter(|n| depth(lines[*n]) >= least);
    candidates.filter(|n| key(lines[*n]) == name).min_by_key(|n| depth(lines[*n]))
}

fn inside(lines: &[&str], at: usize, until: usize) -> (usize, usize, usize) {
    let depth = indent(lines[at]);
    let below = |n: &usize| {
        let line = lines[*n];
        !line.trim().is_empty() && indent(line) <= depth && !line.trim_start().starts_with('-')
    };
    let end = (at + 1..until).find(below).unwrap_or(until);
    (at + 1, end, depth)
}

fn element(lines: &[&str], from: usize, until: usize, index: usize) -> Option<usize> {
    let dashes = (from..until).filter(|n| lines[*n].trim_start().starts_with('-'));
    let dashes: Vec<usize> = dashes.collect();
    let depth = dashes.iter().map(|n| indent(lines[*n])).min()?;
    dashes.into_iter().filter(|n| indent(lines[*n]) == depth).nth(index)
}
