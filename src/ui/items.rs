//! From the store to the page's items, following it change by change.

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Event, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController,
};

use super::view::{Facts, Item, Ref};
use super::{facts, facts_pod};
use crate::base::shared_map::SharedMap;
use crate::cluster::Cluster;
use crate::kinds::KINDS;
use crate::object::{Key, Object};

/// Kinds that change all the time and that nobody looks at on the page.
const HIDDEN: &[&str] = &["Lease", "EndpointSlice", "Endpoints", "ControllerRevision"];

/// The page's items: an index over the store that follows it change by change, and whose copies
/// share what is the same.
#[derive(Clone, Debug, Default)]
pub struct Items {
    revision: u64,
    known: SharedMap<Ref, Rc<Item>>,
    /// The owner's and the item's own identity, to find what an owner controls.
    owned: SharedMap<(Rc<str>, Ref), Rc<Item>>,
    uids: SharedMap<Rc<str>, Ref>,
    /// The Pods by the node they are bound to; those without one by the empty name.
    placed: SharedMap<(Rc<str>, Ref), Rc<Item>>,
    counts: SharedMap<Rc<str>, usize>,
    /// How many are being deleted.
    leaving: usize,
    /// For each kind the revision at which one of its objects changed last.
    changed: SharedMap<Rc<str>, u64>,
}

impl Items {
    /// Catches up with the cluster.
    pub fn refresh(&mut self, cluster: &Cluster) {
        let store = cluster.store();
        let revision = store.revision();
        match store.since(self.revision) {
            Ok(changes) => {
                for change in changes {
                    self.follow(cluster, &change.object);
                }
            }
            Err(_) => self.rebuild(cluster),
        }
        self.revision = revision;
    }

    /// Brings one object up to date, whatever happened to it.
    fn follow(&mut self, cluster: &Cluster, object: &Object) {
        if HIDDEN.contains(&object.kind()) {
            return;
        }
        let reference = Ref::new(object.kind(), object.namespace(), object.name());
        let known = self.known.get(&reference);
        let Some(current) = cluster.store().get(&object.key()) else {
            self.remove(&reference);
            return;
        };
        let version = current.meta().resource_version.as_deref().unwrap_or("");
        if known.is_none_or(|item| item.version != version || *item.uid != *current.uid()) {
            self.remove(&reference);
            self.insert(item(reference, current));
        }
    }

    /// Starts over: too much happened since the last time.
    fn rebuild(&mut self, cluster: &Cluster) {
        let store = cluster.store();
        let gone: Vec<Ref> = self.known.keys().cloned().collect();
        let resources: Vec<_> = store.resources().cloned().collect();
        let mut there = std::collections::BTreeSet::new();
        for object in resources.iter().flat_map(|resource| store.list(resource)) {
            there.insert(Ref::new(object.kind(), object.namespace(), object.name()));
            self.follow(cluster, object);
        }
        for reference in gone.iter().filter(|reference| !there.contains(reference)) {
            self.remove(reference);
        }
    }

    fn insert(&mut self, item: Item) {
        let item = Rc::new(item);
        let reference = item.reference.clone();
        if let Some(owner) = &item.owner {
            self.owned.insert((owner.clone(), reference.clone()), item.clone());
        }
        self.uids.insert(item.uid.clone(), reference.clone());
        if let Some(place) = place(&item) {
            self.placed.insert(place, item.clone());
        }
        *self.counts.get_or_default(reference.kind.clone()) += 1;
        self.leaving += usize::from(item.leaving.is_some());
        let revision = item.version.parse().unwrap_or(0);
        let changed = self.changed.get_or_default(reference.kind.clone());
        *changed = revision.max(*changed + 1);
        self.known.insert(reference, item);
    }

    fn remove(&mut self, reference: &Ref) {
        let Some(item) = self.known.remove(reference) else { return };
        if let Some(owner) = &item.owner {
            self.owned.remove(&(owner.clone(), reference.clone()));
        }
        self.uids.remove(&item.uid);
        if let Some(place) = place(&item) {
            self.placed.remove(&place);
        }
        *self.counts.get_or_default(reference.kind.clone()) -= 1;
        self.leaving -= usize::from(item.leaving.is_some());
        *self.changed.get_or_default(reference.kind.clone()) += 1;
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.known.len()
    }

