//! Programs that send requests for whoever asks them to. Mirrors `dialHandler` of agnhost's `netexec`.

use serde_json::json;

use super::{Network, View};
use crate::machine::{HttpRequest, Reply, Sender};

/// What the body of such a page is before it is filled in.
pub(super) const MARK: &str = "{dial}";
/// No more requests than these are sent for one.
const TRIES: u32 = 100;

/// A parameter of a query.
fn parameter<'a>(path: &'a str, name: &str) -> &'a str {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

impl Network {
    /// Status and body of the page: what came back, as often as it was to be tried. A datagram's
    /// words are the path of a request here.
    pub(super) fn dial(
        &mut self,
        sender: &Sender,
        asked: &HttpRequest,
        view: &mut View<'_>,
    ) -> (u16, String) {
        let given = |name: &str| parameter(&asked.path, name);
        let (wanted, port) = (given("request"), given("port").parse::<u16>());
        let (Ok(port), false) = (port, wanted.is_empty() || given("host").is_empty()) else {
            return (400, "400: host, port and request are required\n".to_owned());
        };
        let tries = given("tries").parse::<u32>().unwrap_or(1).min(TRIES);
        let host = given("host").trim_start_matches('[').trim_end_matches(']');
        let request = HttpRequest {
            method: "GET".into(),
            host: host.into(),
            port,
            path: format!("/{}", wanted.trim_start_matches('/')).into(),
            tls: false,
            udp: given("protocol") == "udp",
            agent: "Go-http-client/1.1".into(),
            body: "".into(),
        };
        let (mut responses, mut errors) = (Vec::new(), Vec::new());
        for _ in 0..tries {
            match self.send(sender, &request, view) {
                Reply::Http(reply) => responses.push(reply.body.trim().to_owned()),
                Reply::Refused { .. } => {
                    let place = format!("{host}:{port}: connect: connection refused");
                    errors.push(format!("Get \"{request}\": dial tcp {place}"));
                }
                Reply::UnknownName => {
                    errors
                        .push(format!("Get \"{request}\": dial tcp: lookup {host}: no such host"));
                }
                _ => errors.push(format!("Get \"{request}\": context deadline exceeded")),
            }
        }
        let mut said = serde_json::Map::new();
        for (name, texts) in [("errors", errors), ("responses", responses)] {
            if !texts.is_empty() {
                said.insert(name.to_owned(), json!(texts));
            }
        }
        (200, serde_json::Value::Object(said).to_string())
    }
}
