//! The protocols of upgraded connections, as lanes of bytes: for `exec` and `attach` the lanes are
//! standard input, output, errors, how it ended, and the terminal's size; for forwarded ports each
//! connection is a lane. Mirrors `streaming/pkg/httpstream`.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

use super::{spdy, websocket};

/// Standard input.
pub const STDIN: u32 = 0;
/// Standard output.
pub const STDOUT: u32 = 1;
/// Standard output for errors.
pub const STDERR: u32 = 2;
/// How it ended.
pub const ERROR: u32 = 3;
const RESIZE: u32 = 4;

/// What WebSocket clients may speak to containers, best first.
const REMOTE_COMMAND: [&str; 5] = [
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
];
const FORWARD: [&str; 2] = ["v4.channel.k8s.io", "portforward.k8s.io"];
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";

/// What has come from a client.
pub enum Event {
    /// A connection to a port is wanted.
    Open(u32, u16),
    /// Bytes of a lane.
    Data(u32, Vec<u8>),
    /// The client has nothing more for a lane.
    End(u32),
    /// To be written at once.
    Reply(Vec<u8>),
    /// The client is gone.
    Gone,
}

enum Wire {
    WebSocket(websocket::Reader),
    Spdy(spdy::Reader),
    /// SPDY within the messages of a WebSocket.
    Tunnel(websocket::Reader, spdy::Reader),
}

/// The headers of the answer that agrees to a protocol.
type Agreed = Vec<(&'static str, String)>;

/// A protocol in use.
pub struct Framing {
    wire: Wire,
    /// The headers of the answer that agrees to it.
    pub agreed: Agreed,
    forwards: bool,
    /// SPDY's streams by lane.
    streams: BTreeMap<u32, u32>,
    /// The streams for errors of forwarded connections, by the connection's number.
    errors: BTreeMap<String, u32>,
    /// How many lanes the client opens before anything begins.
    expected: usize,
}

pub fn words<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).collect()
}

