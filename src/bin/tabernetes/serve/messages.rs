//! Answers as WebSocket messages: logs, and the changes of a watch.
//! Mirrors `apiserver/pkg/util/wsstream` and `WatchServer.HandleWS`.

use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tabernetes::base::base64::{self, Alphabet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::driver::Body;
use super::framing::words;
use super::websocket::{self, Frame, Reader};

/// What the messages of a protocol hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Bytes,
    Base64,
}

/// The protocols by name; clients that ask for none get bytes.
const PROTOCOLS: [(&str, Protocol); 2] =
    [("binary.k8s.io", Protocol::Bytes), ("base64.binary.k8s.io", Protocol::Base64)];

/// Whether a client would have its answer as messages.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    words(headers, "upgrade").iter().any(|word| word.eq_ignore_ascii_case("websocket"))
}

/// Answers that messages follow, and sends them.
pub fn start(upgrade: OnUpgrade, headers: &HeaderMap, body: Body) -> Response {
    let asked = words(headers, "sec-websocket-protocol");
    let agreed = PROTOCOLS.iter().find(|(name, _)| asked.contains(name));
    let key = words(headers, "sec-websocket-key").first().copied().unwrap_or_default();
    let accept = websocket::accept(key);
    let mut said = vec![
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", accept.as_str()),
    ];
    said.extend(agreed.map(|(name, _)| ("sec-websocket-protocol", *name)));
    let mut response = Response::new(HttpBody::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in said {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    let protocol = agreed.map_or(Protocol::Bytes, |(_, protocol)| *protocol);
    tokio::spawn(async move {
        let io = TokioIo::new(upgrade.await.ok()?);
        send(tokio::io::split(io), protocol, body).await
    });
    response
}

/// Sends the messages until they or the client are at their end.
async fn send<T: tokio::io::AsyncRead + tokio::io::AsyncWrite>(
    (mut read, mut write): (tokio::io::ReadHalf<T>, tokio::io::WriteHalf<T>),
    protocol: Protocol,
    body: Body,
) -> Option<()> {
    let written = |bytes: &[u8]| match protocol {
        Protocol::Bytes => websocket::message(bytes),
        Protocol::Base64 => websocket::text(&base64::encode(bytes, Alphabet::Standard)),
    };
    let mut pieces = match body {
        Body::Stream(pieces) => pieces,
        Body::Bytes(bytes) => {
            write.write_all(&written(&bytes)).await.ok()?;
            write.write_all(&websocket::close()).await.ok()?;
            return write.shutdown().await.ok();
        }
        Body::Process(..) | Body::Ports => return None,
    };
    let (mut reader, mut buffer) = (Reader::default(), vec![0; 4 << 10]);
    loop {
        tokio::select! {
            length = read.read(&mut buffer) => {
                let length = length.ok().filter(|length| *length > 0)?;
                for frame in reader.feed(buffer.get(..length)?) {
                    match frame {
                        Frame::Reply(bytes) => write.write_all(&bytes).await.ok()?,
                        Frame::Close => return write.shutdown().await.ok(),
                        Frame::Message(_) => {}
                    }
                }
            }
            piece = pieces.recv() => {
                let Some(piece) = piece else {
                    write.write_all(&websocket::close()).await.ok()?;
                    return write.shutdown().await.ok();
                };
                write.write_all(&written(&piece)).await.ok()?;
            }
        }
    }
}
