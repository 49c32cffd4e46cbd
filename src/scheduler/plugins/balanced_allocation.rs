//! CPU and memory of a node should be used up evenly.
//! Mirrors `plugins/noderesources/balanced_allocation.go`.

use super::{Check, Plugin, Prepared, SCORE_MAX, World};
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// Shares are counted in millionths.
const WHOLE: i64 = 1_000_000;

/// The plugin.
pub struct BalancedAllocation;

impl Plugin for BalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    /// A pod that asks for nothing says nothing about balance.
    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        if pod.requests.cpu_milli == 0 && pod.requests.memory == 0 {
            return Prepared::Skip;
        }
        Prepared::check(Balance(pod))
    }
}

struct Balance<'a>(&'a PodInfo);

impl Check for Balance<'_> {
    fn scores(&self) -> bool {
        true
    }

    /// With two shares the standard deviation is half of their difference.
    fn score(&self, node: &NodeInfo) -> i64 {
        let (wanted, used, all) = (&self.0.requests, &node.requested, &node.allocatable);
        let share = |used: i64, all: i64| {
            let exact = i128::from(used) * i128::from(WHOLE) / i128::from(all.max(1));
            i64::try_from(exact).unwrap_or(WHOLE).clamp(0, WHOLE)
        };
        let cpu = share(wanted.cpu_milli + used.cpu_milli, all.cpu_milli);
        let memory = share(wanted.memory + used.memory, all.memory);
        (WHOLE - (cpu - memory).abs() / 2) * SCORE_MAX / WHOLE
    }
}
