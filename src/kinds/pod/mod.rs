//! Pod.

mod columns;
mod describe;
mod quality;
mod validate;

pub use columns::status_word;
pub use quality::of as qos_class;

use k8s_openapi::api::core::v1::{Pod, PodCondition, PodSpec, PodStatus};

use super::{Column, FieldError, Lookup, Names, Typed, pod_template, prepare};
use crate::sim::Time;

/// The kind Pod. Mirrors `pkg/registry/core/pod`.
pub struct Pods;

impl Typed for Pods {
    type Object = Pod;

    const NAMES: Names = Names {
        short: &["po"],
        categories: &["all"],
        subresources: &[
            "attach",
            "binding",
            "ephemeralcontainers",
            "eviction",
            "exec",
            "log",
            "portforward",
            "proxy",
            "resize",
            "status",
        ],
        ..Names::namespaced("", &["v1"], "Pod", "pods", "pod")
    };
    const COLUMNS: &'static [Column] = columns::COLUMNS;

    fn default(pod: &mut Pod) {
        pod_template::defaults::pod(pod);
    }

    fn prepare_create(pod: &mut Pod) {
        prepare::first_generation(&mut pod.metadata);
        let spec = pod.spec.clone().unwrap_or_default();
        let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
        pod.status = Some(PodStatus {
            phase: Some("Pending".to_owned()),
            qos_class: Some(quality::of(&spec).to_owned()),
            conditions: gated.then(|| vec![gated_condition(pod)]),
            ..PodStatus::default()
        });
    }

    fn prepare_update(new: &mut Pod, old: &Pod) {
        new.status.clone_from(&old.status);
        let changed = new.spec != old.spec;
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn prepare_status(new: &mut Pod, old: &Pod) {
        // Go writes these out even when they are empty.
        let status = new.status.get_or_insert_default();
        if status.qos_class.is_none() {
            status.qos_class = old.status.as_ref().and_then(|old| old.qos_class.clone());
        }
        for statuses in [&mut status.init_container_statuses, &mut status.container_statuses] {
            for container in statuses.iter_mut().flatten() {
                container.state.get_or_insert_default();
                container.last_state.get_or_insert_default();
            }
        }
        if new.spec != old.spec {
            new.spec.clone_from(&old.spec);
        }
        new.metadata.generation = old.metadata.generation;
        new.metadata.owner_references.clone_from(&old.metadata.owner_references);
        new.metadata.deletion_timestamp.clone_from(&old.metadata.deletion_timestamp);
    }

    fn default_grace(pod: &Pod) -> i64 {
        let spec = pod.spec.as_ref();
        spec.and_then(|spec| spec.termination_grace_period_seconds).unwrap_or(30)
    }

    fn validate(object: &Pod) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &Pod, old: &Pod) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    fn fields(pod: &Pod) -> Vec<(&'static str, String)> {
        let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let spec_text =
            |field: fn(&PodSpec) -> &Option<String>| text(spec.and_then(|s| field(s).as_ref()));
        let status_text =
            |field: fn(&PodStatus) -> &Option<String>| text(status.and_then(|s| field(s).as_ref()));
        let ips = status.and_then(|status| status.pod_ips.as_ref());
        vec![
            ("spec.nodeName", spec_text(|spec| &spec.node_name)),
            ("spec.restartPolicy", spec_text(|spec| &spec.restart_policy)),
            ("spec.schedulerName", spec_text(|spec| &spec.scheduler_name)),
            ("spec.serviceAccountName", spec_text(|spec| &spec.service_account_name)),
            (
                "spec.hostNetwork",
                spec.and_then(|spec| spec.host_network).unwrap_or(false).to_string(),
            ),
            ("status.phase", status_text(|status| &status.phase)),
            ("status.podIP", text(ips.and_then(|ips| Some(&ips.first()?.ip)))),
            ("status.nominatedNodeName", status_text(|status| &status.nominated_node_name)),
        ]
    }

    fn row(pod: &Pod, now: Time) -> Vec<String> {
        columns::row(pod, now)
    }

    fn describe(object: &Pod, _: &mut dyn Lookup, now: Time) -> String {
        describe::describe(object, now)
    }
}

/// What is said of a pod that waits for its gates to be taken away.
/// Mirrors `applySchedulingGatedCondition`.
fn gated_condition(pod: &Pod) -> PodCondition {
    PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some("SchedulingGated".to_owned()),
        message: Some("Scheduling is blocked due to non-empty scheduling gates".to_owned()),
        last_transition_time: pod.metadata.creation_timestamp.clone(),
        ..PodCondition::default()
    }
}
