//! Manifests in API versions that are no longer served: which they are, and what they say in the
//! version that took its place.
//!
//! The API server refuses them as a real one does. What stands here is for a person, beside that
//! answer. Mirrors the `convert` plugin of kubectl, as far as its old versions are concerned.

mod rewrite;

use std::borrow::Cow;

use serde_json::Value;

use crate::base::yaml;

/// How the rest of an object is brought into its new version.
type Rewrite = fn(&mut Value, &str);

/// An API version that is gone.
struct Removed {
    /// `autoscaling/v2beta1`
    version: &'static str,
    /// Its kinds, separated by spaces.
    kinds: &'static str,
    /// The version to use instead.
    now: &'static str,
    /// The last minor release that served it.
    until: u8,
    rewrite: Rewrite,
}

const fn removed(
    version: &'static str,
    kinds: &'static str,
    now: &'static str,
    until: u8,
    rewrite: Rewrite,
) -> Removed {
    Removed { version, kinds, now, until, rewrite }
}

/// The version is all that changed.
const SAME: Rewrite = |_, _| {};
const WORKLOAD: Rewrite = rewrite::workload;
const INGRESS: Rewrite = rewrite::ingress;

static REMOVED: &[Removed] = &[
    removed(
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1",
        21,
        rewrite::webhooks,
    ),
    removed(
        "apiextensions.k8s.io/v1beta1",
        "CustomResourceDefinition",
        "apiextensions.k8s.io/v1",
        21,
        rewrite::definition,
    ),
    removed("apiregistration.k8s.io/v1beta1", "APIService", "apiregistration.k8s.io/v1", 21, SAME),
    removed("apps/v1beta1", "Deployment StatefulSet", "apps/v1", 15, WORKLOAD),
    removed("apps/v1beta2", "DaemonSet Deployment ReplicaSet StatefulSet", "apps/v1", 15, WORKLOAD),
    removed(
        "autoscaling/v2beta1",
        "HorizontalPodAutoscaler",
        "autoscaling/v2",
        24,
        rewrite::metrics,
    ),
    removed("autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2", 25, SAME),
    removed("batch/v1beta1", "CronJob", "batch/v1", 24, SAME),
    removed("batch/v2alpha1", "CronJob", "batch/v1", 20, SAME),
    removed("coordination.k8s.io/v1beta1", "Lease", "coordination.k8s.io/v1", 21, SAME),
    removed("discovery.k8s.io/v1beta1", "EndpointSlice", "discovery.k8s.io/v1", 24, SAME),
    removed("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "apps/v1", 15, WORKLOAD),
    removed("extensions/v1beta1", "Ingress", "networking.k8s.io/v1", 21, INGRESS),
    removed("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1", 15, SAME),
    removed("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1", 21, INGRESS),
    removed("networking.k8s.io/v1beta1", "IngressClass", "networking.k8s.io/v1", 21, SAME),
    removed("node.k8s.io/v1beta1", "RuntimeClass", "node.k8s.io/v1", 24, SAME),
    removed("policy/v1beta1", "PodDisruptionBudget", "policy/v1", 24, SAME),
    removed(
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRole ClusterRoleBinding Role RoleBinding",
        "rbac.authorization.k8s.io/v1",
        21,
        SAME,
    ),
    removed("scheduling.k8s.io/v1beta1", "PriorityClass", "scheduling.k8s.io/v1", 21, SAME),
    removed(
        "storage.k8s.io/v1beta1",
        "CSIDriver CSINode StorageClass VolumeAttachment",
        "storage.k8s.io/v1",
        21,
        SAME,
    ),
];

fn find(version: &str, kind: &str) -> Option<&'static Removed> {
    let of_kind = |row: &&Removed| row.kinds.split(' ').any(|known| known == kind);
    REMOVED.iter().filter(|row| row.version == version).find(of_kind)
}

/// What a person may want to know beside what kubectl says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A version is no longer served.
    Version(Gone),
    /// `--record` is deprecated; an annotation says the same.
    Record,
}

