//! In which form an answer is wanted. Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/negotiation`.

use super::Status;
use crate::base::order::Order as _;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// JSON, in one line.
    Json,
    /// JSON, indented.
    Pretty,
    /// YAML.
    Yaml,
}

impl Media {
    /// The `Content-Type` of an answer.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Pretty => "application/json",
            Self::Yaml => "application/yaml",
        }
    }
}

/// What an object is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The object as it is.
    Whole,
    /// A table with a row an object.
    Table,
    /// The metadata of one object.
    Partial,
    /// The metadata of several objects.
    PartialList,
    /// Aggregated discovery.
    Discovery,
}

/// What a client accepts, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// How values are written.
    pub media: Media,
    /// What objects are turned into.
    pub shape: Shape,
}

/// What is served under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serves {
    /// Objects and lists.
    Objects,
    /// Watches: no YAML.
    Watch,
    /// Discovery documents.
    Discovery,
    /// Answers that are stored nowhere and have no rows.
    Answers,
}

const AVAILABLE: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The form in which to answer a client that accepts `accept` (empty: anything).
///
/// # Errors
/// 406 where no form will do.
pub(super) fn form(accept: &str, pretty: bool, serves: Serves) -> Result<Form, Status> {
    let json = if pretty { Media::Pretty } else { Media::Json };
    if accept.trim().is_empty() {
        return Ok(Form { media: json, shape: Shape::Whole });
    }
    let mut is_known = false;
    for clause in clauses(accept) {
        let media = match clause.media.as_str() {
            "application/json" | "*/*" => json,
            "application/yaml" => Media::Yaml,
            "application/vnd.kubernetes.protobuf" => {
                is_known = true;
                continue;
            }
            _ => continue,
        };
        is_known = true;
        if serves == Serves::Watch && media == Media::Yaml {
            continue;
        }
        if let Some(shape) = shape(&clause, serves) {
            return Ok(Form { media, shape });
        }
    }
    Err(match (is_known, serves) {
        (true, Serves::Watch) => Status::not_acceptable(
            "only the following media types are accepted: application/json;stream=watch, \
             application/vnd.kubernetes.protobuf;stream=watch",
        ),
        (true, _) => Status::not_acceptable(format!(
            "only the following media types are accepted: {AVAILABLE}"
        )),
        (false, _) => Status::generic(
            406,
            "NotAcceptable",
            format!("406: Not Acceptable\n\nAvailable representations: {AVAILABLE}"),
        ),
    })
}

/// In which media type a refusal is written: whatever of what is accepted is known.
pub(super) fn media(accept: &str, pretty: bool) -> Media {
    let json = if pretty { Media::Pretty } else { Media::Json };
    let first = clauses(accept).into_iter().find_map(|clause| match clause.media.as_str() {
        "application/json" | "*/*" => Some(json),
        "application/yaml" => Some(Media::Yaml),
        _ => None,
    });
    first.unwrap_or(json)
}

/// The shape that a clause's parameters ask for; `None` where it is not served.
fn shape(clause: &Clause, serves: Serves) -> Option<Shape> {
    let parameter = |name: &str| {
        clause.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let Some(wanted) = parameter("as") else { return Some(Shape::Whole) };
    let (group, version) = (parameter("g").unwrap_or(""), parameter("v").unwrap_or(""));
    match (serves, group, version, wanted) {
        (Serves::Discovery, "apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList") => {
            Some(Shape::Discovery)
        }
        (Serves::Discovery | Serves::Answers, ..) => None,
        (_, "meta.k8s.io", "v1" | "v1beta1", "Table") => Some(Shape::Table),
        (_, "meta.k8s.io", "v1" | "v1beta1", "PartialObjectMetadata") => Some(Shape::Partial),
        (_, "meta.k8s.io", "v1" | "v1beta1", "PartialObjectMetadataList") => {
            Some(Shape::PartialList)
        }
        _ => None,
    }
}

struct Clause {
    media: String,
    parameters: Vec<(String, String)>,
}

/// The clauses of an `Accept` header, by falling preference.
fn clauses(accept: &str) -> Vec<Clause> {
    let mut clauses: Vec<(f32, Clause)> = accept
        .split(',')
        .map(|text| {
            let mut parts = text.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters: Vec<(String, String)> = parts
                .filter_map(|part| part.split_once('='))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect();
            let quality = parameters.iter().find(|(key, _)| key == "q");
            let quality = quality.and_then(|(_, value)| value.parse().ok()).unwrap_or(1.0);
            (quality, Clause { media, parameters })
        })
        .collect();
    clauses.order_by(|(a, _), (b, _)| b.total_cmp(a));
    clauses.into_iter().map(|(_, clause)| clause).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_form_that_is_served_wins() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        let cases = [
            ("", Serves::Objects, "Json Whole"),
            ("*/*", Serves::Objects, "Json Whole"),
            ("application/yaml", Serves::Objects, "Yaml Whole"),
            (table, Serves::Objects, "Json Table"),
            (
                "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
                Serves::Objects,
                "Json Whole",
            ),
            ("application/vnd.kubernetes.protobuf,application/json", Serves::Objects, "Json Whole"),
            ("text/plain,application/json;q=0.5", Serves::Objects, "Json Whole"),
            ("application/json;q=0.1,application/yaml", Serves::Objects, "Yaml Whole"),
            ("application/*", Serves::Objects, "406: Not Acceptable"),
            ("application/json;as=Foo;v=v1;g=meta.k8s.io", Serves::Objects, "only the following"),
            ("application/yaml", Serves::Watch, "only the following"),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                Serves::Discovery,
                "Json Discovery",
            ),
        ];
        for (accept, serves, expected) in cases {
            let found = match form(accept, false, serves) {
                Ok(form) => format!("{:?} {:?}", form.media, form.shape),
                Err(status) => status.message,
            };
            assert!(found.starts_with(expected), "{accept}: {found}");
        }
    }
}
