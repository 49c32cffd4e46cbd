//! What the scheduler keeps of a pod, computed once per version.

use std::collections::BTreeMap;

use imbl::Vector;
use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::resources::{Resources, pod_requests, pod_requests_for_scoring};
use crate::base::label_selector::Selector;
use crate::base::shared_map::SharedMap;
use crate::object::{Object, Str};
use crate::sim::Time;

/// A port on the node that a container occupies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// The port.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// The address it is bound to; `0.0.0.0` is all of them.
    pub ip: String,
}

impl HostPort {
    /// Whether both cannot be on one node.
    pub fn conflicts(&self, other: &Self) -> bool {
        const ANY: &str = "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == ANY || other.ip == ANY)
    }
}

/// Pods of one namespace that have the same labels: selectors are asked once per group.
pub type GroupId = u32;

/// What the scheduler keeps of a pod. Mirrors `framework.PodInfo`.
#[derive(Clone, Debug)]
pub struct PodInfo {
    /// The version this was computed from.
    pub object: Object,
    /// The pod's uid.
    pub uid: Str,
    /// Higher goes first.
    pub priority: i32,
    /// What it asks for.
    pub requests: Resources,
    /// The same with defaults for absent requests.
    pub scoring: Resources,
    /// The node's ports it occupies.
    pub ports: Vec<HostPort>,
    /// Its namespace and labels.
    pub group: GroupId,
}

impl PodInfo {
    /// Computes it; `None` for a pod without a spec.
    pub fn new(object: &Object, groups: &mut Groups) -> Option<Self> {
        let pod: &Pod = object.get()?;
        let spec = pod.spec.as_ref()?;
        Some(Self {
            object: object.clone(),
            uid: object.uid().into(),
            priority: spec.priority.unwrap_or(0),
            requests: pod_requests(spec),
            scoring: pod_requests_for_scoring(spec),
            ports: host_ports(spec),
            group: groups.id(object.namespace(), pod.metadata.labels.as_ref()),
        })
    }

    /// The pod.
    pub fn pod(&self) -> &Pod {
        self.object.get().expect("made of a pod")
    }

    /// The pod's spec.
    pub fn spec(&self) -> &PodSpec {
        self.pod().spec.as_ref().expect("made of a pod with a spec")
    }

    /// When it started to run; the end of time while it has not.
    pub fn started(&self) -> Time {
        let start = self.pod().status.as_ref().and_then(|status| status.start_time.as_ref());
        start.map_or(Time::from_micros(u64::MAX), crate::object::meta::moment)
    }
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).flat_map(|c| c.ports.iter().flatten());
    ports
        .filter_map(|port| {
            let text = |text: &Option<String>, default: &str| match text.as_deref() {
                None | Some("") => default.to_owned(),
                Some(text) => text.to_owned(),
            };
            Some(HostPort {
                port: port.host_port.filter(|number| *number > 0)?,
                protocol: text(&port.protocol, "TCP"),
                ip: text(&port.host_ip, "0.0.0.0"),
            })
        })
        .collect()
}

/// All groups there ever were.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    ids: SharedMap<(Str, BTreeMap<String, String>), GroupId>,
    members: Vector<(Str, BTreeMap<String, String>)>,
}

impl Groups {
    fn id(&mut self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> GroupId {
        let group = (namespace.into(), labels.cloned().unwrap_or_default());
        if let Some(id) = self.ids.get(&group) {
            return *id;
        }
        let id = GroupId::try_from(self.members.len()).unwrap_or(GroupId::MAX);
        self.ids.insert(group.clone(), id);
        self.members.push_back(group);
        id
    }

    /// The groups in one of the namespaces (`None`: in any) whose labels match.
    pub fn matching(
        &self,
        in_namespace: impl Fn(&str) -> bool,
        selector: &Selector,
    ) -> Vec<GroupId> {
        let numbered = (0..).zip(&self.members);
        numbered
            .filter(|(_, (namespace, labels))| in_namespace(namespace) && selector.matches(labels))
            .map(|(id, _)| id)
            .collect()
    }
}
