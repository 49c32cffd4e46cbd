//! `eviction` of a pod: a deletion that disruption budgets may refuse.
//! Mirrors `EvictionREST` of `pkg/registry/core/pod/storage`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{Eviction, PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::DeleteOptions as WireOptions;

use super::binding::set_condition;
use super::{own_body, success};
use crate::api::{Cause, DeleteOptions, Propagation, Reply, Request, Server, Status, Verb};
use crate::kinds::pod_disruption_budget::condition;
use crate::kinds::{Kind, selectors};
use crate::object::{GroupResource, Object, meta};
use crate::store::Precondition;

static BUDGETS: GroupResource = GroupResource::new("policy", "poddisruptionbudgets");
/// How many evictions may be under way. Mirrors `MaxDisruptedPodSize`.
const EVICTED_MAX: usize = 2000;

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
        let eviction = self.admitted(kind, &request, ("policy", "Eviction"), eviction)?;
        let options = eviction.delete_options.unwrap_or_default();
        let dry_run =
            request.dry_run || options.dry_run.as_ref().is_some_and(|all| !all.is_empty());
        let pod = self.current(&request)?.clone();
        if !is_undisturbed(&pod) {
            self.ask_budget(&pod, dry_run)?;
        }
        let pod = self.mark_evicted(&pod, dry_run)?;
        self.delete_admitted(kind, pod, &internal(options), dry_run)?;
        Ok(success())
    }

    /// Asks the budget of a pod, if it has one, and has it count the pod as gone.
    /// Mirrors `EvictionREST.Create`.
    fn ask_budget(&mut self, pod: &Object, dry_run: bool) -> Result<(), Status> {
        let budgets = self.store.list_in(&BUDGETS, pod.namespace());
        let concerned: Vec<&Object> = budgets.filter(|object| selects(object, pod)).collect();
        let mut object = match concerned.as_slice() {
            [] => return Ok(()),
            [one] => (*one).clone(),
            _ => {
                return Err(Status::unexplained(
                    "This pod has more than one PodDisruptionBudget, which the eviction \
                     subresource does not support.",
                ));
            }
        };
        let Some(budget) = object.edit::<PodDisruptionBudget>() else { return Ok(()) };
        if !is_ready(pod) && lets_unready_go(budget) {
            return Ok(());
        }
        check(budget)?;
        let status = budget.status.get_or_insert_default();
        let left = status.disruptions_allowed.unwrap_or(0) - 1;
        status.disruptions_allowed = Some(left);
        if left == 0 {
            condition::update(status, self.now);
        }
        let evicted = status.disrupted_pods.get_or_insert_default();
        evicted.insert(pod.name().to_owned(), meta::timestamp(self.now));
        let must = Precondition::Revision(object.revision());
        self.put(object, must, dry_run).map(|_| ())
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

fn selects(budget: &Object, pod: &Object) -> bool {
    let spec = budget.get::<PodDisruptionBudget>().and_then(|budget| budget.spec.as_ref());
    let selector = spec.and_then(|spec| selectors::parse(spec.selector.as_ref()?).ok());
    let nothing = BTreeMap::new();
    let labels = pod.meta().labels.as_ref().unwrap_or(&nothing);
    selector.is_some_and(|selector| selector.matches(labels))
}

fn is_ready(pod: &Object) -> bool {
    let status = pod.get::<Pod>().and_then(|pod| pod.status.as_ref());
    let mut conditions = status.into_iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether a pod that is not ready may go without being counted.
fn lets_unready_go(budget: &PodDisruptionBudget) -> bool {
    let policy = budget.spec.as_ref().and_then(|s| s.unhealthy_pod_eviction_policy.as_deref());
    let status = budget.status.as_ref();
    let desired = status.and_then(|status| status.desired_healthy).unwrap_or(0);
    let healthy = status.and_then(|status| status.current_healthy).unwrap_or(0);
    policy == Some("AlwaysAllow") || (healthy >= desired && desired > 0)
}

/// Whether the budget allows a disruption. Mirrors `checkAndDecrement`.
fn check(budget: &PodDisruptionBudget) -> Result<(), Status> {
    let name = budget.metadata.name.as_deref().unwrap_or_default();
    let status = budget.status.clone().unwrap_or_default();
    if status.observed_generation.unwrap_or(0) < budget.metadata.generation.unwrap_or(0) {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(too_many(10, why));
    }
    let kind = GroupResource::new("policy", "poddisruptionbudget");
    match status.disruptions_allowed.unwrap_or(0) {
        ..0 => Err(Status::forbidden(&kind, name, "pdb disruptions allowed is negative")),
        0 => Err(too_many(0, why_not(name, &status))),
        _ if status.disrupted_pods.as_ref().is_some_and(|pods| pods.len() > EVICTED_MAX) => {
            let why = "DisruptedPods map too big - too many evictions not confirmed by PDB \
                       controller";
            Err(Status::forbidden(&kind, name, why))
        }
        _ => Ok(()),
    }
}

fn why_not(name: &str, status: &PodDisruptionBudgetStatus) -> String {
    let said = condition::find(status)
        .filter(|condition| condition.status == "False" && !condition.message.is_empty());
    let (desired, healthy) =
        (status.desired_healthy.unwrap_or(0), status.current_healthy.unwrap_or(0));
    let head = format!("The disruption budget {name}");
    match said {
        Some(said) if said.reason == condition::SYNC_FAILED => format!(
            "{head} does not allow evicting pods currently because it failed sync: {}",
            said.message
        ),
        _ if healthy <= desired => {
            format!("{head} needs {desired} healthy pods and has {healthy} currently")
        }
        Some(said) => format!(
            "{head} does not allow evicting pods currently ({}): {}",
            said.reason, said.message
        ),
        None => format!("{head} does not allow evicting pods currently"),
    }
}

fn too_many(retry_after_seconds: u32, why: String) -> Status {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut status = Status::too_many_requests(message, retry_after_seconds);
    status.causes.push(Cause {
        reason: "DisruptionBudget".to_owned(),
        message: why,
        field: String::new(),
    });
    status
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
