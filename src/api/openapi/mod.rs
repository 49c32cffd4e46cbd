//! OpenAPI: what is served, described for clients that check manifests against it or explain it.
//! Mirrors `k8s.io/kube-openapi`'s builders and `k8s.io/apiserver/pkg/server/routes/openapi.go`.
//!
//! The schemas of what is built in come from the types themselves. Their prose is larger than the
//! page, which hence loads them only when somebody asks for an explanation ([`offer`]).

mod described;
mod schemas;

#[cfg(not(target_arch = "wasm32"))]
mod custom;
#[cfg(not(target_arch = "wasm32"))]
mod documents;
#[cfg(not(target_arch = "wasm32"))]
mod gnostic;
#[cfg(not(target_arch = "wasm32"))]
mod marks;
#[cfg(not(target_arch = "wasm32"))]
mod operations;
#[cfg(not(target_arch = "wasm32"))]
mod parameters;
#[cfg(not(target_arch = "wasm32"))]
mod second;
#[cfg(not(target_arch = "wasm32"))]
mod types;

#[cfg(not(target_arch = "wasm32"))]
pub use self::documents::{Document, document, index};
#[cfg(not(target_arch = "wasm32"))]
pub use self::gnostic::encode;
pub use self::schemas::Schemas;
#[cfg(target_arch = "wasm32")]
pub use self::schemas::{is_offered, offer};
#[cfg(not(target_arch = "wasm32"))]
pub use self::{second::document as second, types::text};
