//! What objects use of a quota. Mirrors the evaluators of `pkg/quota/v1/evaluator/core`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, Pod, PodAffinityTerm, PodSpec, ResourceQuotaSpec,
    ScopedResourceSelectorRequirement, Service,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use crate::base::order::Gather;
use crate::base::order::Order as _;
use crate::base::quantity::{Format, Quantity};
use crate::kinds::describe::pods::{self, Amounts};
use crate::kinds::pod::qos_class;
use crate::kinds::resource_name::{CONTAINER, REQUESTS, is_extended, is_native};
use crate::object::{GroupResource, Object, meta};
use crate::sim::Time;

/// Core types that a quota may also count without `count/`.
const ALIASES: [&str; 4] = ["configmaps", "replicationcontrollers", "resourcequotas", "secrets"];
/// What a quota on CPU or memory has every container say.
const EXPLICIT: [&str; 6] =
    ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];
const CLASS_SUFFIX: &str = ".storageclass.storage.k8s.io/";
const CLAIM_RESOURCES: [&str; 2] = ["persistentvolumeclaims", "requests.storage"];
const HUGE_PAGES: &str = "hugepages-";

/// What `object` uses. Mirrors `Evaluator.Usage`.
pub fn usage(object: &Object, now: Time) -> Amounts {
    let resource = object.resource();
    let mut used = Amounts::new();
    let one = Quantity::new(1, Format::DecimalSi);
    used.insert(format!("count/{resource}"), one);
    if resource.group.is_empty() && ALIASES.contains(&resource.resource.as_ref()) {
        used.insert(resource.resource.to_string(), one);
    }
    if let Some(pod) = object.get::<Pod>() {
        if is_charged(pod, now) {
            add_pod(&mut used, &pod.spec.clone().unwrap_or_default());
        }
    } else if let Some(service) = object.get::<Service>() {
        add_service(&mut used, service);
    } else if let Some(claim) = object.get::<PersistentVolumeClaim>() {
        add_claim(&mut used, claim);
    }
    used
}

/// Whether a pod still uses what it asked for. Mirrors `QuotaV1Pod`.
pub fn is_charged(pod: &Pod, now: Time) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let meta = &pod.metadata;
    let grace = meta.deletion_grace_period_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let end = meta
        .deletion_timestamp
        .as_ref()
        .zip(grace)
        .map(|(stamp, grace)| meta::moment(stamp) + std::time::Duration::from_secs(grace));
    !matches!(phase, Some("Failed" | "Succeeded")) && end.is_none_or(|end| now <= end)
}

fn add_pod(used: &mut Amounts, spec: &PodSpec) {
    used.insert("pods".to_owned(), Quantity::new(1, Format::DecimalSi));
    let (mut requests, mut limits) = (pods::amounts(spec, false), pods::amounts(spec, true));
    if let Some(whole) = &spec.resources {
        replace(&mut requests, whole.requests.as_ref());
        replace(&mut limits, whole.limits.as_ref());
    }
    let overhead: Amounts = parsed(spec.overhead.as_ref());
    pods::add(&mut requests, &overhead);
    for (name, amount) in overhead {
        if let Some(limit) = limits.get_mut(&name).filter(|limit| !limit.is_zero()) {
            *limit = limit.add(amount);
        }
    }
    compute(used, &requests, &limits);
}

/// The amounts of a resource list.
pub fn parsed(list: Option<&BTreeMap<String, Amount>>) -> Amounts {
    let list = list.into_iter().flatten();
    list.filter_map(|(name, amount)| Some((name.clone(), amount.0.parse().ok()?))).gathered()
}

/// The amounts as a resource list.
pub fn written(amounts: &Amounts) -> BTreeMap<String, Amount> {
    amounts.iter().map(|(name, amount)| (name.clone(), Amount(amount.to_string()))).gathered()
}

/// What a pod asks for as a whole stands in for what its containers do.
fn replace(amounts: &mut Amounts, whole: Option<&BTreeMap<String, Amount>>) {
    amounts.extend(parsed(whole));
}

