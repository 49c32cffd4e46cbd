//! A bound claim and its volume name each other.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

use crate::cluster::Cluster;
use crate::object::{GroupResource, Key};

const CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");
const VOLUMES: GroupResource = GroupResource::new("", "persistentvolumes");

pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    for object in cluster.objects(&CLAIMS) {
        let Some(claim) = object.get::<PersistentVolumeClaim>() else { continue };
        let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
        let Some(volume) = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref()) else {
            continue;
        };
        if phase != Some("Bound") {
            continue;
        }
        let key = Key::new(VOLUMES, "", volume);
        let bound_to = cluster.store().get(&key).and_then(|object| {
            let spec = object.get::<PersistentVolume>()?.spec.as_ref()?;
            spec.claim_ref.as_ref()?.uid.clone()
        });
        if bound_to.is_some_and(|uid| uid != object.uid()) {
            return Err(format!(
                "{} is bound to {volume}, which names another claim",
                object.key()
            ));
        }
    }
    Ok(())
}
