//! Node.

mod describe;
mod validate;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Node;

use super::cells::{self, NONE, UNKNOWN};
use super::{Column, FieldError, Lookup, Names, Typed};
use crate::sim::Time;

/// The kind Node. Mirrors `pkg/registry/core/node`.
pub struct Nodes;

impl Typed for Nodes {
    type Object = Node;

    const NAMES: Names = Names {
        short: &["no"],
        subresources: &["proxy", "status"],
        ..Names::cluster("", &["v1"], "Node", "nodes", "node")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Status"),
        Column::new("Roles"),
        Column::new("Age"),
        Column::new("Version"),
        Column::wide("Internal-IP"),
        Column::wide("External-IP"),
        Column::wide("OS-Image"),
        Column::wide("Kernel-Version"),
        Column::wide("Container-Runtime"),
    ];

    // A node's status may be given when it is created: the kubelet registers itself that way.
    fn prepare_update(new: &mut Node, old: &Node) {
        new.status.clone_from(&old.status);
    }

    fn prepare_status(new: &mut Node, old: &Node) {
        new.spec.clone_from(&old.spec);
    }

    fn validate(object: &Node) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn fields(object: &Node) -> Vec<(&'static str, String)> {
        vec![("spec.unschedulable", is_unschedulable(object).to_string())]
    }

    fn row(object: &Node, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let info = object.status.as_ref().and_then(|status| status.node_info.as_ref());
        let mut row = vec![
            cells::name(meta),
            status_words(object),
            roles(object),
            cells::age(meta, now),
            info.map(|info| info.kubelet_version.clone()).unwrap_or_default(),
            address(object, "InternalIP"),
            address(object, "ExternalIP"),
        ];
        let kernel = info.map(|info| match (&*info.kernel_version, &*info.architecture) {
            ("", _) => String::new(),
            (kernel, "") => kernel.to_owned(),
            (kernel, architecture) => format!("{kernel} ({architecture})"),
        });
        let texts = [
            info.map(|info| info.os_image.clone()),
            kernel,
            info.map(|info| info.container_runtime_version.clone()),
        ];
        for text in texts {
            row.push(text.filter(|t| !t.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned()));
        }
        row
    }

    fn describe(object: &Node, others: &mut dyn Lookup, now: Time) -> String {
        describe::describe(object, &roles(object), others, now)
    }
}

fn is_unschedulable(node: &Node) -> bool {
    node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true)
}

/// `Ready`, `NotReady,SchedulingDisabled`.
fn status_words(node: &Node) -> String {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions.into_iter().find(|condition| condition.type_ == "Ready");
    let word = match ready {
        Some(condition) if condition.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if is_unschedulable(node) { format!("{word},SchedulingDisabled") } else { word.to_owned() }
}

fn roles(node: &Node) -> String {
    let mut roles = BTreeSet::new();
    for (key, value) in node.metadata.labels.iter().flatten() {
        match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => roles.insert(role),
            _ if key == "kubernetes.io/role" && !value.is_empty() => roles.insert(value.as_str()),
            _ => false,
        };
    }
    cells::or_none(Some(roles.into_iter().collect::<Vec<_>>().join(",")))
}

fn address(node: &Node, kind: &str) -> String {
    let addresses = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
    let found = addresses.into_iter().find(|address| address.type_ == kind);
    found.map_or_else(|| NONE.to_owned(), |address| address.address.clone())
}