/// Names the amounts as quotas do. Mirrors `podComputeUsageHelper`.
fn compute(used: &mut Amounts, requests: &Amounts, limits: &Amounts) {
    for (name, amount) in requests {
        let is_standard = CONTAINER.contains(&name.as_str()) || name.starts_with(HUGE_PAGES);
        if is_standard {
            used.insert(name.clone(), *amount);
        }
        if is_standard || is_extended(name) {
            used.insert(format!("{REQUESTS}{name}"), *amount);
        }
    }
    for (name, amount) in limits.iter().filter(|(name, _)| CONTAINER.contains(&name.as_str())) {
        used.insert(format!("limits.{name}"), *amount);
    }
}

fn add_service(used: &mut Amounts, service: &Service) {
    let spec = service.spec.clone().unwrap_or_default();
    let ports = spec.ports.unwrap_or_default();
    let (node_ports, balancers) = match spec.type_.as_deref() {
        Some("NodePort") => (ports.len(), 0),
        Some("LoadBalancer") if spec.allocate_load_balancer_node_ports == Some(false) => {
            (ports.iter().filter(|port| port.node_port.unwrap_or(0) != 0).count(), 1)
        }
        Some("LoadBalancer") => (ports.len(), 1),
        _ => (0, 0),
    };
    for (name, count) in
        [("services", 1), ("services.nodeports", node_ports), ("services.loadbalancers", balancers)]
    {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        used.insert(name.to_owned(), Quantity::new(count, Format::DecimalSi));
    }
}

fn add_claim(used: &mut Amounts, claim: &PersistentVolumeClaim) {
    let spec = claim.spec.clone().unwrap_or_default();
    let beta = meta::annotation(&claim.metadata, "volume.beta.kubernetes.io/storage-class");
    let class = beta.or(spec.storage_class_name.as_deref()).unwrap_or_default();
    let asked = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let allocated = claim.status.as_ref().and_then(|status| status.allocated_resources.as_ref());
    let storage = |list: Option<&BTreeMap<String, Amount>>| -> Option<Quantity> {
        list?.get("storage")?.0.parse().ok()
    };
    let (asked, allocated) = (storage(asked), storage(allocated));
    let largest = match (asked, allocated) {
        (Some(asked), Some(allocated)) if allocated.sub(asked).sign() > 0 => Some(allocated),
        (asked, _) => asked,
    };
    let amounts = [Some(Quantity::new(1, Format::DecimalSi)), largest];
    for (name, amount) in CLAIM_RESOURCES.into_iter().zip(amounts) {
        let Some(amount) = amount else { continue };
        used.insert(name.to_owned(), amount);
        if !class.is_empty() {
            used.insert(format!("{class}{CLASS_SUFFIX}{name}"), amount);
        }
    }
}

/// Whether objects of the type can use what a quota calls `name`.
/// Mirrors `Evaluator.MatchingResources`.
pub fn is_used_by(name: &str, resource: &GroupResource) -> bool {
    if name.strip_prefix("count/").is_some_and(|counted| counted == resource.to_string()) {
        return true;
    }
    if !resource.group.is_empty() {
        return false;
    }
    match resource.resource.as_ref() {
        "pods" => {
            let plain = name.strip_prefix(REQUESTS).or(name.strip_prefix("limits."));
            let plain = plain.unwrap_or(name);
            let is_limit = name.starts_with("limits.");
            name == "pods"
                || CONTAINER.contains(&plain)
                || (!is_limit && plain.starts_with(HUGE_PAGES))
                || (name.starts_with(REQUESTS) && !is_native(name))
        }
        "services" => {
            matches!(name, "services" | "services.nodeports" | "services.loadbalancers")
        }
        "persistentvolumeclaims" => CLAIM_RESOURCES.iter().any(|own| {
            name == *own
                || name.strip_suffix(own).is_some_and(|class| class.ends_with(CLASS_SUFFIX))
        }),
        other => ALIASES.contains(&other) && other == name,
    }
}

