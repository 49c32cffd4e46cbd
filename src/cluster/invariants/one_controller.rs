//! An object has at most one managing owner.

use crate::cluster::Cluster;

pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    let store = cluster.store();
    for object in store.resources().flat_map(|resource| store.list(resource)) {
        let owners = object.meta().owner_references.iter().flatten();
        let managing = owners.filter(|owner| owner.controller == Some(true)).count();
        if managing > 1 {
            return Err(format!("{} has {managing} managing owners", object.key()));
        }
    }
    Ok(())
}
