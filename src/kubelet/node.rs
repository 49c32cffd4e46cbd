//! A node's registration and its heartbeats. Mirrors `pkg/kubelet/kubelet_node_status.go` and
//! `k8s.io/component-helpers/apimachinery/lease`.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{
    DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeStatus,
    NodeSystemInfo,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::api::{Request, Status};
use crate::base::quantity;
use crate::machine::Capacity;
use crate::object::{GroupResource, Key, Object, Str, meta};
use crate::runtime::Context;
use crate::sim::Time;

/// How often the lease is renewed. Mirrors `nodeLeaseDurationSeconds` × 0.25.
const LEASE_PERIOD: Duration = Duration::from_secs(10);
/// How often an unchanged status is reported. Mirrors `nodeStatusReportFrequency`.
const STATUS_PERIOD: Duration = Duration::from_secs(300);
const LEASES: GroupResource = GroupResource::new("coordination.k8s.io", "leases");
const LEASE_NAMESPACE: &str = "kube-node-lease";
const NODES: GroupResource = GroupResource::new("", "nodes");
/// What a node has unless its object says otherwise.
const CAPACITY: [(&str, &str); 4] =
    [("cpu", "4"), ("ephemeral-storage", "100Gi"), ("memory", "8Gi"), ("pods", "110")];
/// The conditions of a healthy node: type, status, reason, message.
const CONDITIONS: [(&str, &str, &str, &str); 4] = [
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

/// What a kubelet knows of its node.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// The node's name.
    pub name: Str,
    /// Its number, from which its addresses come.
    pub number: u32,
    /// The kubelet says nothing and does nothing.
    pub silent: bool,
    /// What the machine has.
    pub capacity: Capacity,
    /// How many pod addresses were given away.
    addresses: u32,
    lease: Option<Object>,
    reported: Option<Time>,
}

impl NodeState {
    /// A node that has not registered yet.
    pub fn new(name: &str, number: u32, object: &Object) -> Self {
        Self {
            name: name.into(),
            number,
            silent: false,
            capacity: capacity(object),
            addresses: 0,
            lease: None,
            reported: None,
        }
    }

    /// The node's own address.
    pub fn ip(&self) -> String {
        format!("192.168.{}.{}", 1 + (10 + self.number) / 250, (10 + self.number) % 250)
    }

    /// An address for a new pod.
    pub fn next_pod_ip(&mut self) -> String {
        self.addresses += 1;
        let number = self.addresses % 253 + 1;
        let subnet = self.number + self.addresses / 253 * 97;
        format!("10.{}.{}.{number}", 244 + subnet / 256 % 12, subnet % 256)
    }

    /// Has the next heartbeat report the whole status.
    pub fn report_all(&mut self) {
        self.reported = None;
    }

    /// Renews the lease, and reports the status when that is due; when to come again.
    pub fn beat(&mut self, cx: &mut Context<'_>) -> Time {
        // A refused heartbeat is tried again at the next.
        let _ = self.renew(cx);
        let due = self.reported.is_none_or(|last| cx.now.since(last) >= STATUS_PERIOD);
        if due && self.report(cx).is_ok() {
            self.reported = Some(cx.now);
        }
        cx.now + LEASE_PERIOD
    }

    fn renew(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        let known = match self.lease.take() {
            Some(lease) => Some(lease),
            None => {
                let key = Key::new(LEASES, LEASE_NAMESPACE, &self.name);
                cx.call(Request::get(&key)).ok().and_then(|reply| reply.object())
            }
        };
        let stored = match known {
            Some(mut object) => {
                if let Some(lease) = object.edit::<Lease>() {
                    let spec = lease.spec.get_or_insert_default();
                    spec.renew_time = Some(meta::micro_timestamp(cx.now));
                }
                cx.update(object)
            }
            None => cx.create(self.new_lease(cx)),
        };
        self.lease = Some(stored?);
        Ok(())
    }

