//! Templates as Go's `text/template` has them: carrying them out. Mirrors `text/template/exec.go`
//! and `funcs.go`.

use crate::base::order::Gather;
use std::cmp::Ordering;

use serde_json::Value;

use super::base64::{self, Alphabet};
use super::go_template::{Branch, Command, Kind, Node, Operand, Pipe, Place, Template};
use super::go_text;

/// The functions that templates may call.
pub(super) const FUNCTIONS: &[&str] = &[
    "and",
    "base64decode",
    "eq",
    "ge",
    "gt",
    "html",
    "index",
    "js",
    "le",
    "len",
    "lt",
    "ne",
    "not",
    "or",
    "print",
    "printf",
    "println",
    "slice",
    "urlquery",
];

/// A value; `None` is what an absent key gives.
type Found = Option<Value>;
type Outcome<T> = Result<T, String>;

/// How a body was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Run<'a> {
    template: &'a Template,
    out: String,
    variables: Vec<(String, Found)>,
    depth: usize,
    /// How many nodes have been carried out.
    steps: u64,
}

/// How many nodes may be: Go would go on for as long as a template says, and nobody could stop it.
const STEPS: u64 = 5_000_000;

impl Template {
    /// The text for `data`.
    ///
    /// # Errors
    /// Go's complaint, with the place.
    pub fn execute(&self, data: &Value) -> Outcome<String> {
        let data = with_floats(data);
        let variables = vec![("$".to_owned(), Some(data.clone()))];
        let mut run = Run { template: self, out: String::new(), variables, depth: 0, steps: 0 };
        run.list(&self.nodes, &Some(data))?;
        Ok(run.out)
    }
}

/// Every number as a float, as Go decodes JSON.
fn with_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(items) => items.iter().map(with_floats).collect(),
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, value)| (key.clone(), with_floats(value))).gathered(),
        ),
        other => other.clone(),
    }
}

fn is_true(value: &Found) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
    }
}

fn print(value: &Found) -> String {
    match value {
        None | Some(Value::Null) => "<no value>".to_owned(),
        Some(value) => go_text::print(value),
    }
}

