//! The defaults of volumes, of those in pods and of persistent ones.
//! Mirrors `pkg/apis/core/v1/defaults.go` and what is generated beside it.

use k8s_openapi::api::core::v1::{
    AzureDiskVolumeSource, DownwardAPIVolumeSource, PersistentVolumeSpec, ProjectedVolumeSource,
    Volume,
};

use super::defaults::{pull_policy, text};

/// How files of mounted volumes are readable by default: 0644.
const FILE_MODE: i32 = 0o644;

/// A field and what it says where nothing is given.
type Field<'a> = (&'a mut Option<String>, &'static str);

fn texts<const N: usize>(fields: [Field<'_>; N]) {
    for (field, default) in fields {
        text(field, default);
    }
}

/// Mirrors `SetDefaults_Volume` and those of its sources.
pub(super) fn volume(volume: &mut Volume) {
    if let Some(secret) = &mut volume.secret {
        secret.default_mode.get_or_insert(FILE_MODE);
    } else if let Some(config_map) = &mut volume.config_map {
        config_map.default_mode.get_or_insert(FILE_MODE);
    } else if let Some(downward) = &mut volume.downward_api {
        downward_api(downward);
    } else if let Some(volume) = &mut volume.projected {
        projected(volume);
    } else if let Some(host_path) = &mut volume.host_path {
        host_path.type_.get_or_insert_default();
    } else if let Some(ephemeral) = &mut volume.ephemeral {
        if let Some(claim) = &mut ephemeral.volume_claim_template {
            text(&mut claim.spec.volume_mode, "Filesystem");
        }
    } else if let Some(image) = &mut volume.image {
        let policy = pull_policy(image.reference.as_deref().unwrap_or_default());
        text(&mut image.pull_policy, policy);
    } else if let Some(iscsi) = &mut volume.iscsi {
        text(&mut iscsi.iscsi_interface, "default");
    } else if let Some(rbd) = &mut volume.rbd {
        texts(rados(&mut rbd.pool, &mut rbd.user, &mut rbd.keyring));
    } else if let Some(disk) = &mut volume.azure_disk {
        azure_disk(disk);
    } else if let Some(scale_io) = &mut volume.scale_io {
        texts(scaled(&mut scale_io.storage_mode, &mut scale_io.fs_type));
    } else if *volume == (Volume { name: volume.name.clone(), ..Volume::default() }) {
        volume.empty_dir = Some(Default::default());
    }
}

/// The defaults of what a persistent volume is made of.
pub fn persistent(spec: &mut PersistentVolumeSpec) {
    if let Some(host_path) = &mut spec.host_path {
        host_path.type_.get_or_insert_default();
    } else if let Some(iscsi) = &mut spec.iscsi {
        text(&mut iscsi.iscsi_interface, "default");
    } else if let Some(rbd) = &mut spec.rbd {
        texts(rados(&mut rbd.pool, &mut rbd.user, &mut rbd.keyring));
    } else if let Some(disk) = &mut spec.azure_disk {
        azure_disk(disk);
    } else if let Some(scale_io) = &mut spec.scale_io {
        texts(scaled(&mut scale_io.storage_mode, &mut scale_io.fs_type));
    }
}

fn downward_api(downward: &mut DownwardAPIVolumeSource) {
    downward.default_mode.get_or_insert(FILE_MODE);
    for file in downward.items.iter_mut().flatten() {
        if let Some(field) = &mut file.field_ref {
            text(&mut field.api_version, "v1");
        }
    }
}

fn projected(projected: &mut ProjectedVolumeSource) {
    projected.default_mode.get_or_insert(FILE_MODE);
    for source in projected.sources.iter_mut().flatten() {
        if let Some(token) = &mut source.service_account_token {
            token.expiration_seconds.get_or_insert(3600);
        }
        let downward = source.downward_api.iter_mut();
        for file in downward.flat_map(|downward| downward.items.iter_mut().flatten()) {
            if let Some(field) = &mut file.field_ref {
                text(&mut field.api_version, "v1");
            }
        }
    }
}

fn rados<'a>(
    pool: &'a mut Option<String>,
    user: &'a mut Option<String>,
    keyring: &'a mut Option<String>,
) -> [Field<'a>; 3] {
    [(pool, "rbd"), (user, "admin"), (keyring, "/etc/ceph/keyring")]
}

fn scaled<'a>(mode: &'a mut Option<String>, fs_type: &'a mut Option<String>) -> [Field<'a>; 2] {
    [(mode, "ThinProvisioned"), (fs_type, "xfs")]
}

fn azure_disk(disk: &mut AzureDiskVolumeSource) {
    disk.read_only.get_or_insert(false);
    texts([
        (&mut disk.caching_mode, "ReadWrite"),
        (&mut disk.fs_type, "ext4"),
        (&mut disk.kind, "Shared"),
    ]);
}
