//! No namespace has more pods than its quotas let it have.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, ResourceQuota};

use crate::cluster::Cluster;
use crate::object::{GroupResource, meta};
use crate::sim::Time;

static PODS: GroupResource = GroupResource::new("", "pods");
static QUOTAS: GroupResource = GroupResource::new("", "resourcequotas");

pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    let now = cluster.now();
    for object in cluster.objects(&QUOTAS) {
        let Some(quota) = object.get::<ResourceQuota>() else { continue };
        let Some(spec) = quota.spec.as_ref().filter(|spec| spec.scopes.is_none()) else { continue };
        let hard = spec.hard.as_ref().and_then(|hard| hard.get("pods"));
        let Some(most) = hard.and_then(|amount| amount.0.parse::<usize>().ok()) else { continue };
        let pods = cluster.objects(&PODS).filter(|pod| pod.namespace() == object.namespace());
        // What was there before the quota was is let be.
        let since = object.meta().creation_timestamp.as_ref();
        let counted = pods.filter(|pod| pod.meta().creation_timestamp.as_ref() >= since);
        let count =
            counted.filter_map(|pod| pod.get::<Pod>()).filter(|pod| counts(pod, now)).count();
        if count > most {
            return Err(format!("{} allows {most} pods and there are {count}", object.key()));
        }
    }
    Ok(())
}

/// Whether a quota counts a pod: not once it is over, nor once it should be gone.
/// Mirrors `QuotaV1Pod`.
fn counts(pod: &Pod, now: Time) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
    let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    let due = pod.metadata.deletion_timestamp.as_ref().map(|at| meta::moment(at) + grace);
    !matches!(phase, Some("Failed" | "Succeeded")) && due.is_none_or(|due| now <= due)
}
