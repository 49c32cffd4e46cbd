//! The defaults of StatefulSets. Mirrors `SetDefaults_StatefulSet`.

use k8s_openapi::api::apps::v1::StatefulSet;

use crate::kinds::Typed;
use crate::kinds::persistent_volume_claim::PersistentVolumeClaims;
use crate::kinds::pod_template::defaults::{self, text};

/// Fills in the defaults.
pub fn default(object: &mut StatefulSet) {
    let spec = object.spec.get_or_insert_default();
    text(&mut spec.pod_management_policy, "OrderedReady");
    let strategy = spec.update_strategy.get_or_insert_default();
    if strategy.type_.as_deref().unwrap_or_default().is_empty() {
        text(&mut strategy.type_, "RollingUpdate");
        strategy.rolling_update.get_or_insert_default();
    }
    if strategy.type_.as_deref() == Some("RollingUpdate")
        && let Some(update) = &mut strategy.rolling_update
    {
        update.partition.get_or_insert(0);
    }
    let retention = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    text(&mut retention.when_deleted, "Retain");
    text(&mut retention.when_scaled, "Retain");
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
    defaults::template(&mut spec.template);
    for claim in spec.volume_claim_templates.iter_mut().flatten() {
        PersistentVolumeClaims::default(claim);
        text(&mut claim.status.get_or_insert_default().phase, "Pending");
    }
}
