//! Volumes, one block each. Mirrors `describe.describeVolumes`.

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, PersistentVolumeClaimTemplate, ProjectedVolumeSource, Volume,
};

use super::{Lines, NONE, pairs};
use crate::object::codec;

/// Adds the block `Volumes:`, indented as in a template or as in a pod.
pub fn write(out: &mut Lines, all: Option<&Vec<Volume>>, in_template: bool) {
    let (level, indent) = if in_template { (1, " ") } else { (0, "") };
    let Some(all) = all.filter(|all| !all.is_empty()) else {
        out.field(level, "Volumes", NONE);
        return;
    };
    out.line(level, "Volumes:");
    for volume in all {
        out.line(1, format!("{indent}{}:", volume.name));
        source(out, volume);
    }
}

fn kind(out: &mut Lines, name: &str, about: &str) {
    out.field(2, "Type", format!("{name} ({about})"));
}

fn source(out: &mut Lines, volume: &Volume) {
    if let Some(empty) = &volume.empty_dir {
        kind(out, "EmptyDir", "a temporary directory that shares a pod's lifetime");
        out.field(2, "Medium", empty.medium.as_deref().unwrap_or_default());
        let limit = empty.size_limit.as_ref().map_or("<unset>", |limit| &limit.0);
        out.field(2, "SizeLimit", limit);
    } else if let Some(projected) = &volume.projected {
        kind(out, "Projected", "a volume that contains injected data from multiple sources");
        sources(out, projected);
    } else if let Some(downward) = &volume.downward_api {
        kind(out, "DownwardAPI", "a volume populated by information about the pod");
        out.line(2, "Items:");
        downward.items.iter().flatten().for_each(|item| file(out, item));
    } else if let Some(template) =
        volume.ephemeral.as_ref().and_then(|ephemeral| ephemeral.volume_claim_template.as_ref())
    {
        let about =
            "an inline specification for a volume that gets created and deleted with the pod";
        kind(out, "EphemeralVolume", about);
        claim_template(out, template);
    } else if !super::sources::write(out, &codec::encode(volume), false) {
        out.line(1, "<unknown>");
    }
}

fn sources(out: &mut Lines, projected: &ProjectedVolumeSource) {
    for source in projected.sources.iter().flatten() {
        if let Some(secret) = &source.secret {
            out.field(2, "SecretName", &secret.name);
            out.field(2, "Optional", secret.optional.unwrap_or(false));
        } else if source.downward_api.is_some() {
            out.field(2, "DownwardAPI", true);
        } else if let Some(map) = &source.config_map {
            out.field(2, "ConfigMapName", &map.name);
            out.field(2, "Optional", map.optional.unwrap_or(false));
        } else if let Some(token) = &source.service_account_token {
            let seconds = token.expiration_seconds.unwrap_or(0);
            out.field(2, "TokenExpirationSeconds", seconds);
        }
    }
}

fn file(out: &mut Lines, item: &DownwardAPIVolumeFile) {
    if let Some(field) = &item.field_ref {
        out.line(3, format!("{} -> {}", field.field_path, item.path));
    }
    if let Some(field) = &item.resource_field_ref {
        out.line(3, format!("{} -> {}", field.resource, item.path));
    }
}

fn claim_template(out: &mut Lines, template: &PersistentVolumeClaimTemplate) {
    let spec = &template.spec;
    let meta = template.metadata.clone().unwrap_or_default();
    if let Some(class) = &spec.storage_class_name {
        out.field(2, "StorageClass", class);
    }
    out.field(2, "Volume", spec.volume_name.as_deref().unwrap_or_default());
    pairs::labels(out, 2, "Labels", meta.labels.as_ref());
    pairs::annotations(out, 2, "Annotations", meta.annotations.as_ref());
    out.line(2, "Capacity:\t");
    out.line(2, "Access Modes:\t");
    if let Some(mode) = &spec.volume_mode {
        out.field(2, "VolumeMode", mode);
    }
}
