//! A server elsewhere, behind the same door: requests become HTTP, and HTTP becomes replies.
//! Mirrors `k8s.io/client-go/rest`. No socket is touched here.

mod read;
mod session;
mod write;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use self::session::Sessions;
pub use self::session::{Duplex, Heard};
use super::auth::review_kind;
use super::custom::Customs;
use super::http::Call;
use super::{Api, Custom, Extension, Reply, Request, Status, Verb};
use crate::kinds::{self, Kind};
use crate::object::GroupResource;

/// An answer as it came over the wire.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The HTTP code.
    pub code: u16,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What carries requests.
pub trait Transport {
    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// Why there is none, in the words of Go's `net/http`.
    fn send(&mut self, call: &Call) -> Result<Received, String>;

    /// Opens a connection to a process in a container.
    ///
    /// # Errors
    /// The server's refusal, or why there is no answer.
    fn open(&mut self, call: &Call) -> Result<Box<dyn Duplex>, Received>;
}

/// A server that is reached through a [`Transport`].
pub struct Remote<T> {
    transport: Rc<RefCell<T>>,
    sessions: Sessions,
    /// The kinds that definitions define, once they were asked for.
    customs: RefCell<Option<Customs>>,
    warnings: Vec<String>,
}

const DEFINITIONS: GroupResource =
    GroupResource::new("apiextensions.k8s.io", "customresourcedefinitions");
const SERVICES: GroupResource = GroupResource::new("apiregistration.k8s.io", "apiservices");

impl<T: Transport> Remote<T> {
    /// The server at the other end. Nothing is asked yet.
    pub fn new(transport: T) -> Self {
        Self {
            transport: Rc::new(RefCell::new(transport)),
            sessions: Sessions::default(),
            customs: RefCell::new(None),
            warnings: Vec::new(),
        }
    }

    /// Every object of a type, none where the server does not show them.
    fn all(&self, resource: GroupResource) -> Vec<crate::object::Object> {
        let Some(kind) = kinds::kind_of(&resource) else { return Vec::new() };
        let request = Request::list(resource, "");
        let sent = self.transport.borrow_mut().send(&write::call(kind, &request));
        let reply = sent.ok().and_then(|received| read::reply(kind, &request, &received).ok());
        reply.map(Reply::items).unwrap_or_default()
    }

    fn kind(&self, request: &Request) -> Result<&'static dyn Kind, Status> {
        let built_in = kinds::kind_of(&request.resource);
        let own = || {
            let mut customs = self.custom_kinds().into_iter().map(|custom| custom.kind);
            customs.find(|kind| {
                kind.names().resource() == request.resource
                    && (request.version.is_empty()
                        || kind.names().versions.contains(&request.version.as_str()))
            })
        };
        built_in.or_else(own).ok_or_else(Status::no_such_path)
    }

    fn send(&mut self, kind: &dyn Kind, request: &Request) -> Result<Reply, Status> {
        let call = write::call(kind, request);
        let sent = self.transport.borrow_mut().send(&call);
        let received = sent.map_err(unreachable)?;
        self.warnings.extend(read::warnings(&received));
        read::reply(kind, request, &received)
    }

    /// A list to its end: the server may give it in parts.
    fn list(&mut self, kind: &dyn Kind, request: &Request) -> Result<Reply, Status> {
        let (mut whole, mut token) = (None, String::new());
        loop {
            let mut request = request.clone();
            if !token.is_empty() {
                request.query.push(("continue".to_owned(), token));
            }
            let call = write::call(kind, &request);
            let received = self.transport.borrow_mut().send(&call).map_err(unreachable)?;
            self.warnings.extend(read::warnings(&received));
            token = read::going_on(&received);
            let Reply::List(part) = read::reply(kind, &request, &received)? else {
                return Err(Status::internal("the server answered with no list"));
            };
            let list =
                whole.get_or_insert_with(|| super::List { items: Vec::new(), ..part.clone() });
            list.items.extend(part.items);
            if token.is_empty() {
                list.remaining = 0;
                return Ok(Reply::List(list.clone()));
            }
        }
    }
}

/// What clients say of a server that does not answer. Mirrors `cmdutil.checkErr` for `url.Error`.
fn unreachable(why: String) -> Status {
    Status::unreachable(why)
}

impl<T: Transport> Api for Remote<T> {
    fn call(&mut self, request: Request) -> Result<Reply, Status> {
        if let Some(name) = review_kind(&request.resource.group, &request.resource.resource) {
            let call = write::review(name, &request);
            let received = self.transport.borrow_mut().send(&call).map_err(unreachable)?;
            return read::json(&received).map(Reply::Json);
        }
        let kind = self.kind(&request)?;
        match (request.verb, request.subresource) {
            (verb, "exec" | "attach") => {
                let begins = (verb == Verb::Create).then(|| write::connect(kind, &request));
                let transport = &self.transport;
                self.sessions.answer(&request, begins, |call| transport.borrow_mut().open(call))
            }
            (Verb::List, "") => self.list(kind, &request),
            _ => self.send(kind, &request),
        }
    }

    fn custom_kinds(&self) -> Vec<Custom> {
        if let Some(known) = &*self.customs.borrow() {
            return known.all();
        }
        let mut customs = Customs::default();
        for definition in self.all(DEFINITIONS) {
            customs.learn(&definition);
        }
        let found = customs.all();
        *self.customs.borrow_mut() = Some(customs);
        found
    }

    fn extensions(&self) -> Vec<Extension> {
        let services = self.all(SERVICES).into_iter().map(|object| object.to_value());
        let extended = services.filter(|service| service["spec"]["service"].is_object());
        extended
            .map(|service| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let mut conditions =
                    service["status"]["conditions"].as_array().into_iter().flatten();
                Extension {
                    group: text(&service["spec"]["group"]),
                    version: text(&service["spec"]["version"]),
                    available: conditions
                        .any(|one| one["type"] == "Available" && one["status"] == "True"),
                }
            })
            .collect()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn forward(&mut self, call: &Call) -> Option<Result<(u16, Vec<u8>), Status>> {
        let sent = self.transport.borrow_mut().send(call);
        Some(sent.map_err(unreachable).map(|received| {
            self.warnings.extend(read::warnings(&received));
            (received.code, received.body)
        }))
    }
}

#[cfg(test)]
mod tests;
