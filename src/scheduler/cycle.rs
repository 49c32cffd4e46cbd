//! One decision: which nodes can run a pod, and which of them should.
//! Mirrors `schedulePod` of `pkg/scheduler/schedule_one.go`.

use super::node_info::NodeInfo;
use super::plugins::{Check, PLUGINS, Plugin, Prepared, Refusal, World};
use super::pod_info::PodInfo;
use crate::base::order::Order as _;
use crate::sim::{Explain, Fact, Rng};

/// Below this many nodes all are looked at. Mirrors `minFeasibleNodesToFind`.
const FEASIBLE_MIN: usize = 100;
/// How many nodes the trace tells of.
const EXPLAINED_MAX: usize = 12;

/// A plugin's no.
#[derive(Clone, Debug)]
pub struct No {
    /// The plugin's name.
    pub plugin: &'static str,
    /// Why.
    pub refusal: Refusal,
}

/// What came of a cycle.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The pod goes to this node.
    Node(String),
    /// No node does; why, for each.
    NoNode(Vec<(String, No)>),
    /// Whatever the node.
    Refused(No),
}

/// A decision with what it was based on.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What came of it.
    pub outcome: Outcome,
    /// The best first.
    scores: Vec<Score>,
    refusals: Vec<(String, No)>,
}

/// How a node was rated.
#[derive(Clone, Debug)]
struct Score {
    node: String,
    /// Each plugin's share, weighted.
    parts: Vec<(&'static str, i64)>,
    sum: i64,
}

/// What the plugins make of a pod.
pub struct Checks<'a> {
    list: Vec<(&'static dyn Plugin, Box<dyn Check + 'a>)>,
    only: Option<(&'static str, Vec<String>)>,
}

impl<'a> Checks<'a> {
    /// Asks every plugin.
    ///
    /// # Errors
    /// The first that refuses the pod whatever the node.
    pub fn prepare(pod: &'a PodInfo, world: World<'a>) -> Result<Self, No> {
        let mut checks = Self { list: Vec::new(), only: None };
        for plugin in PLUGINS {
            match plugin.prepare(pod, world) {
                Prepared::Skip => {}
                Prepared::Refuse(refusal) => return Err(No { plugin: plugin.name(), refusal }),
                Prepared::Check(check) => {
                    if let Some(names) = check.only() {
                        checks.only = Some((plugin.name(), names));
                    }
                    checks.list.push((*plugin, check));
                }
            }
        }
        Ok(checks)
    }

    /// Why the pod cannot run on a node.
    pub fn filter(&self, node: &NodeInfo) -> Option<No> {
        if let Some((plugin, names)) = &self.only
            && !names.contains(&node.name)
        {
            let reason = format!("node(s) didn't satisfy plugin(s) [{plugin}]");
            return Some(No { plugin, refusal: Refusal::unresolvable(reason) });
        }
        self.list.iter().find_map(|(plugin, check)| {
            check.filter(node).map(|refusal| No { plugin: plugin.name(), refusal })
        })
    }
}

/// Decides where a pod goes. `start` rotates where the search begins, so that nodes take turns.
pub fn decide(pod: &PodInfo, world: World<'_>, start: &mut usize, rng: &mut Rng) -> Decision {
    let mut decision =
        Decision { outcome: Outcome::NoNode(Vec::new()), scores: Vec::new(), refusals: Vec::new() };
    let checks = match Checks::prepare(pod, world) {
        Ok(checks) => checks,
        Err(no) => return Decision { outcome: Outcome::Refused(no), ..decision },
    };
    let nodes = world.nodes.list();
    let feasible = find_feasible(&checks, &nodes, start, &mut decision.refusals);
    match feasible.as_slice() {
        [] => decision.outcome = Outcome::NoNode(std::mem::take(&mut decision.refusals)),
        [one] => decision.outcome = Outcome::Node(one.name.clone()),
        several => {
            let totals = score(&checks, several, &mut decision);
            let best = totals.iter().copied().max().unwrap_or(0);
            let ties: Vec<usize> = (0..totals.len()).filter(|i| totals[*i] == best).collect();
            let draw = rng.below(u64::try_from(ties.len()).unwrap_or(1));
            let chosen = ties[usize::try_from(draw).unwrap_or(0)];
            decision.outcome = Outcome::Node(several[chosen].name.clone());
        }
    }
    decision
}

/// Enough nodes that can run the pod. Mirrors `findNodesThatPassFilters`.
fn find_feasible<'n>(
    checks: &Checks<'_>,
    nodes: &[&'n NodeInfo],
    start: &mut usize,
    refusals: &mut Vec<(String, No)>,
) -> Vec<&'n NodeInfo> {
    let wanted = feasible_wanted(nodes.len());
    let mut feasible = Vec::new();
    let mut visited = 0;
    for offset in 0..nodes.len() {
        let node = nodes[(*start + offset) % nodes.len()];
        visited += 1;
        match checks.filter(node) {
            None => feasible.push(node),
            Some(no) => refusals.push((node.name.clone(), no)),
        }
        if feasible.len() >= wanted {
            break;
        }
    }
    *start = (*start + visited) % nodes.len().max(1);
    feasible
}