    /// How many are being deleted.
    pub fn leaving(&self) -> usize {
        self.leaving
    }

    /// The object behind `reference`.
    pub fn get(&self, reference: &Ref) -> Option<&Rc<Item>> {
        self.known.get(reference)
    }

    /// The object with this identity.
    pub fn by_uid(&self, uid: &Rc<str>) -> Option<&Rc<Item>> {
        self.get(self.uids.get(uid)?)
    }

    /// How many objects of `kind` there are.
    pub fn count(&self, kind: &str) -> usize {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// A number that changes whenever an object of one of `kinds` does.
    pub fn epoch(&self, kinds: &[&str]) -> u64 {
        let of = |kind: &&str| self.changed.get(*kind).copied().unwrap_or(0);
        kinds.iter().fold(0, |hash: u64, kind| hash.wrapping_mul(1_000_003).wrapping_add(of(kind)))
    }

    /// A number that changes when something happens that a person waits for, which heartbeats and
    /// the reports about it are not.
    pub fn pulse(&self) -> u64 {
        let quiet = |kind: &str| matches!(kind, "Node" | "Event");
        let changed = self.changed.iter().filter(|(kind, _)| !quiet(kind));
        changed.fold(0, |hash: u64, (_, n)| hash.wrapping_mul(1_000_003).wrapping_add(*n))
    }

    /// Every object of `kind`, in order of namespace and name.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Rc<Item>> + use<'_> {
        self.known.span(|reference| (*reference.kind).cmp(kind)).map(|(_, item)| item)
    }

    /// The Pods that are bound to this node, by namespace and name; the empty name stands for none.
    pub fn placed_on(&self, node: &str) -> impl Iterator<Item = &Rc<Item>> + use<'_> {
        self.placed.span(|(name, _)| (**name).cmp(node)).map(|(_, item)| item)
    }

    /// What the object with this identity controls, by kind and name.
    pub fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Rc<Item>> + use<'_> {
        self.owned.span(|(owner, _)| (**owner).cmp(uid)).map(|(_, item)| item)
    }
}

/// Where a Pod stands in the index by node.
fn place(item: &Item) -> Option<(Rc<str>, Ref)> {
    let Facts::Pod(pod) = &item.facts else { return None };
    Some((pod.node.as_deref().unwrap_or("").into(), item.reference.clone()))
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
        uid: object.uid().into(),
        version: meta.resource_version.clone().unwrap_or_default(),
        owner: owner.map(|owner| owner.uid.as_str().into()),
        created: meta.creation_timestamp.as_ref().map(facts::moment),
        leaving: meta.deletion_timestamp.as_ref().map(facts::moment),
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

/// The object behind a reference.
fn object<'a>(cluster: &'a Cluster, reference: &Ref) -> Option<&'a Object> {
    let kind = KINDS.iter().find(|kind| kind.names().kind == &*reference.kind)?;
    let key = Key::new(kind.names().resource(), &reference.namespace, &reference.name);
    cluster.store().get(&key)
}

/// The label selector of a workload, as text.
pub fn selector(cluster: &Cluster, workload: &Ref) -> Option<String> {
    let value = object(cluster, workload)?.to_value();
    let selector = &value["spec"]["selector"];
    let labels = selector.get("matchLabels").unwrap_or(selector).as_object()?;
    let pairs = labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")));
    Some(pairs.collect::<Vec<_>>().join(","))
}

/// The workload whose selector text this is.
pub fn selected_by(items: &Items, cluster: &Cluster, namespace: &str, text: &str) -> Option<Ref> {
    let scaled = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DaemonSet"];
    let mut workloads = scaled.iter().flat_map(|kind| items.of_kind(kind));
    let found = workloads.find(|item| {
        &*item.reference.namespace == namespace
            && selector(cluster, &item.reference).as_deref() == Some(text)
    });
    found.map(|item| item.reference.clone())
}
