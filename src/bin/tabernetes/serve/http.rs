//! HTTP connections: read a request to its end, have it answered, write the answer.

use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tabernetes::api::http::Call;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::driver::{Body, Driver};
use super::messages;
use super::upgrade::{self, Purpose};

/// More of a body than this is not read: it is refused for its length anyway.
const BODY_MAX: usize = 3 * 1024 * 1024 + 1;

/// The routes of the API: all lead to the cluster.
pub fn routes(driver: Driver) -> Router {
    Router::new().fallback(answer).with_state(driver)
}

/// Answers connections until something breaks.
pub async fn listen(listener: TcpListener, routes: Router) -> Result<(), String> {
    axum::serve(listener, routes).await.map_err(|why| why.to_string())
}

async fn answer(State(driver): State<Driver>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let upgrade = head.extensions.remove::<hyper::upgrade::OnUpgrade>();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let call = Call {
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: head.headers.iter().map(|(k, v)| (k.as_str().to_owned(), text(v))).collect(),
        body: match read(body).await {
            Ok(bytes) => bytes,
            Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
        },
    };
    let Some(reply) = driver.call(call).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the cluster has stopped\n").into_response();
    };
    let body = match reply.body {
        body @ (Body::Bytes(_) | Body::Stream(_))
            if reply.code == 200 && messages::is_asked_for(&head.headers) =>
        {
            return match upgrade {
                Some(upgrade) => messages::start(upgrade, &head.headers, body),
                None => refused(),
            };
        }
        Body::Bytes(bytes) => HttpBody::from(bytes),
        Body::Stream(frames) => HttpBody::from_stream(Frames(frames)),
        Body::Process(line, told) => {
            return upgraded(upgrade, &head, driver, Purpose::Process(line, told));
        }
        Body::Ports => {
            let path = head.uri.path();
            let pod = path.strip_suffix("/portforward").unwrap_or(path).to_owned();
            let query = head.uri.query().unwrap_or_default().split('&');
            let named = query.filter_map(|pair| pair.strip_prefix("ports="));
            let ports = named.flat_map(|text| text.split("%2C")).filter_map(|p| p.parse().ok());
            let purpose = Purpose::Ports(pod, ports.collect());
            return upgraded(upgrade, &head, driver, purpose);
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
            && let Ok(name) = HeaderName::from_bytes(name.as_bytes())
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn upgraded(
    upgrade: Option<hyper::upgrade::OnUpgrade>,
    head: &axum::http::request::Parts,
    driver: Driver,
    purpose: Purpose,
) -> Response {
    let query = head.uri.query().unwrap_or_default();
    match upgrade {
        Some(upgrade) => upgrade::start(upgrade, &head.headers, query, driver, purpose),
        None => refused(),
    }
}

fn refused() -> Response {
    (StatusCode::BAD_REQUEST, "this connection cannot be upgraded\n").into_response()
}

/// A body, or as much of it as is more than anybody may send.
async fn read(mut body: HttpBody) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| why.to_string())?;
        if let Some(data) = frame.data_ref() {
            let room = BODY_MAX.saturating_sub(bytes.len());
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
        if bytes.len() >= BODY_MAX {
            break;
        }
    }
    Ok(bytes)
}

/// The frames of a watch as the pieces of a body.
struct Frames(mpsc::Receiver<Vec<u8>>);

impl futures_core::Stream for Frames {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|frames| frames.map(|frames| Ok(Bytes::from(frames))))
    }
}