/// A version that is no longer served, as kubectl met it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The kind that was asked for.
    pub kind: String,
    /// The version that is no longer served.
    pub version: &'static str,
    /// The last minor release of Kubernetes 1 that served it.
    pub until: u8,
    /// The version to use instead.
    pub now: &'static str,
    /// The file that says so, if kubectl read one.
    pub file: Option<String>,
}

/// What there is to say about kubectl's `errors`.
pub fn hints(errors: &str) -> Vec<Hint> {
    let mut found: Vec<Hint> = Vec::new();
    for line in errors.lines() {
        found.extend(hint(line).filter(|hint| !found.contains(hint)));
    }
    found
}

/// Reads `Flag --record has been deprecated, …` and `… from "FILE": no matches for kind "KIND" in version "VERSION"`.
fn hint(line: &str) -> Option<Hint> {
    if line.starts_with("Flag --record has been deprecated") {
        return Some(Hint::Record);
    }
    let (before, after) = line.split_once("no matches for kind \"")?;
    let (kind, rest) = after.split_once("\" in version \"")?;
    let row = find(rest.split('"').next()?, kind)?;
    let file = before.rsplit_once(" from \"").and_then(|(_, rest)| rest.split_once('"'));
    let file = file.map(|(name, _)| name.to_owned()).filter(|name| name != "STDIN");
    let Removed { version, until, now, .. } = *row;
    Some(Hint::Version(Gone { kind: kind.to_owned(), version, until, now, file }))
}

/// `text` with every object of a removed version in the version that took its place; `None` if
/// there is none. Where the version is all that changes, everything else stays as it is written;
/// other objects keep the comments above them.
pub fn convert(text: &str) -> Option<String> {
    let parts: Vec<Cow<'_, str>> = parts(text).map(convert_part).collect();
    let changed = parts.iter().any(|part| matches!(part, Cow::Owned(_)));
    changed.then(|| parts.concat())
}

/// The documents of `text`, each with the mark in front of it.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.match_indices("\n---").map(|(at, _)| at + 1).next();
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(part)
    })
}

fn convert_part(part: &str) -> Cow<'_, str> {
    let body = part.strip_prefix("---").map_or(part, |rest| rest.trim_start_matches([' ', '\t']));
    let Ok(old) = yaml::parse_one(body) else { return Cow::Borrowed(part) };
    let Some(new) = renew(&old) else { return Cow::Borrowed(part) };
    let version = |value: &Value| value["apiVersion"].as_str().unwrap_or_default().to_owned();
    let is_rest_same = Value::Object(
        new.as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| {
                (key.clone(), if key == "apiVersion" { old[key].clone() } else { value.clone() })
            })
            .collect(),
    ) == old;
    let line = body.lines().find(|line| line.starts_with("apiVersion:"));
    if let (true, Some(line)) = (is_rest_same, line) {
        let renewed = line.replacen(&version(&old), &version(&new), 1);
        return Cow::Owned(part.replacen(line, &renewed, 1));
    }
    let mark = &part[..part.len() - body.len()];
    let head = body.split_inclusive('\n').take_while(|line| is_comment(line));
    Cow::Owned(format!("{mark}{}{}", head.collect::<String>(), yaml::to_string(&new)))
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// An object, or the objects of a List, in the new version; `None` if it is served as it is.
fn renew(old: &Value) -> Option<Value> {
    if let (Some("List"), Some(items)) = (old["kind"].as_str(), old["items"].as_array()) {
        let renewed: Vec<Option<Value>> = items.iter().map(renew).collect();
        if renewed.iter().all(Option::is_none) {
            return None;
        }
        let items = renewed.into_iter().zip(items).map(|(new, old)| new.unwrap_or(old.clone()));
        let mut list = old.clone();
        list["items"] = items.collect();
        return Some(list);
    }
    let row = find(old["apiVersion"].as_str()?, old["kind"].as_str()?)?;
    let mut new = old.clone();
    new["apiVersion"] = row.now.into();
    (row.rewrite)(&mut new, row.version);
    Some(new)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
