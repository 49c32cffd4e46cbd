//! The two kinds that keep a number of pods: ReplicaSet and its elder, ReplicationController.

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{
    PodTemplateSpec, ReplicationController, ReplicationControllerCondition,
    ReplicationControllerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;

use crate::base::label_selector::Selector;
use crate::kinds::selectors;
use crate::object::{GroupResource, Resource};

/// What both statuses hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    pub replicas: i32,
    pub fully_labeled: i32,
    pub ready: i32,
    pub available: i32,
    pub terminating: i32,
    pub observed_generation: i64,
    /// The condition `ReplicaFailure`, if it holds.
    pub failure: Option<Failure>,
}

/// Why the number of pods could not be put right.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub reason: String,
    pub message: String,
    pub since: Option<Timestamp>,
}

/// A kind that keeps a number of pods.
pub trait PodOwner: Resource + Clone + 'static {
    const CONTROLLER: &'static str;
    const KIND: &'static str;
    const RESOURCE: GroupResource;

    fn replicas(&self) -> i32;
    fn min_ready_seconds(&self) -> i32;
    /// The selector; `None` if it is none, or selects everything.
    fn selector(&self) -> Option<Selector>;
    fn template(&self) -> Option<&PodTemplateSpec>;
    fn counts(&self) -> Counts;
    fn set_counts(&mut self, counts: Counts);
}

const FAILURE: &str = "ReplicaFailure";

/// Go leaves a zero out.
fn nonzero(count: i32) -> Option<i32> {
    Some(count).filter(|count| *count != 0)
}

impl PodOwner for ReplicaSet {
    const CONTROLLER: &'static str = "replicaset-controller";
    const KIND: &'static str = "ReplicaSet";
    const RESOURCE: GroupResource = GroupResource::new("apps", "replicasets");

    fn replicas(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
    }

    fn selector(&self) -> Option<Selector> {
        let selector = selectors::parse(&self.spec.as_ref()?.selector).ok()?;
        Some(selector).filter(|selector| !selector.is_empty())
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }

    fn counts(&self) -> Counts {
        let Some(status) = &self.status else { return Counts::default() };
        let mut conditions = status.conditions.iter().flatten();
        let failure = conditions.rfind(|condition| condition.type_ == FAILURE);
        Counts {
            replicas: status.replicas,
            fully_labeled: status.fully_labeled_replicas.unwrap_or(0),
            ready: status.ready_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
            terminating: status.terminating_replicas.unwrap_or(-1),
            observed_generation: status.observed_generation.unwrap_or(0),
            failure: failure.map(|condition| Failure {
                reason: condition.reason.clone().unwrap_or_default(),
                message: condition.message.clone().unwrap_or_default(),
                since: condition.last_transition_time.clone(),
            }),
        }
    }

    fn set_counts(&mut self, counts: Counts) {
        let status = self.status.take().unwrap_or_default();
        let mut conditions = status.conditions.unwrap_or_default();
        conditions.retain(|condition| condition.type_ != FAILURE);
        conditions.extend(counts.failure.map(|failure| ReplicaSetCondition {
            type_: FAILURE.to_owned(),
            status: "True".to_owned(),
            reason: Some(failure.reason),
            message: Some(failure.message),
            last_transition_time: failure.since,
        }));
        self.status = Some(ReplicaSetStatus {
            replicas: counts.replicas,
            fully_labeled_replicas: nonzero(counts.fully_labeled),
            ready_replicas: nonzero(counts.ready),
            available_replicas: nonzero(counts.available),
            terminating_replicas: Some(counts.terminating),
            observed_generation: Some(counts.observed_generation),
            conditions: Some(conditions).filter(|conditions| !conditions.is_empty()),
        });
    }
}

impl PodOwner for ReplicationController {
    const CONTROLLER: &'static str = "replication-controller";
    const KIND: &'static str = "ReplicationController";
    const RESOURCE: GroupResource = GroupResource::new("", "replicationcontrollers");

    fn replicas(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
    }

    fn selector(&self) -> Option<Selector> {
        let labels = self.spec.as_ref()?.selector.as_ref()?;
        Some(Selector::from_labels(labels)).filter(|selector| !selector.is_empty())
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }

    fn counts(&self) -> Counts {
        let Some(status) = &self.status else { return Counts::default() };
        let mut conditions = status.conditions.iter().flatten();
        let failure = conditions.rfind(|condition| condition.type_ == FAILURE);
        Counts {
            replicas: status.replicas,
            fully_labeled: status.fully_labeled_replicas.unwrap_or(0),
            ready: status.ready_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
            terminating: 0,
            observed_generation: status.observed_generation.unwrap_or(0),
            failure: failure.map(|condition| Failure {
                reason: condition.reason.clone().unwrap_or_default(),
                message: condition.message.clone().unwrap_or_default(),
                since: condition.last_transition_time.clone(),
            }),
        }
    }

    fn set_counts(&mut self, counts: Counts) {
        let status = self.status.take().unwrap_or_default();
        let mut conditions = status.conditions.unwrap_or_default();
        conditions.retain(|condition| condition.type_ != FAILURE);
        conditions.extend(counts.failure.map(|failure| ReplicationControllerCondition {
            type_: FAILURE.to_owned(),
            status: "True".to_owned(),
            reason: Some(failure.reason),
            message: Some(failure.message),
            last_transition_time: failure.since,
        }));
        self.status = Some(ReplicationControllerStatus {
            replicas: counts.replicas,
            fully_labeled_replicas: nonzero(counts.fully_labeled),
            ready_replicas: nonzero(counts.ready),
            available_replicas: nonzero(counts.available),
            observed_generation: Some(counts.observed_generation),
            conditions: Some(conditions).filter(|conditions| !conditions.is_empty()),
        });
    }
}
