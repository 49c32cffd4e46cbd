//! The built-in kinds: one file or folder each, and the list of them all.

/// Cells that many listings share.
#[cfg(not(target_arch = "wasm32"))]
mod admission_policy;
/// APIService.
pub mod api_service;
pub mod cells;
mod claim_state;
/// ConfigMap.
pub mod config_map;
/// ControllerRevision.
pub mod controller_revision;
/// CronJob.
pub mod cron_job;
/// Kinds that definitions define.
pub mod custom;
/// CustomResourceDefinition.
pub mod custom_resource_definition;
/// DaemonSet.
pub mod daemon_set;
/// Deployment.
pub mod deployment;
/// The parts that descriptions share.
pub mod describe;
/// EndpointSlice.
pub mod endpoint_slice;
/// Endpoints.
pub mod endpoints;
/// Event.
pub mod event;
mod field_error;
/// HorizontalPodAutoscaler.
pub mod horizontal_pod_autoscaler;
/// Objects as the API server sees them inside, which some refusals quote.
pub mod internal;
/// Job.
pub mod job;
/// Lease.
pub mod lease;
/// LimitRange.
pub mod limit_range;
/// PodMetrics and NodeMetrics.
pub mod metrics;
/// What names may look like.
pub mod names;
/// Namespace.
pub mod namespace;
/// Ingress, IngressClass, NetworkPolicy, ServiceCIDR, IPAddress.
pub mod networking;
/// Node.
pub mod node;
/// Paths of fields and the errors found there.
pub mod path;
/// PersistentVolume.
pub mod persistent_volume;
/// PersistentVolumeClaim.
pub mod persistent_volume_claim;
/// Whether a pod may be on a node.
pub mod placement;
/// Pod.
pub mod pod;
/// PodDisruptionBudget.
pub mod pod_disruption_budget;
/// What all kinds with pods in them share.
pub mod pod_template;
/// PodTemplate.
pub mod pod_templates;
mod prepare;
/// PriorityClass.
pub mod priority_class;
mod quantities;
/// Role, ClusterRole, RoleBinding, ClusterRoleBinding.
pub mod rbac;
/// ReplicaSet.
pub mod replica_set;
/// ReplicationController.
pub mod replication_controller;
/// Names of resources.
pub mod resource_name;
/// ResourceQuota.
pub mod resource_quota;
/// Secret.
pub mod secret;
/// Label selectors of typed objects.
pub mod selectors;
/// Service.
pub mod service;
/// ServiceAccount.
pub mod service_account;
/// StatefulSet.
pub mod stateful_set;
/// StorageClass.
pub mod storage_class;
/// Kinds that others act on.
pub mod stored;
#[cfg(test)]
mod tests;
mod typed;
#[cfg(not(target_arch = "wasm32"))]
mod webhook_configuration;

pub use describe::template::describe_template;
pub use field_error::{ErrorKind, FieldError};
pub use typed::Typed;

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use crate::object::managed::Schema;
use crate::object::{GroupResource, Key, Object};
use crate::sim::Time;

/// How a kind is called and where it is served.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The served versions, preferred (and stored) first.
    pub versions: &'static [&'static str],
    /// `Deployment`.
    pub kind: &'static str,
    /// `deployments`.
    pub plural: &'static str,
    /// `deployment`.
    pub singular: &'static str,
    /// `deploy`.
    pub short: &'static [&'static str],
    /// `all` and the like.
    pub categories: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The subresources that exist: `status`, `scale` …
    pub subresources: &'static [&'static str],
}

impl Names {
    /// A namespaced kind without short names, categories or subresources.
    pub const fn namespaced(
        group: &'static str,
        versions: &'static [&'static str],
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
    ) -> Self {
        let (short, categories, subresources) = (&[], &[], &[]);
        let namespaced = true;
        Self {
            group,
            versions,
            kind,
            plural,
            singular,
            short,
            categories,
            namespaced,
            subresources,
        }
    }

    /// The same for a cluster-scoped kind.
    pub const fn cluster(
        group: &'static str,
        versions: &'static [&'static str],
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
    ) -> Self {
        Self { namespaced: false, ..Self::namespaced(group, versions, kind, plural, singular) }
    }

    /// The resource type.
    pub const fn resource(&self) -> GroupResource {
        GroupResource::new(self.group, self.plural)
    }
}

/// What the cells of a column hold for clients that read tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// Whole numbers.
    Number,
    /// `true` or `false`.
    Truth,
}

/// One printer column. Mirrors `metav1.TableColumnDefinition`.
#[derive(Debug)]
pub struct Column {
    /// `Ready`, `Up-to-date` …
    pub name: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
    /// What its cells hold.
    pub holds: Holds,
    /// For a column of a custom resource: how its definition defines it, and what describes it.
    pub custom: Option<(&'static Value, &'static str)>,
}

