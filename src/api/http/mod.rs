//! HTTP as a face of the one door: from a request's method, target, headers and body to an
//! [`api::Request`](super::Request), and from the reply to an answer's code, headers and body.
//! It opens no socket and waits for nothing: whoever has one hands requests in.
//! Mirrors `k8s.io/apiserver/pkg/endpoints`.

mod auth;
mod body;
mod connect;
mod encode;
mod meta;
mod negotiate;
mod openapi;
mod options;
mod path;
mod protobuf;
mod proxy;
mod resource;
mod table;
mod token;
mod watch;

pub use connect::{Connection, Follow, Told};
pub use watch::Watch;

use super::{Api, Status};
use crate::sim::Time;

/// One HTTP request, read to its end.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// `GET`, `POST` …
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Call {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What the client accepts: all `Accept` headers together.
    fn accept(&self) -> String {
        let values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("accept"));
        values.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// The answer to a [`Call`].
#[derive(Debug)]
pub struct Answer {
    /// The HTTP code.
    pub code: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Content,
}

/// The body of an [`Answer`].
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Bytes(Vec<u8>),
    /// A stream of frames, to be polled.
    Watch(Box<Watch>),
    /// A log that goes on, to be polled.
    Follow(Box<Follow>),
    /// A process in a container, for a client whose connection is upgraded.
    Connection(Box<Connection>),
    /// Nothing but leave to forward ports, for a client whose connection is upgraded: what comes
    /// through is asked as `proxy`.
    Forward,
}

/// Answers a request.
pub fn answer(api: &mut dyn Api, now: Time, call: &Call) -> Answer {
    let (path, query) = path::split(&call.target);
    let query = options::Query(&query);
    let pretty = query.get("pretty").map_or_else(
        || {
            let agent = call.header("user-agent").unwrap_or_default();
            ["curl", "Wget", "Mozilla"].iter().any(|name| agent.starts_with(name))
        },
        |value| !matches!(value, "false" | "0"),
    );
    // What was said to others is not this client's.
    let _ = api.take_warnings();
    let mut answer = route(api, now, call, path, &query, pretty).unwrap_or_else(|status| {
        encode::refusal(&status, negotiate::media(&call.accept(), pretty))
    });
    for warning in api.take_warnings() {
        let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
        answer.headers.push(("Warning", format!("299 - \"{text}\"")));
    }
    answer.headers.push(("Date", now.format("%a, %d %b %Y %H:%M:%S GMT")));
    if !answer.headers.iter().any(|(name, _)| *name == "Cache-Control") {
        answer.headers.push(("Cache-Control", "no-cache, private".to_owned()));
    }
    answer
}

fn route(
    api: &mut dyn Api,
    now: Time,
    call: &Call,
    path: &str,
    query: &options::Query<'_>,
    pretty: bool,
) -> Result<Answer, Status> {
    let resource = path::resource(path);
    let watches = query.truth("watch");
    let asked = auth::Asked { call, path, resource: resource.as_ref(), watches, pretty, now };
    if let Some(answer) = auth::admit(api, &asked)? {
        return Ok(answer);
    }
    let asked = meta::Asked { call, path, pretty };
    if let Some(answer) = meta::answer(api, &asked)? {
        return Ok(answer);
    }
    match resource {
        Some(path) => resource::Exchange { api, now, call, query, pretty, path }.answer(),
        None => Ok(encode::plain(404, "404 page not found\n")),
    }
}

#[cfg(test)]
mod tests;