/// How many nodes that can run a pod are enough to choose from.
/// Mirrors `numFeasibleNodesToFind` with its adaptive percentage.
fn feasible_wanted(nodes: usize) -> usize {
    if nodes < FEASIBLE_MIN {
        return nodes;
    }
    let percentage = 50_usize.saturating_sub(nodes / 125).max(5);
    (nodes * percentage / 100).max(FEASIBLE_MIN)
}

/// The weighted sum of all plugins' scores for each node.
fn score(checks: &Checks<'_>, nodes: &[&NodeInfo], decision: &mut Decision) -> Vec<i64> {
    let mut totals = vec![0; nodes.len()];
    let explained = nodes.len() <= EXPLAINED_MAX;
    let mut parts: Vec<Vec<(&'static str, i64)>> = vec![Vec::new(); nodes.len()];
    for (plugin, check) in checks.list.iter().filter(|(_, check)| check.scores()) {
        let mut scores: Vec<i64> = nodes.iter().map(|node| check.score(node)).collect();
        check.normalize(&mut scores);
        for (index, score) in scores.into_iter().enumerate() {
            totals[index] += score * plugin.weight();
            if explained {
                parts[index].push((plugin.name(), score * plugin.weight()));
            }
        }
    }
    if explained {
        let named = nodes.iter().zip(parts).zip(&totals);
        decision.scores = named
            .map(|((n, parts), sum)| Score { node: n.name.clone(), parts, sum: *sum })
            .collect();
        decision.scores.order_by(|a, b| b.sum.cmp(&a.sum).then_with(|| a.node.cmp(&b.node)));
    }
    totals
}

impl Explain for Decision {
    fn summary(&self) -> String {
        match &self.outcome {
            Outcome::Node(name) => format!("goes to {name}"),
            Outcome::NoNode(_) => "fits on no node".to_owned(),
            Outcome::Refused(no) => format!("{}: {}", no.plugin, no.refusal.reasons.join(", ")),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let scores = self.scores.iter().map(|Score { node, parts, sum }| {
            let parts: Vec<String> =
                parts.iter().map(|(name, score)| format!("{name} {score}")).collect();
            Fact { name: "score", value: format!("{node} {sum} = {}", parts.join(" + ")) }
        });
        let refusals = match &self.outcome {
            Outcome::NoNode(refusals) => refusals,
            _ => &self.refusals,
        };
        let refused = refusals.iter().take(EXPLAINED_MAX).map(|(node, no)| {
            let value = format!("{node} {}: {}", no.plugin, no.refusal.reasons.join(", "));
            Fact { name: "refused", value }
        });
        scores.chain(refused).collect()
    }
}