impl Column {
    /// A column that is always shown.
    pub const fn new(name: &'static str) -> Self {
        Self { name, wide: false, holds: Holds::Text, custom: None }
    }

    /// A column that only `-o wide` shows.
    pub const fn wide(name: &'static str) -> Self {
        Self { wide: true, ..Self::new(name) }
    }

    /// A column of whole numbers.
    pub const fn number(name: &'static str) -> Self {
        Self { holds: Holds::Number, ..Self::new(name) }
    }

    /// A column of truths.
    pub const fn truth(name: &'static str) -> Self {
        Self { holds: Holds::Truth, ..Self::new(name) }
    }
}

/// Reads of other objects, for texts that need them.
pub trait Lookup {
    /// One object.
    fn get(&mut self, key: &Key) -> Option<Object>;
    /// The objects of a type in a namespace (empty: in all).
    fn list(&mut self, resource: &GroupResource, namespace: &str) -> Vec<Object>;
}

/// A kind's behaviour at the API server and its faces. Mirrors `pkg/registry/*/strategy.go`
/// and `pkg/printers`. Implement [`Typed`] and get this for free.
pub trait Kind: Sync {
    /// How it is called and where it is served.
    fn names(&self) -> &'static Names;
    /// Decodes JSON of the given served version into the stored form, without defaulting.
    ///
    /// # Errors
    /// The decoder's text for the first value that does not fit.
    fn decode(&self, version: &str, value: &Value) -> Result<Object, String>;
    /// JSON of an object in a served version (empty: the preferred one).
    fn encode(&self, version: &str, object: &Object) -> Value;
    /// What is known of its fields in the preferred version.
    fn schema(&self) -> Rc<Schema> {
        Rc::new(Schema::deduced())
    }
    /// Fills in the defaults.
    fn default(&self, object: &mut Object);
    /// Clears and sets what clients may not choose in a new object.
    fn prepare_create(&self, object: &mut Object);
    /// The same for a replacement: keeps the status, raises the generation.
    fn prepare_update(&self, new: &mut Object, old: &Object);
    /// The same for a replacement of the status: keeps everything else.
    fn prepare_status(&self, new: &mut Object, old: &Object);
    /// What is wrong with an object.
    fn validate(&self, object: &Object) -> Vec<FieldError>;
    /// What is wrong with a replacement.
    fn validate_replacement(&self, new: &Object, _old: &Object) -> Vec<FieldError> {
        self.validate(new)
    }
    /// Seconds of grace that deletion gives by default; zero deletes at once.
    fn default_grace(&self, _object: &Object) -> i64 {
        0
    }
    /// The fields that field selectors may name, beyond `metadata.name` and `metadata.namespace`.
    fn fields(&self, _object: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// One of these fields; empty where there is none of that name.
    fn field<'a>(&self, object: &'a Object, name: &str) -> Cow<'a, str> {
        let found = self.fields(object).into_iter().find(|(field, _)| *field == name);
        found.map_or(Cow::Borrowed(""), |(_, value)| Cow::Owned(value))
    }
    /// The columns of `kubectl get`.
    fn columns(&self) -> &'static [Column];
    /// One row of `kubectl get`, a cell a column.
    fn row(&self, object: &Object, now: Time) -> Vec<String>;
    /// The text of `kubectl describe`, its tabs not yet aligned, without the `Events:` section:
    /// [`describe::describe`] gives all of it.
    fn describe(&self, object: &Object, _others: &mut dyn Lookup, _now: Time) -> String {
        describe::generic::describe(object.meta(), &self.encode("", object))
    }
    /// The number of replicas wanted, and where the pods' selector stands, for the scale subresource:
    /// (`spec.replicas`, `status.replicas`, selector text).
    fn scale(&self, _object: &Object) -> Option<(i32, i32, String)> {
        None
    }
    /// Sets `spec.replicas`.
    fn set_scale(&self, _object: &mut Object, _replicas: i32) {}
    /// What is wrong with a replacement of the status.
    fn validate_status(&self, _new: &Object, _old: &Object) -> Vec<FieldError> {
        Vec::new()
    }
    /// How a list of its objects is called.
    fn list_kind(&self) -> String {
        format!("{}List", self.names().kind)
    }
    /// What an object says that its kind is.
    fn written(&self, _object: &Object) -> String {
        self.names().kind.to_owned()
    }
    /// Whether a definition defines it.
    fn is_custom(&self) -> bool {
        false
    }
    /// What whoever writes an object is to be told, though it is valid.
    fn warnings(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }
    /// Whether a replacement must say which version it replaces. Mirrors `AllowUnconditionalUpdate`.
    fn needs_version(&self) -> bool {
        false
    }
    /// The resource type under which its objects are kept, where it is another kind's.
    fn kept_as(&self) -> Option<GroupResource> {
        None
    }
    /// The resource type under which its objects are kept.
    fn home(&self) -> GroupResource {
        self.kept_as().unwrap_or_else(|| self.names().resource())
    }
    /// The group in whose name an object is refused.
    fn refusing_group(&self) -> &'static str {
        self.names().group
    }
    /// The version that is stored.
    fn stored_version(&self) -> &'static str {
        self.names().versions.first().copied().unwrap_or_default()
    }
    /// The part of a definition that defines it in this version.
    fn version(&self) -> Option<&'static Value> {
        None
    }
    /// What clients of a deprecated version are told.
    fn deprecation(&self) -> Option<&str> {
        None
    }
    /// Where an object's row stands among those of its kind: first what is least, then by name.
    fn rank(&self, _object: &Object) -> i64 {
        0
    }
}

