//! A pod's volumes: what keeps them from being mounted, what they hold, where containers see them.
//! Mirrors `pkg/kubelet/volumemanager` and the plugins of `pkg/volume`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{
    Container, KeyToPath, PersistentVolume, PersistentVolumeClaim, Pod, PodSpec, Volume,
    VolumeMount, VolumeProjection,
};

use super::environment::{CONFIG_MAPS, SECRETS, entries, find, lookup};
use super::expansion::expand;
use super::fields;
use super::node::NodeState;
use super::sandbox::hosts_of_node;
use crate::api::{account_token, token_claim};
use crate::base::order::{Gather, Order as _};
use crate::machine::{Files, Machines, Mount, Node};
use crate::object::{GroupResource, Object};
use crate::runtime::Context;

const ACCOUNTS: GroupResource = GroupResource::new("", "serviceaccounts");
const NODES: GroupResource = GroupResource::new("", "nodes");
const CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");
const VOLUMES: GroupResource = GroupResource::new("", "persistentvolumes");
/// The volume that stands for the node's own files.
const HOST: &str = "host";
/// The first of the files that every node has.
const HOSTS: &str = "/etc/hosts";

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
    let lost = |object: &Object, items: &Option<Vec<KeyToPath>>| {
        let known = entries(object);
        items.iter().flatten().find(|item| !known.contains_key(item.key.as_str())).cloned()
    };
    if let Some(source) = volume.config_map.as_ref().filter(|source| source.optional != Some(true))
    {
        let Some(map) = find(cx, CONFIG_MAPS, namespace, &source.name) else {
            return Some(failed(format!("configmap \"{}\" not found", source.name)));
        };
        return lost(map, &source.items).map(|item| {
            failed(format!("configmap references non-existent config key: {}", item.key))
        });
    }
    if let Some(source) = volume.secret.as_ref().filter(|source| source.optional != Some(true)) {
        let wanted = source.secret_name.as_deref().unwrap_or_default();
        let Some(secret) = find(cx, SECRETS, namespace, wanted) else {
            return Some(failed(format!("secret \"{wanted}\" not found")));
        };
        return lost(secret, &source.items)
            .map(|item| failed(format!("references non-existent secret key: {}", item.key)));
    }
    let claim = volume.persistent_volume_claim.as_ref()?;
    let object = find(cx, CLAIMS, namespace, &claim.claim_name);
    let claim = object.and_then(|object| object.get::<PersistentVolumeClaim>());
    let phase = claim.and_then(|claim| claim.status.as_ref()?.phase.as_deref());
    (phase != Some("Bound")).then_some(Unmounted::Waiting)
}

/// Where on the machine a volume's files are: the machine's volume, and the path inside it.
struct Place {
    volume: Rc<str>,
    path: String,
}

/// A pod whose volumes are meant.
pub struct Volumes<'a, 'c> {
    /// The cache.
    pub cx: &'a Context<'c>,
    /// The pod.
    pub pod: &'a Object,
    /// Its node.
    pub node: &'a NodeState,
}

impl Volumes<'_, '_> {
    /// Puts the volumes' files on the node's machine.
    pub fn set_up(&self, machines: &mut Machines, ip: &str) {
        let spec = self.pod.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let Some(spec) = spec else { return };
        for volume in spec.volumes.iter().flatten() {
            let place = self.place(volume);
            if place.volume.starts_with("pv:") {
                machines.move_volume(&place.volume, &self.node.name);
            }
            let files = self.files(volume, spec, ip);
            let Some(machine) = machines.get_mut(&self.node.name) else { return };
            let held = machine.volume_mut(&place.volume);
            if *place.volume == *HOST && held.files.get(HOSTS).is_none() {
                held.files.insert(HOSTS, Node::File(hosts_of_node(&self.node.name).into()));
                let name = format!("{}\n", self.node.name);
                held.files.insert("/etc/hostname", Node::File(name.into()));
            }
            if let Some(files) = files {
                held.files = files;
                if volume.empty_dir.is_some() {
                    held.files.set_mode("/", 0o777);
                }
            } else if !place.path.is_empty() && held.files.get(&place.path).is_none() {
                let kind = volume.host_path.as_ref().and_then(|host| host.type_.as_deref());
                let empty = match kind {
                    Some("FileOrCreate") => Node::File("".into()),
                    _ => Node::Directory,
                };
                held.files.insert(&place.path, empty);
            }
            let medium = volume.empty_dir.as_ref().and_then(|empty| empty.medium.as_deref());
            held.in_memory = medium == Some("Memory");
        }
    }

    /// Puts what ConfigMaps, Secrets and the pod itself say now where the pod sees it.
    pub fn refresh(&self, machines: &mut Machines, ip: &str) {
        let spec = self.pod.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let Some(spec) = spec else { return };
        let Some(machine) = machines.get_mut(&self.node.name) else { return };
        for volume in spec.volumes.iter().flatten().filter(|volume| shows_objects(volume)) {
            if let Some(files) = self.files(volume, spec, ip) {
                machine.volume_mut(&self.place(volume).volume).files = files;
            }
        }
    }

