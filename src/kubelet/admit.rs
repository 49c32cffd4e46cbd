//! Whether a node takes a pod that was bound to it past the scheduler.
//! Mirrors `pkg/kubelet/lifecycle/predicate.go`, as far as host ports and sysctls go.

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use crate::kinds::pod_template::SAFE_SYSCTLS;
use crate::object::Object;

/// Why a node refuses a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The predicate that failed.
    pub reason: &'static str,
    /// What is said of it.
    pub message: String,
}

/// A port of the node itself: number, protocol, address.
type HostPort<'a> = (i32, &'a str, &'a str);

fn host_ports(spec: &PodSpec) -> impl Iterator<Item = HostPort<'_>> {
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).flat_map(|c| c.ports.iter().flatten());
    ports.filter_map(|port| {
        let number = port.host_port.filter(|number| *number > 0)?;
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let address = port.host_ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or(ANY);
        Some((number, protocol, address))
    })
}

const ANY: &str = "0.0.0.0";

fn conflict(a: HostPort<'_>, b: HostPort<'_>) -> bool {
    (a.0, a.1) == (b.0, b.1) && (a.2 == b.2 || a.2 == ANY || b.2 == ANY)
}

/// A sysctl that no pod may set here. Mirrors `pkg/kubelet/sysctl/allowlist.go`.
fn forbidden_sysctl(pod: &Pod) -> Option<Rejection> {
    let context = pod.spec.as_ref()?.security_context.as_ref()?;
    let mut names = context.sysctls.iter().flatten().map(|sysctl| sysctl.name.replace('/', "."));
    let name = names.find(|name| !SAFE_SYSCTLS.contains(&name.as_str()))?;
    let message = format!("forbidden sysctl: {name:?} not allowlisted");
    Some(Rejection { reason: "SysctlForbidden", message })
}

/// Why a node with these other pods, none of which has ended, refuses one more.
pub fn rejection<'a>(pod: &Pod, others: impl Iterator<Item = &'a Object>) -> Option<Rejection> {
    if let Some(rejection) = forbidden_sysctl(pod) {
        return Some(rejection);
    }
    let wanted: Vec<HostPort<'_>> = pod.spec.as_ref().map(|s| host_ports(s).collect())?;
    if wanted.is_empty() {
        return None;
    }
    let taken = others.filter_map(|other| other.get::<Pod>()?.spec.as_ref()).flat_map(host_ports);
    let mut taken = taken.filter(|port| wanted.iter().any(|own| conflict(*own, *port)));
    taken.next().map(|_| Rejection {
        reason: "NodePorts",
        message:
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod \
                  ports"
                .to_owned(),
    })
}
