//! How each list of the built-in kinds merges. Mirrors the `patchStrategy` and `patchMergeKey`
//! tags of `k8s.io/api`.

use crate::object::managed::Items;

/// What a patch does to one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The Go type of the value, or of the list's elements; empty where nothing below differs
    /// from the defaults.
    pub of: &'static str,
    /// Whether the lists' elements are merged rather than replaced as a whole.
    pub merge: bool,
    /// The key that tells a merged list's elements apart; empty for lists of scalars.
    pub key: &'static str,
    /// Whether a patch names the keys to keep.
    pub retain_keys: bool,
    /// Whether an object is replaced as a whole.
    pub replace: bool,
}

/// Objects merge key by key and lists are replaced.
const DEFAULT: Field = Field { of: "", merge: false, key: "", retain_keys: false, replace: false };

/// What is known about `name` in the Go type `of`.
pub(super) fn field(of: &str, name: &str) -> Field {
    find(of, name).unwrap_or(DEFAULT)
}

/// Like [`field`], but only for fields that the type is known to have.
pub(super) fn known_field(of: &str, name: &str) -> Result<Field, String> {
    match find(of, name) {
        Some(field) => Ok(field),
        None if of.is_empty() => Ok(DEFAULT),
        None => {
            Err(format!("unable to find api field in struct {of} for the json field \"{name}\""))
        }
    }
}

fn find(of: &str, name: &str) -> Option<Field> {
    // Every kind has it, whatever its type is called.
    if name == "metadata" {
        return Some(Field { of: "ObjectMeta", ..DEFAULT });
    }
    let (_, _, of, strategy) = *ROWS.iter().find(|(t, n, _, _)| *t == of && *n == name)?;
    let (kind, key) = strategy.split_once(' ').unwrap_or((strategy, ""));
    Some(Field {
        of,
        merge: kind.starts_with("merge"),
        key,
        retain_keys: kind.ends_with("retainKeys"),
        replace: kind == "replace",
    })
}

/// How server-side apply tells the items of a list apart: as strategic patches do, but for
/// [`OTHERS`]. Mirrors the `listType` and `listMapKey` marks of `k8s.io/api`.
pub(in crate::object) fn list_kind(of: &str, name: &str) -> Items {
    let named = OTHERS.iter().find(|(t, n, _)| *t == of && *n == name).map(|(_, _, keys)| *keys);
    let patched = || match find(of, name) {
        Some(field) if field.merge && field.key.is_empty() => "set",
        Some(field) if field.merge => field.key,
        _ => "whole",
    };
    match named.unwrap_or_else(patched) {
        "whole" => Items::Whole,
        "set" => Items::Set,
        keys => Items::Keys(keys.split(',').map(Into::into).collect()),
    }
}

/// The lists that server-side apply treats otherwise than strategic patches.
const OTHERS: &[(&str, &str, &str)] = &[
    ("JobStatus", "conditions", "whole"),
    ("PodStatus", "hostIPs", "whole"),
    ("Container", "ports", "containerPort,protocol"),
    ("EphemeralContainer", "ports", "containerPort,protocol"),
    ("PodSpec", "topologySpreadConstraints", "topologyKey,whenUnsatisfiable"),
    ("ServiceSpec", "ports", "port,protocol"),
    ("ResourceRequirements", "claims", "name"),
    ("ContainerStatus", "allocatedResourcesStatus", "name"),
    ("ContainerStatus", "volumeMounts", "mountPath"),
    ("ResourceStatus", "resources", "resourceID"),
    ("NodeAllocatableResourceClaimStatus", "containers", "set"),
    ("ContainerRestartRuleOnExitCodes", "values", "set"),
    ("PodFailurePolicyOnExitCodesRequirement", "values", "set"),
    ("UncountedTerminatedPods", "failed", "set"),
    ("UncountedTerminatedPods", "succeeded", "set"),
    ("Endpoint", "addresses", "set"),
    ("CSIDriverSpec", "volumeLifecycleModes", "set"),
    ("CertificateSigningRequestStatus", "conditions", "type"),
    ("CustomResourceDefinitionStatus", "conditions", "type"),
    ("MutatingAdmissionPolicySpec", "matchConditions", "name"),
    ("ValidatingAdmissionPolicyStatus", "conditions", "type"),
    ("ValidatingAdmissionPolicyBindingSpec", "validationActions", "set"),
    ("NonResourcePolicyRule", "nonResourceURLs", "set"),
    ("NonResourcePolicyRule", "verbs", "set"),
    ("ResourcePolicyRule", "apiGroups", "set"),
    ("ResourcePolicyRule", "namespaces", "set"),
    ("ResourcePolicyRule", "resources", "set"),
    ("ResourcePolicyRule", "verbs", "set"),
];

