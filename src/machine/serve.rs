//! How a program of an image answers HTTP.

use super::files::{FileSystem, Node, normalize};
use super::shell::{Listener, fill_in};
use crate::base::{json_read, percent};
use crate::machine::Asked;
use crate::sim::{Time, duration};

/// Flags whose value says where a program listens.
const PORT_FLAGS: [&str; 8] =
    ["--port", "-p", "--http-port", "-port", "--secure-port", "-listen", "--listen", "http.server"];

impl Listener {
    /// The ports it listens on; `--port=…`, `-listen=:…` and a bare port of `http.server` count,
    /// and `--udp-port=…` for the others.
    pub(super) fn ports(&self) -> Vec<u16> {
        if !self.says.is_empty() {
            return self.says.iter().map(|(port, _)| *port).collect();
        }
        let (mut first, mut others) = (None, None);
        let mut words = self.argv.iter().skip(1).flat_map(|word| word.splitn(2, '='));
        while let Some(word) = words.next() {
            if word == "--udp-port" {
                others = words.next().map(|port| port.parse().into_iter().collect());
            } else if PORT_FLAGS.contains(&word) {
                let value = words.next().map(|value| value.rsplit(':').next().unwrap_or(value));
                first = value.and_then(|port| port.parse().ok()).or(first);
            }
        }
        let mut own = self.program.ports.iter().copied();
        let first = own.next().map(|usual| first.unwrap_or(usual)).or(first);
        first.into_iter().chain(others.unwrap_or_else(|| own.collect::<Vec<u16>>())).collect()
    }

    /// Status and body of a page.
    pub(super) fn page(
        &self,
        port: u16,
        Asked { method, path, .. }: Asked<'_>,
        hostname: &str,
        files: &FileSystem,
        now: Time,
    ) -> (u16, String) {
        let plain = path.split(['?', '#']).next().unwrap_or(path);
        let program = &self.program;
        if let Some((_, said)) = self.says.iter().find(|(own, _)| *own == port) {
            let json = self.argv.iter().any(|word| word == "--json-response");
            let wrapped = || serde_json::json!({"Method": method, "Body": said}).to_string();
            return (200, if json { wrapped() } else { said.clone() });
        }
        if method.is_empty() {
            let speaks_http = !program.root.is_empty() || !program.pages.is_empty();
            return if speaks_http { (400, "400 Bad Request".into()) } else { (0, String::new()) };
        }
        if let Some(page) = program.pages.get(plain).or_else(|| program.pages.get("*")) {
            let age = duration::micros(now.since(self.started)) / 1000;
            if page.fails_after_ms.is_some_and(|limit| age > limit) {
                return (500, format!("error: {}.{:03}s", age / 1000, age % 1000));
            }
            let body = page
                .body
                .replace("{hostname}", hostname)
                .replace("{path}", path)
                .replace("{method}", method);
            let body = asked(body, path);
            return (page.status, fill_in(&body, now));
        }
        if program.root.is_empty() {
            return (404, "404 page not found\n".into());
        }
        let full = normalize("/", &format!("{}/{plain}", program.root));
        let node = match files.get(&full) {
            Some(Node::Directory) => match files.get(&normalize(&full, "index.html")) {
                Some(page) => Some(page),
                None => return (403, error_page(403)),
            },
            other => other,
        };
        match node {
            Some(Node::File(text)) => (200, text.to_string()),
            Some(node) => {
                (200, "\0".repeat(usize::try_from(node.size().min(1 << 20)).unwrap_or(0)))
            }
            None => (404, error_page(404)),
        }
    }

    /// Where a page is instead, if it is elsewhere.
    pub(super) fn location(&self, Asked { path, .. }: Asked<'_>) -> Option<String> {
        let plain = path.split(['?', '#']).next().unwrap_or(path);
        let parameter = self.program.pages.get(plain)?.redirects.as_deref()?;
        Some(percent::decoded(given(path, parameter))).filter(|location| !location.is_empty())
    }

    /// What a request adds to what the program counts.
    pub(super) fn counted(&self, Asked { path, body, .. }: Asked<'_>) -> Option<String> {
        let plain = path.split(['?', '#']).next().unwrap_or(path);
        let field = self.program.pages.get(plain)?.counts.as_deref()?;
        let posted = json_read::read(body).ok()?.value;
        posted.get(field)?.as_str().map(str::to_owned)
    }

    /// What it says of JSON that it is posted, and after how many milliseconds; `None` where it has
    /// no such page.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn judge(
        &self,
        path: &str,
        posted: &serde_json::Value,
    ) -> Option<(u64, serde_json::Value)> {
        if let Some(known) = self.program.converts.get(path) {
            return Some((0, super::review::convert(known, posted)));
        }
        let rules = self.program.reviews.get(path)?;
        Some(super::review::review(rules, posted))
    }

    /// The access log's line for a request, if the program keeps one.
    pub(super) fn access_line(
        &self,
        Asked { method, path, agent, .. }: Asked<'_>,
        (status, bytes): (u16, usize),
        now: Time,
    ) -> Option<String> {
        let template = &self.program.access_log;
        if template.is_empty() {
            return None;
        }
        let line = template
            .replace("{method}", method)
            .replace("{path}", path)
            .replace("{status}", &status.to_string())
            .replace("{bytes}", &bytes.to_string())
            .replace("{agent}", agent);
        Some(fill_in(&line, now) + "\n")
    }
}

/// Fills in what the page says of a parameter of the query.
fn asked(body: String, path: &str) -> String {
    const MARK: &str = "{query:";
    let Some((before, rest)) = body.split_once(MARK) else { return body };
    let Some((name, after)) = rest.split_once('}') else { return body };
    format!("{before}{}{after}", given(path, name))
}

/// A parameter of the query; empty where there is none.
fn given<'a>(path: &'a str, name: &str) -> &'a str {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

/// nginx's page for an error.
fn error_page(status: u16) -> String {
    let title = format!("{status} {}", super::network::status_text(status));
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}
