//! Every pod runs as a service account and has its credentials mounted.
//! Mirrors `plugin/pkg/admission/serviceaccount`.

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, Container, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath,
    ObjectFieldSelector, Pod, PodSpec, ProjectedVolumeSource, ServiceAccount as Account,
    ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
};

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::object::{GroupResource, Key};
use crate::sim::Rng;

const ACCOUNTS: GroupResource = GroupResource::new("", "serviceaccounts");
const DEFAULT: &str = "default";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// An hour and a bit, which kubelets recognise as theirs to renew. Mirrors `WarnOnlyBoundTokenExpirationPeriod`.
const TOKEN_SECONDS: i64 = 3607;

pub(super) struct ServiceAccount;

impl Plugin for ServiceAccount {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        if write.operation != Operation::Create || write.object.get::<Pod>().is_none() {
            return Ok(());
        }
        let namespace = write.object.namespace().to_owned();
        let Some(spec) = write.object.edit::<Pod>().and_then(|pod| pod.spec.as_mut()) else {
            return Ok(());
        };
        let name = spec
            .service_account_name
            .take()
            .or_else(|| spec.service_account.take())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| DEFAULT.to_owned());
        let key = Key::new(ACCOUNTS, &namespace, &name);
        let stored = write.store.get(&key).and_then(|object| object.get::<Account>());
        spec.service_account = Some(name.clone());
        spec.service_account_name = Some(name.clone());
        // The controller that makes each namespace's own account is taken to have done so.
        if stored.is_none() && name != DEFAULT {
            return Err(write.forbidden(&format!(
                "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" \
                 not found"
            )));
        }
        let account_mounts = stored.and_then(|account| account.automount_service_account_token);
        if spec.automount_service_account_token.or(account_mounts).unwrap_or(true) {
            mount(spec, write.rng);
        }
        let secrets = stored.and_then(|account| account.image_pull_secrets.as_ref());
        if spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty) {
            spec.image_pull_secrets = secrets.cloned().filter(|list| !list.is_empty());
        }
        Ok(())
    }
}

/// Mounts the credentials wherever nothing else is mounted. Mirrors `mountServiceAccountToken`.
fn mount(spec: &mut PodSpec, rng: &mut Rng) {
    let volumes = spec.volumes.get_or_insert_default();
    let present = volumes.iter().find(|volume| volume.name.starts_with("kube-api-access-"));
    let name = present
        .map_or_else(|| format!("kube-api-access-{}", rng.suffix(5)), |found| found.name.clone());
    let is_present = present.is_some();
    let mut is_needed = false;
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        is_needed |= mount_into(container, &name);
    }
    if is_needed && !is_present {
        volumes.push(access_volume(name));
    }
    if volumes.is_empty() {
        spec.volumes = None;
    }
}

fn mount_into(container: &mut Container, volume: &str) -> bool {
    let mounts = container.volume_mounts.get_or_insert_default();
    if mounts.iter().any(|mount| mount.mount_path == MOUNT_PATH) {
        return false;
    }
    mounts.push(VolumeMount {
        name: volume.to_owned(),
        mount_path: MOUNT_PATH.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    });
    true
}

/// Mirrors `TokenVolumeSource`.
fn access_volume(name: String) -> Volume {
    let token = ServiceAccountTokenProjection {
        path: "token".to_owned(),
        expiration_seconds: Some(TOKEN_SECONDS),
        ..ServiceAccountTokenProjection::default()
    };
    let certificate = KeyToPath { key: "ca.crt".into(), path: "ca.crt".into(), mode: None };
    let root = ConfigMapProjection {
        name: "kube-root-ca.crt".to_owned(),
        items: Some(vec![certificate]),
        ..ConfigMapProjection::default()
    };
    let namespace = DownwardAPIVolumeFile {
        path: "namespace".to_owned(),
        field_ref: Some(ObjectFieldSelector {
            api_version: Some("v1".to_owned()),
            field_path: "metadata.namespace".to_owned(),
        }),
        ..DownwardAPIVolumeFile::default()
    };
    let downward = DownwardAPIProjection { items: Some(vec![namespace]) };
    let none = VolumeProjection::default;
    Volume {
        name,
        projected: Some(ProjectedVolumeSource {
            default_mode: Some(0o644),
            sources: Some(vec![
                VolumeProjection { service_account_token: Some(token), ..none() },
                VolumeProjection { config_map: Some(root), ..none() },
                VolumeProjection { downward_api: Some(downward), ..none() },
            ]),
        }),
        ..Volume::default()
    }
}
