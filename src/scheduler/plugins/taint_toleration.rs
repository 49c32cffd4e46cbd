//! Taints keep pods away that do not tolerate them. Mirrors `plugins/tainttoleration`.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::{Check, Plugin, Prepared, Refusal, World, normalize};
use crate::kinds::placement::tolerates;
use crate::scheduler::node_info::NodeInfo;
use crate::scheduler::pod_info::PodInfo;

/// The plugin.
pub struct TaintToleration;

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn weight(&self) -> i64 {
        3
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: World<'a>) -> Prepared<'a> {
        Prepared::check(Tolerations(pod.spec().tolerations.as_deref().unwrap_or_default()))
    }
}

struct Tolerations<'a>(&'a [Toleration]);

impl Tolerations<'_> {
    fn cover(&self, taint: &Taint) -> bool {
        self.0.iter().any(|toleration| tolerates(toleration, taint))
    }
}

impl Check for Tolerations<'_> {
    fn filter(&self, node: &NodeInfo) -> Option<Refusal> {
        let keeps_away =
            |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
        let untolerated = node.taints().iter().filter(keeps_away).any(|taint| !self.cover(taint));
        untolerated.then(|| Refusal::unresolvable("node(s) had untolerated taint(s)"))
    }

    fn scores(&self) -> bool {
        true
    }

    fn score(&self, node: &NodeInfo) -> i64 {
        let soft = node.taints().iter().filter(|taint| taint.effect == "PreferNoSchedule");
        soft.map(|taint| i64::from(!self.cover(taint))).sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize(scores, true);
    }
}
