//! Which ReplicaSets a Deployment scales, creates and cleans up.
//! Mirrors `pkg/controller/deployment/{rolling,recreate,sync}.go`.

use std::cmp::Reverse;

use super::set::{Bounds, Set};
use crate::base::order::Order as _;
use crate::sim::{Explain, Fact};

/// What to plan for.
#[derive(Clone, Debug)]
pub struct Input {
    /// How far the rollout may stray.
    pub bounds: Bounds,
    /// The ReplicaSet with the current template.
    pub new: Option<Set>,
    /// The other ones.
    pub old: Vec<Set>,
    /// Whether nothing but scaling may be done.
    pub paused: bool,
    /// Whether pods of other templates still run.
    pub old_pods_running: bool,
    /// Whether the status says that the rollout is complete.
    pub complete: bool,
    /// How many old, empty ReplicaSets are kept; `None` keeps all.
    pub history_limit: Option<i32>,
    /// How many replicas the status counts.
    pub status_replicas: i32,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create the ReplicaSet of the current template with that many replicas.
    Create(i32),
    /// Set the replicas of a ReplicaSet, and the annotations about them.
    Scale {
        /// Its name.
        name: String,
        /// The replicas it has.
        from: i32,
        /// The replicas it gets; the same when only the annotations are out of date.
        to: i32,
    },
    /// Delete an old, empty ReplicaSet.
    Delete(String),
}

/// Why the steps are as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The number of replicas has changed, or the rollout is paused.
    Scaling,
    /// Old and new pods run side by side.
    Rolling,
    /// Old pods go before new ones come.
    Recreating,
}

/// The decision and the numbers it rests on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Why the steps are as they are.
    pub phase: Phase,
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// The ReplicaSets as they will be.
    pub new: Option<Set>,
    /// The other ones.
    pub old: Vec<Set>,
    bounds: Bounds,
}

/// Decides what to do next.
pub fn plan(input: Input) -> Plan {
    let bounds = input.bounds;
    let mut plan = Plan::none(input.clone());
    if input.paused || plan.was_scaled() {
        plan.scale(input.status_replicas);
        if input.paused {
            plan.clean_up(input.history_limit);
        }
        return plan;
    }
    let moved = if bounds.rolling {
        plan.phase = Phase::Rolling;
        plan.grow_new() || plan.shrink_old()
    } else {
        plan.phase = Phase::Recreating;
        plan.stop_old() || input.old_pods_running || {
            plan.grow_new();
            false
        }
    };
    if !moved && input.complete {
        plan.clean_up(input.history_limit);
    }
    plan
}

impl Plan {
    /// No step at all.
    pub fn none(input: Input) -> Self {
        let Input { bounds, new, old, .. } = input;
        Self { phase: Phase::Scaling, steps: Vec::new(), new, old, bounds }
    }

    /// All sets, the old ones first.
    pub fn sets(&self) -> impl Iterator<Item = &Set> {
        self.old.iter().chain(&self.new)
    }

    /// Whether any running set was last scaled for another number of replicas.
    /// Mirrors `isScalingEvent`.
    fn was_scaled(&self) -> bool {
        let replicas = self.bounds.replicas;
        let mut running = self.sets().filter(|set| set.replicas > 0);
        running.any(|set| set.desired.is_some_and(|desired| desired != replicas))
    }

    fn set_mut(&mut self, name: &str) -> Option<&mut Set> {
        self.old.iter_mut().chain(&mut self.new).find(|set| set.name == name)
    }

    /// Scales a set unless it has that many replicas. Mirrors `scaleReplicaSetAndRecordEvent`.
    fn scale_set(&mut self, name: &str, to: i32) -> bool {
        let Some(set) = self.set_mut(name).filter(|set| set.replicas != to) else { return false };
        let from = std::mem::replace(&mut set.replicas, to);
        self.steps.push(Step::Scale { name: name.to_owned(), from, to });
        true
    }

