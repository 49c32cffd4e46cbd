//! HTTP over the machine's network, with failures told as Go's `net/http` tells them.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, DATE, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tabernetes::api::http::Call;
use tabernetes::api::remote::{Duplex, Heard, Received, Transport};
use tabernetes::sim::Time;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use crate::serve::websocket::{self, Frame, Reader};

/// How long a look at a connection waits for something to come.
const LOOK: Duration = Duration::from_millis(20);
/// The protocols of connections to processes, the best first.
const PROTOCOLS: &str = "v5.channel.k8s.io, v4.channel.k8s.io";

/// A server on this machine, or on another that answers plain HTTP.
pub struct Http {
    runtime: std::rc::Rc<Runtime>,
    /// `127.0.0.1:8001`.
    authority: String,
    /// What stands before every path.
    prefix: String,
}

impl Http {
    /// A server at `http://HOST[:PORT][/PREFIX]`. Nothing is asked yet.
    ///
    /// # Errors
    /// Another scheme.
    pub fn new(url: &str) -> Result<Self, String> {
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            None => url,
            Some((scheme, _)) => {
                return Err(format!(
                    "{url}: this program speaks plain HTTP, not {scheme}: `kubectl proxy` makes any \
                     cluster answer so on this machine"
                ));
            }
        };
        let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if has_port { host.to_owned() } else { format!("{host}:80") };
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| format!("no runtime: {why}"))?.into();
        Ok(Self { runtime, authority, prefix })
    }

    /// What time it is there, as far as the server says: one that plays time faster is ahead.
    pub fn now(&self) -> Option<Time> {
        let call =
            Call { method: "GET".to_owned(), target: "/version".to_owned(), ..Call::default() };
        let answer = self.runtime.block_on(self.ask(&call, false)).ok()?;
        let date = answer.headers().get(DATE)?.to_str().ok()?;
        let date = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
        u64::try_from(date.as_microsecond()).ok().map(Time::from_micros)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = TcpStream::connect(&self.authority).await.map_err(|why| self.refused(&why))?;
        // What is small should go at once; without it, it goes a little later.
        let _set = stream.set_nodelay(true);
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|why| why.to_string())?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    /// Mirrors `cmdutil.MessageForHTTPError` and what `checkErr` says of refused connections.
    fn refused(&self, why: &io::Error) -> String {
        let place = &self.authority;
        match why.kind() {
            io::ErrorKind::ConnectionRefused => format!(
                "The connection to the server {place} was refused - did you specify the right host \
                 or port?"
            ),
            _ => format!("Unable to connect to the server: dial tcp: {place}: {why}"),
        }
    }

    async fn ask(&self, call: &Call, upgrades: bool) -> Result<Response<Incoming>, String> {
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(format!("{}{}", self.prefix, call.target))
            .header(HOST, &self.authority);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if upgrades {
            request = request
                .header(CONNECTION, "Upgrade")
                .header(UPGRADE, "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGFiZXJuZXRlcyBjbGllbg==")
                .header("Sec-WebSocket-Protocol", PROTOCOLS);
        }
        let body = Full::new(Bytes::from(call.body.clone()));
        let request = request.body(body).map_err(|why| why.to_string())?;
        let mut sender = self.connect().await?;
        let answer = sender.send_request(request).await;
        answer.map_err(|why| format!("Unable to connect to the server: {why}"))
    }
}

async fn received(answer: Response<Incoming>) -> Result<Received, String> {
    let (head, body) = answer.into_parts();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let body = body.collect().await.map_err(|_| "unexpected EOF".to_owned())?;
    Ok(Received {
        code: head.status.as_u16(),
        headers: headers.collect(),
        body: body.to_bytes().to_vec(),
    })
}

impl Transport for Http {
    fn send(&mut self, call: &Call) -> Result<Received, String> {
        self.runtime.block_on(async { received(self.ask(call, false).await?).await })
    }

    fn open(&mut self, call: &Call) -> Result<Box<dyn Duplex>, Received> {
        let unanswered = |why: String| Received { body: why.into_bytes(), ..Received::default() };
        let opened = self.runtime.block_on(async {
            let answer = self.ask(call, true).await.map_err(unanswered)?;
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                return Err(received(answer).await.unwrap_or_else(unanswered));
            }
            hyper::upgrade::on(answer).await.map_err(|why| unanswered(why.to_string()))
        });
        let runtime = self.runtime.clone();
        Ok(Box::new(Connection {
            runtime,
            stream: TokioIo::new(opened?),
            reader: Reader::default(),
            has_ended: false,
        }))
    }
}

/// A connection to a process.
struct Connection {
    runtime: std::rc::Rc<Runtime>,
    stream: TokioIo<Upgraded>,
    reader: Reader,
    has_ended: bool,
}

impl Connection {
    fn write(&mut self, bytes: &[u8]) {
        let stream = &mut self.stream;
        let written = self.runtime.block_on(async {
            stream.write_all(bytes).await?;
            stream.flush().await
        });
        self.has_ended |= written.is_err();
    }
}

impl Duplex for Connection {
    fn send(&mut self, message: &[u8]) {
        self.write(&websocket::masked(&websocket::message(message)));
    }

    fn receive(&mut self) -> Heard {
        let mut heard = Heard::default();
        let mut bytes = [0; 8192];
        while !self.has_ended {
            let stream = &mut self.stream;
            let read = self
                .runtime
                .block_on(async { tokio::time::timeout(LOOK, stream.read(&mut bytes)).await });
            let Ok(read) = read else { break };
            let count = read.unwrap_or(0);
            self.has_ended |= count == 0;
            for frame in self.reader.feed(&bytes[..count]) {
                match frame {
                    Frame::Message(message) => heard.messages.push(message),
                    Frame::Reply(reply) => self.write(&websocket::masked(&reply)),
                    Frame::Close => self.has_ended = true,
                }
            }
        }
        heard.has_ended = self.has_ended;
        heard
    }
}