impl Framing {
    /// Agrees on a protocol. `lanes` is how many a remote command has; `None` where ports are
    /// forwarded, which are `ports` for those clients that name them in the query.
    ///
    /// # Errors
    /// Why there is none.
    pub fn agree(headers: &HeaderMap, lanes: Option<usize>) -> Result<Self, String> {
        let forwards = lanes.is_none();
        let upgrade = words(headers, "upgrade");
        let asks = |name: &str| upgrade.iter().any(|word| word.eq_ignore_ascii_case(name));
        let (wire, agreed) = if asks("websocket") {
            web_socket(headers, forwards)?
        } else if asks("spdy/3.1") {
            let asked = words(headers, "x-stream-protocol-version");
            let known = if forwards { &FORWARD[1..] } else { &REMOTE_COMMAND[1..] };
            let found = known.iter().find(|name| asked.contains(name));
            let found = found.ok_or_else(|| {
                format!("unable to negotiate protocol: client supports {asked:?}, server supports {known:?}")
            })?;
            let agreed = vec![
                ("Upgrade", "SPDY/3.1".to_owned()),
                ("X-Stream-Protocol-Version", (*found).to_owned()),
            ];
            (Wire::Spdy(spdy::Reader::default()), agreed)
        } else {
            let upgrade = upgrade.join(", ");
            return Err(format!(
                "unable to upgrade: missing upgrade headers in request: {upgrade:?}"
            ));
        };
        let expected = match wire {
            Wire::WebSocket(_) => 0,
            _ => lanes.unwrap_or(0),
        };
        let (streams, errors) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { wire, agreed, forwards, streams, errors, expected })
    }

    /// How a command ended, as the agreed protocol tells it: from the fourth version on a Status, before
    /// a text where it failed. Mirrors `v1WriteStatusFunc` and `v4WriteStatusFunc`.
    pub fn ending(&self, status: &serde_json::Value) -> Option<String> {
        let named = |(_, protocol): &&(&str, String)| protocol.contains("channel.k8s.io");
        let protocol = self.agreed.iter().find(named).map_or("", |(_, protocol)| protocol);
        if protocol.starts_with("v5") || protocol.starts_with("v4") {
            return Some(status.to_string());
        }
        let failed = status["status"] != "Success";
        failed.then(|| status["message"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether the client has opened everything.
    pub fn is_ready(&self) -> bool {
        self.streams.len() >= self.expected
    }

    /// Whether the ports to forward stand in the query, and are lanes from the beginning.
    pub fn has_fixed_ports(&self) -> bool {
        self.forwards && matches!(self.wire, Wire::WebSocket(_))
    }

    /// Reads on.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        match &mut self.wire {
            Wire::WebSocket(reader) => {
                for frame in reader.feed(bytes) {
                    events.push(match frame {
                        websocket::Frame::Message(bytes) => match bytes.split_first() {
                            Some((255, lane)) => {
                                Event::End(lane.first().copied().unwrap_or_default().into())
                            }
                            Some((lane, bytes)) => Event::Data((*lane).into(), bytes.to_vec()),
                            None => continue,
                        },
                        websocket::Frame::Reply(bytes) => Event::Reply(bytes),
                        websocket::Frame::Close => Event::Gone,
                    });
                }
            }
            Wire::Spdy(reader) => {
                let frames = reader.feed(bytes);
                self.streams_of(frames, &mut events);
            }
            Wire::Tunnel(outer, inner) => {
                let mut frames = Vec::new();
                for frame in outer.feed(bytes) {
                    match frame {
                        websocket::Frame::Message(bytes) => frames.extend(inner.feed(&bytes)),
                        websocket::Frame::Reply(bytes) => events.push(Event::Reply(bytes)),
                        websocket::Frame::Close => frames.push(spdy::Frame::Close),
                    }
                }
                self.streams_of(frames, &mut events);
            }
        }
        events
    }

    fn streams_of(&mut self, frames: Vec<spdy::Frame>, events: &mut Vec<Event>) {
        for frame in frames {
            match frame {
                spdy::Frame::Open(stream, headers) => events.extend(self.open(stream, &headers)),
                spdy::Frame::Data(stream, bytes) => {
                    events.extend(self.lane(stream).map(|lane| Event::Data(lane, bytes)));
                }
                spdy::Frame::Fin(stream) => events.extend(self.lane(stream).map(Event::End)),
                spdy::Frame::Reply(bytes) => events.push(Event::Reply(self.wrapped(bytes))),
                spdy::Frame::Close => events.push(Event::Gone),
            }
        }
    }

    fn open(&mut self, stream: u32, headers: &BTreeMap<String, String>) -> Option<Event> {
        let text = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
        let lane = match text("streamtype") {
            "error" if self.forwards => {
                self.errors.insert(text("requestid").to_owned(), stream);
                return None;
            }
            "data" if self.forwards => {
                self.streams.insert(stream, stream);
                if let Some(error) = self.errors.remove(text("requestid")) {
                    self.errors.insert(format!("#{stream}"), error);
                }
                return text("port").parse().ok().map(|port| Event::Open(stream, port));
            }
            "stdin" => STDIN,
            "stdout" => STDOUT,
            "stderr" => STDERR,
            "error" => ERROR,
            "resize" => RESIZE,
            _ => return None,
        };
        self.streams.insert(lane, stream);
        None
    }

    fn lane(&self, stream: u32) -> Option<u32> {
        self.streams.iter().find(|(_, known)| **known == stream).map(|(lane, _)| *lane)
    }

    fn wrapped(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.wire {
            Wire::Tunnel(..) => websocket::message(&bytes),
            _ => bytes,
        }
    }

    /// Bytes of a lane as they are written.
    pub fn data(&self, lane: u32, bytes: &[u8]) -> Vec<u8> {
        match (&self.wire, self.streams.get(&lane)) {
            (Wire::WebSocket(_), _) => {
                let mut message = vec![u8::try_from(lane).unwrap_or(u8::MAX)];
                message.extend_from_slice(bytes);
                websocket::message(&message)
            }
            (_, Some(stream)) => self.wrapped(spdy::data(*stream, bytes)),
            // The client does not want to hear of it.
            (_, None) => Vec::new(),
        }
    }

    /// Why a forwarded connection failed.
    pub fn failure(&self, lane: u32, why: &str) -> Vec<u8> {
        match (&self.wire, self.errors.get(&format!("#{lane}"))) {
            (Wire::WebSocket(_), _) => self.data(lane + 1, why.as_bytes()),
            (_, Some(stream)) => self.wrapped(spdy::data(*stream, why.as_bytes())),
            (_, None) => Vec::new(),
        }
    }

    /// The server has nothing more for a lane.
    pub fn end(&mut self, lane: u32) -> Vec<u8> {
        let Some(stream) = self.streams.remove(&lane) else { return Vec::new() };
        let error = self.errors.remove(&format!("#{lane}")).map(spdy::fin);
        let mut bytes = error.unwrap_or_default();
        bytes.extend(spdy::fin(stream));
        self.wrapped(bytes)
    }

    /// The end of everything.
    pub fn finish(&mut self) -> Vec<u8> {
        let lanes: Vec<u32> = self.streams.keys().copied().collect();
        let mut bytes: Vec<u8> = lanes.into_iter().flat_map(|lane| self.end(lane)).collect();
        if !matches!(self.wire, Wire::Spdy(_)) {
            bytes.extend(websocket::close());
        }
        bytes
    }
}

fn web_socket(headers: &HeaderMap, forwards: bool) -> Result<(Wire, Agreed), String> {
    let key = words(headers, "sec-websocket-key").first().copied().unwrap_or_default();
    if key.is_empty() {
        return Err("websocket server: no Sec-WebSocket-Key".to_owned());
    }
    let asked = words(headers, "sec-websocket-protocol");
    let mut agreed =
        vec![("Upgrade", "websocket".to_owned()), ("Sec-WebSocket-Accept", websocket::accept(key))];
    let mut wire = Wire::WebSocket(websocket::Reader::default());
    if forwards && asked.contains(&TUNNEL) {
        agreed.push(("Sec-WebSocket-Protocol", TUNNEL.to_owned()));
        wire = Wire::Tunnel(websocket::Reader::default(), spdy::Reader::default());
    } else {
        let known: &[&str] = if forwards { &FORWARD } else { &REMOTE_COMMAND };
        match known.iter().find(|name| asked.contains(name)) {
            Some(found) => agreed.push(("Sec-WebSocket-Protocol", (*found).to_owned())),
            None if asked.is_empty() => {}
            None => return Err(format!("unsupported protocol, we only support {known:?}")),
        }
    }
    Ok((wire, agreed))
}
