//! Upgraded connections: bytes between a client and a process in a container, or a port of a pod.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tabernetes::api::http::{Call, Told};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::driver::{Body, Driver};
use super::framing::{ERROR, Event, Framing, STDERR, STDIN, STDOUT};
use super::lines::Typed;

type Stream = TokioIo<Upgraded>;

/// How long a client that has been told the end may take to go.
const FAREWELL: Duration = Duration::from_secs(2);
/// The longest head and body of a forwarded request.
const FORWARD_MAX: usize = 1 << 20;

/// What a connection is upgraded for.
pub enum Purpose {
    /// A process in a container, by the number of its line.
    Process(u64, mpsc::Receiver<Told>),
    /// Ports of a pod: the path of the pod, and the ports the query names.
    Ports(String, Vec<u16>),
}

/// Answers that the connection is upgraded, and begins what it is for.
pub fn start(
    upgrade: OnUpgrade,
    headers: &HeaderMap,
    query: &str,
    driver: Driver,
    purpose: Purpose,
) -> Response {
    let says = |name: &str| {
        let yes = [format!("{name}=true"), format!("{name}=1")];
        query.split('&').any(|pair| yes.iter().any(|text| text == pair))
    };
    let streams = ["stdin", "stdout"].iter().filter(|name| says(name)).count();
    // A terminal has a size, and no errors of its own.
    let lanes = 1 + streams + usize::from(says("tty") || says("stderr"));
    let lanes = matches!(purpose, Purpose::Process(..)).then_some(lanes);
    let framing = match Framing::agree(headers, lanes) {
        Ok(framing) => framing,
        Err(why) => {
            if let Purpose::Process(line, _) = purpose {
                driver.type_in(line, Typed::Gone);
            }
            let mut refusal = Response::new(HttpBody::from(why));
            *refusal.status_mut() = StatusCode::FORBIDDEN;
            return refusal;
        }
    };
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let connection = [("Connection", "Upgrade".to_owned())];
    for (name, value) in connection.iter().chain(&framing.agreed) {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    tokio::spawn(async move {
        let upgraded = upgrade.await;
        match (upgraded, purpose) {
            (Ok(upgraded), Purpose::Process(line, told)) => {
                let io = tokio::io::split(TokioIo::new(upgraded));
                serve_process(io, framing, told, &driver, line).await;
                driver.type_in(line, Typed::Gone);
            }
            (Ok(upgraded), Purpose::Ports(pod, ports)) => {
                let io = tokio::io::split(TokioIo::new(upgraded));
                forward(io, framing, &driver, &pod, &ports).await;
            }
            (Err(_), Purpose::Process(line, _)) => driver.type_in(line, Typed::Gone),
            (Err(_), Purpose::Ports(..)) => {}
        }
    });
    response
}

type Halves = (ReadHalf<Stream>, WriteHalf<Stream>);

/// Carries text to and fro until one of both ends; `None` when the client has gone.
async fn serve_process(
    (mut read, mut write): Halves,
    mut framing: Framing,
    mut told: mpsc::Receiver<Told>,
    driver: &Driver,
    line: u64,
) -> Option<()> {
    let mut buffer = vec![0; 16 << 10];
    // A character may come in parts.
    let mut typed = Vec::new();
    loop {
        tokio::select! {
            length = read.read(&mut buffer) => {
                let length = length.ok().filter(|length| *length > 0)?;
                for event in framing.feed(buffer.get(..length)?) {
                    match event {
                        Event::Data(STDIN, bytes) => {
                            typed.extend(bytes);
                            driver.type_in(line, Typed::Text(whole_text(&mut typed)));
                        }
                        Event::End(STDIN) => driver.type_in(line, Typed::End),
                        Event::Reply(bytes) => write.write_all(&bytes).await.ok()?,
                        Event::Gone => return None,
                        _ => {}
                    }
                }
            }
            more = told.recv(), if framing.is_ready() => {
                let more = more?;
                let mut bytes = Vec::new();
                for (lane, text) in [(STDOUT, &more.stdout), (STDERR, &more.stderr)] {
                    if !text.is_empty() {
                        bytes.extend(framing.data(lane, text.as_bytes()));
                    }
                }
                if let Some(end) = &more.end {
                    if let Some(text) = framing.ending(end) {
                        bytes.extend(framing.data(ERROR, text.as_bytes()));
                    }
                    bytes.extend(framing.finish());
                }
                write.write_all(&bytes).await.ok()?;
                if more.end.is_some() {
                    break;
                }
            }
        }
    }
    // A connection that is cut while its client still writes could lose what was just said.
    write.shutdown().await.ok()?;
    let rest = async { while read.read(&mut buffer).await.is_ok_and(|length| length > 0) {} };
    let _ = tokio::time::timeout(FAREWELL, rest).await;
    Some(())
}

/// Takes the characters that are whole.
fn whole_text(bytes: &mut Vec<u8>) -> String {
    let end = match std::str::from_utf8(bytes) {
        Err(why) if why.error_len().is_none() => why.valid_up_to(),
        _ => bytes.len(),
    };
    let rest = bytes.split_off(end);
    String::from_utf8_lossy(&std::mem::replace(bytes, rest)).into_owned()
}

/// Answers the HTTP requests that come through forwarded ports.
async fn forward(
    (mut read, mut write): Halves,
    mut framing: Framing,
    driver: &Driver,
    pod: &str,
    ports: &[u16],
) -> Option<()> {
    let mut lanes: BTreeMap<u32, (u16, Vec<u8>)> = BTreeMap::new();
    if framing.has_fixed_ports() {
        for (lane, port) in (0..).step_by(2).zip(ports) {
            lanes.insert(lane, (*port, Vec::new()));
            for lane in [lane, lane + 1] {
                write.write_all(&framing.data(lane, &port.to_le_bytes())).await.ok()?;
            }
        }
    }
    let mut buffer = vec![0; 16 << 10];
    loop {
        let length = read.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        for event in framing.feed(buffer.get(..length)?) {
            match event {
                Event::Open(lane, port) => {
                    lanes.insert(lane, (port, Vec::new()));
                }
                Event::Data(lane, bytes) => {
                    let Some((port, waiting)) = lanes.get_mut(&lane) else { continue };
                    waiting.extend(bytes);
                    let answer = answer_forwarded(driver, pod, *port, waiting).await;
                    write.write_all(&answer.written(&mut framing, lane)).await.ok()?;
                }
                Event::End(lane) => {
                    lanes.remove(&lane);
                    write.write_all(&framing.end(lane)).await.ok()?;
                }
                Event::Reply(bytes) => write.write_all(&bytes).await.ok()?,
                Event::Gone => return None,
            }
        }
    }
}

/// What comes back through a forwarded port.
#[derive(Default)]
struct Forwarded {
    bytes: Vec<u8>,
    failure: Option<String>,
    ends: bool,
}

impl Forwarded {
    fn written(&self, framing: &mut Framing, lane: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.bytes.is_empty() {
            bytes.extend(framing.data(lane, &self.bytes));
        }
        if let Some(why) = &self.failure {
            bytes.extend(framing.failure(lane, why));
        }
        if self.ends {
            bytes.extend(framing.end(lane));
        }
        bytes
    }
}

/// Asks the pod what the whole requests in `waiting` ask.
async fn answer_forwarded(
    driver: &Driver,
    pod: &str,
    port: u16,
    waiting: &mut Vec<u8>,
) -> Forwarded {
    let mut forwarded = Forwarded::default();
    while let Some((call, ends)) = next_request(waiting, pod, port) {
        let Some(reply) = driver.call(call).await else { break };
        let Body::Bytes(body) = reply.body else { break };
        let mut kinds = reply.headers.iter().filter(|(name, _)| *name == "Content-Type");
        let refused = reply.code == 503 && kinds.any(|(_, kind)| kind == "application/json");
        if refused {
            forwarded.failure = Some(format!(
                "error forwarding port {port} to pod: dial tcp4 127.0.0.1:{port}: connect: \
                 connection refused"
            ));
            forwarded.ends = true;
            break;
        }
        let reason = StatusCode::from_u16(reply.code).ok().and_then(|code| code.canonical_reason());
        let mut head = format!("HTTP/1.1 {} {}\r\n", reply.code, reason.unwrap_or_default());
        for (name, value) in reply.headers.iter().filter(|(name, _)| *name == "Content-Type") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let after = if ends { "close" } else { "keep-alive" };
        head.push_str(&format!("Content-Length: {}\r\nConnection: {after}\r\n\r\n", body.len()));
        forwarded.bytes.extend(head.into_bytes());
        forwarded.bytes.extend(body);
        if ends {
            forwarded.ends = true;
            break;
        }
    }
    forwarded
}

/// The first request, if all of it is there, and whether it is the client's last.
fn next_request(waiting: &mut Vec<u8>, pod: &str, port: u16) -> Option<(Call, bool)> {
    if waiting.len() > FORWARD_MAX {
        waiting.clear();
    }
    let end = waiting.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(waiting.get(..end)?).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path, version) =
        (first.next()?, first.next()?, first.next().unwrap_or("HTTP/1.0"));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let header = |name: &str| {
        let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let length: usize = header("content-length").parse().unwrap_or(0);
    let body = waiting.get(end..end + length)?.to_vec();
    let ends = version == "HTTP/1.0" || header("connection").eq_ignore_ascii_case("close");
    let agent = vec![("User-Agent".to_owned(), header("user-agent").to_owned())];
    let target = format!("{pod}:{port}/proxy{path}");
    let call = Call { method: method.to_owned(), target, headers: agent, body };
    waiting.drain(..end + length);
    Some((call, ends))
}
