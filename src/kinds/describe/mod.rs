//! The parts that descriptions share. Mirrors `k8s.io/kubectl/pkg/describe`.

/// Tables of conditions.
pub mod conditions;
/// The containers of a pod or a template.
pub mod containers;
mod env;
/// The events about an object.
pub mod events;
/// Kinds without a text of their own.
pub mod generic;
mod lines;
/// Labels, annotations, tolerations and the like.
pub mod pairs;
/// The pods of an object.
pub mod pods;
/// Probes and ports.
pub mod probe;
/// Where volumes come from.
pub mod sources;
mod state;
/// The pod template of a workload.
pub mod template;
/// The volumes of a pod or a template.
pub mod volumes;

pub use lines::Lines;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as Timestamp};

use super::cells::NONE;
use super::{Kind, Lookup};
use crate::base::table::Tabs;
use crate::object::Object;
use crate::sim::Time;

/// Kinds whose descriptions never show events.
const WITHOUT_EVENTS: [&str; 9] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Secret",
];

/// The whole text of `kubectl describe` for one object, aligned; with its events if asked for.
pub fn describe(
    kind: &dyn Kind,
    object: &Object,
    others: &mut dyn Lookup,
    now: Time,
    with_events: bool,
) -> String {
    let mut out = Lines::default();
    out.text(&kind.describe(object, others, now));
    if with_events && !WITHOUT_EVENTS.contains(&kind.names().kind) {
        events::write(&mut out, object, others, now);
    }
    let mut tabs = Tabs::for_describe();
    tabs.write(&out.raw());
    tabs.flush()
}

/// `[a b]`, as Go prints a list.
pub fn go_list(items: Option<&Vec<String>>) -> String {
    format!("[{}]", items.map(|items| items.join(" ")).unwrap_or_default())
}

/// `Deployment/web`: the owner that controls an object.
pub fn controller(out: &mut Lines, meta: &ObjectMeta) {
    if let Some(owner) = crate::object::meta::controller_of(meta) {
        out.field(0, "Controlled By", format!("{}/{}", owner.kind, owner.name));
    }
}

/// `Mon, 02 Jan 2006 15:04:05 +0000`; as Go prints no time at all when absent.
pub fn time(stamp: Option<&Timestamp>) -> String {
    match stamp {
        Some(stamp) => Time::format_seconds(stamp.0.as_second(), "%a, %d %b %Y %H:%M:%S %z"),
        None => "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
    }
}

/// `True` or `False`.
pub fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