impl Run<'_> {
    fn error<T>(&self, at: &Place, why: &str) -> Outcome<T> {
        let before = &self.template.source[..at.offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rfind('\n').map_or(at.offset, |end| at.offset - end - 1);
        let mut text: String = at.text.chars().take(20).collect();
        if text.len() < at.text.len() {
            text.push_str("...");
        }
        Err(format!("template: output:{line}:{column}: executing \"output\" at <{text}>: {why}"))
    }

    fn list(&mut self, nodes: &[Node], dot: &Found) -> Outcome<Flow> {
        let known = self.variables.len();
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                self.variables.truncate(known);
                return Ok(flow);
            }
        }
        self.variables.truncate(known);
        Ok(Flow::On)
    }

    fn node(&mut self, node: &Node, dot: &Found) -> Outcome<Flow> {
        self.steps += 1;
        if self.steps > STEPS {
            return Err(format!("template: output: exceeded {STEPS} steps"));
        }
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Action(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.out.push_str(&print(&value));
                }
            }
            Node::Leave(ends) => return Ok(if *ends { Flow::Break } else { Flow::Continue }),
            Node::Call(name, pipe) => {
                let value = match pipe {
                    Some(pipe) => self.pipe(pipe, dot)?,
                    None => None,
                };
                let template = self.template;
                let Some((_, body)) = template.defined.iter().rev().find(|(n, _)| n == name) else {
                    return Err(format!("template: output: template {name:?} not defined"));
                };
                if self.depth > 100 {
                    return Err("template: output: exceeded maximum template depth".to_owned());
                }
                self.depth += 1;
                let outer = std::mem::take(&mut self.variables);
                self.variables.push(("$".to_owned(), value.clone()));
                self.list(body, &value)?;
                self.variables = outer;
                self.depth -= 1;
            }
            Node::Branch(Branch::Range, pipe, body, otherwise) => {
                return self.range(pipe, body, otherwise, dot);
            }
            Node::Branch(kind, pipe, body, otherwise) => {
                let known = self.variables.len();
                let value = self.pipe(pipe, dot)?;
                let flow = if !is_true(&value) {
                    self.list(otherwise, dot)
                } else if *kind == Branch::With {
                    self.list(body, &value)
                } else {
                    self.list(body, dot)
                };
                self.variables.truncate(known);
                return flow;
            }
        }
        Ok(Flow::On)
    }

    fn range(
        &mut self,
        pipe: &Pipe,
        body: &[Node],
        otherwise: &[Node],
        dot: &Found,
    ) -> Outcome<Flow> {
        let known = self.variables.len();
        let bare = Pipe { variables: Vec::new(), ..pipe.clone() };
        let value = self.pipe(&bare, dot)?;
        let items: Vec<(Value, Value)> = match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                items.into_iter().enumerate().map(|(at, item)| (Value::from(at), item)).collect()
            }
            Some(Value::Object(map)) => {
                map.into_iter().map(|(key, item)| (Value::String(key), item)).collect()
            }
            Some(Value::Number(number)) if number.is_i64() => {
                let count = number.as_i64().unwrap_or(0);
                if u64::try_from(count).is_ok_and(|count| count > STEPS) {
                    return Err(format!("template: output: exceeded {STEPS} steps"));
                }
                (0..count).map(|n| (n.into(), n.into())).collect()
            }
            Some(other) => {
                let at = pipe.commands.last().map(|command| command.at.clone());
                let at = at.unwrap_or(Place { offset: 0, text: String::new() });
                return self
                    .error(&at, &format!("range can't iterate over {}", go_text::print(&other)));
            }
        };
        if items.is_empty() {
            return self.list(otherwise, dot);
        }
        for (key, item) in items {
            match pipe.variables.as_slice() {
                [one] => self.set(one, Some(item.clone()), pipe.assigns),
                [index, one] => {
                    self.set(index, Some(key), pipe.assigns);
                    self.set(one, Some(item.clone()), pipe.assigns);
                }
                _ => {}
            }
            let flow = self.list(body, &Some(item))?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn set(&mut self, name: &str, value: Found, assigns: bool) {
        let old = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        match old {
            Some(old) if assigns => old.1 = value,
            _ => self.variables.push((name.to_owned(), value)),
        }
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Found) -> Outcome<Found> {
        let mut value: Option<Found> = None;
        for command in &pipe.commands {
            value = Some(self.command(command, dot, value.take())?);
        }
        let value = value.flatten();
        if let [name] = pipe.variables.as_slice() {
            self.set(name, value.clone(), pipe.assigns);
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, dot: &Found, last: Option<Found>) -> Outcome<Found> {
        let Some((first, rest)) = command.operands.split_first() else { return Ok(None) };
        if let Kind::Function(name) = &first.kind {
            let mut arguments = Vec::new();
            for operand in rest {
                arguments.push(self.operand(operand, dot)?);
                // `and` and `or` look no further than they must.
                let decided = match name.as_str() {
                    "and" => !is_true(&arguments[arguments.len() - 1]),
                    "or" => is_true(&arguments[arguments.len() - 1]),
                    _ => false,
                };
                if decided {
                    return Ok(arguments.pop().flatten());
                }
            }
            arguments.extend(last);
            let result = call(name, &arguments);
            return result.or_else(|why| {
                let counts = why.starts_with("wrong number of args");
                let why = if counts { why } else { format!("error calling {name}: {why}") };
                self.error(&command.at, &why)
            });
        }
        if !rest.is_empty() || last.is_some() {
            let what = match &first.kind {
                Kind::Literal(_) | Kind::Pipe(_) => {
                    return self.error(&first.at, "can't give argument to non-function");
                }
                _ => first.fields.last().cloned().unwrap_or_default(),
            };
            self.operand(first, dot)?;
            return self.error(
                &first.at,
                &if what.is_empty() {
                    format!("can't give argument to non-function {}", first.at.text)
                } else {
                    format!("{what} is not a method but has arguments")
                },
            );
        }
        self.operand(first, dot)
    }

    fn operand(&mut self, operand: &Operand, dot: &Found) -> Outcome<Found> {
        let mut value = match &operand.kind {
            Kind::Dot => dot.clone(),
            Kind::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.and_then(|(_, value)| value.clone())
            }
            Kind::Literal(value) => Some(value.clone()),
            Kind::Pipe(pipe) => self.pipe(pipe, dot)?,
            Kind::Function(name) => {
                return call(name, &[]).or_else(|why| self.error(&operand.at, &why));
            }
        };
        for field in &operand.fields {
            value = match value {
                None if self.template.strict => {
                    return self
                        .error(&operand.at, &format!("nil data; no entry for key {field:?}"));
                }
                None => None,
                Some(Value::Object(mut map)) => match map.remove(field) {
                    None if self.template.strict => {
                        let why = format!("map has no entry for key {field:?}");
                        return self.error(&operand.at, &why);
                    }
                    found => found,
                },
                Some(Value::Null) => {
                    let why = format!("nil pointer evaluating interface {{}}.{field}");
                    return self.error(&operand.at, &why);
                }
                Some(other) => {
                    let name = go_text::type_name(&other);
                    let why = format!("can't evaluate field {field} in type {name}");
                    return self.error(&operand.at, &why);
                }
            };
        }
        Ok(value)
    }
}

