//! What a StatefulSet does next. Mirrors `updateStatefulSet` of
//! `pkg/controller/statefulset/stateful_set_control.go`.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::claims::{self, Owners};
use super::identity;
use crate::base::int_or_percent::{IntOrPercent, Round};
use crate::base::order::Order as _;
use crate::controllers::pod;
use crate::object::meta;
use crate::sim::{Explain, Fact, Time};

/// A StatefulSet and its surroundings.
pub struct Input<'a> {
    /// The set.
    pub set: &'a StatefulSet,
    /// The name of the revision that its pods had before the update.
    pub current: &'a str,
    /// The name of the revision of its template.
    pub update: &'a str,
    /// Its pods.
    pub pods: &'a [&'a Pod],
    /// Finds a claim by its name.
    pub claim: &'a dyn Fn(&str) -> Option<&'a PersistentVolumeClaim>,
    /// The present moment.
    pub now: Time,
}

/// Of which revision a new pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of the one from before the update.
    Current,
    /// Of the template's.
    Update,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the claims of a pod, and the pod.
    Create(i64, Which),
    /// Make the claims that a waiting pod lacks, and see to the owners of those it has.
    Claims(String),
    /// Give a pod back its identity, its volumes and its claims' owners.
    Repair(String),
    /// Let the claims of a pod that is to go follow it, if the set says so.
    Condemn(String),
    /// Delete a pod that has stopped; another one takes its place.
    Restart(String),
    /// Delete a pod that is too many.
    ScaleDown(String),
    /// Delete a pod of an old revision.
    Replace(String),
}

/// The counts of the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many pods there are.
    pub replicas: i32,
    /// How many of them are ready.
    pub ready: i32,
    /// How many have been ready for long enough.
    pub available: i32,
    /// How many are of the revision from before the update.
    pub current: i32,
    /// How many are of the template's revision.
    pub updated: i32,
}

/// The decision and what it rests on.
#[derive(Debug)]
pub struct Plan {
    /// How many pods there should be.
    pub desired: i32,
    /// The pods that there are.
    pub counts: Counts,
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// What the set waits for before it goes on; empty if for nothing.
    pub waits_for: String,
    /// When the next ready pod becomes available.
    pub next_available: Option<Time>,
}

/// Decides what to do about a set's pods.
pub fn plan(input: &Input<'_>) -> Plan {
    let nothing = StatefulSetSpec::default();
    let spec = input.set.spec.as_ref().unwrap_or(&nothing);
    let mut planner = Planner::new(input, spec);
    if !meta::is_terminating(&input.set.metadata) {
        let _ = planner.decide();
    }
    planner.plan
}

/// The set has to wait before it does anything else.
struct Wait;

struct Planner<'p, 'a> {
    input: &'p Input<'a>,
    spec: &'p StatefulSetSpec,
    min_ready: Duration,
    /// Whether pods come and go one after the other.
    ordered: bool,
    start: i64,
    /// The pods that should be, by ordinal; `None` where there is none.
    replicas: Vec<Option<&'a Pod>>,
    /// The pods that should not be, the highest ordinal first.
    condemned: Vec<&'a Pod>,
    plan: Plan,
}

impl<'p, 'a> Planner<'p, 'a> {
    fn new(input: &'p Input<'a>, spec: &'p StatefulSetSpec) -> Self {
        let start = identity::start(spec);
        let desired = spec.replicas.unwrap_or(1).max(0);
        let mut replicas = vec![None; usize::try_from(desired).unwrap_or(0)];
        let mut condemned = Vec::new();
        for pod in input.pods {
            let Some(ordinal) = identity::ordinal(pod) else { continue };
            let index = usize::try_from(ordinal - start).ok();
            match index.and_then(|index| replicas.get_mut(index)) {
                Some(place) => *place = Some(*pod),
                None => condemned.push(*pod),
            }
        }
        condemned.order_by_key(|pod| std::cmp::Reverse(identity::ordinal(pod)));
        let seconds = spec.min_ready_seconds.unwrap_or(0);
        let mut planner = Self {
            input,
            spec,
            min_ready: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
            ordered: spec.pod_management_policy.as_deref() != Some("Parallel"),
            start,
            replicas,
            condemned,
            plan: Plan {
                desired,
                counts: Counts::default(),
                steps: Vec::new(),
                waits_for: String::new(),
                next_available: None,
            },
        };
        planner.count();
        planner
    }

    fn is_running_and_ready(pod: &Pod) -> bool {
        pod::phase(pod) == "Running" && pod::is_ready(pod)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod::available_at(pod, self.min_ready).is_some_and(|at| at <= self.input.now)
    }

    fn is_unavailable(&self, pod: Option<&Pod>) -> bool {
        pod.is_none_or(|pod| !self.is_available(pod) || meta::is_terminating(&pod.metadata))
    }

