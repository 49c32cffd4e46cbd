//! `kubectl describe daemonset`. Mirrors `describe.describeDaemonSet`.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec};

use crate::kinds::describe::{Lines, pairs, pods, template};
use crate::kinds::{Lookup, cells, selectors};

/// The text.
pub fn describe(object: &DaemonSet, others: &mut dyn Lookup) -> String {
    let meta = &object.metadata;
    let nothing = DaemonSetSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let status = object.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    out.field(0, "Selector", cells::label_selector(Some(&spec.selector)));
    let nodes = spec.template.spec.as_ref().and_then(|pod| pod.node_selector.as_ref());
    out.field(0, "Node-Selector", cells::labels(nodes));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    for (what, count) in [
        ("Desired Number of Nodes Scheduled", status.desired_number_scheduled),
        ("Current Number of Nodes Scheduled", status.current_number_scheduled),
        (
            "Number of Nodes Scheduled with Up-to-date Pods",
            status.updated_number_scheduled.unwrap_or(0),
        ),
        ("Number of Nodes Scheduled with Available Pods", status.number_available.unwrap_or(0)),
        ("Number of Nodes Misscheduled", status.number_misscheduled),
    ] {
        out.line(0, format!("{what}: {count}"));
    }
    let selector = selectors::parse(&spec.selector).unwrap_or_default();
    out.field(0, "Pods Status", pods::statuses(others, meta, &selector));
    template::write(&mut out, &spec.template);
    out.raw()
}