/// Calls one of [`FUNCTIONS`].
fn call(name: &str, arguments: &[Found]) -> Outcome<Found> {
    let wants = |count: usize| {
        if arguments.len() == count {
            return Ok(());
        }
        Err(format!("wrong number of args for {name}: want {count} got {}", arguments.len()))
    };
    let text = |value: String| Ok(Some(Value::String(value)));
    match name {
        "and" | "or" => Ok(arguments.last().cloned().flatten()),
        "not" => wants(1).map(|()| Some(Value::Bool(!is_true(&arguments[0])))),
        "len" => {
            wants(1)?;
            match &arguments[0] {
                Some(Value::String(text)) => Ok(Some(text.len().into())),
                Some(Value::Array(items)) => Ok(Some(items.len().into())),
                Some(Value::Object(map)) => Ok(Some(map.len().into())),
                None | Some(Value::Null) => Err("len of nil pointer".to_owned()),
                Some(other) => Err(format!("len of type {}", type_name(other))),
            }
        }
        "index" => index(arguments),
        "slice" => slice(arguments),
        "print" | "html" | "js" | "urlquery" => text(spaced(arguments)),
        "println" => {
            let words: Vec<_> = arguments.iter().map(print).collect();
            text(words.join(" ") + "\n")
        }
        "printf" => match arguments.split_first() {
            Some((Some(Value::String(format)), rest)) => text(formatted(format, rest)),
            _ => Err("wrong number of args for printf: want at least 1 got 0".to_owned()),
        },
        "base64decode" => match arguments {
            [Some(Value::String(code))] => base64::decode(code, Alphabet::Standard)
                .map_err(|why| format!("base64 decode failed: {why}"))
                .and_then(|bytes| text(String::from_utf8_lossy(&bytes).into_owned())),
            _ => wants(1).and(Err("invalid value; expected string".to_owned())),
        },
        "eq" => {
            let Some((first, rest)) = arguments.split_first().filter(|(_, r)| !r.is_empty()) else {
                return Err("missing argument for comparison".to_owned());
            };
            let mut equal = false;
            for other in rest {
                equal |= compare(first, other)? == Some(Ordering::Equal);
            }
            Ok(Some(Value::Bool(equal)))
        }
        _ => {
            wants(2)?;
            let order = compare(&arguments[0], &arguments[1])?;
            let ordered = order.ok_or("invalid type for comparison");
            let holds = match name {
                "ne" => order != Some(Ordering::Equal),
                "lt" => ordered? == Ordering::Less,
                "le" => ordered? != Ordering::Greater,
                "gt" => ordered? == Ordering::Greater,
                _ => ordered? != Ordering::Less,
            };
            Ok(Some(Value::Bool(holds)))
        }
    }
}

