//! What a pod needs from elsewhere before it can start: ConfigMaps, Secrets, volumes.
//! Mirrors `makeEnvironmentVariables` of `pkg/kubelet/kubelet_pods.go` and the volume manager.

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, PersistentVolumeClaim, PodSpec, Secret, Volume,
};

use super::step::Step;
use crate::object::{GroupResource, Key, Object};
use crate::runtime::Context;

const CONFIG_MAPS: GroupResource = GroupResource::new("", "configmaps");
const SECRETS: GroupResource = GroupResource::new("", "secrets");
const CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");

fn find<'a>(
    cx: &'a Context<'_>,
    resource: GroupResource,
    namespace: &str,
    name: &str,
) -> Option<&'a Object> {
    cx.cache.get(&Key::new(resource, namespace, name))
}

fn has_key(object: &Object, key: &str) -> bool {
    if let Some(map) = object.get::<ConfigMap>() {
        return map.data.as_ref().is_some_and(|data| data.contains_key(key))
            || map.binary_data.as_ref().is_some_and(|data| data.contains_key(key));
    }
    let secret = object.get::<Secret>();
    secret.and_then(|secret| secret.data.as_ref()).is_some_and(|data| data.contains_key(key))
}

/// What a container's environment refers to and is not there.
pub fn missing(container: &Container, step: &Step<'_, '_>) -> Option<String> {
    let namespace = step.pod.namespace();
    let absent = |resource: GroupResource, word: &str, name: &str, optional: Option<bool>| {
        let gone = find(step.cx, resource, namespace, name).is_none() && optional != Some(true);
        gone.then(|| format!("{word} \"{name}\" not found"))
    };
    for source in container.env_from.iter().flatten() {
        let map = source.config_map_ref.as_ref();
        let map = map.and_then(|r| absent(CONFIG_MAPS, "configmap", &r.name, r.optional));
        let secret = source.secret_ref.as_ref();
        let secret = secret.and_then(|r| absent(SECRETS, "secret", &r.name, r.optional));
        if let Some(text) = map.or(secret) {
            return Some(text);
        }
    }
    let sources = container.env.iter().flatten().filter_map(|env| env.value_from.as_ref());
    for source in sources {
        let map = source.config_map_key_ref.as_ref();
        let map = map.map(|r| (CONFIG_MAPS, "configmap", "ConfigMap", &r.name, &r.key, r.optional));
        let secret = source.secret_key_ref.as_ref();
        let secret = secret.map(|r| (SECRETS, "secret", "Secret", &r.name, &r.key, r.optional));
        let Some((resource, word, kind, name, key, optional)) = map.or(secret) else { continue };
        if let Some(text) = absent(resource.clone(), word, name, optional) {
            return Some(text);
        }
        let object = find(step.cx, resource, namespace, name);
        if optional != Some(true) && object.is_some_and(|object| !has_key(object, key)) {
            return Some(format!("couldn't find key {key} in {kind} {namespace}/{name}"));
        }
    }
    None
}

/// What keeps a volume from being mounted.
pub enum Unmounted {
    /// Said at once, as a FailedMount event.
    Failed(String),
    /// Waited for in silence.
    Waiting,
}

/// What keeps a pod's volumes from being mounted.
pub fn unmounted(spec: &PodSpec, namespace: &str, cx: &Context<'_>) -> Option<Unmounted> {
    spec.volumes.iter().flatten().find_map(|volume| unmounted_volume(volume, namespace, cx))
}

fn unmounted_volume(volume: &Volume, namespace: &str, cx: &Context<'_>) -> Option<Unmounted> {
    let name = &volume.name;
    let failed = |why: String| {
        Unmounted::Failed(format!("MountVolume.SetUp failed for volume \"{name}\" : {why}"))
    };
    if let Some(source) = volume.config_map.as_ref().filter(|source| source.optional != Some(true))
    {
        let Some(map) = find(cx, CONFIG_MAPS, namespace, &source.name) else {
            return Some(failed(format!("configmap \"{}\" not found", source.name)));
        };
        let lost = source.items.iter().flatten().find(|item| !has_key(map, &item.key));
        return lost.map(|item| {
            failed(format!("configmap references non-existent config key: {}", item.key))
        });
    }
    if let Some(source) = volume.secret.as_ref().filter(|source| source.optional != Some(true)) {
        let wanted = source.secret_name.as_deref().unwrap_or_default();
        let Some(secret) = find(cx, SECRETS, namespace, wanted) else {
            return Some(failed(format!("secret \"{wanted}\" not found")));
        };
        let lost = source.items.iter().flatten().find(|item| !has_key(secret, &item.key));
        return lost
            .map(|item| failed(format!("references non-existent secret key: {}", item.key)));
    }
    let claim = volume.persistent_volume_claim.as_ref()?;
    let object = find(cx, CLAIMS, namespace, &claim.claim_name);
    let claim = object.and_then(|object| object.get::<PersistentVolumeClaim>());
    let phase = claim.and_then(|claim| claim.status.as_ref()?.phase.as_deref());
    (phase != Some("Bound")).then_some(Unmounted::Waiting)
}
