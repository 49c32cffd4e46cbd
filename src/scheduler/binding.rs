//! Carrying out a decision: volumes first, then the pod.
//! Mirrors the binding cycle of `pkg/scheduler/schedule_one.go` and `volumebinding`'s PreBind.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Binding, ObjectReference, PersistentVolume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::plugins::volumes;
use super::pod_info::PodInfo;
use super::{PODS, Scheduler, failure, is_mine};
use crate::api::{Request, Status, Verb};
use crate::object::{Key, Object};
use crate::runtime::{Context, EventType};

/// How often volumes that are being bound are looked at.
pub const POLL: Duration = Duration::from_millis(100);
/// What tells the volume controller which node a claim's pod goes to.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

impl Scheduler {
    /// Gives a pod its node, at once or when its volumes are bound.
    pub(super) fn assign(&mut self, cx: &mut Context<'_>, key: &Key, pod: &PodInfo, node: &str) {
        self.nominated.remove(&pod.uid);
        match self.request_volumes(cx, pod, node) {
            Ok(true) => self.bind(cx, key, pod, node),
            Ok(false) => {
                self.nodes.place(node, Rc::new(pod.clone()));
                self.binding.insert(key.clone(), node.to_owned());
            }
            Err(_) => self.queue.errored(key, cx.now),
        }
    }

    /// Looks again at the pods whose volumes are being bound.
    pub(super) fn continue_bindings(&mut self, cx: &mut Context<'_>) {
        for (key, node) in &self.binding.clone() {
            let object = cx.cache.get(key).filter(|object| is_mine(object)).cloned();
            let Some(pod) = object.and_then(|o| PodInfo::new(&o, &mut self.groups)) else {
                self.binding.remove(key);
                continue;
            };
            match volumes(&pod, cx.cache) {
                Ok(volumes) if volumes.waiting.is_empty() => {
                    self.binding.remove(key);
                    self.bind(cx, key, &pod, node);
                }
                Ok(_) => {}
                // Bound, but not completely yet.
                Err(_) => {}
            }
        }
    }

    /// Has the waiting claims of a pod bound for a node; whether there is nothing to wait for.
    fn request_volumes(
        &self,
        cx: &mut Context<'_>,
        pod: &PodInfo,
        node: &str,
    ) -> Result<bool, Status> {
        let Ok(volumes) = volumes(pod, cx.cache) else { return Ok(true) };
        if volumes.waiting.is_empty() {
            return Ok(true);
        }
        let info = self.nodes.get(node).ok_or_else(|| Status::internal("the node is gone"))?;
        let found = volumes.find(info).ok_or_else(|| Status::internal("the volumes are gone"))?;
        for ((claim, _), volume) in volumes.waiting.iter().zip(found) {
            match volume {
                Some(volume) => promise(cx, volume, claim)?,
                None => failure::annotate(cx, claim, SELECTED_NODE, node)?,
            }
        }
        Ok(false)
    }

    fn bind(&mut self, cx: &mut Context<'_>, key: &Key, pod: &PodInfo, node: &str) {
        let binding = Binding {
            metadata: ObjectMeta {
                name: Some(key.name.to_string()),
                namespace: Some(key.namespace.to_string()),
                uid: Some(pod.uid.to_string()),
                ..ObjectMeta::default()
            },
            target: ObjectReference {
                kind: Some("Node".to_owned()),
                name: Some(node.to_owned()),
                ..ObjectReference::default()
            },
        };
        let mut request = Request::create(Object::new(binding));
        request.verb = Verb::Create;
        request.resource = PODS;
        request.name = key.name.to_string();
        match cx.call(request.to("binding")) {
            Ok(_) => {
                self.queue.remove(key);
                self.nodes.place(node, Rc::new(pod.clone()));
                let text =
                    format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
                let what = ("Scheduled", "Binding");
                cx.event_of_action(&pod.object, None, EventType::Normal, what, &text);
            }
            Err(status) if status.is_not_found() => {
                self.queue.remove(key);
                self.nodes.remove(&pod.uid);
            }
            Err(status) => {
                self.nodes.remove(&pod.uid);
                self.queue.errored(key, cx.now);
                let text = format!("running Bind plugin \"DefaultBinder\": {status}");
                let what = ("FailedScheduling", "Scheduling");
                cx.event_of_action(&pod.object, None, EventType::Warning, what, &text);
            }
        }
    }
}

/// Promises a volume to a claim, as the volume controller would.
fn promise(cx: &mut Context<'_>, volume: &Object, claim: &Object) -> Result<(), Status> {
    let mut volume = volume.clone();
    let Some(object) = volume.edit::<PersistentVolume>() else { return Ok(()) };
    let annotations = object.metadata.annotations.get_or_insert_default();
    annotations.insert("pv.kubernetes.io/bound-by-controller".to_owned(), "yes".to_owned());
    object.spec.get_or_insert_default().claim_ref = Some(ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("PersistentVolumeClaim".to_owned()),
        namespace: Some(claim.namespace().to_owned()),
        name: Some(claim.name().to_owned()),
        uid: Some(claim.uid().to_owned()),
        resource_version: claim.meta().resource_version.clone(),
        field_path: None,
    });
    cx.update(volume).map(|_| ())
}