    /// Where a container sees the volumes. Mirrors `makeMounts`.
    ///
    /// # Errors
    /// A path within a volume cannot be told, or leads out of it.
    pub fn mounts(
        &self,
        container: &Container,
        variables: &[(String, String)],
    ) -> Result<Vec<Mount>, String> {
        let spec = self.pod.get::<Pod>().and_then(|pod| pod.spec.as_ref());
        let volumes = spec.and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
        let mut mounts = Vec::new();
        for mount in container.volume_mounts.iter().flatten() {
            let named = volumes.iter().find(|volume| volume.name == mount.name);
            let Some(volume) = named else { continue };
            let place = self.place(volume);
            let sub_path = sub_path(mount, variables)?;
            let fixed = shows_objects(volume);
            mounts.push(Mount {
                volume: place.volume,
                path: mount.mount_path.clone(),
                sub_path: [place.path, sub_path].join("/").trim_matches('/').to_owned(),
                read_only: fixed || mount.read_only == Some(true),
            });
        }
        Ok(mounts)
    }

    fn place(&self, volume: &Volume) -> Place {
        let whole = |name: String| Place { volume: name.into(), path: String::new() };
        if let Some(host) = &volume.host_path {
            return Place { volume: HOST.into(), path: host.path.clone() };
        }
        let name = match (&volume.persistent_volume_claim, &volume.ephemeral) {
            (Some(claim), _) => claim.claim_name.clone(),
            (None, Some(_)) => format!("{}-{}", self.pod.name(), volume.name),
            (None, None) => return whole(own_volume(self.pod.uid(), &volume.name)),
        };
        let claim = find(self.cx, CLAIMS, self.pod.namespace(), &name)
            .and_then(|object| object.get::<PersistentVolumeClaim>());
        let bound = claim.and_then(|claim| claim.spec.as_ref()?.volume_name.clone());
        let bound = bound.unwrap_or_default();
        let stored = find(self.cx, VOLUMES, "", &bound);
        let spec = stored.and_then(|object| object.get::<PersistentVolume>()?.spec.as_ref());
        let path = spec.and_then(|spec| {
            let host = spec.host_path.as_ref().map(|host| &host.path);
            host.or(spec.local.as_ref().map(|local| &local.path)).cloned()
        });
        match path {
            Some(path) => Place { volume: HOST.into(), path },
            None => whole(persistent(&bound)),
        }
    }

    /// What a volume holds from the start; `None` if it holds what it held.
    fn files(&self, volume: &Volume, spec: &PodSpec, ip: &str) -> Option<Files> {
        let mut files = Files::default();
        let namespace = self.pod.namespace();
        if let Some(source) = &volume.config_map {
            let object = find(self.cx, CONFIG_MAPS, namespace, &source.name);
            take(&mut files, object, source.items.as_deref(), source.default_mode);
        } else if let Some(source) = &volume.secret {
            let name = source.secret_name.as_deref().unwrap_or_default();
            let object = find(self.cx, SECRETS, namespace, name);
            take(&mut files, object, source.items.as_deref(), source.default_mode);
        } else if let Some(source) = &volume.downward_api {
            let items = source.items.as_deref();
            self.downward(&mut files, items, source.default_mode, (spec, ip));
        } else if let Some(source) = &volume.projected {
            for part in source.sources.iter().flatten() {
                self.project(&mut files, part, source.default_mode, (spec, ip));
            }
        } else if volume.empty_dir.is_none() {
            return None;
        }
        Some(files)
    }

    fn project(
        &self,
        files: &mut Files,
        part: &VolumeProjection,
        mode: Option<i32>,
        (spec, ip): (&PodSpec, &str),
    ) {
        let namespace = self.pod.namespace();
        if let Some(source) = &part.config_map {
            let object = find(self.cx, CONFIG_MAPS, namespace, &source.name);
            take(files, object, source.items.as_deref(), mode);
        } else if let Some(source) = &part.secret {
            let object = find(self.cx, SECRETS, namespace, &source.name);
            take(files, object, source.items.as_deref(), mode);
        } else if let Some(source) = &part.downward_api {
            self.downward(files, source.items.as_deref(), mode, (spec, ip));
        } else if let Some(source) = &part.service_account_token {
            let account = spec.service_account_name.as_deref().unwrap_or("default");
            let Some(account) = find(self.cx, ACCOUNTS, namespace, account) else { return };
            let node = find(self.cx, NODES, "", &self.node.name);
            let bound = [
                ("pod", Some((self.pod.name(), self.pod.uid()))),
                ("node", node.map(|node| (node.name(), node.uid()))),
            ];
            let claims = bound.into_iter().filter_map(|(what, of)| {
                let (name, uid) = of?;
                Some((what.to_owned(), token_claim(name, uid)))
            });
            let issued = i64::try_from(self.cx.now.seconds()).unwrap_or(0);
            let times = (issued, issued + source.expiration_seconds.unwrap_or(3600));
            let audiences: Vec<String> = source.audience.iter().cloned().collect();
            let token = account_token(account, &audiences, times, claims.gathered());
            put(files, &source.path, token.into(), mode);
        }
    }