/// The type's name; numbers of the template itself are whole.
fn type_name(value: &Value) -> &'static str {
    match go_text::type_name(value) {
        "int64" => "int",
        name => name,
    }
}

/// How two values stand to each other; `None` where they are only unequal.
fn compare(left: &Found, right: &Found) -> Outcome<Option<Ordering>> {
    let incompatible = || Err("incompatible types for comparison".to_owned());
    match (left.as_ref().unwrap_or(&Value::Null), right.as_ref().unwrap_or(&Value::Null)) {
        (Value::Null, Value::Null) => Ok(Some(Ordering::Equal)),
        (Value::Null, _) | (_, Value::Null) => Ok(None),
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => Ok((a == b).then_some(Ordering::Equal)),
        (Value::Number(a), Value::Number(b)) if a.is_f64() == b.is_f64() => {
            Ok(a.as_f64().partial_cmp(&b.as_f64()))
        }
        (Value::Array(_) | Value::Object(_), _) => Err("non-comparable type".to_owned()),
        _ => incompatible(),
    }
}

fn index(arguments: &[Found]) -> Outcome<Found> {
    let Some((first, keys)) = arguments.split_first() else {
        return Err("wrong number of args for index: want at least 1 got 0".to_owned());
    };
    let mut value = first.clone();
    for key in keys {
        value = match (value, key) {
            (None | Some(Value::Null), _) => return Err("index of untyped nil".to_owned()),
            (Some(Value::Object(mut map)), Some(Value::String(key))) => map.remove(key),
            (Some(Value::Object(_)), Some(key)) => {
                return Err(format!("value has type {}; should be string", type_name(key)));
            }
            (Some(Value::Array(items)), Some(Value::Number(number))) if !number.is_f64() => {
                let at = number.as_i64().unwrap_or(-1);
                let item = usize::try_from(at).ok().and_then(|at| items.get(at).cloned());
                Some(item.ok_or_else(|| format!("index out of range: {at}"))?)
            }
            (Some(Value::Array(_)), Some(key)) => {
                return Err(format!("cannot index slice/array with type {}", type_name(key)));
            }
            (Some(other), _) => {
                return Err(format!("can't index item of type {}", type_name(&other)));
            }
        };
    }
    Ok(value)
}

fn slice(arguments: &[Found]) -> Outcome<Found> {
    let bound = |at: usize| arguments.get(at).and_then(|value| value.as_ref()?.as_u64());
    let range = |length: usize| {
        let usual = u64::try_from(length).unwrap_or(0);
        let (from, to) = (bound(1).unwrap_or(0), bound(2).unwrap_or(usual));
        if from > to || to > usual {
            return Err(format!("index out of range: {}", to.max(from)));
        }
        Ok(usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0))
    };
    match arguments.first() {
        Some(Some(Value::String(text))) => {
            Ok(Some(text.get(range(text.len())?).unwrap_or_default().into()))
        }
        Some(Some(Value::Array(items))) => Ok(Some(items[range(items.len())?].to_vec().into())),
        _ => Err("slice of untyped nil".to_owned()),
    }
}

