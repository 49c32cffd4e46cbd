//! `binding` of a pod: the scheduler's decision.
//! Mirrors `BindingREST` of `pkg/registry/core/pod/storage`.

use k8s_openapi::api::core::v1::{Binding, Pod, PodCondition, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;

use super::{own_body, success};
use crate::api::{Reply, Request, Server, Status, Verb};
use crate::kinds::Kind;
use crate::object::{GroupResource, meta};
use crate::store::Precondition;

const PODS_BINDING: GroupResource = GroupResource::new("", "pods/binding");

impl Server {
    pub(super) fn bind(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        if request.verb != Verb::Create {
            return Err(Status::no_such_method());
        }
        let binding: Binding = own_body("Binding", "core", std::mem::take(&mut request.body))?;
        let binding = self.admitted(kind, &request, ("", "Binding"), binding)?;
        check_target(&binding)?;
        let named = binding.metadata.name.as_deref().unwrap_or_default();
        if named != request.name {
            return Err(Status::bad_request("name in URL does not match name in Binding object"));
        }
        let old = self.current(&request)?.clone();
        let mut new = old.clone();
        let now = meta::timestamp(self.now);
        let Some(pod) = new.edit::<Pod>() else { return Err(Status::no_such_path()) };
        let refuse = |why: String| Status::conflict(&PODS_BINDING, named, &why);
        if binding.metadata.uid.as_ref().is_some_and(|uid| uid != old.uid()) {
            return Err(refuse(format!(
                "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                binding.metadata.uid.as_deref().unwrap_or_default(),
                old.uid()
            )));
        }
        assign(pod, &binding, now).map_err(refuse)?;
        self.put(new, Precondition::Revision(old.revision()), request.dry_run)?;
        Ok(success())
    }
}

fn check_target(binding: &Binding) -> Result<(), Status> {
    let target = &binding.target;
    let kind = target.kind.as_deref().unwrap_or_default();
    if !matches!(kind, "" | "Node") {
        return Err(Status::unexplained(format!(
            "target.kind: Unsupported value: {kind:?}: supported values: \"Node\", \"<empty>\""
        )));
    }
    if target.name.as_deref().unwrap_or_default().is_empty() {
        return Err(Status::unexplained("target.name: Required value"));
    }
    Ok(())
}

/// Puts a pod on its node. Mirrors `setPodNodeAndMetadata`.
fn assign(pod: &mut Pod, binding: &Binding, now: Timestamp) -> Result<(), String> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let spec = pod.spec.get_or_insert_default();
    if let Some(node) = spec.node_name.as_ref().filter(|node| !node.is_empty()) {
        return Err(format!("pod {name} is already assigned to node {node:?}"));
    }
    if spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()) {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    spec.node_name.clone_from(&binding.target.name);
    if let Some(annotations) = &binding.metadata.annotations {
        let own = pod.metadata.annotations.get_or_insert_default();
        own.extend(annotations.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let status = pod.status.get_or_insert_default();
    // Mirrors the feature ClearingNominatedNodeNameAfterBinding.
    status.nominated_node_name = None;
    set_condition(status, "PodScheduled", None, now);
    Ok(())
}

/// Makes a condition true, and nothing else. Mirrors `podutil.UpdatePodCondition`.
pub(super) fn set_condition(
    status: &mut PodStatus,
    kind: &str,
    why: Option<(&str, &str)>,
    now: Timestamp,
) {
    let conditions = status.conditions.get_or_insert_default();
    let found = conditions.iter().position(|condition| condition.type_ == kind);
    let since = found
        .and_then(|index| conditions.get(index))
        .filter(|condition| condition.status == "True")
        .and_then(|condition| condition.last_transition_time.clone());
    let condition = PodCondition {
        type_: kind.to_owned(),
        status: "True".to_owned(),
        last_transition_time: Some(since.unwrap_or(now)),
        reason: why.map(|(reason, _)| reason.to_owned()),
        message: why.map(|(_, message)| message.to_owned()),
        ..PodCondition::default()
    };
    match found.and_then(|index| conditions.get_mut(index)) {
        Some(place) => *place = condition,
        None => conditions.push(condition),
    }
}
