//! While a Deployment rolls out, its sets together ask for no more pods than its surge allows.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use crate::cluster::Cluster;
use crate::object::{GroupResource, meta};

static DEPLOYMENTS: GroupResource = GroupResource::new("apps", "deployments");
static SETS: GroupResource = GroupResource::new("apps", "replicasets");
/// What a Deployment's sets note: for how many replicas they were scaled at most.
const MAX: &str = "deployment.kubernetes.io/max-replicas";

pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    for object in cluster.objects(&DEPLOYMENTS) {
        let status = object.get::<Deployment>().and_then(|one| one.status.as_ref());
        let seen = status.and_then(|status| status.observed_generation);
        if seen != object.meta().generation || meta::is_terminating(object.meta()) {
            continue;
        }
        let sets = cluster.objects(&SETS);
        let own = sets.filter(|set| meta::is_controlled_by(set.meta(), object.uid()));
        let (mut asked, mut most) = (0, 0);
        for set in own {
            let spec = set.get::<ReplicaSet>().and_then(|set| set.spec.as_ref());
            asked += spec.and_then(|spec| spec.replicas).unwrap_or(0);
            let noted = meta::annotation(set.meta(), MAX).and_then(|text| text.parse().ok());
            most = most.max(noted.unwrap_or(0));
        }
        if asked > most {
            return Err(format!("{} may surge to {most} and asks for {asked}", object.key()));
        }
    }
    Ok(())
}
