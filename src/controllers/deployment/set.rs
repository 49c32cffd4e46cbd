//! What a Deployment decides by: its ReplicaSets in a few numbers, and the bounds of a rollout.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::base::int_or_percent::{IntOrPercent, Round};
use crate::object::meta;
use crate::sim::Time;

/// The number of a rollout, on a Deployment and on its ReplicaSets.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
/// The numbers that a ReplicaSet has had before.
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The Deployment's replicas when the ReplicaSet was last scaled.
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The same, with the surge.
pub const MAX: &str = "deployment.kubernetes.io/max-replicas";

/// A ReplicaSet of the Deployment. `replicas` follows the plan, the rest is as observed.
#[derive(Clone, Debug, Default)]
pub struct Set {
    pub name: String,
    pub created: Time,
    pub revision: i64,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `status.replicas` and its like.
    pub actual: i32,
    pub ready: i32,
    pub available: i32,
    pub terminating: Option<i32>,
    /// Whether its controller has ever reported on it, and on its newest spec.
    pub reported: bool,
    pub up_to_date: bool,
    /// The two annotations, where it has them.
    pub desired: Option<i32>,
    pub max: Option<i32>,
    pub failure: Option<DeploymentCondition>,
    pub deleting: bool,
}

impl Set {
    /// The numbers of a ReplicaSet.
    pub fn of(set: &ReplicaSet) -> Self {
        let status = set.status.clone().unwrap_or_default();
        let number = |name| meta::annotation(&set.metadata, name).and_then(|n| n.parse().ok());
        let observed = status.observed_generation.unwrap_or(0);
        let mut conditions = status.conditions.into_iter().flatten();
        let failure = conditions.find(|condition| condition.type_ == "ReplicaFailure");
        Self {
            name: set.metadata.name.clone().unwrap_or_default(),
            created: meta::created(&set.metadata),
            revision: revision(set),
            replicas: set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
            actual: status.replicas,
            ready: status.ready_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
            terminating: status.terminating_replicas,
            reported: observed > 0,
            up_to_date: observed >= set.metadata.generation.unwrap_or(0),
            desired: number(DESIRED),
            max: number(MAX),
            failure: failure.map(|condition| DeploymentCondition {
                type_: condition.type_,
                status: condition.status,
                reason: condition.reason,
                message: condition.message,
                last_update_time: condition.last_transition_time.clone(),
                last_transition_time: condition.last_transition_time,
            }),
            deleting: meta::is_terminating(&set.metadata),
        }
    }
}

/// The revision of a ReplicaSet; zero where it has none.
pub fn revision(set: &ReplicaSet) -> i64 {
    meta::annotation(&set.metadata, REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// How far a rollout may stray from the wanted number of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// `spec.replicas`.
    pub replicas: i32,
    /// Whether old and new pods may run side by side.
    pub rolling: bool,
    /// How many pods more there may be.
    pub surge: i32,
    /// How many pods may be missing.
    pub unavailable: i32,
}

impl Bounds {
    /// The bounds that a Deployment's strategy gives. Mirrors `ResolveFenceposts`.
    pub fn of(deployment: &Deployment) -> Self {
        let spec = deployment.spec.as_ref();
        let replicas = spec.and_then(|spec| spec.replicas).unwrap_or(1);
        let strategy = spec.and_then(|spec| spec.strategy.as_ref());
        if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate") {
            return Self { replicas, rolling: false, surge: 0, unavailable: 0 };
        }
        let update = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let surge = scaled(update.and_then(|u| u.max_surge.as_ref()), replicas, Round::Up);
        let unavailable =
            scaled(update.and_then(|u| u.max_unavailable.as_ref()), replicas, Round::Down);
        // Validation refuses two zeros, but 1 % of few pods is zero too: then one at a time.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { replicas, rolling: true, surge, unavailable: unavailable.min(replicas) }
    }

    /// The most pods there may be.
    pub fn most(&self) -> i32 {
        self.replicas.saturating_add(self.surge)
    }

    /// The fewest available pods there may be.
    pub fn fewest(&self) -> i32 {
        self.replicas - self.unavailable
    }
}

fn scaled(count: Option<&IntOrString>, total: i32, round: Round) -> i32 {
    let count = match count {
        Some(IntOrString::Int(count)) => IntOrPercent::Int((*count).into()),
        Some(IntOrString::String(text)) => IntOrPercent::Text(text.clone()),
        None => IntOrPercent::Text("25%".to_owned()),
    };
    let scaled = count.scaled(total.into(), round).unwrap_or(0);
    i32::try_from(scaled).unwrap_or(i32::MAX)
}