/// The scopes of a quota, each as a requirement. Mirrors `getScopeSelectorsFromQuota`.
fn scopes(spec: &ResourceQuotaSpec) -> Vec<ScopedResourceSelectorRequirement> {
    let plain = spec.scopes.iter().flatten().map(|scope| ScopedResourceSelectorRequirement {
        scope_name: scope.clone(),
        operator: "Exists".to_owned(),
        values: None,
    });
    let selected =
        spec.scope_selector.iter().flat_map(|all| all.match_expressions.iter().flatten());
    plain.chain(selected.cloned()).gathered()
}

/// Whether the quota is about objects like this one.
pub fn is_in_scope(spec: &ResourceQuotaSpec, object: &Object) -> bool {
    scopes(spec).iter().all(|scope| match (object.get::<Pod>(), object.get()) {
        (Some(pod), _) => pod_fits(scope, pod.spec.as_ref()),
        (None, Some(claim)) => claim_fits(scope, claim),
        _ => false,
    })
}

/// Mirrors `podMatchesScopeFunc`.
fn pod_fits(scope: &ScopedResourceSelectorRequirement, spec: Option<&PodSpec>) -> bool {
    let nothing = PodSpec::default();
    let spec = spec.unwrap_or(&nothing);
    match scope.scope_name.as_str() {
        "Terminating" => has_deadline(spec),
        "NotTerminating" => !has_deadline(spec),
        "BestEffort" => qos_class(spec) == "BestEffort",
        "NotBestEffort" => qos_class(spec) != "BestEffort",
        "PriorityClass" => selects(scope, spec.priority_class_name.as_deref()),
        "CrossNamespacePodAffinity" => reaches_across(spec),
        _ => false,
    }
}

/// Whether a pod is bound to end. Mirrors `IsTerminating`.
pub fn has_deadline(spec: &PodSpec) -> bool {
    spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0)
}

fn claim_fits(scope: &ScopedResourceSelectorRequirement, claim: &PersistentVolumeClaim) -> bool {
    let spec = claim.spec.as_ref();
    let class = spec.and_then(|spec| spec.volume_attributes_class_name.as_deref());
    scope.scope_name == "VolumeAttributesClass" && selects(scope, class)
}

fn selects(scope: &ScopedResourceSelectorRequirement, class: Option<&str>) -> bool {
    let class = class.filter(|class| !class.is_empty());
    let is_listed = || {
        let values = scope.values.iter().flatten();
        class.is_some_and(|class| values.into_iter().any(|value| value == class))
    };
    match scope.operator.as_str() {
        "Exists" => class.is_some(),
        "DoesNotExist" => class.is_none(),
        "In" => is_listed(),
        "NotIn" => !is_listed(),
        _ => false,
    }
}

/// Whether affinity looks at pods of other namespaces. Mirrors `usesCrossNamespacePodAffinity`.
fn reaches_across(spec: &PodSpec) -> bool {
    let Some(affinity) = &spec.affinity else { return false };
    let (near, far) = (&affinity.pod_affinity, &affinity.pod_anti_affinity);
    let required = [
        near.as_ref().and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref()),
        far.as_ref().and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref()),
    ];
    let preferred = [
        near.as_ref().and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_ref()),
        far.as_ref().and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_ref()),
    ];
    let weighted = preferred.into_iter().flatten().flatten().map(|term| &term.pod_affinity_term);
    let mut all = required.into_iter().flatten().flatten().chain(weighted);
    all.any(|term: &PodAffinityTerm| {
        term.namespaces.as_ref().is_some_and(|all| !all.is_empty())
            || term.namespace_selector.is_some()
    })
}

