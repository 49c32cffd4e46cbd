//! A node must have what a pod asks for, and the emptier it stays the better.
//! Mirrors `plugins/noderesources/fit.go` with the LeastAllocated strategy.

use super::{Check, Plugin, Prepared, Refusal, SCORE_MAX, World};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// The plugin.
pub struct NodeResourcesFit;

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        Prepared::check(Fit(pod))
    }
}

struct Fit<'a>(&'a PodInfo);

impl Check for Fit<'_> {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let mut refusal = Refusal { reasons: Vec::new(), resolvable: true };
        if i64::try_from(node.pods.len()).unwrap_or(i64::MAX) >= node.pods_max {
            refusal.reasons.push("Too many pods".into());
        }
        let (wanted, used, all) = (&self.0.requests, &node.requested, &node.allocatable);
        let amounts = [
            ("cpu", wanted.cpu_milli, used.cpu_milli, all.cpu_milli),
            ("memory", wanted.memory, used.memory, all.memory),
            ("ephemeral-storage", wanted.storage, used.storage, all.storage),
        ];
        let extended = wanted.extended.iter().map(|(name, amount)| {
            let of = |list: &std::collections::BTreeMap<String, i64>| list.get(name).copied();
            let (used, all) = (of(&used.extended), of(&all.extended));
            (name.as_str(), *amount, used.unwrap_or(0), all.unwrap_or(0))
        });
        for (name, wanted, used, all) in amounts.into_iter().chain(extended) {
            if wanted > 0 && wanted > all - used {
                refusal.reasons.push(format!("Insufficient {name}").into());
                refusal.resolvable &= wanted <= all;
            }
        }
        (!refusal.reasons.is_empty()).then_some(refusal)
    }

    fn scores(&self) -> bool {
        true
    }

    fn score(&self, node: &NodeInfo) -> i64 {
        let (wanted, used, all) = (&self.0.scoring, &node.scoring, &node.allocatable);
        let cpu = free_share(wanted.cpu_milli + used.cpu_milli, all.cpu_milli);
        let memory = free_share(wanted.memory + used.memory, all.memory);
        let shares: Vec<i64> = cpu.into_iter().chain(memory).collect();
        let count = i64::try_from(shares.len()).unwrap_or(0);
        if count == 0 { 0 } else { shares.iter().sum::<i64>() / count }
    }
}

/// How much stays free, in hundredths; `None` where there is none at all.
fn free_share(used: i64, all: i64) -> Option<i64> {
    (all > 0).then(|| if used > all { 0 } else { (all - used) * SCORE_MAX / all })
}
