//! From the store to the page's items, reusing those whose objects did not change.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController,
};

use super::view::{Facts, Item, Ref, View};
use super::{facts, facts_pod};
use crate::cluster::Cluster;
use crate::object::Object;
use crate::scenario::Session;

/// Types that change all the time and that nobody looks at on the page.
const HIDDEN: &[&str] = &["leases", "endpointslices", "endpoints", "controllerrevisions"];

/// The items of the last snapshot.
#[derive(Default)]
pub struct Items {
    known: BTreeMap<Ref, Rc<Item>>,
}

impl Items {
    /// The items of the cluster as it is now.
    pub fn refresh(&mut self, cluster: &Cluster) -> BTreeMap<Ref, Rc<Item>> {
        let store = cluster.store();
        let shown = store.resources().filter(|r| !HIDDEN.contains(&&*r.resource));
        let shown: Vec<_> = shown.cloned().collect();
        let mut items = BTreeMap::new();
        for resource in &shown {
            for object in store.list(resource) {
                let reference = Ref::new(object.kind(), object.namespace(), object.name());
                let version = object.meta().resource_version.as_deref().unwrap_or("");
                let known = self.known.get(&reference);
                let item = match known.filter(|i| i.version == version && i.uid == object.uid()) {
                    Some(item) => item.clone(),
                    None => Rc::new(item(reference.clone(), object)),
                };
                items.insert(reference, item);
            }
        }
        self.known.clone_from(&items);
        items
    }
}

fn item(reference: Ref, object: &Object) -> Item {
    let meta = object.meta();
    let owners = meta.owner_references.as_ref();
    let owner = owners.and_then(|all| all.iter().find(|owner| owner.controller == Some(true)));
    let labels = meta.labels.as_ref().map_or_else(Vec::new, |labels| {
        labels.iter().map(|(key, value)| format!("{key}={value}")).collect()
    });
    Item {
        reference,
        uid: object.uid().to_owned(),
        version: meta.resource_version.clone().unwrap_or_default(),
        owner: owner.map(|owner| owner.uid.clone()),
        created: meta.creation_timestamp.as_ref().map(facts::moment),
        leaving: meta.deletion_timestamp.is_some(),
        labels,
        facts: facts_of(object),
    }
}

fn facts_of(object: &Object) -> Facts {
    let pod = object.get::<Pod>().map(|o| Facts::Pod(facts_pod::pod(o)));
    let workload = || {
        let deployment = object.get::<Deployment>().map(facts::deployment);
        deployment
            .or_else(|| object.get::<ReplicaSet>().map(facts::replica_set))
            .or_else(|| object.get::<StatefulSet>().map(facts::stateful_set))
            .or_else(|| object.get::<DaemonSet>().map(facts::daemon_set))
            .or_else(|| object.get::<Job>().map(facts::job))
            .or_else(|| object.get::<CronJob>().map(facts::cron_job))
            .or_else(|| object.get::<ReplicationController>().map(facts::replication_controller))
            .map(Facts::Workload)
    };
    pod.or_else(|| object.get::<Event>().map(|o| Facts::Event(facts::event(o))))
        .or_else(|| object.get::<Node>().map(|o| Facts::Node(facts_pod::node(o))))
        .or_else(|| object.get::<PersistentVolumeClaim>().map(|o| Facts::Claim(facts::claim(o))))
        .or_else(|| object.get::<PersistentVolume>().map(|o| Facts::Volume(facts::volume(o))))
        .or_else(|| {
            let hpa = object.get::<HorizontalPodAutoscaler>();
            hpa.map(|o| Facts::Autoscaler(facts::autoscaler(o)))
        })
        .or_else(workload)
        .unwrap_or(Facts::Other)
}

/// A number that changes when something on the page's mind changes: Pods and workloads, but not
/// heartbeats.
pub fn pulse(cluster: &Cluster) -> u64 {
    let store = cluster.store();
    let quiet = |name: &str| HIDDEN.contains(&name) || matches!(name, "nodes" | "events");
    let resources = store.resources().filter(|r| !quiet(&r.resource));
    let newest = resources.flat_map(|r| {
        // How many there are tells of deletions, the newest revision of everything else.
        let count = u64::try_from(store.count(r)).unwrap_or(u64::MAX);
        [count, store.list(r).map(Object::revision).max().unwrap_or(0)]
    });
    newest.fold(0, |hash, n| hash.wrapping_mul(31).wrapping_add(n))
}

/// The label selector of a workload, as text.
pub fn selector(cluster: &Cluster, workload: &Ref) -> Option<String> {
    let store = cluster.store();
    let resources: Vec<_> = store.resources().cloned().collect();
    let objects = resources.iter().flat_map(|r| store.list(r));
    let object = objects.into_iter().find(|object| {
        object.kind() == &*workload.kind
            && object.namespace() == &*workload.namespace
            && object.name() == &*workload.name
    })?;
    let value = object.to_value();
    let labels = value["spec"]["selector"]["matchLabels"].as_object()?;
    let pairs = labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")));
    Some(pairs.collect::<Vec<_>>().join(","))
}

/// The workload whose selector text this is.
pub fn selected_by(view: &View, session: &Session, namespace: &str, text: &str) -> Option<Ref> {
    let scaled = ["Deployment", "StatefulSet", "ReplicaSet"];
    let mut workloads = scaled.iter().flat_map(|kind| view.of_kind(kind));
    let found = workloads.find(|item| {
        &*item.reference.namespace == namespace
            && selector(session.cluster(), &item.reference).as_deref() == Some(text)
    });
    found.map(|item| item.reference.clone())
}