    /// Mirrors `computeReplicaStatus`.
    fn count(&mut self) {
        let mut counts = Counts::default();
        for pod in self.replicas.iter().flatten().chain(&self.condemned) {
            counts.replicas += 1;
            if Self::is_running_and_ready(pod) {
                counts.ready += 1;
                counts.available += i32::from(self.is_available(pod));
                let at = pod::available_at(pod, self.min_ready).filter(|at| *at > self.input.now);
                let next = [at, self.plan.next_available].into_iter().flatten().min();
                self.plan.next_available = next;
            }
            if !meta::is_terminating(&pod.metadata) {
                let revision = identity::revision(pod);
                counts.current += i32::from(revision == self.input.current);
                counts.updated += i32::from(revision == self.input.update);
            }
        }
        self.plan.counts = counts;
    }

    fn decide(&mut self) -> Result<(), Wait> {
        for index in 0..self.replicas.len() {
            self.replica(index).or_else(|wait| self.or_wait(wait))?;
        }
        for pod in self.condemned.clone() {
            if !self.claims_match(pod) {
                self.plan.steps.push(Step::Condemn(name(pod)));
            }
        }
        let unhealthy = self.first_unavailable();
        for pod in self.condemned.clone() {
            self.condemn(pod, unhealthy.as_deref()).or_else(|wait| self.or_wait(wait))?;
        }
        let strategy = self.spec.update_strategy.as_ref();
        if strategy.and_then(|strategy| strategy.type_.as_deref()) != Some("OnDelete") {
            self.update();
        }
        Ok(())
    }

    /// In order, one pod that keeps the set waiting stops it; otherwise only this pod waits.
    fn or_wait(&self, wait: Wait) -> Result<(), Wait> {
        if self.ordered { Err(wait) } else { Ok(()) }
    }

    fn wait(&mut self, what: String) -> Result<(), Wait> {
        if self.ordered {
            self.plan.waits_for = what;
        }
        Err(Wait)
    }

    /// The name of the lowest replica that is not available, or else of the lowest pod that is to
    /// go and is not.
    fn first_unavailable(&self) -> Option<String> {
        let missing = self.replicas.iter().position(|pod| self.is_unavailable(*pod));
        if let Some(index) = missing {
            return Some(self.name_at(index));
        }
        let condemned = self.condemned.iter().rev().find(|pod| self.is_unavailable(Some(pod)));
        condemned.map(|pod| name(pod))
    }

    fn ordinal_at(&self, index: usize) -> i64 {
        self.start.saturating_add(i64::try_from(index).unwrap_or(i64::MAX))
    }

    fn name_at(&self, index: usize) -> String {
        let set = self.input.set.metadata.name.as_deref().unwrap_or_default();
        format!("{set}-{}", self.ordinal_at(index))
    }

    /// Mirrors `processReplica`.
    fn replica(&mut self, index: usize) -> Result<(), Wait> {
        let Some(pod) = self.replicas[index] else { return self.create(index) };
        let terminating = meta::is_terminating(&pod.metadata);
        if pod::is_finished(pod) {
            if !terminating {
                self.plan.steps.push(Step::Restart(name(pod)));
            }
            return self.wait(format!("{} to be gone", name(pod)));
        }
        let ordinal = self.ordinal_at(index);
        if pod::phase(pod) == "Pending"
            && (claims::lacking(self.input.set, ordinal, self.input.claim)
                || !self.claims_match(pod))
        {
            self.plan.steps.push(Step::Claims(name(pod)));
        }
        if self.ordered && terminating {
            return self.wait(format!("{} to be gone", name(pod)));
        }
        if self.ordered && !Self::is_running_and_ready(pod) {
            return self.wait(format!("{} to be running and ready", name(pod)));
        }
        if self.ordered && !self.is_available(pod) {
            return self.wait(format!("{} to be available", name(pod)));
        }
        let set = self.input.set;
        if !identity::matches(set, pod) || !claims::mounted(set, pod) || !self.claims_match(pod) {
            self.plan.steps.push(Step::Repair(name(pod)));
        }
        Ok(())
    }

    fn create(&mut self, index: usize) -> Result<(), Wait> {
        let (name, ordinal) = (self.name_at(index), self.ordinal_at(index));
        if claims::stale(self.input.set, &name, ordinal, self.input.claim) {
            return self.wait(format!("the old claims of {name} to be gone"));
        }
        self.plan.steps.push(Step::Create(ordinal, self.revision_of_new(index)));
        self.wait(format!("{name} to be running and ready"))
    }

    /// Mirrors `newVersionedStatefulSetPod`.
    fn revision_of_new(&self, index: usize) -> Which {
        let strategy = self.spec.update_strategy.as_ref();
        let update = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let status = self.input.set.status.as_ref();
        let kept = match update {
            Some(update) => update.partition.unwrap_or(0),
            None if strategy.is_some_and(|s| s.type_.as_deref() == Some("RollingUpdate")) => {
                status.and_then(|status| status.current_replicas).unwrap_or(0)
            }
            None => 0,
        };
        let is_old = usize::try_from(kept).is_ok_and(|kept| index < kept);
        if is_old { Which::Current } else { Which::Update }
    }

