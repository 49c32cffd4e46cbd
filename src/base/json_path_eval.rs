//! What a JSONPath template finds. Mirrors `client-go/util/jsonpath/jsonpath.go`.

use super::go_text;
use super::json_path_parser::Node;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

type Found<'a> = Cow<'a, Value>;

/// The results of each of `nodes`, a template's top-level parts.
pub(super) fn find<'a>(
    nodes: &[Node],
    value: &'a Value,
    allow_missing_keys: bool,
) -> Result<Vec<Vec<Found<'a>>>, String> {
    let mut walker = Walker { allow_missing_keys, ranges: 0, begins: false, ends: false };
    let mut results = Vec::new();
    walker.block(nodes, 0, Cow::Borrowed(value), &mut results)?;
    Ok(results)
}

struct Walker {
    allow_missing_keys: bool,
    /// How many `{range}` are open.
    ranges: usize,
    /// The part just walked opened a range.
    begins: bool,
    /// The part just walked closed one.
    ends: bool,
}

impl Walker {
    /// Walks `nodes[start..]` up to the `{end}` of the enclosing range and returns its index.
    fn block<'a>(
        &mut self,
        nodes: &[Node],
        start: usize,
        value: Found<'a>,
        results: &mut Vec<Vec<Found<'a>>>,
    ) -> Result<usize, String> {
        let mut index = start;
        while index < nodes.len() {
            let found = self.walk(vec![value.clone()], &nodes[index])?;
            if std::mem::take(&mut self.ends) {
                return Ok(index);
            }
            if !std::mem::take(&mut self.begins) {
                results.push(found);
                index += 1;
                continue;
            }
            self.ranges += 1;
            let mut end = nodes.len();
            if found.is_empty() {
                // The body is walked once over nothing, only to find its end.
                let mut nothing = Vec::new();
                end = self.block(nodes, index + 1, Cow::Owned(Value::Null), &mut nothing)?;
            }
            for item in found {
                end = self.block(nodes, index + 1, item, results)?;
            }
            self.ranges -= 1;
            index = end + 1;
        }
        Ok(nodes.len())
    }

    fn list<'a>(
        &mut self,
        mut values: Vec<Found<'a>>,
        nodes: &[Node],
    ) -> Result<Vec<Found<'a>>, String> {
        for node in nodes {
            values = self.walk(values, node)?;
        }
        Ok(values)
    }

    fn walk<'a>(&mut self, values: Vec<Found<'a>>, node: &Node) -> Result<Vec<Found<'a>>, String> {
        match node {
            Node::List(nodes) => self.list(values, nodes),
            Node::Literal(literal @ Value::String(_)) => Ok(vec![Cow::Owned(literal.clone())]),
            Node::Literal(literal) => {
                Ok(values.iter().map(|_| Cow::Owned(literal.clone())).collect())
            }
            Node::Field(name) => self.field(values, name),
            Node::Slice { .. } => slice(values, node),
            Node::Filter { left, operator, right } => self.filter(values, left, operator, right),
            Node::Wildcard => Ok(values.iter().flat_map(children).collect()),
            Node::Recursive => {
                let mut found = Vec::new();
                values.into_iter().for_each(|value| descend(value, &mut found));
                Ok(found)
            }
            Node::Union(lists) => {
                let mut found = Vec::new();
                for nodes in lists {
                    found.extend(self.list(values.clone(), nodes)?);
                }
                Ok(found)
            }
            Node::Identifier(name) => self.identifier(values, name),
        }
    }

    fn identifier<'a>(
        &mut self,
        values: Vec<Found<'a>>,
        name: &str,
    ) -> Result<Vec<Found<'a>>, String> {
        match name {
            "range" => {
                self.begins = true;
                Ok(values)
            }
            "end" if self.ranges > 0 => {
                self.ends = true;
                Ok(Vec::new())
            }
            "end" => Err("not in range, nothing to end".into()),
            _ => Err(format!("unrecognized identifier {name}")),
        }
    }

    fn field<'a>(&self, values: Vec<Found<'a>>, name: &str) -> Result<Vec<Found<'a>>, String> {
        if values.is_empty() {
            return Ok(values);
        }
        let found: Vec<_> = values.iter().filter_map(|value| child(value, name)).collect();
        if found.is_empty() && !self.allow_missing_keys {
            return Err(format!("{name} is not found"));
        }
        Ok(found)
    }

    fn filter<'a>(
        &mut self,
        values: Vec<Found<'a>>,
        left: &[Node],
        operator: &str,
        right: &[Node],
    ) -> Result<Vec<Found<'a>>, String> {
        let mut kept = Vec::new();
        for value in &values {
            let Value::Array(_) = value.as_ref() else {
                let shown = go_text::print(value);
                return Err(format!("{shown} is not array or slice and cannot be filtered"));
            };
            for item in children(value) {
                let lefts = self.list(vec![item.clone()], left);
                if operator == "exists" {
                    if lefts.is_ok_and(|lefts| !lefts.is_empty()) {
                        kept.push(item);
                    }
                    continue;
                }
                let left = only(lefts?)?;
                let right = only(self.list(vec![item.clone()], right)?)?;
                if compare(&left, operator, &right)? {
                    kept.push(item);
                }
            }
        }
        Ok(kept)
    }
}

