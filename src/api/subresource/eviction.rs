//! `eviction` of a pod: a deletion that disruption budgets may refuse.
//! Mirrors `EvictionREST` of `pkg/registry/core/pod/storage`.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::DeleteOptions as WireOptions;

use super::binding::set_condition;
use super::{own_body, success};
use crate::api::{DeleteOptions, Propagation, Reply, Request, Server, Status, Verb};
use crate::kinds::Kind;
use crate::object::{Object, meta};
use crate::store::Precondition;

impl Server {
    pub(super) fn evict(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        if request.verb != Verb::Create {
            return Err(Status::no_such_method());
        }
        let eviction: Eviction = own_body("Eviction", "policy", std::mem::take(&mut request.body))?;
        if eviction.metadata.name.as_deref().unwrap_or_default() != request.name {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let options = eviction.delete_options.unwrap_or_default();
        let dry_run =
            request.dry_run || options.dry_run.as_ref().is_some_and(|all| !all.is_empty());
        let pod = self.current(&request)?.clone();
        let pod = if is_undisturbed(&pod) { pod } else { self.mark_evicted(&pod, dry_run)? };
        self.delete_object(kind, pod, &internal(options), dry_run)?;
        Ok(success())
    }

    /// Says on the pod why it goes. Mirrors `addConditionAndDeletePod`.
    fn mark_evicted(&mut self, pod: &Object, dry_run: bool) -> Result<Object, Status> {
        let mut marked = pod.clone();
        let now = meta::timestamp(self.now);
        if let Some(typed) = marked.edit::<Pod>() {
            let why = ("EvictionByEvictionAPI", "Eviction API: evicting");
            set_condition(typed.status.get_or_insert_default(), "DisruptionTarget", Some(why), now);
        }
        self.put(marked, Precondition::Revision(pod.revision()), dry_run)
    }
}

/// Whether a pod's eviction disturbs nobody, so that no budget is asked. Mirrors `canIgnorePDB`.
fn is_undisturbed(pod: &Object) -> bool {
    let status = pod.get::<Pod>().and_then(|pod| pod.status.as_ref());
    let phase = status.and_then(|status| status.phase.as_deref());
    meta::is_terminating(pod.meta()) || matches!(phase, Some("Succeeded" | "Failed" | "Pending"))
}

/// Mirrors the conversion of `metav1.DeleteOptions`.
fn internal(options: WireOptions) -> DeleteOptions {
    let preconditions = options.preconditions.unwrap_or_default();
    DeleteOptions {
        grace_period_seconds: options.grace_period_seconds,
        propagation: match options.propagation_policy.as_deref() {
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Orphan") => Some(Propagation::Orphan),
            _ => None,
        },
        uid: preconditions.uid,
        resource_version: preconditions.resource_version,
    }
}