/// By its plural name.
impl fmt::Debug for dyn Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.names().resource())
    }
}

/// Every built-in kind: the core group first, then the others by name.
pub const KINDS: &[&dyn Kind] = &[
    &stored::Kept(&stored::COMPONENTS),
    &config_map::ConfigMaps,
    &endpoints::EndpointsKind,
    &event::Events,
    &limit_range::LimitRanges,
    &namespace::Namespaces,
    &node::Nodes,
    &persistent_volume_claim::PersistentVolumeClaims,
    &persistent_volume::PersistentVolumes,
    &pod::Pods,
    &pod_templates::PodTemplates,
    &replication_controller::ReplicationControllers,
    &resource_quota::ResourceQuotas,
    &secret::Secrets,
    &service_account::ServiceAccounts,
    &service::Services,
    &controller_revision::ControllerRevisions,
    &daemon_set::DaemonSets,
    &deployment::Deployments,
    &replica_set::ReplicaSets,
    &stateful_set::StatefulSets,
    &horizontal_pod_autoscaler::HorizontalPodAutoscalers,
    &cron_job::CronJobs,
    &job::Jobs,
    &lease::Leases,
    &endpoint_slice::EndpointSlices,
    &event::RegardingEvents,
    &custom_resource_definition::CustomResourceDefinitions,
    &api_service::ApiServices,
    &stored::Kept(&stored::MUTATING_POLICIES),
    &stored::Kept(&stored::MUTATING_BINDINGS),
    &stored::Kept(&stored::MUTATING_WEBHOOKS),
    &stored::Kept(&stored::VALIDATING_POLICIES),
    &stored::Kept(&stored::VALIDATING_BINDINGS),
    &stored::Kept(&stored::VALIDATING_WEBHOOKS),
    &stored::Kept(&stored::SIGNING_REQUESTS),
    &stored::Kept(&stored::FLOW_SCHEMAS),
    &stored::Kept(&stored::PRIORITY_LEVELS),
    &networking::IngressClasses,
    &networking::Ingresses,
    &networking::IpAddresses,
    &networking::NetworkPolicies,
    &networking::ServiceCidrs,
    &stored::Kept(&stored::RUNTIME_CLASSES),
    &rbac::ClusterRoleBindings,
    &rbac::ClusterRoles,
    &rbac::RoleBindings,
    &rbac::Roles,
    &metrics::NodeMetricsKind,
    &metrics::PodMetricsKind,
    &pod_disruption_budget::PodDisruptionBudgets,
    &stored::Kept(&stored::DEVICE_CLASSES),
    &stored::Kept(&stored::RESOURCE_CLAIMS),
    &stored::Kept(&stored::RESOURCE_CLAIM_TEMPLATES),
    &stored::Kept(&stored::RESOURCE_SLICES),
    &priority_class::PriorityClasses,
    &storage_class::StorageClasses,
    &stored::Kept(&stored::CSI_DRIVERS),
    &stored::Kept(&stored::CSI_NODES),
    &stored::Kept(&stored::CSI_CAPACITIES),
    &stored::Kept(&stored::VOLUME_ATTACHMENTS),
    &stored::Kept(&stored::VOLUME_CLASSES),
];

/// The kind of a resource type.
pub fn kind_of(resource: &GroupResource) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.names().resource() == *resource)
}

/// The kind called `kind` in `group`.
pub fn by_kind(group: &str, kind: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|k| k.names().group == group && k.names().kind == kind)
}

/// The value of a field that field selectors may name; `None` for fields they may not.
pub fn field_value(object: &Object, field: &str) -> Option<String> {
    match field {
        "metadata.name" => return Some(object.name().to_owned()),
        "metadata.namespace" => return Some(object.namespace().to_owned()),
        _ => {}
    }
    let fields = kind_of(&object.resource())?.fields(object);
    fields.into_iter().find(|(name, _)| *name == field).map(|(_, value)| value)
}
