//! A file server for `dist/`, on this machine only.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;

use crate::Result;

const PORT_DEFAULT: u16 = 8080;
/// How many ports after the default one are tried.
const PORTS_TRIED: u16 = 100;

/// A server bound to its port; connections wait until [`Server::run`].
pub struct Server {
    listener: TcpListener,
    folder: PathBuf,
    mount: &'static str,
}

impl Server {
    /// Binds a loopback port to serve `folder` under the path `mount` (which ends in `/`): the
    /// given port, or the first free one from 8080 on.
    pub fn bind(folder: &Path, mount: &'static str, port: Option<u16>) -> Result<Server> {
        let ports = match port {
            Some(port) => port..=port,
            None => PORT_DEFAULT..=PORT_DEFAULT + PORTS_TRIED,
        };
        let bound = ports.clone().map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        let listener = bound
            .into_iter()
            .find(|result| !matches!(result, Err(e) if e.kind() == ErrorKind::AddrInUse))
            .ok_or_else(|| match port {
                Some(port) => format!("port {port} is in use: choose another with --port"),
                None => format!("the ports from {PORT_DEFAULT} on are in use: try --port"),
            })?
            .map_err(|error| format!("cannot listen on port {}: {error}", ports.start()))?;
        Ok(Server { listener, folder: folder.to_path_buf(), mount })
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        let port = self.listener.local_addr().map_or(0, |address| address.port());
        format!("http://127.0.0.1:{port}{}", self.mount)
    }

    /// Answers requests until the process ends.
    pub fn run(self) -> Result {
        for stream in self.listener.incoming() {
            let stream = stream.map_err(|error| format!("cannot accept connections: {error}"))?;
            let (folder, mount) = (self.folder.clone(), self.mount);
            // A browser that goes away in the middle of an answer is no concern of ours.
            thread::spawn(move || answer(&stream, &folder, mount).ok());
        }
        Ok(())
    }
}

fn answer(stream: &TcpStream, folder: &Path, mount: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if !matches!(method, "GET" | "HEAD") {
        return reply(stream, "405 Method Not Allowed", "text/plain", b"", true);
    }
    let found = file(folder, mount, target).and_then(|path| Some((fs::read(&path).ok()?, path)));
    match found {
        Some((body, path)) => reply(stream, "200 OK", media_type(&path), &body, method == "GET"),
        None => reply(stream, "404 Not Found", "text/plain", b"not found\n", method == "GET"),
    }
}

fn reply(
    mut stream: &TcpStream,
    status: &str,
    media_type: &str,
    body: &[u8],
    with_body: bool,
) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-cache\r\nConnection: close\r\n\r\n"
    )?;
    if with_body { stream.write_all(body) } else { Ok(()) }
}

/// The file that a request's target names; `None` for anything outside the folder.
fn file(folder: &Path, mount: &str, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix(mount)?;
    let inside = Path::new(path);
    if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let full = folder.join(inside);
    Some(if full.is_dir() { full.join("index.html") } else { full })
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt" | "md" | "yaml") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_folder_are_named() {
        let folder = Path::new("/no/such/folder");
        let cases = [
            ("/p/page.js", Some("/no/such/folder/page.js")),
            ("/p/page.js?v=1", Some("/no/such/folder/page.js")),
            ("/p/../secret", None),
            ("/p//etc/passwd", None),
            ("/page.js", None),
            ("", None),
        ];
        for (target, expected) in cases {
            assert_eq!(file(folder, "/p/", target), expected.map(PathBuf::from), "{target}");
        }
    }
}
