//! Which nodes lack a daemon pod, and which pods go. Mirrors `manage` and `rollingUpdate` of
//! `pkg/controller/daemon`.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::eligibility::{self, Eligible};
use super::template;
use crate::base::int_or_percent::{IntOrPercent, Round};
use crate::base::order::Gather;
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::controllers::pod;
use crate::kinds::daemon_set::template_generation;
use crate::object::meta;
use crate::sim::{Explain, Fact, Time};

/// How many pods one sync creates, and how many it deletes, at most.
const BURST: usize = 250;

/// A DaemonSet and its surroundings.
pub struct Input<'a> {
    /// The set.
    pub set: &'a DaemonSet,
    /// The hash of the revision of its template.
    pub hash: &'a str,
    /// Every node.
    pub nodes: &'a [&'a Node],
    /// The set's pods.
    pub pods: &'a [&'a Pod],
    /// For how long failed pods are left alone on a node where the last one was deleted lately.
    pub backoff: &'a dyn Fn(&str) -> Option<Duration>,
    /// The present moment.
    pub now: Time,
}

/// The counts of the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many nodes should run a pod.
    pub desired: i32,
    /// How many of them do.
    pub current: i32,
    /// How many nodes run one and should not.
    pub misscheduled: i32,
    /// On how many nodes it is ready.
    pub ready: i32,
    /// On how many nodes it is of the template's revision.
    pub updated: i32,
    /// On how many nodes it has been ready for long enough.
    pub available: i32,
}

/// Why pods come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// Nodes came or went, or pods stopped.
    #[default]
    Nodes,
    /// The template is another one.
    Update,
}

/// The decision and what it rests on.
#[derive(Debug, Default)]
pub struct Plan {
    /// The nodes and their pods.
    pub counts: Counts,
    /// Why pods come and go.
    pub reason: Reason,
    /// The nodes that get a pod.
    pub create: Vec<String>,
    /// The pods that go.
    pub delete: Vec<String>,
    /// Pods that have stopped, with their node and whether they failed.
    pub stopped: Vec<(String, String, bool)>,
    /// When to look again at a failed pod that is left alone for now.
    pub retry: Option<Duration>,
    /// When the next ready pod becomes available.
    pub next_available: Option<Time>,
}

impl Plan {
    /// Whether any pod comes or goes.
    pub fn changes_pods(&self) -> bool {
        !self.create.is_empty() || !self.delete.is_empty()
    }
}

/// Decides which pods come and go: first for the nodes, and if these have what they need, for an
/// update.
pub fn plan(input: &Input<'_>) -> Plan {
    let nothing = DaemonSetSpec::default();
    let spec = input.set.spec.as_ref().unwrap_or(&nothing);
    let mut planner = Planner::new(input, spec);
    planner.count();
    planner.manage();
    if !planner.plan.changes_pods() && planner.is_rolling() {
        planner.plan.reason = Reason::Update;
        if planner.surge == 0 { planner.replace() } else { planner.surge() }
    }
    planner.plan.create.truncate(BURST);
    planner.plan.delete.truncate(BURST);
    planner.plan
}