fn only(values: Vec<Found<'_>>) -> Result<Found<'_>, String> {
    let [value] = <[Found<'_>; 1]>::try_from(values)
        .map_err(|_| "can only compare one element at a time".to_string())?;
    Ok(value)
}

fn child<'a>(value: &Found<'a>, name: &str) -> Option<Found<'a>> {
    match value {
        Cow::Borrowed(value) => value.as_object()?.get(name).map(Cow::Borrowed),
        Cow::Owned(value) => value.as_object()?.get(name).cloned().map(Cow::Owned),
    }
}

fn children<'a>(value: &Found<'a>) -> Vec<Found<'a>> {
    match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(map)) => map.values().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Array(items)) => items.iter().cloned().map(Cow::Owned).collect(),
        Cow::Owned(Value::Object(map)) => map.values().cloned().map(Cow::Owned).collect(),
        _ => Vec::new(),
    }
}

/// A value that holds others, and all that it holds.
fn descend<'a>(value: Found<'a>, found: &mut Vec<Found<'a>>) {
    let inside = children(&value);
    let text = matches!(value.as_ref(), Value::String(text) if !text.is_empty());
    if !inside.is_empty() || text {
        found.push(value);
    }
    inside.into_iter().for_each(|value| descend(value, found));
}

fn slice<'a>(values: Vec<Found<'a>>, node: &Node) -> Result<Vec<Found<'a>>, String> {
    let Node::Slice { from, to, step, single } = node else { return Ok(values) };
    let mut found = Vec::new();
    for value in values.iter().filter(|value| !value.is_null()) {
        if !value.is_array() {
            return Err(format!("{} is not array or slice", go_text::type_name(value)));
        }
        let items = children(value);
        let length = items.len() as i64;
        let wrap = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
        let start = wrap(from.unwrap_or(0));
        let end = match (to, single) {
            (Some(to), _) => wrap(*to),
            (None, true) => start.saturating_add(1),
            (None, false) => length,
        };
        if start == end {
            continue;
        }
        let beyond =
            |index: i64| Err(format!("array index out of bounds: index {index}, length {length}"));
        if start >= length || start < 0 {
            return beyond(start);
        }
        if end > length || end < 0 {
            return beyond(end - 1);
        }
        if start > end {
            return Err(format!("starting index {start} is greater than ending index {end}"));
        }
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(0);
        if step == 0 {
            return Err("step must be > 0".into());
        }
        let length = (end - start) as usize;
        found.extend(items.into_iter().skip(start as usize).take(length).step_by(step));
    }
    Ok(found)
}

const INCOMPATIBLE: &str = "incompatible types for comparison";
const INVALID: &str = "invalid type for comparison";

/// Mirrors the comparisons of Go's templates, which know no conversions.
fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    let order = || order(left, right);
    match operator {
        "==" => equal(left, right),
        "!=" => equal(left, right).map(|equal| !equal),
        "<" => order().map(|order| order == Ordering::Less),
        "<=" => order().map(|order| order != Ordering::Greater),
        ">" => order().map(|order| order == Ordering::Greater),
        ">=" => order().map(|order| order != Ordering::Less),
        _ => Err(format!("unrecognized filter operator {operator}")),
    }
}

fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        _ => order(left, right).map(|order| order == Ordering::Equal),
    }
}

fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    let basic = |value: &Value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
    match (left, right) {
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            Ok(a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Less))
        }
        (Value::Number(a), Value::Number(b)) if !a.is_f64() && !b.is_f64() => {
            Ok(a.as_i128().cmp(&b.as_i128()))
        }
        _ if !basic(left) || !basic(right) => Err(INVALID.into()),
        (Value::Bool(_), Value::Bool(_)) => Err(INVALID.into()),
        _ => Err(INCOMPATIBLE.into()),
    }
}
