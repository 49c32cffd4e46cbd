//! Scrubs volumes that are to be used again. Mirrors `recycleVolumeOperation` and
//! `pkg/volume/util/recyclerclient`.

use k8s_openapi::api::core::v1::{
    Container, HostPathVolumeSource, PersistentVolume, Pod, PodSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{set_volume_phase, unbind};
use crate::api::Status;
use crate::controllers::pod::PODS;
use crate::object::{Key, Object};
use crate::runtime::{Context, EventType};

const NAMESPACE: &str = "default";
const PREFIX: &str = "recycler-for-";
/// What the pod runs.
const SCRUB: &str = "test -e /scrub && find /scrub -mindepth 1 -delete && \
                     test -z \"$(ls -A /scrub)\" || exit 1";
const FAILED: &str = "VolumeFailedRecycle";

/// The volume that a pod scrubs.
pub(super) fn volume_of(pod: &Object) -> Option<&str> {
    pod.name().strip_prefix(PREFIX).filter(|_| pod.namespace() == NAMESPACE)
}

/// Goes on scrubbing a released volume: starts a pod, and looks at how it ended.
pub(super) fn recycle(
    cx: &mut Context<'_>,
    object: &Object,
    volume: &PersistentVolume,
) -> Result<(), Status> {
    let Some(path) = volume.spec.as_ref().and_then(|spec| spec.host_path.clone()) else {
        return fail(cx, object, "No recycler plugin found for the volume!");
    };
    let key = Key::new(PODS.clone(), NAMESPACE, &format!("{PREFIX}{}", object.name()));
    let Some(scrubber) = cx.cache.get(&key).cloned() else {
        return match cx.create(Object::new(scrubber(object.name(), path))) {
            Err(status) if !status.is_already_exists() => {
                let why = format!("unexpected error creating recycler pod:  {status}");
                fail(cx, object, &format!("Recycle failed: failed to recycle volume: {why}"))
            }
            _ => Ok(()),
        };
    };
    let status = scrubber.get::<Pod>().and_then(|pod| pod.status.as_ref());
    match status.and_then(|status| status.phase.as_deref()) {
        Some("Succeeded") => {
            cx.delete(&key)?;
            cx.event(object, EventType::Normal, "VolumeRecycled", "Volume recycled");
            let mut object = object.clone();
            if let Some(volume) = object.edit::<PersistentVolume>() {
                unbind(volume);
            }
            let object = cx.update(object)?;
            set_volume_phase(cx, object, "Available", None).map(|_| ())
        }
        Some("Failed") => {
            let said = status.and_then(|status| status.message.as_deref());
            let why = said.unwrap_or("pod failed, pod.Status.Message unknown");
            let why = format!("Recycle failed: failed to recycle volume: {why}");
            cx.delete(&key)?;
            fail(cx, object, &why)
        }
        _ => Ok(()),
    }
}

/// Says so once; it is tried again whenever everything is looked at.
fn fail(cx: &mut Context<'_>, object: &Object, why: &str) -> Result<(), Status> {
    let before = object.get::<PersistentVolume>().and_then(|volume| volume.status.as_ref());
    if before.and_then(|status| status.phase.as_deref()) != Some("Failed") {
        let object = set_volume_phase(cx, object.clone(), "Failed", Some(why.to_owned()))?;
        cx.event(&object, EventType::Warning, FAILED, why);
    }
    Ok(())
}

/// Mirrors `NewPersistentVolumeRecyclerPodTemplate`.
fn scrubber(name: &str, path: HostPathVolumeSource) -> Pod {
    Pod {
        metadata: ObjectMeta {
            name: Some(format!("{PREFIX}{name}")),
            namespace: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            active_deadline_seconds: Some(60),
            restart_policy: Some("Never".to_owned()),
            volumes: Some(vec![Volume {
                name: "vol".to_owned(),
                host_path: Some(path),
                ..Volume::default()
            }]),
            containers: vec![Container {
                name: "pv-recycler".to_owned(),
                image: Some("registry.k8s.io/build-image/debian-base:bookworm-v1.0.6".to_owned()),
                command: Some(vec!["/bin/sh".to_owned()]),
                args: Some(vec!["-c".to_owned(), SCRUB.to_owned()]),
                volume_mounts: Some(vec![VolumeMount {
                    name: "vol".to_owned(),
                    mount_path: "/scrub".to_owned(),
                    ..VolumeMount::default()
                }]),
                ..Container::default()
            }],
            ..PodSpec::default()
        }),
        status: None,
    }
}
