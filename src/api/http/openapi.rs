//! `/openapi/v2` and `/openapi/v3`. Mirrors `kube-openapi/pkg/{handler,handler3}`.

use super::{Answer, Call, Content, encode, options};
use crate::api::openapi::{self, Document};
use crate::api::{Api, Status};

const JSON: &str = "application/json";
const GNOSTIC: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// How older clients call it.
const OLD_GNOSTIC: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const FOREVER: &str = "public, immutable";

/// Answers a request for a document; `rest` is what follows `/openapi`.
pub(super) fn answer(api: &mut dyn Api, call: &Call, rest: &[&str]) -> Result<Answer, Status> {
    match rest {
        ["v2"] => Ok(second(api, call)),
        // The aggregator writes it without a word about what it is.
        ["v3"] => {
            let text = String::from_utf8_lossy(&openapi::index(api).text).into_owned();
            Ok(encode::plain(200, &text))
        }
        ["v3", path @ ..] => Ok(third(api, call, &path.join("/"))),
        _ => Err(Status::no_such_path()),
    }
}

/// The first of the media types that is acceptable, by the client's preference.
fn chosen<'m>(call: &Call, served: &[&'m str]) -> Option<&'m str> {
    let accept = call.accept();
    if accept.is_empty() {
        return served.first().copied();
    }
    accept.split(',').find_map(|clause| {
        let wanted = clause.split(';').next().unwrap_or_default().trim();
        let fits = |media: &&&str| {
            let any = wanted == "*/*" || wanted == "application/*";
            any || wanted.eq_ignore_ascii_case(media)
        };
        served.iter().find(fits).copied()
    })
}

fn second(api: &mut dyn Api, call: &Call) -> Answer {
    let Some(media) = chosen(call, &[JSON, GNOSTIC, OLD_GNOSTIC]) else {
        return unacceptable();
    };
    let document = openapi::second(api);
    if media == JSON {
        return sent(call, &document, JSON);
    }
    let text = openapi::encode(&document.value);
    sent(call, &Document { text, ..document }, GNOSTIC)
}

fn third(api: &mut dyn Api, call: &Call, path: &str) -> Answer {
    if chosen(call, &[JSON]).is_none() {
        return unacceptable();
    }
    let Some(document) = openapi::document(api, path) else {
        return Answer { code: 404, headers: Vec::new(), body: Content::Bytes(Vec::new()) };
    };
    let (_, query) = super::path::split(&call.target);
    let hash = options::Query(&query).get("hash").unwrap_or_default().to_owned();
    if !hash.is_empty() && hash != document.tag {
        let url = format!("/openapi/v3/{path}?hash={}", document.tag);
        let headers = vec![("Location", url), ("Vary", "Accept".to_owned())];
        return Answer { code: 301, headers, body: Content::Bytes(Vec::new()) };
    }
    let mut answer = sent(call, &document, JSON);
    if !hash.is_empty() {
        answer.headers.push(("Cache-Control", FOREVER.to_owned()));
    }
    answer
}

fn unacceptable() -> Answer {
    let headers = vec![("Vary", "Accept".to_owned())];
    Answer { code: 406, headers, body: Content::Bytes(Vec::new()) }
}

/// A document, or word that the client has it already.
fn sent(call: &Call, document: &Document, media: &str) -> Answer {
    let tag = format!("\"{}\"", document.tag);
    let is_known = call.header("if-none-match") == Some(tag.as_str());
    let mut headers = vec![("Etag", tag), ("Vary", "Accept".to_owned())];
    if is_known {
        return Answer { code: 304, headers, body: Content::Bytes(Vec::new()) };
    }
    headers.push(("Content-Type", media.to_owned()));
    Answer { code: 200, headers, body: Content::Bytes(document.text.clone()) }
}
