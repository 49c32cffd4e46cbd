//! From Kubernetes objects to what the page draws of them.

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, MetricSpec, MetricStatus};
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts_pod::{amount, modes};
use super::view::{
    AutoscalerFacts, ClaimFacts, EventFacts, Metric, Ref, VolumeFacts, WorkloadFacts,
};
use crate::base::int_or_percent::{IntOrPercent, Round};
use crate::base::quantity as quantities;
use crate::sim::Time;

/// A moment as the simulation counts it.
pub fn moment(time: &meta::Time) -> Time {
    Time::from_micros(u64::try_from(time.0.as_microsecond()).unwrap_or(0))
}

fn count(number: Option<i32>) -> u32 {
    number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

fn images(spec: Option<&core::PodSpec>) -> Vec<String> {
    let containers = spec.map(|spec| spec.containers.iter().filter_map(|c| c.image.clone()));
    containers.map_or_else(Vec::new, Iterator::collect)
}

fn revision(meta: &meta::ObjectMeta) -> Option<String> {
    meta.annotations.as_ref()?.get("deployment.kubernetes.io/revision").cloned()
}

fn scaled(value: Option<&IntOrString>, total: u32, round: Round) -> u32 {
    let value = match value {
        Some(IntOrString::Int(n)) => IntOrPercent::Int(i64::from(*n)),
        Some(IntOrString::String(text)) => IntOrPercent::Text(text.clone()),
        None => IntOrPercent::Text("25%".to_owned()),
    };
    value.scaled(i64::from(total), round).ok().and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

/// A Deployment's facts.
pub fn deployment(object: &apps::Deployment) -> WorkloadFacts {
    let Some(spec) = object.spec.as_ref() else { return WorkloadFacts::default() };
    let status = object.status.as_ref();
    let desired = spec.replicas.map_or(1, |n| count(Some(n)));
    let strategy = spec.strategy.as_ref().and_then(|s| s.type_.clone());
    let recreate = strategy.as_deref() == Some("Recreate");
    let rolling = spec.strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
    let surge = scaled(rolling.and_then(|r| r.max_surge.as_ref()), desired, Round::Up);
    let missing = scaled(rolling.and_then(|r| r.max_unavailable.as_ref()), desired, Round::Down);
    WorkloadFacts {
        desired,
        current: count(status.and_then(|s| s.replicas)),
        ready: count(status.and_then(|s| s.ready_replicas)),
        available: count(status.and_then(|s| s.available_replicas)),
        updated: count(status.and_then(|s| s.updated_replicas)),
        surge: if recreate { 0 } else { surge },
        missing: if recreate { desired } else { missing },
        revision: revision(&object.metadata),
        images: images(spec.template.spec.as_ref()),
        strategy,
        paused: spec.paused.unwrap_or(false),
    }
}

/// A ReplicaSet's facts.
pub fn replica_set(object: &apps::ReplicaSet) -> WorkloadFacts {
    let spec = object.spec.as_ref();
    let status = object.status.as_ref();
    WorkloadFacts {
        desired: spec.map_or(0, |s| s.replicas.map_or(1, |n| count(Some(n)))),
        current: status.map_or(0, |s| count(Some(s.replicas))),
        ready: count(status.and_then(|s| s.ready_replicas)),
        available: count(status.and_then(|s| s.available_replicas)),
        updated: status.map_or(0, |s| count(Some(s.replicas))),
        revision: revision(&object.metadata),
        images: images(spec.and_then(|s| s.template.as_ref()).and_then(|t| t.spec.as_ref())),
        ..WorkloadFacts::default()
    }
}

/// A ReplicationController's facts.
pub fn replication_controller(object: &core::ReplicationController) -> WorkloadFacts {
    let spec = object.spec.as_ref();
    let status = object.status.as_ref();
    WorkloadFacts {
        desired: spec.map_or(0, |s| s.replicas.map_or(1, |n| count(Some(n)))),
        current: status.map_or(0, |s| count(Some(s.replicas))),
        ready: count(status.and_then(|s| s.ready_replicas)),
        available: count(status.and_then(|s| s.available_replicas)),
        updated: status.map_or(0, |s| count(Some(s.replicas))),
        images: images(spec.and_then(|s| s.template.as_ref()).and_then(|t| t.spec.as_ref())),
        ..WorkloadFacts::default()
    }
}

/// A StatefulSet's facts.
pub fn stateful_set(object: &apps::StatefulSet) -> WorkloadFacts {
    let spec = object.spec.as_ref();
    let status = object.status.as_ref();
    WorkloadFacts {
        desired: spec.map_or(0, |s| s.replicas.map_or(1, |n| count(Some(n)))),
        current: status.map_or(0, |s| count(Some(s.replicas))),
        ready: count(status.and_then(|s| s.ready_replicas)),
        available: count(status.and_then(|s| s.available_replicas)),
        updated: count(status.and_then(|s| s.updated_replicas)),
        images: images(spec.and_then(|s| s.template.spec.as_ref())),
        strategy: spec.and_then(|s| s.update_strategy.as_ref()).and_then(|s| s.type_.clone()),
        ..WorkloadFacts::default()
    }
}

/// A DaemonSet's facts.
pub fn daemon_set(object: &apps::DaemonSet) -> WorkloadFacts {
    let spec = object.spec.as_ref();
    let status = object.status.as_ref();
    WorkloadFacts {
        desired: status.map_or(0, |s| count(Some(s.desired_number_scheduled))),
        current: status.map_or(0, |s| count(Some(s.current_number_scheduled))),
        ready: status.map_or(0, |s| count(Some(s.number_ready))),
        available: count(status.and_then(|s| s.number_available)),
        updated: count(status.and_then(|s| s.updated_number_scheduled)),
        images: images(spec.and_then(|s| s.template.spec.as_ref())),
        strategy: spec.and_then(|s| s.update_strategy.as_ref()).and_then(|s| s.type_.clone()),
        ..WorkloadFacts::default()
    }
}

/// A Job's facts: desired are its completions, available those that succeeded.
pub fn job(object: &batch::Job) -> WorkloadFacts {
    let spec = object.spec.as_ref();
    let status = object.status.as_ref();
    let succeeded = count(status.and_then(|s| s.succeeded));
    let active = count(status.and_then(|s| s.active));
    WorkloadFacts {
        desired: spec.map_or(1, |s| s.completions.map_or(1, |n| count(Some(n)))),
        current: active + succeeded,
        ready: count(status.and_then(|s| s.ready)) + succeeded,
        available: succeeded,
        updated: active + succeeded,
        images: images(spec.and_then(|s| s.template.spec.as_ref())),
        paused: spec.and_then(|s| s.suspend).unwrap_or(false),
        ..WorkloadFacts::default()
    }
}

/// A CronJob's facts: its counts are Jobs.
pub fn cron_job(object: &batch::CronJob) -> WorkloadFacts {
    let active = object.status.as_ref().and_then(|s| s.active.as_ref()).map_or(0, Vec::len);
    let active = u32::try_from(active).unwrap_or(u32::MAX);
    let template = object.spec.job_template.spec.as_ref();
    WorkloadFacts {
        current: active,
        ready: active,
        images: images(template.and_then(|s| s.template.spec.as_ref())),
        strategy: Some(object.spec.schedule.clone()),
        paused: object.spec.suspend.unwrap_or(false),
        ..WorkloadFacts::default()
    }
}

/// A PersistentVolumeClaim's facts.
pub fn claim(object: &core::PersistentVolumeClaim) -> ClaimFacts {
    let spec = object.spec.as_ref();
    let requests = spec.and_then(|s| s.resources.as_ref()).and_then(|r| r.requests.as_ref());
    let phase = object.status.as_ref().and_then(|s| s.phase.clone());
    ClaimFacts {
        phase: phase.unwrap_or_else(|| "Pending".to_owned()),
        volume: spec.and_then(|s| s.volume_name.clone()).filter(|name| !name.is_empty()),
        request: amount(requests, "storage"),
        modes: modes(spec.and_then(|s| s.access_modes.as_ref())),
        class: spec.and_then(|s| s.storage_class_name.clone()).unwrap_or_default(),
    }
}

/// A PersistentVolume's facts.
pub fn volume(object: &core::PersistentVolume) -> VolumeFacts {
    let spec = object.spec.as_ref();
    let claim = spec
        .and_then(|s| s.claim_ref.as_ref())
        .and_then(|c| Some((c.namespace.clone().unwrap_or_default(), c.name.clone()?)));
    let phase = object.status.as_ref().and_then(|s| s.phase.clone());
    VolumeFacts {
        phase: phase.unwrap_or_else(|| "Pending".to_owned()),
        claim,
        capacity: amount(spec.and_then(|s| s.capacity.as_ref()), "storage"),
        modes: modes(spec.and_then(|s| s.access_modes.as_ref())),
        class: spec.and_then(|s| s.storage_class_name.clone()).unwrap_or_default(),
        reclaim: spec.and_then(|s| s.persistent_volume_reclaim_policy.clone()).unwrap_or_default(),
    }
}

/// A HorizontalPodAutoscaler's facts.
pub fn autoscaler(object: &HorizontalPodAutoscaler) -> AutoscalerFacts {
    let namespace = object.metadata.namespace.clone().unwrap_or_default();
    let spec = &object.spec;
    let status = object.status.as_ref();
    let target = &spec.scale_target_ref;
    let target = Ref::new(&target.kind, &namespace, &target.name);
    let known = status.and_then(|s| s.current_metrics.as_ref());
    let metrics = spec.metrics.iter().flatten().enumerate();
    let conditions = status.and_then(|s| s.conditions.as_ref()).into_iter().flatten();
    let notable = conditions.filter(|c| (c.type_ == "ScalingLimited") == (c.status == "True"));
    AutoscalerFacts {
        target,
        min: spec.min_replicas.map_or(1, |n| count(Some(n))),
        max: count(Some(spec.max_replicas)),
        current: count(status.and_then(|s| s.current_replicas)),
        desired: status.map_or(0, |s| count(Some(s.desired_replicas))),
        metrics: metrics.map(|(n, spec)| metric(spec, known.and_then(|k| k.get(n)))).collect(),
        conditions: notable
            .map(|c| {
                let text = |t: &Option<String>| t.clone().unwrap_or_default();
                (c.type_.clone(), text(&c.reason), text(&c.message))
            })
            .collect(),
    }
}

fn metric(spec: &MetricSpec, status: Option<&MetricStatus>) -> Metric {
    let none = || "<unknown>".to_owned();
    let Some(resource) = spec.resource.as_ref() else {
        return Metric { name: spec.type_.clone(), current: none(), target: none(), ratio: None };
    };
    let now = status.and_then(|s| s.resource.as_ref()).map(|r| &r.current);
    let ratio = |now: i64, aim: i64| u64::try_from(now.saturating_mul(1000) / aim.max(1)).ok();
    let name = resource.name.clone();
    if let Some(aim) = resource.target.average_utilization {
        let now = now.and_then(|n| n.average_utilization);
        return Metric {
            name,
            current: now.map_or_else(none, |n| format!("{n}%")),
            target: format!("{aim}%"),
            ratio: now.and_then(|n| ratio(i64::from(n), i64::from(aim))),
        };
    }
    let aim = resource.target.average_value.as_ref();
    let now = now.and_then(|n| n.average_value.as_ref());
    let milli = |text: &str| quantities::milli_value(text).unwrap_or(0);
    Metric {
        name,
        current: now.map_or_else(none, |q| q.0.clone()),
        target: aim.map_or_else(none, |q| q.0.clone()),
        ratio: now.zip(aim).and_then(|(now, aim)| ratio(milli(&now.0), milli(&aim.0))),
    }
}

/// An Event's facts.
pub fn event(object: &core::Event) -> EventFacts {
    let about = &object.involved_object;
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let about = Ref::new(&text(&about.kind), &text(&about.namespace), &text(&about.name));
    let series = object.series.as_ref();
    let micro = |t: &meta::MicroTime| u64::try_from(t.0.as_microsecond()).unwrap_or(0);
    let seen = series.and_then(|s| s.last_observed_time.as_ref()).or(object.event_time.as_ref());
    let last = object.last_timestamp.as_ref().map(moment);
    let component = object.source.as_ref().and_then(|s| s.component.clone());
    EventFacts {
        level: text(&object.type_),
        reason: text(&object.reason),
        message: text(&object.message),
        about,
        count: series.and_then(|s| s.count).or(object.count).map_or(1, |n| count(Some(n))),
        last: last.or(seen.map(|t| Time::from_micros(micro(t)))),
        source: component.or(object.reporting_component.clone()).unwrap_or_default(),
    }
}