struct Planner<'a> {
    input: &'a Input<'a>,
    spec: &'a DaemonSetSpec,
    min_ready: Duration,
    generation: Option<i64>,
    eligible: SmallMap<&'a str, Eligible>,
    /// The pods of each node, the oldest first.
    pods: SmallMap<&'a str, Vec<&'a Pod>>,
    surge: usize,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(input: &'a Input<'a>, spec: &'a DaemonSetSpec) -> Self {
        let eligible = input.nodes.iter().map(|node| {
            let name = node.metadata.name.as_deref().unwrap_or_default();
            (name, eligibility::eligible(spec, node))
        });
        let mut pods: SmallMap<&str, Vec<&Pod>> = SmallMap::new();
        for pod in input.pods {
            let is_leaving = pod::is_finished(pod) && meta::is_terminating(&pod.metadata);
            if let (false, Some(node)) = (is_leaving, template::target(pod)) {
                pods.entry(node).or_default().push(pod);
            }
        }
        for pods in pods.values_mut() {
            pods.order_by_key(|pod| {
                let bound = !pod::node_name(pod).is_empty();
                (!bound, meta::created(&pod.metadata), pod.metadata.name.clone())
            });
        }
        let seconds = spec.min_ready_seconds.unwrap_or(0);
        let mut planner = Self {
            input,
            spec,
            min_ready: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
            generation: template_generation(&input.set.metadata),
            eligible: eligible.gathered(),
            pods,
            surge: 0,
            plan: Plan::default(),
        };
        planner.surge = planner.bound(false);
        planner
    }

    fn is_rolling(&self) -> bool {
        let strategy = self.spec.update_strategy.as_ref();
        strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("RollingUpdate")
    }

    fn desired(&self) -> usize {
        self.eligible.values().filter(|eligible| eligible.runs).count()
    }

    /// How many pods may be missing during an update, or be too many. Mirrors `UnavailableCount`
    /// and `SurgeCount`.
    fn bound(&self, missing: bool) -> usize {
        let strategy = self.spec.update_strategy.as_ref().filter(|_| self.is_rolling());
        let update = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let bound = update.and_then(|update| {
            if missing { update.max_unavailable.as_ref() } else { update.max_surge.as_ref() }
        });
        let bound = match bound {
            Some(IntOrString::Int(count)) => IntOrPercent::Int(i64::from(*count)),
            Some(IntOrString::String(text)) => IntOrPercent::Text(text.clone()),
            None => return 0,
        };
        let total = i64::try_from(self.desired()).unwrap_or(i64::MAX);
        usize::try_from(bound.scaled(total, Round::Up).unwrap_or(0)).unwrap_or(0)
    }

    fn is_updated(&self, pod: &Pod) -> bool {
        template::is_of(pod, self.input.hash, self.generation)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod::available_at(pod, self.min_ready).is_some_and(|at| at <= self.input.now)
    }

    fn pods_on(&self, node: &str) -> &[&'a Pod] {
        self.pods.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// Mirrors `updateDaemonSetStatus`.
    fn count(&mut self) {
        let mut counts = Counts::default();
        for (node, eligible) in &self.eligible {
            let oldest = self.pods_on(node).first().copied();
            if !eligible.runs {
                counts.misscheduled += i32::from(oldest.is_some());
                continue;
            }
            counts.desired += 1;
            let Some(pod) = oldest else { continue };
            counts.current += 1;
            counts.updated += i32::from(self.is_updated(pod));
            let now = self.input.now;
            if let Some(at) = pod::available_at(pod, self.min_ready) {
                counts.ready += 1;
                counts.available += i32::from(at <= now);
            }
            // The newer one of a surge matters, too: the old one goes once it is available.
            let times = self.pods_on(node).iter().map(|pod| pod::available_at(pod, self.min_ready));
            let soon = times.flatten().filter(|at| *at > now);
            self.plan.next_available = soon.chain(self.plan.next_available).min();
        }
        self.plan.counts = counts;
    }

    /// Mirrors `manage`.
    fn manage(&mut self) {
        let nodes: Vec<(&str, Eligible)> =
            self.eligible.iter().map(|(node, eligible)| (*node, *eligible)).collect();
        for (node, eligible) in nodes {
            let pods = self.pods_on(node).to_vec();
            if eligible.runs && pods.is_empty() {
                self.plan.create.push(node.to_owned());
            } else if eligible.stays {
                self.keep(node, eligible, &pods);
            } else {
                let alive = pods.iter().filter(|pod| !meta::is_terminating(&pod.metadata));
                self.plan.delete.extend(alive.map(|pod| name(pod)));
            }
        }
        // Nobody else deletes a pod that waits for a node that is gone.
        let lost = self.pods.iter().filter(|(node, _)| !self.eligible.contains_key(*node));
        let lost = lost.flat_map(|(_, pods)| pods).filter(|pod| pod::node_name(pod).is_empty());
        let lost: Vec<String> = lost.map(|pod| name(pod)).collect();
        self.plan.delete.extend(lost);
    }

    /// One pod a node, or two while surging. Mirrors `podsShouldBeOnNode`.
    fn keep(&mut self, node: &str, eligible: Eligible, pods: &[&Pod]) {
        let mut running = Vec::new();
        for pod in pods.iter().filter(|pod| !meta::is_terminating(&pod.metadata)) {
            if !pod::is_finished(pod) {
                running.push(*pod);
                continue;
            }
            let failed = pod::phase(pod) == "Failed";
            if let Some(delay) = (self.input.backoff)(node).filter(|_| failed) {
                self.plan.retry = Some(self.plan.retry.map_or(delay, |first| first.min(delay)));
                continue;
            }
            self.plan.stopped.push((name(pod), node.to_owned(), failed));
            self.plan.delete.push(name(pod));
        }
        if self.surge == 0 {
            self.plan.delete.extend(running.iter().skip(1).map(|pod| name(pod)));
        } else if running.is_empty() {
            if eligible.runs {
                self.plan.create.push(node.to_owned());
            }
        } else {
            self.prune(&running);
        }
    }

    /// While surging a node has two pods if, and only if, the new one is not yet available and the
    /// old one is ready.
    fn prune(&mut self, running: &[&Pod]) {
        let (mut new, mut old): (Option<&Pod>, Option<&Pod>) = (None, None);
        for pod in running {
            let label = meta::label(&pod.metadata, template::HASH);
            let place = if label == Some(self.input.hash) { &mut new } else { &mut old };
            if place.is_none() {
                *place = Some(pod);
            } else {
                self.plan.delete.push(name(pod));
            }
        }
        if let (Some(new), Some(old)) = (new, old)
            && (!pod::is_ready(old) || self.is_available(new))
        {
            self.plan.delete.push(name(old));
        }
    }

    /// The new and the old pod of a node; `None` if it has several of either.
    /// Mirrors `findUpdatedPodsOnNode`.
    fn new_and_old(&self, node: &str) -> Option<(Option<&'a Pod>, Option<&'a Pod>)> {
        let (mut new, mut old) = (None, None);
        let pods = self.pods_on(node).iter();
        for pod in pods.filter(|pod| !meta::is_terminating(&pod.metadata)) {
            let place = if self.is_updated(pod) { &mut new } else { &mut old };
            if place.replace(*pod).is_some() {
                return None;
            }
        }
        Some((new, old))
    }

    /// The nodes that have pods, or should.
    fn nodes_in_use(&self) -> Vec<&'a str> {
        let wanted = self.eligible.iter().filter(|(_, eligible)| eligible.runs);
        let mut nodes: Vec<&str> =
            wanted.map(|(node, _)| *node).chain(self.pods.keys().copied()).collect();
        nodes.order();
        nodes.dedup();
        nodes
    }

    /// Deletes old pods, as many as may be missing: new ones follow.
    fn replace(&mut self) {
        let most = match self.bound(true) {
            0 if self.desired() > 0 => 1,
            most => most,
        };
        let mut missing = 0;
        let mut candidates = Vec::new();
        for node in self.nodes_in_use() {
            match self.new_and_old(node) {
                None | Some((None, None) | (Some(_), Some(_))) => missing += 1,
                Some((Some(new), None)) => missing += usize::from(!self.is_available(new)),
                Some((None, Some(old))) if !self.is_available(old) => {
                    self.plan.delete.push(name(old));
                    missing += 1;
                }
                Some((None, Some(old))) => {
                    if missing < most {
                        candidates.push(name(old));
                    }
                }
            }
        }
        candidates.truncate(most.saturating_sub(missing));
        self.plan.delete.extend(candidates);
    }

    /// Creates new pods beside old ones, and deletes old ones beside new ones.
    fn surge(&mut self) {
        let (mut surging, mut available) = (0, 0);
        let (mut candidates, mut misplaced) = (Vec::new(), Vec::new());
        for node in self.nodes_in_use() {
            let Some((new, old)) = self.new_and_old(node) else {
                surging += 1;
                continue;
            };
            let counted = old.or(new).is_some_and(|pod| self.is_available(pod));
            available += usize::from(counted);
            let Some(old) = old else { continue };
            let runs = self.eligible.get(node).is_some_and(|eligible| eligible.runs);
            match new {
                None if !self.is_available(old) && !runs => self.plan.delete.push(name(old)),
                None if !self.is_available(old) => self.plan.create.push(node.to_owned()),
                None if !runs => misplaced.push(name(old)),
                None => {
                    if surging < self.surge {
                        candidates.push(node.to_owned());
                    }
                }
                Some(new) if !self.is_available(new) => surging += 1,
                Some(_) => self.plan.delete.push(name(old)),
            }
        }
        misplaced.truncate(available.saturating_sub(self.desired()));
        self.plan.delete.extend(misplaced);
        candidates.truncate(self.surge.saturating_sub(surging));
        self.plan.create.extend(candidates);
    }
}

fn name(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let why = match self.reason {
            Reason::Nodes => "for the nodes",
            Reason::Update => "for the update",
        };
        match (self.create.len(), self.delete.len()) {
            (0, 0) => format!("{} of {} nodes run a pod", self.counts.current, self.counts.desired),
            (create, 0) => format!("create {create} pods {why}"),
            (0, delete) => format!("delete {delete} pods {why}"),
            (create, delete) => format!("create {create} and delete {delete} pods {why}"),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let fact = |name, count: i32| Fact { name, value: count.to_string() };
        vec![
            fact("desired", self.counts.desired),
            fact("current", self.counts.current),
            fact("misscheduled", self.counts.misscheduled),
            fact("updated", self.counts.updated),
            fact("available", self.counts.available),
            Fact { name: "create on", value: self.create.join(" ") },
            Fact { name: "delete", value: self.delete.join(" ") },
        ]
    }
}
