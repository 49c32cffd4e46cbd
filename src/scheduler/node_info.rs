//! What the scheduler keeps of the nodes, brought up to date change by change.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Taint};

use super::pod_info::{GroupId, HostPort, PodInfo};
use super::resources::Resources;
use crate::base::quantity;
use crate::base::shared_map::SharedMap;
use crate::object::{Object, Str};

/// What the scheduler keeps of a node. Mirrors `framework.NodeInfo`.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    /// The node's name.
    pub name: String,
    /// The node; absent while only its pods are known.
    pub object: Option<Object>,
    /// What pods can use.
    pub allocatable: Resources,
    /// How many pods it takes.
    pub pods_max: i64,
    /// What its pods ask for.
    pub requested: Resources,
    /// The same with defaults for absent requests.
    pub scoring: Resources,
    /// Its pods by uid.
    pub pods: SharedMap<Str, Rc<PodInfo>>,
    /// Those that keep others away by required anti-affinity.
    pub repelling: SharedMap<Str, Rc<PodInfo>>,
    /// How many pods of each group it has, terminating ones left out.
    pub groups: SharedMap<GroupId, i64>,
    ports: SharedMap<HostPort, u32>,
}

impl NodeInfo {
    /// The node.
    pub fn node(&self) -> Option<&Node> {
        self.object.as_ref()?.get()
    }

    /// The node's taints.
    pub fn taints(&self) -> &[Taint] {
        let spec = self.node().and_then(|node| node.spec.as_ref());
        spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default()
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key).map(String::as_str)
    }

    /// The node's labels.
    pub fn labels(&self) -> Option<&BTreeMap<String, String>> {
        self.node()?.metadata.labels.as_ref()
    }

    /// How many pods of some groups it has.
    pub fn count(&self, groups: &[GroupId]) -> i64 {
        groups.iter().filter_map(|group| self.groups.get(group)).sum()
    }

    /// Whether `port` is taken.
    pub fn occupied(&self, port: &HostPort) -> bool {
        !self.ports.is_empty() && self.ports.keys().any(|taken| taken.conflicts(port))
    }

    /// Takes a new version of the node.
    pub fn set_node(&mut self, object: Object) {
        let status = object.get::<Node>().and_then(|node| node.status.as_ref());
        let list = status.and_then(|status| status.allocatable.as_ref());
        self.allocatable = Resources::from_list(list);
        let pods = list.and_then(|list| list.get("pods"));
        self.pods_max = pods.and_then(|amount| quantity::value(&amount.0)).unwrap_or(0);
        self.object = Some(object);
    }

    /// Adds a pod.
    pub fn add(&mut self, pod: Rc<PodInfo>) {
        self.requested.add(&pod.requests, 1);
        self.scoring.add(&pod.scoring, 1);
        for port in &pod.ports {
            *self.ports.get_or_default(port.clone()) += 1;
        }
        if counts(&pod) {
            *self.groups.get_or_default(pod.group) += 1;
        }
        if repels(&pod) {
            self.repelling.insert(pod.uid.clone(), pod.clone());
        }
        self.pods.insert(pod.uid.clone(), pod);
    }

    /// Takes a version of a pod that asks for the same: no older one is kept alive.
    fn renew(&mut self, uid: &Str, object: &Object) {
        let Some(pod) = self.pods.get_mut(uid) else { return };
        Rc::make_mut(pod).object = object.clone();
        let pod = pod.clone();
        if let Some(repelling) = self.repelling.get_mut(uid) {
            *repelling = pod;
        }
    }

    /// Removes a pod.
    pub fn remove(&mut self, uid: &Str) {
        let Some(pod) = self.pods.remove(uid) else { return };
        self.requested.add(&pod.requests, -1);
        self.scoring.add(&pod.scoring, -1);
        self.repelling.remove(uid);
        for port in &pod.ports {
            match self.ports.get_mut(port) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    self.ports.remove(port);
                }
            }
        }
        if counts(&pod)
            && let Some(count) = self.groups.get_mut(&pod.group)
        {
            *count -= 1;
        }
    }
}

fn counts(pod: &PodInfo) -> bool {
    pod.object.meta().deletion_timestamp.is_none()
}

fn repels(pod: &PodInfo) -> bool {
    let affinity = pod.spec().affinity.as_ref();
    let anti = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    anti.and_then(|anti| anti.required_during_scheduling_ignored_during_execution.as_ref())
        .is_some_and(|terms| !terms.is_empty())
}

/// All nodes by name. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    table: SharedMap<Str, Rc<NodeInfo>>,
    /// Where each known pod is.
    places: SharedMap<Str, Str>,
}

impl Nodes {
    /// The nodes, by name.
    pub fn list(&self) -> Vec<&NodeInfo> {
        self.table.values().map(Rc::as_ref).filter(|info| info.object.is_some()).collect()
    }

    /// One node.
    pub fn get(&self, name: &str) -> Option<&NodeInfo> {
        self.table.get(name).map(Rc::as_ref).filter(|info| info.object.is_some())
    }

    /// Takes a new version of a node.
    pub fn set_node(&mut self, object: Object) {
        self.entry(object.name()).set_node(object.clone());
    }

    /// Forgets a node; what is left of its pods stays until they are gone.
    pub fn remove_node(&mut self, name: &str) {
        let info = self.entry(name);
        info.object = None;
        if info.pods.is_empty() {
            self.table.remove(name);
        }
    }

    /// Puts a pod on a node, wherever it was before.
    pub fn place(&mut self, node: &str, pod: Rc<PodInfo>) {
        self.remove(&pod.uid);
        self.places.insert(pod.uid.clone(), node.into());
        self.entry(node).add(pod);
    }

    /// Takes another version of a pod that counts on its node as before.
    pub fn renew(&mut self, uid: &Str, object: &Object) {
        if let Some(node) = self.places.get(uid).cloned() {
            self.entry(&node).renew(uid, object);
        }
    }

    /// Takes a pod off its node; whether it had one.
    pub fn remove(&mut self, uid: &Str) -> bool {
        let Some(node) = self.places.remove(uid) else { return false };
        let info = self.entry(&node);
        info.remove(uid);
        if info.pods.is_empty() && info.object.is_none() {
            self.table.remove(&node);
        }
        true
    }

    fn entry(&mut self, name: &str) -> &mut NodeInfo {
        let fresh = || Rc::new(NodeInfo { name: name.to_owned(), ..NodeInfo::default() });
        Rc::make_mut(self.table.get_or_insert_with(name.into(), fresh))
    }
}
