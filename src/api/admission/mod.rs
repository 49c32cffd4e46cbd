//! Admission: what may change or refuse a write between decoding and storing.
//! Mirrors `k8s.io/apiserver/pkg/admission` and the plugins of `plugin/pkg/admission`.

pub(super) mod asked;
mod custom_resource_definition;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod limit_ranger;
mod matching;
mod namespace_lifecycle;
mod persistent_volume_claim_resize;
pub(super) mod pod_security;
#[cfg(not(target_arch = "wasm32"))]
pub(super) mod policy;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod service_addresses;
mod storage_object_in_use_protection;
pub(super) mod webhook;

use self::asked::Asking;
use super::Status;
use super::custom::Customs;
use crate::kinds::Kind;
use crate::object::Object;
use crate::sim::Rng;
use crate::store::Store;

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Stores a new object.
    Create,
    /// Replaces an object.
    Update,
    /// Deletes an object.
    Delete,
    /// Connects to what runs.
    Connect,
}

impl Operation {
    /// As reviews name it.
    fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// What a request to a subresource carries in place of the object: a Binding, an Eviction, the
/// options of a connection.
#[derive(Clone, Debug)]
pub(super) struct Guise {
    /// The group of its kind.
    pub group: &'static str,
    /// Its kind, in version v1.
    pub kind: &'static str,
    /// What it says.
    pub value: serde_json::Value,
}

/// A write on its way to the store. Mirrors `admission.Attributes`.
pub(super) struct Write<'a> {
    /// What it does.
    pub operation: Operation,
    /// The kind written to.
    pub kind: &'static dyn Kind,
    /// The subresource; empty for the object itself.
    pub subresource: &'static str,
    /// The object to be stored; for a deletion, the one to go.
    pub object: &'a mut Object,
    /// The version to be replaced.
    pub old: Option<&'a Object>,
    /// What policies and webhooks see in place of the object.
    pub guise: Option<Guise>,
    /// Everything stored so far.
    pub store: &'a Store,
    /// The kinds that definitions define.
    pub customs: &'a Customs,
    /// The request, where somebody may be asked about it.
    pub asking: Option<&'a Asking>,
    /// Who calls webhooks.
    #[cfg(not(target_arch = "wasm32"))]
    pub callers: &'a super::webhook::Callers,
    /// Randomness for names.
    pub rng: &'a mut Rng,
}

impl Write<'_> {
    /// Who converts objects to other versions.
    #[cfg(not(target_arch = "wasm32"))]
    fn converter(&mut self) -> super::conversion::Converter<'_> {
        let (store, customs, callers) = (self.store, self.customs, self.callers);
        super::conversion::Converter { store, customs, callers, rng: self.rng }
    }

    /// A refusal of this write. Mirrors `admission.NewForbidden`.
    fn forbidden(&self, why: &str) -> Status {
        let meta = self.object.meta();
        let given = [meta.name.as_deref(), meta.generate_name.as_deref()];
        let name = given.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or("Unknown");
        Status::forbidden(&self.kind.names().resource(), name, why)
    }
}

/// One step of admission. Mirrors `admission.MutationInterface` and `ValidationInterface`.
pub(super) trait Plugin: Sync {
    /// May change the object, or refuse the write.
    fn admit(&self, _write: &mut Write<'_>) -> Result<(), Status> {
        Ok(())
    }
    /// May refuse the write, once the object is valid.
    fn validate(&self, _write: &Write<'_>) -> Result<(), Status> {
        Ok(())
    }
}

/// Every plugin, in upstream's order. Mirrors `pkg/kubeapiserver/options/plugins.go`.
const CHAIN: &[&dyn Plugin] = &[
    &custom_resource_definition::CustomResourceDefinition,
    &namespace_lifecycle::NamespaceLifecycle,
    &limit_ranger::LimitRanger,
    &service_account::ServiceAccount,
    &priority::Priority,
    &default_toleration_seconds::DefaultTolerationSeconds,
    &default_storage_class::DefaultStorageClass,
    &storage_object_in_use_protection::StorageObjectInUseProtection,
    &persistent_volume_claim_resize::PersistentVolumeClaimResize,
    &runtime_class::RuntimeClass,
    &default_ingress_class::DefaultIngressClass,
    &service_addresses::ServiceAddresses,
];

pub(super) use resource_quota::charges;

/// Lets every plugin change the object.
pub(super) fn admit(write: &mut Write<'_>) -> Result<(), Status> {
    CHAIN.iter().try_for_each(|plugin| plugin.admit(write))
}

/// Lets every plugin look at the valid object.
pub(super) fn validate(write: &Write<'_>) -> Result<(), Status> {
    CHAIN.iter().try_for_each(|plugin| plugin.validate(write))
}
