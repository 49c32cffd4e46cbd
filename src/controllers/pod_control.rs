//! Creating and deleting pods on an owner's behalf, with the events that tell of it.
//! Mirrors `controller.RealPodControl`.

use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pod::PODS;
use crate::api::{Request, Status};
use crate::object::{Key, Object, meta};
use crate::runtime::{Context, EventType};

/// A pod as `template` describes it, named after and managed by `owner`.
/// Mirrors `controller.GetPodFromTemplate`.
pub fn from_template(owner: &Object, template: &PodTemplateSpec) -> Pod {
    let metadata = template.metadata.as_ref();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", owner.name())),
            namespace: Some(owner.namespace().to_owned()),
            labels: metadata.and_then(|meta| meta.labels.clone()),
            annotations: metadata.and_then(|meta| meta.annotations.clone()),
            finalizers: metadata.and_then(|meta| meta.finalizers.clone()),
            owner_references: Some(vec![meta::controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Creates `pod` and records it on `owner`. A namespace that is being deleted is no news.
///
/// # Errors
/// What the API server answers.
pub fn create(cx: &mut Context<'_>, owner: &Object, pod: Pod) -> Result<Object, Status> {
    match cx.create(Object::new(pod)) {
        Ok(created) => {
            let message = format!("Created pod: {}", created.name());
            cx.event(owner, EventType::Normal, "SuccessfulCreate", &message);
            Ok(created)
        }
        Err(status) => {
            if !namespace_is_terminating(&status) {
                let message = format!("Error creating: {status}");
                cx.event(owner, EventType::Warning, "FailedCreate", &message);
            }
            Err(status)
        }
    }
}

/// The key of a pod.
pub fn key(pod: &Pod) -> Key {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Key::new(PODS.clone(), &text(&pod.metadata.namespace), &text(&pod.metadata.name))
}

/// Deletes a pod and records it on `owner`; `None` if it was gone already.
///
/// # Errors
/// What the API server answers.
pub fn delete(cx: &mut Context<'_>, owner: &Object, pod: &Key) -> Result<Option<Object>, Status> {
    match cx.call(Request::delete(pod)) {
        Ok(reply) => {
            let message = format!("Deleted pod: {}", pod.name);
            cx.event(owner, EventType::Normal, "SuccessfulDelete", &message);
            Ok(reply.object())
        }
        Err(status) if status.is_not_found() => Ok(None),
        Err(status) => {
            let message = format!("Error deleting: {status}");
            cx.event(owner, EventType::Warning, "FailedDelete", &message);
            Err(status)
        }
    }
}

/// Whether a creation was refused because the namespace is going away.
pub fn namespace_is_terminating(status: &Status) -> bool {
    status.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}
