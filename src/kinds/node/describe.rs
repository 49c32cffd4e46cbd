//! `kubectl describe node`. Mirrors `describe.describeNode`.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, NodeStatus, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use crate::base::order::Order as _;
use crate::base::quantity::Quantity;
use crate::kinds::cells;
use crate::kinds::describe::pods::{self, Amounts};
use crate::kinds::describe::{Lines, pairs, time};
use crate::kinds::{Lookup, Typed};
use crate::object::{Key, Object};
use crate::sim::Time;

/// Where the kubelets' leases are.
const LEASES: &str = "kube-node-lease";

/// The text; `roles` as listings show them.
pub fn describe(node: &Node, roles: &str, others: &mut dyn Lookup, now: Time) -> String {
    let meta = &node.metadata;
    let spec = node.spec.clone().unwrap_or_default();
    let status = node.status.clone().unwrap_or_default();
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Roles", roles);
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    out.field(0, "CreationTimestamp", time(meta.creation_timestamp.as_ref()));
    let mut taints: Vec<String> = spec
        .taints
        .iter()
        .flatten()
        .map(|taint| match taint.value.as_deref().unwrap_or_default() {
            "" => format!("{}:{}", taint.key, taint.effect),
            value => format!("{}={value}:{}", taint.key, taint.effect),
        })
        .collect();
    taints.order();
    out.list(0, "Taints", taints);
    out.field(0, "Unschedulable", spec.unschedulable.unwrap_or(false));
    lease(&mut out, &cells::name(meta), others);
    conditions(&mut out, &status);
    out.line(0, "Addresses:");
    for address in status.addresses.iter().flatten() {
        out.field(1, &address.type_, &address.address);
    }
    for (title, amounts) in [("Capacity", &status.capacity), ("Allocatable", &status.allocatable)] {
        out.line(0, format!("{title}:"));
        for (name, amount) in amounts.iter().flatten() {
            out.field(1, name, &amount.0);
        }
    }
    system(&mut out, &status);
    for (title, text) in [("PodCIDR", &spec.pod_cidr), ("ProviderID", &spec.provider_id)] {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            out.field(0, title, text);
        }
        if title == "PodCIDR" && spec.pod_cidrs.as_ref().is_some_and(|all| !all.is_empty()) {
            out.field(0, "PodCIDRs", spec.pod_cidrs.clone().unwrap_or_default().join(","));
        }
    }
    load(&mut out, node, &status, others, now);
    out.raw()
}

fn lease(out: &mut Lines, name: &str, others: &mut dyn Lookup) {
    let resource = crate::kinds::lease::Leases::NAMES.resource();
    let found = others.get(&Key::new(resource, LEASES, name));
    let spec = found.as_ref().and_then(|lease| lease.get::<Lease>()?.spec.clone());
    let Some(spec) = spec else {
        out.line(
            0,
            "Lease:\tFailed to get lease: leases.coordination.k8s.io \"".to_owned()
                + name
                + "\" not found",
        );
        return;
    };
    let unset = || "<unset>".to_owned();
    let stamp = |stamp: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime>| {
        let plain =
            stamp.map(|stamp| k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(stamp.0));
        plain.map_or_else(unset, |stamp| time(Some(&stamp)))
    };
    out.line(0, "Lease:");
    out.field(1, "HolderIdentity", spec.holder_identity.unwrap_or_else(unset));
    out.field(1, "AcquireTime", stamp(spec.acquire_time));
    out.field(1, "RenewTime", stamp(spec.renew_time));
}

fn conditions(out: &mut Lines, status: &NodeStatus) {
    let Some(all) = status.conditions.as_ref().filter(|all| !all.is_empty()) else { return };
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in all {
        let beat = time(condition.last_heartbeat_time.as_ref());
        let transition = time(condition.last_transition_time.as_ref());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        out.line(
            1,
            format!(
                "{} \t{} \t{beat} \t{transition} \t{} \t{}",
                condition.type_,
                condition.status,
                text(&condition.reason),
                text(&condition.message)
            ),
        );
    }
}

fn system(out: &mut Lines, status: &NodeStatus) {
    let info = status.node_info.clone().unwrap_or_default();
    out.line(0, "System Info:");
    for (title, text) in [
        ("Machine ID", info.machine_id),
        ("System UUID", info.system_uuid),
        ("Boot ID", info.boot_id),
        ("Kernel Version", info.kernel_version),
        ("OS Image", info.os_image),
        ("Operating System", info.operating_system),
        ("Architecture", info.architecture),
        ("Container Runtime Version", info.container_runtime_version),
        ("Kubelet Version", info.kubelet_version),
    ] {
        out.field(1, title, text);
    }
}

/// `100m (2%)`: an amount and its share of what the node has.
fn share(amounts: &Amounts, name: &str, of: &BTreeMap<String, Amount>) -> String {
    let amount = amounts.get(name).copied().unwrap_or(Quantity::ZERO);
    let room = of.get(name).and_then(|room| Quantity::parse(&room.0).ok());
    let room = room.map(|room| i128::from(room.milli())).filter(|room| *room > 0);
    let percent = room.map_or(0, |room| i128::from(amount.milli()) * 100 / room);
    format!("{amount} ({percent}%)")
}

fn load(out: &mut Lines, node: &Node, status: &NodeStatus, others: &mut dyn Lookup, now: Time) {
    let room = status.allocatable.clone().or_else(|| status.capacity.clone()).unwrap_or_default();
    let is_here = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        pod.spec.as_ref().is_some_and(|spec| spec.node_name == node.metadata.name)
            && !matches!(phase, Some("Succeeded" | "Failed"))
    };
    let all = pods::all(others, "");
    let here: Vec<&Pod> =
        all.iter().filter_map(Object::get::<Pod>).filter(|pod| is_here(pod)).collect();
    out.field(0, "Non-terminated Pods", format!("({} in total)", here.len()));
    out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in here {
        let spec = pod.spec.clone().unwrap_or_default();
        let (asked, capped) = (pods::amounts(&spec, false), pods::amounts(&spec, true));
        let meta = &pod.metadata;
        out.line(
            1,
            format!(
                "{}\t{}\t\t{}\t{}\t{}\t{}\t{}",
                meta.namespace.as_deref().unwrap_or_default(),
                cells::name(meta),
                share(&asked, "cpu", &room),
                share(&capped, "cpu", &room),
                share(&asked, "memory", &room),
                share(&capped, "memory", &room),
                cells::age(meta, now),
            ),
        );
        pods::add(&mut requests, &asked);
        pods::add(&mut limits, &capped);
    }
    out.line(0, "Allocated resources:");
    out.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    out.line(1, "Resource\tRequests\tLimits");
    out.line(1, "--------\t--------\t------");
    for name in ["cpu", "memory", "ephemeral-storage"] {
        let (asked, capped) = (share(&requests, name, &room), share(&limits, name, &room));
        out.line(1, format!("{name}\t{asked}\t{capped}"));
    }
}