    /// Brings the new set up (creating it if need be) as far as the surge allows.
    /// Mirrors `reconcileNewReplicaSet` and `NewRSNewReplicas`.
    fn grow_new(&mut self) -> bool {
        let Bounds { replicas, rolling, .. } = self.bounds;
        let has = self.new.as_ref().map_or(0, |set| set.replicas);
        let room = self.bounds.most() - self.sets().map(|set| set.replicas).sum::<i32>();
        let to =
            if !rolling || has > replicas { replicas } else { has + room.clamp(0, replicas - has) };
        let Some(set) = &self.new else {
            self.steps.push(Step::Create(to));
            self.new = Some(Set { name: "(new)".to_owned(), replicas: to, ..Set::default() });
            // A set that was just created needs no second step, but old ones may go at once.
            return false;
        };
        let name = set.name.clone();
        self.scale_set(&name, to)
    }

    /// Takes old sets down as far as enough pods stay available.
    /// Mirrors `reconcileOldReplicaSets`.
    fn shrink_old(&mut self) -> bool {
        let total: i32 = self.sets().map(|set| set.replicas).sum();
        let pending = self.new.as_ref().map_or(0, |set| set.replicas - set.available);
        let spare = total - self.bounds.fewest() - pending;
        if spare <= 0 {
            return false;
        }
        self.old.order_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
        // First the pods that are of no use, whatever else there is.
        let mut left = spare;
        let mut moved = false;
        for (name, replicas, available) in self.running_old() {
            if left == 0 {
                break;
            }
            if replicas < available {
                // Its status is older than its size: the availability below would count pods that
                // are about to go. The status that follows brings us back.
                return false;
            }
            let count = left.min(replicas - available);
            left -= count;
            moved |= self.scale_set(&name, replicas - count);
        }
        // Then those that the availability of the others makes superfluous.
        let available: i32 = self.sets().map(|set| set.available).sum();
        let mut left = (available - self.bounds.fewest()).max(0);
        for (name, replicas, _) in self.running_old() {
            let count = left.min(replicas);
            left -= count;
            moved |= self.scale_set(&name, replicas - count);
        }
        moved
    }

    /// Takes every old set down. Mirrors `scaleDownOldReplicaSetsForRecreate`.
    fn stop_old(&mut self) -> bool {
        let mut moved = false;
        for (name, ..) in self.running_old() {
            moved |= self.scale_set(&name, 0);
        }
        moved
    }

    /// (name, replicas, available) of each old set with replicas.
    fn running_old(&self) -> Vec<(String, i32, i32)> {
        let running = self.old.iter().filter(|set| set.replicas > 0);
        running.map(|set| (set.name.clone(), set.replicas, set.available)).collect()
    }

    /// Follows a change of the number of replicas without going on with the rollout.
    /// Mirrors `DeploymentController.scale`.
    fn scale(&mut self, status_replicas: i32) {
        let replicas = self.bounds.replicas;
        let running: Vec<&Set> = self.sets().filter(|set| set.replicas > 0).collect();
        let newest_old = || self.old.iter().max_by_key(|set| (set.created, Reverse(&set.name)));
        let only = match running.as_slice() {
            [] => self.new.as_ref().or_else(newest_old),
            [one] => Some(*one),
            _ => None,
        };
        if let Some(name) = only.map(|set| set.name.clone()) {
            self.scale_set(&name, replicas);
        } else if self.new.as_ref().is_some_and(|new| is_saturated(new, replicas)) {
            self.stop_old();
        } else if self.bounds.rolling {
            self.scale_proportionally(status_replicas);
        }
    }