    fn claims_match(&self, pod: &Pod) -> bool {
        let Some(ordinal) = identity::ordinal(pod) else { return true };
        let owners = Owners::new(self.input.set, pod, !self.in_range(ordinal));
        claims::of(self.input.set, ordinal)
            .iter()
            .filter_map(|name| (self.input.claim)(name))
            .all(|claim| owners.are_up_to_date(claim))
    }

    fn in_range(&self, ordinal: i64) -> bool {
        identity::in_range(self.spec, ordinal)
    }

    /// Mirrors `processCondemned`.
    fn condemn(&mut self, pod: &Pod, unhealthy: Option<&str>) -> Result<(), Wait> {
        let is_unhealthy = unhealthy == Some(name(pod).as_str());
        if meta::is_terminating(&pod.metadata) {
            return self.wait(format!("{} to be gone", name(pod)));
        }
        let is_steady = Self::is_running_and_ready(pod) && self.is_available(pod);
        if self.ordered && !is_steady && !is_unhealthy {
            let first = unhealthy.unwrap_or_default();
            return self.wait(format!("{first} to be available before {} goes", name(pod)));
        }
        self.plan.steps.push(Step::ScaleDown(name(pod)));
        self.wait(format!("{} to be gone", name(pod)))
    }

    /// Replaces pods of an old revision, the highest ordinal first.
    fn update(&mut self) {
        let strategy = self.spec.update_strategy.as_ref();
        let update = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let partition = update.and_then(|update| update.partition).unwrap_or(0);
        let partition = usize::try_from(partition).unwrap_or(0);
        match update.and_then(|update| update.max_unavailable.as_ref()) {
            Some(most) => self.update_several(partition, most),
            None => self.update_one(partition),
        }
    }

    fn is_old(&self, pod: &Pod) -> bool {
        identity::revision(pod) != self.input.update && !meta::is_terminating(&pod.metadata)
    }

    fn update_one(&mut self, partition: usize) {
        for index in (partition..self.replicas.len()).rev() {
            let pod = self.replicas[index];
            if let Some(old) = pod.filter(|pod| self.is_old(pod)) {
                self.replace(old);
                return;
            }
            if self.is_unavailable(pod) {
                self.plan.waits_for = format!("{} to be available", self.name_at(index));
                return;
            }
        }
    }

    /// Mirrors `updateStatefulSetAfterInvariantEstablished`.
    fn update_several(&mut self, partition: usize, most: &IntOrString) {
        let most = most_unavailable(most, self.replicas.len());
        let missing = self.replicas.iter().filter(|pod| self.is_unavailable(**pod)).count();
        let old = (partition..self.replicas.len()).rev();
        let old = old.filter_map(|index| self.replicas[index]).filter(|pod| self.is_old(pod));
        let victims: Vec<&Pod> = old.take(most.saturating_sub(missing)).collect();
        victims.into_iter().for_each(|pod| self.replace(pod));
    }

    fn replace(&mut self, pod: &Pod) {
        self.plan.steps.push(Step::Replace(name(pod)));
        self.plan.counts.current -= 1;
    }
}

fn name(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

/// How many pods may be missing during an update: at least one.
/// Mirrors `getStatefulSetMaxUnavailable`.
fn most_unavailable(most: &IntOrString, replicas: usize) -> usize {
    let most = match most {
        IntOrString::Int(count) => IntOrPercent::Int(i64::from(*count)),
        IntOrString::String(text) => IntOrPercent::Text(text.clone()),
    };
    let total = i64::try_from(replicas).unwrap_or(i64::MAX);
    let most = most.scaled(total, Round::Down).unwrap_or(1).max(1);
    usize::try_from(most).unwrap_or(1)
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(Step::to_string).collect();
        match (steps.is_empty(), self.waits_for.is_empty()) {
            (false, _) => steps.join(", "),
            (true, false) => format!("wait for {}", self.waits_for),
            (true, true) => format!("{} pods are as wanted", self.counts.replicas),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let fact = |name, count: i32| Fact { name, value: count.to_string() };
        vec![
            fact("desired", self.desired),
            fact("current", self.counts.replicas),
            fact("ready", self.counts.ready),
            fact("available", self.counts.available),
            fact("of the update", self.counts.updated),
            Fact { name: "waits for", value: self.waits_for.clone() },
        ]
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create(ordinal, Which::Current) => write!(f, "create {ordinal} as before"),
            Self::Create(ordinal, Which::Update) => write!(f, "create {ordinal}"),
            Self::Claims(pod) => write!(f, "make the claims of {pod}"),
            Self::Repair(pod) => write!(f, "repair {pod}"),
            Self::Condemn(pod) => write!(f, "let the claims of {pod} go with it"),
            Self::Restart(pod) => write!(f, "restart {pod}"),
            Self::ScaleDown(pod) => write!(f, "delete {pod}"),
            Self::Replace(pod) => write!(f, "replace {pod}"),
        }
    }
}