/// Go's `fmt.Sprint`: a space between two operands of which neither is a text.
fn spaced(arguments: &[Found]) -> String {
    let mut out = String::new();
    let is_text = |value: &Found| matches!(value, Some(Value::String(_)));
    for (at, argument) in arguments.iter().enumerate() {
        if at > 0 && !is_text(argument) && !is_text(&arguments[at - 1]) {
            out.push(' ');
        }
        out.push_str(&print(argument));
    }
    out
}

/// Go's `fmt.Sprintf`, for values of JSON.
fn formatted(format: &str, arguments: &[Found]) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut next = arguments.iter();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-+ #0123456789.".contains(*c)) {
            flags.push(flag);
        }
        // Behind a number that is too large Go reads nothing more.
        let verb = chars.next().filter(|_| !has_large_number(&flags));
        let Some(verb) = verb else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(argument) = next.next() else {
            out.push_str(&format!("%!{verb}(MISSING)"));
            continue;
        };
        out.push_str(&padded(&one(verb, &flags, argument), &flags));
    }
    let rest: Vec<_> = next.map(|value| format!("{}={}", name_of(value), shown(value))).collect();
    if !rest.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", rest.join(", ")));
    }
    out
}

/// Mirrors `tooLarge` of Go's `fmt`.
fn has_large_number(flags: &str) -> bool {
    let numbers = flags.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.into_iter().any(|digits| digits.parse::<u32>().map_or(true, |n| n > 1_000_000))
}

/// A number with so many digits behind the point.
fn fixed(number: f64, digits: usize) -> String {
    /// A double has no more digits than these behind the point.
    const DIGITS: usize = 1_074;
    let text = format!("{number:.*}", digits.min(DIGITS));
    text + &"0".repeat(digits.saturating_sub(DIGITS))
}

fn shown(value: &Found) -> String {
    value.as_ref().map_or("<nil>".to_owned(), go_text::print)
}

fn name_of(value: &Found) -> &'static str {
    value.as_ref().map_or("<nil>", type_name)
}

fn one(verb: char, flags: &str, value: &Found) -> String {
    let wrong = || format!("%!{verb}({}={})", name_of(value), shown(value));
    let precision = flags.split_once('.').and_then(|(_, digits)| digits.parse::<usize>().ok());
    match (verb, value) {
        ('v', _) if flags.contains('#') => {
            value.as_ref().map_or("<nil>".to_owned(), go_text::syntax)
        }
        ('v', _) | ('s', Some(Value::String(_))) => {
            let text = shown(value);
            precision
                .filter(|_| verb == 's')
                .map_or(text.clone(), |n| text.chars().take(n).collect())
        }
        ('s', Some(Value::Array(_) | Value::Object(_))) => shown(value),
        ('q', Some(Value::String(text))) => go_text::quote(text),
        ('T', _) => name_of(value).to_owned(),
        ('t', Some(Value::Bool(value))) => value.to_string(),
        ('d', Some(Value::Number(number))) if !number.is_f64() => number.to_string(),
        ('x', Some(Value::Number(number))) if !number.is_f64() => {
            format!("{:x}", number.as_i64().unwrap_or(0))
        }
        ('x', Some(Value::String(text))) => {
            text.bytes().map(|byte| format!("{byte:02x}")).collect()
        }
        ('f', Some(Value::Number(number))) if number.is_f64() => {
            fixed(number.as_f64().unwrap_or(0.0), precision.unwrap_or(6))
        }
        ('g', Some(Value::Number(number))) if number.is_f64() => go_text::number(number),
        _ => wrong(),
    }
}

fn padded(text: &str, flags: &str) -> String {
    let left = flags.starts_with('-');
    let digits = flags.trim_start_matches(['-', '+', ' ', '#']).split('.').next();
    let width: usize = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let fill = if flags.starts_with('0') { '0' } else { ' ' };
    let missing = width.saturating_sub(text.chars().count());
    let pad: String = std::iter::repeat_n(fill, missing).collect();
    if left { format!("{text}{pad}") } else { format!("{pad}{text}") }
}
