//! The conditions of `until`: `rs/web status.readyReplicas == 3`, `count pods app=web == 3`,
//! `gone rs/web`.

use serde_json::Value;

use crate::api::{Api, Request, Verb};
use crate::cluster::Cluster;
use crate::kinds::KINDS;
use crate::object::Object;

/// A condition.
pub(super) enum Until {
    /// The object is not there.
    Gone(Request),
    /// How many objects match all of `field=value`, compared with a number.
    Count(Request, Vec<(String, String)>, Operator, f64),
    /// A field of an object, compared with a text.
    Field(Request, String, Operator, String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    AtLeast,
    AtMost,
    Contains,
}

const OPERATORS: [(&str, Operator); 5] = [
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("~=", Operator::Contains),
];

impl Until {
    /// Reads a condition about objects of `namespace`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str, namespace: &str) -> Result<Self, String> {
        let bad = || format!("bad until: {text}");
        if let Some(object) = text.strip_prefix("gone ") {
            return Ok(Self::Gone(request(object.trim(), namespace)?));
        }
        let (at, operator) = OPERATORS
            .iter()
            .filter_map(|(sign, operator)| Some((text.find(sign)?, *operator)))
            .min_by_key(|(at, _)| *at)
            .ok_or_else(bad)?;
        let (left, wanted) = (text[..at].trim(), text[at + 2..].trim());
        let (object, rest) = left.split_once(char::is_whitespace).unwrap_or((left, ""));
        if object == "count" {
            let (kind, filters) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let pair = |word: &str| {
                let (field, value) = word.split_once('=')?;
                Some((field.to_owned(), value.to_owned()))
            };
            let filters = filters.split_whitespace().map(pair).collect::<Option<_>>();
            let number = wanted.parse().map_err(|_| bad())?;
            return Ok(Self::Count(
                request(kind, namespace)?,
                filters.ok_or_else(bad)?,
                operator,
                number,
            ));
        }
        Ok(Self::Field(
            request(object, namespace)?,
            rest.trim().to_owned(),
            operator,
            wanted.to_owned(),
        ))
    }

    /// Whether it holds now.
    pub(super) fn holds(&self, cluster: &mut Cluster) -> bool {
        match self {
            Self::Gone(request) => {
                Api::call(cluster, request.clone()).is_err_and(|status| status.code == 404)
            }
            Self::Count(request, filters, operator, wanted) => {
                let reply = Api::call(cluster, request.clone());
                let items = reply.map(crate::api::Reply::items).unwrap_or_default();
                let matching = items.iter().filter(|object| matches(object, filters)).count();
                compare(&matching.to_string(), *operator, &wanted.to_string())
            }
            Self::Field(request, path, operator, wanted) => {
                let found = Api::call(cluster, request.clone()).ok().and_then(|r| r.object());
                let got = found.and_then(|object| dig(&object.to_value(), path));
                compare(&text(got.as_ref()), *operator, wanted)
            }
        }
    }
}

fn request(object: &str, namespace: &str) -> Result<Request, String> {
    let (kind, name) = object.split_once('/').unwrap_or((object, ""));
    let names = KINDS
        .iter()
        .map(|kind| kind.names())
        .find(|n| n.singular == kind || n.plural == kind || n.short.contains(&kind))
        .ok_or_else(|| format!("unknown resource {kind}"))?;
    let verb = if name.is_empty() { Verb::List } else { Verb::Get };
    let mut request = Request::new(verb, names.resource());
    name.clone_into(&mut request.name);
    if names.namespaced {
        namespace.clone_into(&mut request.namespace);
    }
    Ok(request)
}

fn compare(got: &str, operator: Operator, wanted: &str) -> bool {
    let number = |text: &str| if text.is_empty() { Some(0.0) } else { text.parse::<f64>().ok() };
    match operator {
        Operator::Equal => got == wanted,
        Operator::Unequal => got != wanted,
        Operator::Contains => got.contains(wanted),
        Operator::AtLeast | Operator::AtMost => match (number(got), number(wanted)) {
            (Some(got), Some(wanted)) if operator == Operator::AtLeast => got >= wanted,
            (Some(got), Some(wanted)) => got <= wanted,
            _ => false,
        },
    }
}

/// Whether an object has every `field=value`: paths, labels, and the short words `ready`, `reason`
/// (of a container) and `event`.
fn matches(object: &Object, filters: &[(String, String)]) -> bool {
    let value = object.to_value();
    filters.iter().all(|(field, wanted)| match field.as_str() {
        "ready" => text(dig(&value, "status.conditions[type=Ready].status").as_ref()) == *wanted,
        "event" => value["reason"] == **wanted,
        "reason" => {
            let statuses = value.pointer("/status/containerStatuses").and_then(Value::as_array);
            statuses.into_iter().flatten().any(|status| {
                let state = &status["state"];
                let of = if state["waiting"].is_object() { "waiting" } else { "terminated" };
                state[of]["reason"] == **wanted
            })
        }
        path if ["status.", "spec.", "metadata."].iter().any(|part| path.starts_with(part)) => {
            text(dig(&value, path).as_ref()) == *wanted
        }
        label => value["metadata"]["labels"][label].as_str().unwrap_or_default() == *wanted,
    })
}

/// Follows `status.conditions[type=Ready].status`, `metadata.annotations{a.b/c}`, `items[0]`.
fn dig(value: &Value, path: &str) -> Option<Value> {
    let mut at = value;
    let mut rest = path;
    while !rest.is_empty() {
        let (token, closing) = match rest.as_bytes()[0] {
            b'.' => {
                rest = &rest[1..];
                continue;
            }
            b'[' => (rest[1..].split(']').next()?, ']'),
            b'{' => (rest[1..].split('}').next()?, '}'),
            _ => (rest.split(['.', '[', '{']).next()?, '.'),
        };
        rest =
            &rest[token.len() + if closing == '.' { 0 } else { 2.min(rest.len() - token.len()) }..];
        at = match (closing, token.split_once('=')) {
            (']', Some((field, wanted))) => {
                at.as_array()?.iter().find(|item| text(Some(&item[field])) == wanted)?
            }
            (']', None) => at.get(token.parse::<usize>().ok()?)?,
            _ => at.get(token)?,
        };
    }
    Some(at.clone()).filter(|found| !found.is_null())
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