/// Type, field, type of the value or of its elements, strategy and merge key.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("ObjectMeta", "ownerReferences", "OwnerReference", "merge uid"),
    ("ObjectMeta", "finalizers", "", "merge"),
    // Pods
    ("Pod", "spec", "PodSpec", ""),
    ("Pod", "status", "PodStatus", ""),
    ("PodTemplate", "template", "PodTemplateSpec", ""),
    ("PodTemplateSpec", "spec", "PodSpec", ""),
    ("PodSpec", "volumes", "Volume", "merge,retainKeys name"),
    ("PodSpec", "containers", "Container", "merge name"),
    ("PodSpec", "initContainers", "Container", "merge name"),
    ("PodSpec", "ephemeralContainers", "EphemeralContainer", "merge name"),
    ("PodSpec", "imagePullSecrets", "LocalObjectReference", "merge name"),
    ("PodSpec", "hostAliases", "HostAlias", "merge ip"),
    ("PodSpec", "topologySpreadConstraints", "TopologySpreadConstraint", "merge topologyKey"),
    ("PodSpec", "schedulingGates", "PodSchedulingGate", "merge name"),
    ("PodSpec", "resourceClaims", "PodResourceClaim", "merge,retainKeys name"),
    ("Container", "ports", "ContainerPort", "merge containerPort"),
    ("Container", "env", "EnvVar", "merge name"),
    ("Container", "volumeMounts", "VolumeMount", "merge mountPath"),
    ("Container", "volumeDevices", "VolumeDevice", "merge devicePath"),
    ("EphemeralContainer", "ports", "ContainerPort", "merge containerPort"),
    ("EphemeralContainer", "env", "EnvVar", "merge name"),
    ("EphemeralContainer", "volumeMounts", "VolumeMount", "merge mountPath"),
    ("EphemeralContainer", "volumeDevices", "VolumeDevice", "merge devicePath"),
    ("PodStatus", "conditions", "PodCondition", "merge type"),
    ("PodStatus", "podIPs", "PodIP", "merge ip"),
    ("PodStatus", "hostIPs", "HostIP", "merge ip"),
    ("PodStatus", "resourceClaimStatuses", "PodResourceClaimStatus", "merge,retainKeys name"),
    // Workloads
    ("Deployment", "spec", "DeploymentSpec", ""),
    ("Deployment", "status", "DeploymentStatus", ""),
    ("DeploymentSpec", "template", "PodTemplateSpec", ""),
    ("DeploymentSpec", "strategy", "DeploymentStrategy", "retainKeys"),
    ("DeploymentStatus", "conditions", "DeploymentCondition", "merge type"),
    ("ReplicaSet", "spec", "ReplicaSetSpec", ""),
    ("ReplicaSet", "status", "ReplicaSetStatus", ""),
    ("ReplicaSetSpec", "template", "PodTemplateSpec", ""),
    ("ReplicaSetStatus", "conditions", "ReplicaSetCondition", "merge type"),
    ("ReplicationController", "spec", "ReplicationControllerSpec", ""),
    ("ReplicationController", "status", "ReplicationControllerStatus", ""),
    ("ReplicationControllerSpec", "template", "PodTemplateSpec", ""),
    ("ReplicationControllerStatus", "conditions", "ReplicationControllerCondition", "merge type"),
    ("StatefulSet", "spec", "StatefulSetSpec", ""),
    ("StatefulSet", "status", "StatefulSetStatus", ""),
    ("StatefulSetSpec", "template", "PodTemplateSpec", ""),
    ("StatefulSetStatus", "conditions", "StatefulSetCondition", "merge type"),
    ("DaemonSet", "spec", "DaemonSetSpec", ""),
    ("DaemonSet", "status", "DaemonSetStatus", ""),
    ("DaemonSetSpec", "template", "PodTemplateSpec", ""),
    ("DaemonSetStatus", "conditions", "DaemonSetCondition", "merge type"),
    ("Job", "spec", "JobSpec", ""),
    ("Job", "status", "JobStatus", ""),
    ("JobSpec", "template", "PodTemplateSpec", ""),
    ("JobStatus", "conditions", "JobCondition", "merge type"),
    ("CronJob", "spec", "CronJobSpec", ""),
    ("CronJobSpec", "jobTemplate", "JobTemplateSpec", ""),
    ("JobTemplateSpec", "spec", "JobSpec", ""),
    ("HorizontalPodAutoscaler", "status", "HorizontalPodAutoscalerStatus", ""),
    (
        "HorizontalPodAutoscalerStatus",
        "conditions",
        "HorizontalPodAutoscalerCondition",
        "merge type",
    ),
    ("PodDisruptionBudget", "spec", "PodDisruptionBudgetSpec", ""),
    ("PodDisruptionBudget", "status", "PodDisruptionBudgetStatus", ""),
    ("PodDisruptionBudgetSpec", "selector", "LabelSelector", "replace"),
    ("PodDisruptionBudgetStatus", "conditions", "Condition", "merge type"),
    // Network, nodes, storage
    ("Service", "spec", "ServiceSpec", ""),
    ("Service", "status", "ServiceStatus", ""),
    ("ServiceSpec", "ports", "ServicePort", "merge port"),
    ("ServiceStatus", "conditions", "Condition", "merge type"),
    ("ServiceCIDR", "status", "ServiceCIDRStatus", ""),
    ("ServiceCIDRStatus", "conditions", "Condition", "merge type"),
    ("ServiceAccount", "secrets", "ObjectReference", "merge name"),
    ("Node", "spec", "NodeSpec", ""),
    ("Node", "status", "NodeStatus", ""),
    ("NodeSpec", "podCIDRs", "", "merge"),
    ("NodeStatus", "conditions", "NodeCondition", "merge type"),
    ("NodeStatus", "addresses", "NodeAddress", "merge type"),
    ("Namespace", "status", "NamespaceStatus", ""),
    ("NamespaceStatus", "conditions", "NamespaceCondition", "merge type"),
    ("PersistentVolumeClaim", "status", "PersistentVolumeClaimStatus", ""),
    ("PersistentVolumeClaimStatus", "conditions", "PersistentVolumeClaimCondition", "merge type"),
    ("CSINode", "spec", "CSINodeSpec", ""),
    ("CSINodeSpec", "drivers", "CSINodeDriver", "merge name"),
    // Admission and the API itself
    ("MutatingWebhookConfiguration", "webhooks", "MutatingWebhook", "merge name"),
    ("MutatingWebhook", "matchConditions", "MatchCondition", "merge name"),
    ("ValidatingWebhookConfiguration", "webhooks", "ValidatingWebhook", "merge name"),
    ("ValidatingWebhook", "matchConditions", "MatchCondition", "merge name"),
    ("ValidatingAdmissionPolicy", "spec", "ValidatingAdmissionPolicySpec", ""),
    ("ValidatingAdmissionPolicySpec", "matchConditions", "MatchCondition", "merge name"),
    ("ValidatingAdmissionPolicySpec", "variables", "Variable", "merge name"),
    ("APIService", "status", "APIServiceStatus", ""),
    ("APIServiceStatus", "conditions", "APIServiceCondition", "merge type"),
    ("FlowSchema", "status", "FlowSchemaStatus", ""),
    ("FlowSchemaStatus", "conditions", "FlowSchemaCondition", "merge type"),
    ("PriorityLevelConfiguration", "status", "PriorityLevelConfigurationStatus", ""),
    (
        "PriorityLevelConfigurationStatus",
        "conditions",
        "PriorityLevelConfigurationCondition",
        "merge type",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_fields_merge() {
        let volumes = field("PodSpec", "volumes");
        assert_eq!((volumes.of, volumes.key, volumes.merge), ("Volume", "name", true));
        assert!(volumes.retain_keys);
        assert!(field("ObjectMeta", "finalizers").merge);
        assert_eq!(field("PodSpec", "tolerations"), DEFAULT);
        assert!(field("PodDisruptionBudgetSpec", "selector").replace);
        assert_eq!(
            known_field("DeploymentSpec", "containers"),
            Err("unable to find api field in struct DeploymentSpec for the json field \"containers\"".into())
        );
    }
}
