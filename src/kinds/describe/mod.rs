//! The parts that descriptions share. Mirrors `k8s.io/kubectl/pkg/describe`.

/// The containers of a pod or a template.
pub mod containers;
mod env;
mod lines;
/// Labels, annotations, tolerations and the like.
pub mod pairs;
/// Probes and ports.
pub mod probe;
mod state;
/// The pod template of a workload.
pub mod template;
/// The volumes of a pod or a template.
pub mod volumes;

pub use lines::Lines;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;

use super::cells::NONE;

/// `Mon, 02 Jan 2006 15:04:05 +0000`; as Go prints no time at all when absent.
pub fn time(stamp: Option<&Timestamp>) -> String {
    match stamp {
        Some(stamp) => stamp.0.strftime("%a, %d %b %Y %H:%M:%S %z").to_string(),
        None => "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
    }
}

/// `True` or `False`.
pub fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