/// A pod under a quota of CPU or memory must say for each container what it asks for.
/// Mirrors `podEvaluator.Constraints`.
///
/// # Errors
/// What is missing, and where.
pub fn constraints<'a>(
    names: impl Iterator<Item = &'a String>,
    object: &Object,
) -> Result<(), String> {
    let spec = object.get::<Pod>().and_then(|pod| pod.spec.as_ref());
    let Some(spec) = spec.filter(|spec| spec.resources.is_none()) else { return Ok(()) };
    let mut missing = Vec::new();
    for name in names.filter(|name| EXPLICIT.contains(&name.as_str())) {
        let inits = spec.init_containers.iter().flatten();
        let all = spec.containers.iter().chain(inits);
        let mut silent: Vec<&str> = all
            .filter(|container| !says(container, name))
            .map(|container| container.name.as_str())
            .collect();
        silent.order();
        silent.dedup();
        if !silent.is_empty() {
            missing.push(format!("{name} for: {}", silent.join(",")));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("must specify {}", missing.join("; ")))
}

fn says(container: &Container, name: &str) -> bool {
    let Some(resources) = &container.resources else { return false };
    let (list, name) = match name.strip_prefix("limits.") {
        Some(name) => (&resources.limits, name),
        None => (&resources.requests, name.strip_prefix(REQUESTS).unwrap_or(name)),
    };
    list.as_ref().is_some_and(|list| list.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::tests::admitted;

    /// An object, what it uses.
    const USAGE: &str = "
{apiVersion: v1, kind: Secret, metadata: {name: s}} => count/secrets=1 secrets=1
{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}} => count/deployments.apps=1
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, resources: {requests: {cpu: 100m}, limits: {memory: 1Gi}}}, {name: b, resources: {requests: {cpu: 300m}}}]}} => count/pods=1 cpu=400m limits.memory=1Gi memory=1Gi pods=1 requests.cpu=400m requests.memory=1Gi
{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {type: LoadBalancer, ports: [{port: 1}, {port: 2}]}} => count/services=1 services=1 services.loadbalancers=1 services.nodeports=2
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {storageClassName: fast, resources: {requests: {storage: 2Gi}}}} => count/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/persistentvolumeclaims=1 fast.storageclass.storage.k8s.io/requests.storage=2Gi persistentvolumeclaims=1 requests.storage=2Gi
";

    #[test]
    fn objects_use_what_upstream_charges_for() {
        for line in USAGE.lines().filter(|line| !line.is_empty()) {
            let (object, wanted) = line.split_once(" => ").unwrap();
            let (_, object) = admitted(object);
            let used = usage(&object, Time::default());
            let used: Vec<String> =
                used.iter().map(|(name, amount)| format!("{name}={amount}")).collect();
            assert_eq!(used.join(" "), wanted);
            let resource = object.resource();
            let names = wanted.split(' ').filter_map(|pair| pair.split_once('='));
            assert!(names.into_iter().all(|(name, _)| is_used_by(name, &resource)), "{line}");
        }
    }

    /// A scope, and which of three pods it holds: a bare one, one with requests and a deadline, one
    /// of the class `high`.
    const SCOPES: &str = "
scopes: [BestEffort] => bare high
scopes: [NotBestEffort] => ends
scopes: [Terminating] => ends
scopes: [NotTerminating, BestEffort] => bare high
scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]} => high
scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [high]}]} => bare ends
scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists}]} => high
scopes: [CrossNamespacePodAffinity] =>
";

    #[test]
    fn scopes_hold_the_pods_they_are_about() {
        let pods = [
            ("bare", "containers: [{name: c}]"),
            (
                "ends",
                "activeDeadlineSeconds: 5, containers: [{name: c, resources: {requests: {cpu: 1}}}]",
            ),
            ("high", "priorityClassName: high, containers: [{name: c}]"),
        ];
        for line in SCOPES.lines().filter(|line| !line.is_empty()) {
            let (spec, wanted) = line.split_once("=>").unwrap();
            let spec: ResourceQuotaSpec = crate::object::codec::decode(
                &serde_yaml::from_str(&format!("{{{spec}}}")).unwrap(),
            )
            .unwrap();
            let found = pods.iter().filter(|(name, pod)| {
                let yaml = format!(
                    "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{{pod}}}}}"
                );
                is_in_scope(&spec, &admitted(&yaml).1)
            });
            let found: Vec<&str> = found.map(|(name, _)| *name).collect();
            assert_eq!(found.join(" "), wanted.trim(), "{line}");
        }
    }
}