    fn new_lease(&self, cx: &Context<'_>) -> Object {
        let node = cx.cache.get(&Key::new(NODES, "", &self.name));
        let owner = node.map(|node| OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: self.name.to_string(),
            uid: node.uid().to_owned(),
            ..OwnerReference::default()
        });
        Object::new(Lease {
            metadata: ObjectMeta {
                name: Some(self.name.to_string()),
                namespace: Some(LEASE_NAMESPACE.to_owned()),
                owner_references: owner.map(|owner| vec![owner]),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.name.to_string()),
                lease_duration_seconds: Some(40),
                renew_time: Some(meta::micro_timestamp(cx.now)),
                ..LeaseSpec::default()
            }),
        })
    }

    fn report(&self, cx: &mut Context<'_>) -> Result<(), Status> {
        let reply = cx.call(Request::get(&Key::new(NODES, "", &self.name)))?;
        let Some(mut object) = reply.object() else { return Ok(()) };
        let Some(node) = object.edit::<Node>() else { return Ok(()) };
        let status = node.status.get_or_insert_default();
        let capacity = status.capacity.get_or_insert_default();
        for (name, amount) in CAPACITY {
            capacity.entry(name.to_owned()).or_insert_with(|| Quantity(amount.to_owned()));
        }
        if status.allocatable.as_ref().is_none_or(BTreeMap::is_empty) {
            status.allocatable = status.capacity.clone();
        }
        self.describe(status);
        set_conditions(status, cx.now);
        cx.update_status(object).map(|_| ())
    }

    fn describe(&self, status: &mut NodeStatus) {
        let address = |kind: &str, address: String| NodeAddress { type_: kind.to_owned(), address };
        status.addresses = Some(vec![
            address("InternalIP", self.ip()),
            address("Hostname", self.name.to_string()),
        ]);
        status.daemon_endpoints =
            Some(NodeDaemonEndpoints { kubelet_endpoint: Some(DaemonEndpoint { port: 10250 }) });
        status.node_info = Some(NodeSystemInfo {
            architecture: "amd64".to_owned(),
            boot_id: format!("b-{}", self.name),
            container_runtime_version: "containerd://2.1.4".to_owned(),
            kernel_version: "6.12.0".to_owned(),
            kubelet_version: "v1.36.2".to_owned(),
            machine_id: format!("m-{}", self.name),
            operating_system: "linux".to_owned(),
            os_image: "Tabernetes".to_owned(),
            system_uuid: format!("s-{}", self.name),
            ..NodeSystemInfo::default()
        });
    }
}

/// What a node's machine has, by what its object says.
fn capacity(object: &Object) -> Capacity {
    let status = object.get::<Node>().and_then(|node| node.status.as_ref());
    let given = status.and_then(|status| status.capacity.as_ref());
    let text = |name: &str| {
        let own = given.and_then(|given| given.get(name)).map(|amount| amount.0.as_str());
        let usual = CAPACITY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        own.or(usual).unwrap_or("0")
    };
    let unsigned = |amount: Option<i64>| amount.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Capacity {
        cpu_milli: unsigned(quantity::milli_value(text("cpu"))),
        memory_bytes: unsigned(quantity::value(text("memory"))),
        pods: unsigned(quantity::value(text("pods"))),
        disk_bytes: unsigned(quantity::value(text("ephemeral-storage"))),
    }
}

fn set_conditions(status: &mut NodeStatus, now: Time) {
    let stamp = meta::timestamp(now);
    let conditions = status.conditions.get_or_insert_default();
    for (kind, value, reason, message) in CONDITIONS {
        let place = conditions.iter().position(|condition| condition.type_ == kind);
        let known = place.and_then(|index| conditions.get(index));
        let since = known.filter(|condition| condition.status == value);
        let since = since.and_then(|condition| condition.last_transition_time.clone());
        let condition = NodeCondition {
            type_: kind.to_owned(),
            status: value.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_heartbeat_time: Some(stamp.clone()),
            last_transition_time: Some(since.unwrap_or_else(|| stamp.clone())),
        };
        match place.and_then(|index| conditions.get_mut(index)) {
            Some(known) => *known = condition,
            None => conditions.push(condition),
        }
    }
}
