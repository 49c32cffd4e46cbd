//! The types of what is served, and the schemas that they give of themselves.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use k8s_openapi::api::{
    admissionregistration, apps, authentication, authorization, autoscaling, batch, certificates,
    coordination, core, discovery, flowcontrol, networking, node, policy, rbac, resource,
    scheduling, storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration;
use k8s_openapi::schemars::generate::SchemaSettings;
use k8s_openapi::schemars::{JsonSchema, SchemaGenerator};
use k8s_openapi::{ListableResource, Resource};
use serde_json::{Map, Value, json};

use super::marks;
use super::schemas::{GVK, META, SCHEMAS, described, reference};
use crate::object::codec;

/// A type that is served: how it is called, and what puts its schema among the others.
struct Type {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    /// How a list of them is called; empty where there is none.
    list: &'static str,
    add: fn(&mut SchemaGenerator) -> String,
}

fn add<T: JsonSchema>(schemas: &mut SchemaGenerator) -> String {
    schemas.subschema_for::<T>();
    T::schema_name().into_owned()
}

const fn single<T: Resource + JsonSchema>() -> Type {
    Type { group: T::GROUP, version: T::VERSION, kind: T::KIND, list: "", add: add::<T> }
}

const fn listed<T: ListableResource + JsonSchema>() -> Type {
    Type { list: T::LIST_KIND, ..single::<T>() }
}

/// A type that is not asked for by itself.
const fn part<T: JsonSchema>(kind: &'static str) -> Type {
    Type { group: "", version: "v1", kind, list: "", add: add::<T> }
}

const TYPES: &[Type] = &[
    listed::<core::v1::ComponentStatus>(),
    listed::<core::v1::ConfigMap>(),
    listed::<core::v1::Endpoints>(),
    listed::<core::v1::Event>(),
    listed::<core::v1::LimitRange>(),
    listed::<core::v1::Namespace>(),
    listed::<core::v1::Node>(),
    listed::<core::v1::PersistentVolume>(),
    listed::<core::v1::PersistentVolumeClaim>(),
    listed::<core::v1::Pod>(),
    listed::<core::v1::PodTemplate>(),
    listed::<core::v1::ReplicationController>(),
    listed::<core::v1::ResourceQuota>(),
    listed::<core::v1::Secret>(),
    listed::<core::v1::Service>(),
    listed::<core::v1::ServiceAccount>(),
    single::<core::v1::Binding>(),
    listed::<admissionregistration::v1::MutatingAdmissionPolicy>(),
    listed::<admissionregistration::v1::MutatingAdmissionPolicyBinding>(),
    listed::<admissionregistration::v1::MutatingWebhookConfiguration>(),
    listed::<admissionregistration::v1::ValidatingAdmissionPolicy>(),
    listed::<admissionregistration::v1::ValidatingAdmissionPolicyBinding>(),
    listed::<admissionregistration::v1::ValidatingWebhookConfiguration>(),
    listed::<apiextensions::v1::CustomResourceDefinition>(),
    listed::<apiregistration::v1::APIService>(),
    listed::<apps::v1::ControllerRevision>(),
    listed::<apps::v1::DaemonSet>(),
    listed::<apps::v1::Deployment>(),
    listed::<apps::v1::ReplicaSet>(),
    listed::<apps::v1::StatefulSet>(),
    single::<authentication::v1::SelfSubjectReview>(),
    single::<authentication::v1::TokenRequest>(),
    single::<authentication::v1::TokenReview>(),
    single::<authorization::v1::LocalSubjectAccessReview>(),
    single::<authorization::v1::SelfSubjectAccessReview>(),
    single::<authorization::v1::SelfSubjectRulesReview>(),
    single::<authorization::v1::SubjectAccessReview>(),
    listed::<autoscaling::v1::HorizontalPodAutoscaler>(),
    listed::<autoscaling::v2::HorizontalPodAutoscaler>(),
    single::<autoscaling::v1::Scale>(),
    listed::<batch::v1::CronJob>(),
    listed::<batch::v1::Job>(),
    listed::<certificates::v1::CertificateSigningRequest>(),
    listed::<coordination::v1::Lease>(),
    listed::<discovery::v1::EndpointSlice>(),
    listed::<k8s_openapi::api::events::v1::Event>(),
    listed::<flowcontrol::v1::FlowSchema>(),
    listed::<flowcontrol::v1::PriorityLevelConfiguration>(),
    listed::<networking::v1::IPAddress>(),
    listed::<networking::v1::Ingress>(),
    listed::<networking::v1::IngressClass>(),
    listed::<networking::v1::NetworkPolicy>(),
    listed::<networking::v1::ServiceCIDR>(),
    listed::<node::v1::RuntimeClass>(),
    single::<policy::v1::Eviction>(),
    listed::<policy::v1::PodDisruptionBudget>(),
    listed::<rbac::v1::ClusterRole>(),
    listed::<rbac::v1::ClusterRoleBinding>(),
    listed::<rbac::v1::Role>(),
    listed::<rbac::v1::RoleBinding>(),
    listed::<resource::v1::DeviceClass>(),
    listed::<resource::v1::ResourceClaim>(),
    listed::<resource::v1::ResourceClaimTemplate>(),
    listed::<resource::v1::ResourceSlice>(),
    listed::<scheduling::v1::PriorityClass>(),
    listed::<storage::v1::CSIDriver>(),
    listed::<storage::v1::CSINode>(),
    listed::<storage::v1::CSIStorageCapacity>(),
    listed::<storage::v1::StorageClass>(),
    listed::<storage::v1::VolumeAttachment>(),
    listed::<storage::v1::VolumeAttributesClass>(),
    part::<meta::v1::APIGroup>("APIGroup"),
    part::<meta::v1::APIGroupList>("APIGroupList"),
    part::<meta::v1::APIResourceList>("APIResourceList"),
    part::<meta::v1::APIVersions>("APIVersions"),
    part::<meta::v1::DeleteOptions>("DeleteOptions"),
    part::<meta::v1::ListMeta>(""),
    part::<meta::v1::Patch>(""),
    part::<meta::v1::Status>("Status"),
    part::<meta::v1::WatchEvent<RawExtension>>("WatchEvent"),
];

