//! Gives every namespace its service account `default` and the certificate of the API server.
//! Mirrors `serviceaccounts_controller.go` and the root CA publisher.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::namespace::NAMESPACES;
use crate::api::Status;
use crate::base::order::Gather;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, Next, Watch};

static SERVICE_ACCOUNTS: GroupResource = GroupResource::new("", "serviceaccounts");
static CONFIG_MAPS: GroupResource = GroupResource::new("", "configmaps");

const ROOT_CA: &str = "kube-root-ca.crt";
const ROOT_CA_DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the \
    kube-apiserver when using internal endpoints such as the internal service IP or \
    kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes \
    clusters.";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

/// Creates the service account `default` wherever it is missing.
#[derive(Clone, Debug, Default)]
pub struct DefaultServiceAccounts;

impl Controller for DefaultServiceAccounts {
    fn name(&self) -> &'static str {
        "serviceaccount-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let lost = Watch::Mapped(SERVICE_ACCOUNTS.clone(), |object, _, cache| {
            namespace_of_lost(object, "default", cache)
        });
        vec![Watch::Own(NAMESPACES.clone()), lost]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let account = ServiceAccount { metadata: named("default"), ..ServiceAccount::default() };
        create_missing(cx, key, Object::new(account))
    }
}

/// Creates the config map `kube-root-ca.crt` wherever it is missing, and gives it back its content
/// where somebody changed it.
#[derive(Clone, Debug, Default)]
pub struct RootCertificates;

impl Controller for RootCertificates {
    fn name(&self) -> &'static str {
        "root-ca-certificate-publisher-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let changed = Watch::Mapped(CONFIG_MAPS.clone(), |object, _, cache| {
            let current = cache.get(&object.key());
            let is_sound = current.is_some_and(|current| certificate(current) == CERTIFICATE);
            if object.name() != ROOT_CA || is_sound { Vec::new() } else { namespace_of(object) }
        });
        vec![Watch::Own(NAMESPACES.clone()), changed]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let data = Some(texts([("ca.crt", CERTIFICATE)]));
        let description = [("kubernetes.io/description", ROOT_CA_DESCRIPTION)];
        let existing = cx.cache.get(&Key::new(CONFIG_MAPS.clone(), &key.name, ROOT_CA));
        let Some(existing) = existing.and_then(|object| object.get::<ConfigMap>()) else {
            let metadata = ObjectMeta { annotations: Some(texts(description)), ..named(ROOT_CA) };
            let map = ConfigMap { metadata, data, ..ConfigMap::default() };
            return create_missing(cx, key, Object::new(map));
        };
        if existing.data != data {
            let mut map = ConfigMap { data, ..existing.clone() };
            map.metadata.annotations.get_or_insert_default().append(&mut texts(description));
            cx.update(Object::new(map))?;
        }
        Ok(Next::OnChange)
    }
}

fn certificate(map: &Object) -> &str {
    let data = map.get::<ConfigMap>().and_then(|map| map.data.as_ref());
    data.and_then(|data| data.get("ca.crt")).map_or("", String::as_str)
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

fn texts(pairs: [(&str, &str); 1]) -> BTreeMap<String, String> {
    pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).into_iter().gathered()
}

/// The namespace of an object called `name` that is gone.
fn namespace_of_lost(object: &Object, name: &str, cache: &Cache) -> Vec<Key> {
    if object.name() != name || cache.get(&object.key()).is_some() {
        return Vec::new();
    }
    namespace_of(object)
}

fn namespace_of(object: &Object) -> Vec<Key> {
    vec![Key::new(NAMESPACES.clone(), "", object.namespace())]
}

/// Creates `object` in the namespace `key` names, unless that is going or has it already.
fn create_missing(cx: &mut Context<'_>, key: &Key, mut object: Object) -> Result<Next, Status> {
    let alive = cx.cache.get(key).is_some_and(|ns| !meta::is_terminating(ns.meta()));
    object.meta_mut().namespace = Some(key.name.to_string());
    if alive && cx.cache.get(&object.key()).is_none() {
        match cx.create(object) {
            Err(status) if status.is_already_exists() || status.is_forbidden() => {}
            outcome => drop(outcome?),
        }
    }
    Ok(Next::OnChange)
}