    fn downward(
        &self,
        files: &mut Files,
        items: Option<&[k8s_openapi::api::core::v1::DownwardAPIVolumeFile]>,
        mode: Option<i32>,
        (spec, ip): (&PodSpec, &str),
    ) {
        for item in items.unwrap_or_default() {
            let text = if let Some(field) = &item.field_ref {
                fields::field(self.pod, spec, self.node, ip, &field.field_path)
            } else if let Some(wanted) = &item.resource_field_ref {
                let name = wanted.container_name.as_deref().unwrap_or_default();
                let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
                let found = all.into_iter().find(|container| container.name == name);
                found.map(|c| fields::resource(c, self.node, wanted)).unwrap_or_default()
            } else {
                continue;
            };
            put(files, &item.path, text.into(), item.mode.or(mode));
        }
    }
}

/// Whether a volume holds what objects say, which nobody can write to.
/// The path within a volume that a mount shows. Mirrors `ExpandContainerVolumeMounts`.
fn sub_path(mount: &VolumeMount, variables: &[(String, String)]) -> Result<String, String> {
    let path = match (&mount.sub_path, &mount.sub_path_expr) {
        (Some(path), _) if !path.is_empty() => path.clone(),
        (_, Some(text)) if !text.is_empty() => {
            let mut missing: Vec<String> = Vec::new();
            let path = expand(text, |name| {
                let value = lookup(variables, name).filter(|value| !value.is_empty());
                if value.is_none() && !missing.iter().any(|known| known == name) {
                    missing.push(name.to_owned());
                }
                value
            });
            missing.order();
            if !missing.is_empty() {
                return Err(format!("missing value for {}", missing.join(", ")));
            }
            path
        }
        _ => return Ok(String::new()),
    };
    if path.starts_with('/') {
        return Err(format!("error SubPath `{path}` must not be an absolute path"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(format!("unable to provision SubPath `{path}`: must not contain '..'"));
    }
    Ok(path)
}

fn shows_objects(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.projected.is_some()
        || volume.downward_api.is_some()
}

/// Whether a volume of the pod shows a ConfigMap or a Secret.
pub fn shows(spec: &PodSpec, is_secret: bool, name: &str) -> bool {
    let in_part = |part: &VolumeProjection| match is_secret {
        true => part.secret.as_ref().is_some_and(|source| source.name == name),
        false => part.config_map.as_ref().is_some_and(|source| source.name == name),
    };
    spec.volumes.iter().flatten().any(|volume| {
        let whole = match is_secret {
            true => volume.secret.as_ref().and_then(|source| source.secret_name.as_deref()),
            false => volume.config_map.as_ref().map(|source| source.name.as_str()),
        };
        let parts = volume.projected.iter().flat_map(|source| source.sources.iter().flatten());
        whole == Some(name) || parts.into_iter().any(in_part)
    })
}

/// A file of a volume, with the permissions that the pod asks for.
fn put(files: &mut Files, path: &str, text: Rc<str>, mode: Option<i32>) {
    files.insert(path, Node::File(text));
    // What is usual need not be written down.
    if let Some(mode) = mode.and_then(|mode| u16::try_from(mode).ok()).filter(|m| *m != 0o644) {
        files.set_mode(path, mode);
    }
}

/// The keys of a ConfigMap or a Secret as files.
fn take(
    files: &mut Files,
    object: Option<&Object>,
    items: Option<&[KeyToPath]>,
    mode: Option<i32>,
) {
    let Some(object) = object else { return };
    let known = entries(object);
    match items {
        Some(items) => {
            for item in items {
                if let Some(text) = known.get(item.key.as_str()) {
                    put(files, &item.path, text.as_str().into(), item.mode.or(mode));
                }
            }
        }
        None => {
            for (key, text) in known {
                put(files, key, text.into(), mode);
            }
        }
    }
}

/// The name of a volume that lives as long as its pod.
fn own_volume(uid: &str, name: &str) -> String {
    format!("{uid}/{name}")
}

/// The name of a volume that outlives pods.
pub fn persistent(volume: &str) -> String {
    format!("pv:{volume}")
}

/// Takes the volumes that lived for a pod off its machine.
pub fn tear_down(machines: &mut Machines, node: &str, uid: &str, spec: &PodSpec) {
    let Some(machine) = machines.get_mut(node) else { return };
    for volume in spec.volumes.iter().flatten() {
        machine.take_volume(&own_volume(uid, &volume.name));
    }
}
