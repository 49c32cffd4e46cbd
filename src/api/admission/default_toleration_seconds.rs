//! Pods stay five minutes on a node that is not ready or out of reach.
//! Mirrors `plugin/pkg/admission/defaulttolerationseconds`.

use k8s_openapi::api::core::v1::{Pod, Toleration};

use super::{Operation, Plugin, Write};
use crate::api::Status;

const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const SECONDS: i64 = 300;

pub(super) struct DefaultTolerationSeconds;

impl Plugin for DefaultTolerationSeconds {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        if write.operation == Operation::Delete
            || !write.subresource.is_empty()
            || write.object.get::<Pod>().is_none()
        {
            return Ok(());
        }
        let Some(spec) = write.object.edit::<Pod>().and_then(|pod| pod.spec.as_mut()) else {
            return Ok(());
        };
        let tolerations = spec.tolerations.get_or_insert_default();
        let missing = TAINTS.map(|taint| !tolerations.iter().any(|t| tolerates(t, taint)));
        for (taint, _) in TAINTS.iter().zip(missing).filter(|(_, missing)| *missing) {
            tolerations.push(Toleration {
                key: Some((*taint).to_owned()),
                operator: Some("Exists".to_owned()),
                effect: Some("NoExecute".to_owned()),
                toleration_seconds: Some(SECONDS),
                value: None,
            });
        }
        Ok(())
    }
}

fn tolerates(toleration: &Toleration, taint: &str) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    (key == taint || key.is_empty()) && matches!(effect, "" | "NoExecute")
}
