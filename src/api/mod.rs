//! The API server: one door for requests, whoever sends them.

mod admission;
/// Which groups who answers.
pub mod aggregation;
mod auth;
mod bootstrap;
mod compaction;
#[cfg(not(target_arch = "wasm32"))]
mod conversion;
mod custom;
mod decode;
/// What the server serves: the rows of `kubectl api-resources`.
pub mod discovery;
mod door;
mod expiry;
mod flow_control;
/// HTTP: requests and answers as clients write and read them.
#[cfg(not(target_arch = "wasm32"))]
pub mod http;
mod managed;
mod metadata;
/// OpenAPI: the schemas and operations of everything that is served.
pub mod openapi;
/// A server elsewhere as the one door.
#[cfg(not(target_arch = "wasm32"))]
pub mod remote;
mod request;
mod server;
mod service_network;
mod status;
mod subresource;
mod verbs;
/// Calls of webhooks, which leave the cluster.
#[cfg(not(target_arch = "wasm32"))]
pub mod webhook;

pub use aggregation::Extension;
pub use auth::{Sender, User, account_token, token_claim};
pub use custom::Custom;
pub use door::{Door, Upstream};
pub use request::{Body, DeleteOptions, List, Page, PatchType, Propagation, Reply, Request, Verb};
pub use server::Server;
pub use status::{Cause, Status};

/// The one door: controllers, kubelets, kubectl, the page and HTTP clients all come through here.
pub trait Api {
    /// Answers one request.
    ///
    /// # Errors
    /// A [`Status`] with upstream's reason, code and message.
    fn call(&mut self, request: Request) -> Result<Reply, Status>;

    /// The kinds that are served besides the built-in ones.
    fn custom_kinds(&self) -> Vec<Custom> {
        Vec::new()
    }

    /// The groups that Services answer.
    fn extensions(&self) -> Vec<Extension> {
        Vec::new()
    }

    /// What the client of the requests since the last time is to be warned of.
    fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Hands HTTP on as it is: code and body of the answer. `None` where the door is here, which
    /// [`http::answer`] turns requests for.
    #[cfg(not(target_arch = "wasm32"))]
    fn forward(&mut self, _call: &http::Call) -> Option<Result<(u16, Vec<u8>), Status>> {
        None
    }
}

#[cfg(test)]
mod tests;
