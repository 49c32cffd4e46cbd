//! `kubectl describe networkpolicy`. Mirrors `describe.describeNetworkPolicy`.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};

use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::{Lines, pairs, probe};
use crate::sim::Time;

/// What one direction of traffic is called.
struct Words {
    direction: &'static str,
    peer: &'static str,
    end: &'static str,
}

const INGRESS: Words = Words { direction: "ingress", peer: "From", end: "source" };
const EGRESS: Words = Words { direction: "egress", peer: "To", end: "destination" };

/// A rule: the ports, and who is on the other side.
type Rule<'a> = (&'a [NetworkPolicyPort], &'a [NetworkPolicyPeer]);

/// The text.
pub(super) fn describe(object: &NetworkPolicy) -> String {
    let meta = &object.metadata;
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    let created = meta.creation_timestamp.as_ref().map_or(0, |stamp| stamp.0.as_second());
    out.field(0, "Created on", Time::format_seconds(created, "%Y-%m-%d %H:%M:%S %z UTC"));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    let nothing = Default::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    out.line(0, "Spec:");
    let selector = match cells::label_selector(spec.pod_selector.as_ref()) {
        none if none == NONE => {
            format!("{NONE} (Allowing the specific traffic to all pods in this namespace)")
        }
        selector => selector,
    };
    out.line(1, format!("PodSelector:     {selector}"));
    let ingress = spec.ingress.iter().flatten();
    let ingress = ingress.map(|rule| (list(&rule.ports), list(&rule.from))).collect::<Vec<_>>();
    let egress = spec.egress.iter().flatten();
    let egress = egress.map(|rule| (list(&rule.ports), list(&rule.to))).collect::<Vec<_>>();
    let types = spec.policy_types.as_deref().unwrap_or_default();
    for (name, words, rules) in [("Ingress", INGRESS, ingress), ("Egress", EGRESS, egress)] {
        if types.iter().any(|given| given == name) {
            out.line(1, format!("Allowing {} traffic:", words.direction));
            self::rules(&mut out, &words, &rules);
        } else {
            out.line(1, format!("Not affecting {} traffic", words.direction));
        }
    }
    out.line(1, format!("Policy Types: {}", cells::or_none(Some(types.join(", ")))));
    out.raw()
}

fn list<T>(given: &Option<Vec<T>>) -> &[T] {
    given.as_deref().unwrap_or_default()
}

fn rules(out: &mut Lines, words: &Words, rules: &[Rule<'_>]) {
    let Words { direction, peer, end } = words;
    if rules.is_empty() {
        out.line(2, format!("{NONE} (Selected pods are isolated for {direction} connectivity)"));
    }
    for (index, (ports, peers)) in rules.iter().enumerate() {
        if index > 0 {
            out.line(2, "----------");
        }
        if ports.is_empty() {
            out.line(2, "To Port: <any> (traffic allowed to all ports)");
        }
        for port in *ports {
            let first = port.port.as_ref().map_or_else(|| "<nil>".to_owned(), probe::port);
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            out.line(
                2,
                match port.end_port {
                    None => format!("To Port: {first}/{protocol}"),
                    Some(last) => format!("To Port Range: {first}-{last}/{protocol}"),
                },
            );
        }
        if peers.is_empty() {
            out.line(2, format!("{peer}: <any> (traffic not restricted by {end})"));
        }
        for other in *peers {
            out.line(2, format!("{peer}:"));
            self::peer(out, other);
        }
    }
}

fn peer(out: &mut Lines, peer: &NetworkPolicyPeer) {
    let selectors =
        [("NamespaceSelector", &peer.namespace_selector), ("PodSelector", &peer.pod_selector)];
    for (title, selector) in selectors {
        if selector.is_some() {
            let selector = cells::label_selector(selector.as_ref());
            out.line(3, format!("{title}: {selector}"));
        }
    }
    let selects = peer.namespace_selector.is_some() || peer.pod_selector.is_some();
    if let Some(block) = peer.ip_block.as_ref().filter(|_| !selects) {
        out.line(3, "IPBlock:");
        out.line(4, format!("CIDR: {}", block.cidr));
        out.line(4, format!("Except: {}", list(&block.except).join(", ")));
    }
}
