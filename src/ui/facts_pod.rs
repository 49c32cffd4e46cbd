//! What the page draws of a Pod and a Node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::view::{NodeFacts, PodFacts, Tone};
use crate::base::quantity as quantities;

type Amounts = BTreeMap<String, Quantity>;

fn milli(amounts: Option<&Amounts>, name: &str) -> u64 {
    let amount = amounts.and_then(|a| a.get(name)).and_then(|q| quantities::milli_value(&q.0));
    amount.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

fn whole(amounts: Option<&Amounts>, name: &str) -> u64 {
    let amount = amounts.and_then(|a| a.get(name)).and_then(|q| quantities::value(&q.0));
    amount.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

/// The amount `name`, as written.
pub fn amount(amounts: Option<&Amounts>, name: &str) -> String {
    amounts.and_then(|a| a.get(name)).map_or_else(String::new, |q| q.0.clone())
}

/// Access modes in kubectl's short form.
pub fn modes(modes: Option<&Vec<String>>) -> String {
    let short = |mode: &String| match mode.as_str() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "?",
    };
    modes.map_or_else(String::new, |m| m.iter().map(short).collect::<Vec<_>>().join(","))
}

/// A Pod's facts.
pub fn pod(pod: &Pod) -> PodFacts {
    let spec = pod.spec.as_ref();
    let status = pod.status.as_ref();
    let empty = Vec::new();
    let containers = spec.map_or(&empty, |s| &s.containers);
    let none = Vec::new();
    let states = status.and_then(|s| s.container_statuses.as_ref()).unwrap_or(&none);
    let ready = states.iter().filter(|c| c.ready).count();
    let word = status_word(pod);
    let requests = |c: &k8s_openapi::api::core::v1::Container| {
        c.resources.as_ref().and_then(|r| r.requests.clone()).unwrap_or_default()
    };
    let claims = spec.and_then(|s| s.volumes.as_ref()).map_or_else(Vec::new, |volumes| {
        let name = |v: &k8s_openapi::api::core::v1::Volume| {
            v.persistent_volume_claim.as_ref().map(|claim| claim.claim_name.clone())
        };
        volumes.iter().filter_map(name).collect()
    });
    PodFacts {
        tone: tone(&word, ready == containers.len()),
        status: word,
        node: spec.and_then(|s| s.node_name.clone()).filter(|n| !n.is_empty()),
        ip: status.and_then(|s| s.pod_ip.clone()),
        ready: (small(ready), small(containers.len())),
        restarts: states.iter().map(|c| c.restart_count.max(0).cast_unsigned()).sum(),
        cpu: containers.iter().map(|c| milli(Some(&requests(c)), "cpu")).sum(),
        memory: containers.iter().map(|c| whole(Some(&requests(c)), "memory")).sum(),
        images: containers.iter().filter_map(|c| c.image.clone()).collect(),
        claims,
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn tone(word: &str, ready: bool) -> Tone {
    match word {
        "Running" if ready => Tone::Good,
        "Running" | "Pending" | "ContainerCreating" | "PodInitializing" => Tone::Waiting,
        "SchedulingGated" => Tone::Waiting,
        "Succeeded" | "Completed" => Tone::Done,
        "Terminating" => Tone::Leaving,
        "Unknown" => Tone::Unknown,
        word if word.starts_with("Init:") && !word.contains("Err") && !word.contains("Back") => {
            Tone::Waiting
        }
        _ => Tone::Bad,
    }
}

/// The STATUS column. Mirrors `printPod` of pkg/printers/internalversion.
fn status_word(pod: &Pod) -> String {
    let status = pod.status.as_ref();
    let phase = status.and_then(|s| s.phase.clone()).unwrap_or_else(|| "Pending".to_owned());
    let reason = status.and_then(|s| s.reason.clone()).filter(|r| !r.is_empty());
    if pod.metadata.deletion_timestamp.is_some() {
        let lost = reason.as_deref() == Some("NodeLost");
        return if lost { "Unknown" } else { "Terminating" }.to_owned();
    }
    let gated = status.and_then(|s| s.conditions.as_ref()).is_some_and(|conditions| {
        conditions.iter().any(|c| c.reason.as_deref() == Some("SchedulingGated"))
    });
    let mut word = reason.unwrap_or(phase);
    if gated {
        "SchedulingGated".clone_into(&mut word);
    }
    let init = status.and_then(|s| s.init_container_statuses.as_ref());
    let total = init.map_or(0, Vec::len);
    for (n, container) in init.into_iter().flatten().enumerate() {
        let Some(waiting) = init_word(container) else { continue };
        return if waiting.is_empty() {
            format!("Init:{n}/{total}")
        } else {
            format!("Init:{waiting}")
        };
    }
    let containers = status.and_then(|s| s.container_statuses.as_ref());
    let mut running = false;
    for container in containers.into_iter().flatten().rev() {
        match container_word(container.state.as_ref()) {
            Some(found) => word = found,
            None => running |= container.ready,
        }
    }
    if word == "Completed" && running { "Running".to_owned() } else { word }
}

/// Why an init container holds the Pod up: `None` if it does not, empty if it merely runs.
fn init_word(container: &ContainerStatus) -> Option<String> {
    let state = container.state.as_ref();
    match state {
        Some(ContainerState { terminated: Some(end), .. }) if end.exit_code == 0 => None,
        _ if container.started == Some(true) => None,
        Some(ContainerState { terminated: Some(_), .. }) => container_word(state),
        Some(ContainerState { waiting: Some(waiting), .. }) => {
            let reason = waiting.reason.clone().unwrap_or_default();
            Some(if reason == "PodInitializing" { String::new() } else { reason })
        }
        _ => Some(String::new()),
    }
}

fn container_word(state: Option<&ContainerState>) -> Option<String> {
    let state = state?;
    let waiting = state.waiting.as_ref().and_then(|w| w.reason.clone()).filter(|r| !r.is_empty());
    let ended = state.terminated.as_ref().map(|end| {
        let code = match end.signal {
            Some(signal) if signal != 0 => format!("Signal:{signal}"),
            _ => format!("ExitCode:{}", end.exit_code),
        };
        end.reason.clone().filter(|r| !r.is_empty()).unwrap_or(code)
    });
    waiting.or(ended)
}

/// A Node's facts.
pub fn node(node: &Node) -> NodeFacts {
    let role = |key: &String| key.strip_prefix("node-role.kubernetes.io/").map(str::to_owned);
    let labels = node.metadata.labels.as_ref();
    let roles: Vec<_> = labels.into_iter().flatten().filter_map(|(k, _)| role(k)).collect();
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let conditions = status.and_then(|s| s.conditions.as_ref());
    let said = conditions.and_then(|all| all.iter().find(|c| c.type_ == "Ready"));
    let ready = said.is_some_and(|condition| condition.status == "True");
    let closed = spec.and_then(|s| s.unschedulable).unwrap_or(false);
    let taints = spec.and_then(|s| s.taints.as_ref()).map_or_else(Vec::new, |taints| {
        let text = |t: &k8s_openapi::api::core::v1::Taint| match t.value.as_deref() {
            None | Some("") => format!("{}:{}", t.key, t.effect),
            Some(value) => format!("{}={value}:{}", t.key, t.effect),
        };
        taints.iter().map(text).collect()
    });
    let room = status.and_then(|s| s.allocatable.as_ref());
    let word = match said {
        None => "Unknown",
        Some(_) if ready => "Ready",
        Some(_) => "NotReady",
    };
    NodeFacts {
        roles: if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") },
        status: if closed { format!("{word},SchedulingDisabled") } else { word.to_owned() },
        tone: match (ready, closed) {
            (true, false) => Tone::Good,
            (true, true) => Tone::Waiting,
            (false, _) => Tone::Bad,
        },
        taints,
        cpu: milli(room, "cpu"),
        memory: whole(room, "memory"),
        pods: whole(room, "pods"),
    }
}
