//! Kubernetes' control plane as a value. The module list below is the table of contents;
//! arrows between layers point upwards only (see ARCHITECTURE.md, enforced by `tests/tidy.rs`).

/// The API server: the one door for requests.
pub mod api;
/// Quantities, tables, YAML, JSONPath and label selectors: knows neither Kubernetes objects nor time.
pub mod base;
/// The composition root: the whole cluster as a value.
pub mod cluster;
/// The controllers, a folder each: what the cluster is and what it should become.
pub mod controllers;
/// The built-in kinds: names, defaults, validation, columns, describe.
pub mod kinds;
/// kubectl: verbs, flags, output, over the API door only.
pub mod kubectl;
/// The kubelets: from a bound Pod to running containers.
pub mod kubelet;
/// Processes, images and files of the simulated machines: knows no API object.
pub mod machine;
/// What Pods and nodes use, as metrics.k8s.io serves it.
pub mod metrics;
/// Names, Services and the path of a request between simulated processes.
pub mod network;
/// API objects: shared versions, metadata, keys, the codec and patches.
pub mod object;
/// Caches, work queues, events and the shape of a controller.
pub mod runtime;
/// Sessions, logs, replay and transcripts.
pub mod scenario;
/// The scheduler: queue, plugins, binding.
pub mod scheduler;
/// The clock, the agenda of future events, seeded randomness and the trace.
pub mod sim;
/// The object store with its revisions and its window of past changes.
pub mod store;

/// The page.
#[cfg(target_arch = "wasm32")]
pub mod ui;
/// The browser.
#[cfg(target_arch = "wasm32")]
pub mod web;