    /// Spreads the change over the running sets by their sizes; the largest takes what is left.
    fn scale_proportionally(&mut self, status_replicas: i32) {
        let mut running: Vec<Set> = self.sets().filter(|set| set.replicas > 0).cloned().collect();
        let total: i32 = running.iter().map(|set| set.replicas).sum();
        let allowed = if self.bounds.replicas > 0 { self.bounds.most() } else { 0 };
        let change = allowed - total;
        // Of equally large sets the newest grows first and the oldest shrinks first.
        running.order_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
        if change > 0 {
            running.reverse();
        }
        running.order_by_key(|set| Reverse(set.replicas));
        let mut sizes = Vec::new();
        let mut left = change;
        for set in &running {
            let share = self.fraction(set, status_replicas);
            let share = if change > 0 { share.min(left) } else { share.max(left) };
            let share = if left == 0 { 0 } else { share };
            left -= share;
            sizes.push(set.replicas + share);
        }
        if let Some(largest) = sizes.first_mut() {
            *largest = (*largest + left).max(0);
        }
        let most = self.bounds.most();
        for (set, to) in running.iter().zip(sizes) {
            let noted = set.desired == Some(self.bounds.replicas) && set.max == Some(most);
            if !self.scale_set(&set.name, to) && !noted {
                self.steps.push(Step::Scale { name: set.name.clone(), from: to, to });
            }
        }
    }

    /// By how much a set should change for its share to stay the same.
    /// Mirrors `getReplicaSetFraction`.
    fn fraction(&self, set: &Set, status_replicas: i32) -> i32 {
        if self.bounds.replicas == 0 {
            return -set.replicas;
        }
        let before = set.max.filter(|max| *max != 0).unwrap_or(status_replicas);
        if before <= 0 {
            return 0;
        }
        let (size, most, before) =
            (i64::from(set.replicas), i64::from(self.bounds.most()), i64::from(before));
        let rounded = (2 * size * most + before) / (2 * before);
        i32::try_from(rounded).unwrap_or(i32::MAX) - set.replicas
    }

    /// Deletes the oldest of the old, empty sets. Mirrors `cleanupDeployment`.
    fn clean_up(&mut self, limit: Option<i32>) {
        let Some(limit) = limit else { return };
        let mut kept: Vec<&Set> = self.old.iter().filter(|set| !set.deleting).collect();
        kept.order_by_key(|set| (set.revision, set.created));
        let surplus = kept.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        let empty = |set: &&&Set| set.actual == 0 && set.replicas == 0 && set.up_to_date;
        let gone = kept.iter().take(surplus).filter(empty);
        self.steps.extend(gone.map(|set| Step::Delete(set.name.clone())));
    }
}

/// Whether the new set has all the pods there should be. Mirrors `IsSaturated`.
fn is_saturated(new: &Set, replicas: i32) -> bool {
    new.replicas == replicas && new.desired == Some(replicas) && new.available == replicas
}

impl Explain for Plan {
    fn summary(&self) -> String {
        if self.steps.is_empty() {
            return "wait".to_owned();
        }
        let steps = self.steps.iter().map(|step| match step {
            Step::Create(replicas) => format!("create a replica set of {replicas}"),
            Step::Scale { name, from, to } => format!("scale {name} from {from} to {to}"),
            Step::Delete(name) => format!("delete {name}"),
        });
        steps.collect::<Vec<_>>().join(", ")
    }

    fn facts(&self) -> Vec<Fact> {
        let phase = match self.phase {
            Phase::Scaling => "scaling",
            Phase::Rolling => "rolling",
            Phase::Recreating => "recreating",
        };
        let fact = |name, value: i32| Fact { name, value: value.to_string() };
        let mut facts = vec![
            Fact { name: "phase", value: phase.to_owned() },
            fact("replicas", self.bounds.replicas),
            fact("max surge", self.bounds.surge),
            fact("max unavailable", self.bounds.unavailable),
            fact("most pods", self.bounds.most()),
            fact("fewest available", self.bounds.fewest()),
            fact("available", self.sets().map(|set| set.available).sum()),
        ];
        let sets = self.sets().map(|set| {
            format!("{}: {} wanted, {} available", set.name, set.replicas, set.available)
        });
        facts.push(Fact { name: "replica sets", value: sets.collect::<Vec<_>>().join("; ") });
        facts
    }
}