/// What `metrics.k8s.io` serves, which is no part of Kubernetes itself.
const METRICS: &str = include_str!("metrics.json");

/// The schemas of all built-in types, and how each kind's is called.
#[derive(Default)]
pub(super) struct Types {
    /// The schemas by name.
    pub schemas: Map<String, Value>,
    names: BTreeMap<(&'static str, &'static str, String), String>,
}

impl Types {
    /// The name of a kind's schema.
    pub(super) fn name_of(&self, group: &str, version: &str, kind: &str) -> Option<&str> {
        let mut names = self.names.iter();
        let found = names.find(|((g, v, k), _)| *g == group && *v == version && k == kind);
        found.map(|(_, name)| name.as_str())
    }

    fn call(&mut self, of: &Type, kind: &str, name: &str) {
        let (group, version) = (of.group, of.version);
        if let Some(schema) = self.schemas.get_mut(name) {
            schema[GVK] = json!([{"group": group, "version": version, "kind": kind}]);
        }
        self.names.insert((group, version, kind.to_owned()), name.to_owned());
    }
}

/// The schemas of all built-in types in the form of OpenAPI v3.
pub(super) static BUILT_IN: LazyLock<Types> = LazyLock::new(|| {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = SCHEMAS.trim_start_matches('#').into();
    settings.transforms.clear();
    let mut generator = settings.into_generator();
    let named: Vec<(&Type, String)> =
        TYPES.iter().map(|of| (of, (of.add)(&mut generator))).collect();
    let mut types = Types { schemas: generator.take_definitions(false), ..Types::default() };
    marks::finish(&mut types.schemas);
    for (of, name) in named.iter().filter(|(of, _)| !of.kind.is_empty()) {
        types.call(of, of.kind, name);
        if !of.list.is_empty() {
            let package = name.strip_suffix(of.kind).unwrap_or_default();
            let list = format!("{package}{}", of.list);
            types.schemas.insert(list.clone(), list_of(name, of.kind, of.list));
            types.call(of, of.list, &list);
        }
    }
    add_metrics(&mut types);
    types
});

fn add_metrics(types: &mut Types) {
    let parsed = codec::parse(METRICS).unwrap_or_default();
    let package = "io.k8s.metrics.pkg.apis.metrics.v1beta1.";
    for (short, schema) in parsed.as_object().into_iter().flatten() {
        types.schemas.insert(format!("{package}{short}"), schema.clone());
    }
    for kind in ["NodeMetrics", "PodMetrics"] {
        let of = Type {
            group: "metrics.k8s.io",
            version: "v1beta1",
            kind,
            list: "",
            add: |_| String::new(),
        };
        let (name, list) = (format!("{package}{kind}"), format!("{kind}List"));
        let list_name = format!("{package}{list}");
        types.schemas.insert(list_name.clone(), list_of(&name, kind, &list));
        types.call(&of, kind, &name);
        types.call(&of, &list, &list_name);
    }
}

/// The properties `apiVersion` and `kind`. Mirrors `metav1.TypeMeta`.
pub(super) fn type_meta() -> [(&'static str, Value); 2] {
    ["apiVersion", "kind"].map(|field| (field, status_field(field)))
}

fn status_field(field: &str) -> Value {
    // Asked for while the built-in types are being made, hence not of them.
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let schema = meta::v1::Status::json_schema(&mut generator);
    schema.as_value()["properties"][field].clone()
}

/// The schema of a list of objects.
pub(super) fn list_of(name: &str, kind: &str, list: &str) -> Value {
    let words = "Standard list metadata.";
    let mut properties = Map::new();
    properties.extend(type_meta().map(|(field, schema)| (field.to_owned(), schema)));
    properties.insert("metadata".to_owned(), described(&format!("{META}ListMeta"), words));
    let items = format!("The objects of kind {kind}.");
    properties.insert(
        "items".to_owned(),
        json!({"description": items, "type": "array", "items": reference(name)}),
    );
    json!({
        "description": format!("{list} is a list of objects of kind {kind}."),
        "type": "object",
        "required": ["items"],
        "properties": properties,
    })
}

/// The schemas of all built-in types as the page is offered them.
pub fn text() -> String {
    Value::Object(BUILT_IN.schemas.clone()).to_string()
}
