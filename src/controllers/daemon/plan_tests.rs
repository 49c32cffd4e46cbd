//! Tables of decisions: which nodes get a pod, and which pods go.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet,
};
use k8s_openapi::api::core::v1::{
    Node, NodeSpec, Pod, PodCondition, PodSpec, PodStatus, Taint, Toleration,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::eligibility::eligible;
use super::plan::{Input, plan};
use super::template;
use crate::object::meta;
use crate::sim::Time;

const NOW: Time = Time::from_seconds(100_000);

fn node(name: &str, taints: &[(&str, &str)]) -> Node {
    let taint = |(key, effect): &(&str, &str)| Taint {
        key: (*key).into(),
        effect: (*effect).into(),
        ..Taint::default()
    };
    let mut node = Node {
        spec: Some(NodeSpec {
            taints: Some(taints.iter().map(taint).collect()),
            ..NodeSpec::default()
        }),
        ..Node::default()
    };
    node.metadata.name = Some(name.into());
    node.metadata.labels = Some([("name".to_owned(), name.to_owned())].into());
    node
}

/// `maxUnavailable/maxSurge`, or `D` for OnDelete.
fn set(strategy: &str, min_ready: i32) -> DaemonSet {
    let bound = |text: &str| match text.parse() {
        Ok(count) => IntOrString::Int(count),
        Err(_) => IntOrString::String(text.to_owned()),
    };
    let bounds = strategy.split_once('/').map(|(missing, surge)| RollingUpdateDaemonSet {
        max_unavailable: Some(bound(missing)),
        max_surge: Some(bound(surge)),
    });
    DaemonSet {
        spec: Some(DaemonSetSpec {
            min_ready_seconds: Some(min_ready),
            update_strategy: Some(DaemonSetUpdateStrategy {
                type_: Some(if bounds.is_some() { "RollingUpdate" } else { "OnDelete" }.into()),
                rolling_update: bounds,
            }),
            ..DaemonSetSpec::default()
        }),
        ..DaemonSet::default()
    }
}

/// `n1:Rb`: its node (`~n1` before it is bound), its state and its revision. `R` ready for 50 s,
/// `Y` for 5 s, `N` running but not ready, `F` failed, `S` succeeded, `T` ready and terminating.
fn pod(index: usize, word: &str) -> Pod {
    let (place, rest) = word.split_once(':').unwrap();
    let (state, revision) = rest.split_at(1);
    let phase = match state {
        "F" => "Failed",
        "S" => "Succeeded",
        _ => "Running",
    };
    let ready = match state {
        "R" | "T" => Some(50),
        "Y" => Some(5),
        _ => None,
    };
    let condition = |ago| PodCondition {
        type_: "Ready".into(),
        status: "True".into(),
        last_transition_time: Some(meta::timestamp(NOW - Duration::from_secs(ago))),
        ..PodCondition::default()
    };
    let name = place.trim_start_matches('~');
    let template = template::for_node(&Default::default(), None, revision, name);
    let bound = (!place.starts_with('~')).then(|| name.to_owned());
    let mut pod = Pod {
        metadata: template.metadata.unwrap_or_default(),
        spec: Some(PodSpec { node_name: bound, ..template.spec.unwrap_or_default() }),
        status: Some(PodStatus {
            phase: Some(phase.into()),
            conditions: ready.map(|ago| vec![condition(ago)]),
            ..PodStatus::default()
        }),
    };
    pod.metadata.name = Some(format!("p{index}"));
    pod.metadata.deletion_timestamp = Some(meta::timestamp(NOW)).filter(|_| state == "T");
    pod
}

/// `strategy min-ready | pods (p0, p1 …) => nodes that get one ; pods that go`; on three nodes,
/// revision `b` being the template's.
const DECISIONS: &str = "
1/0 0 |                                  => n1 n2 n3 ;
1/0 0 | n1:Rb n2:Rb n3:Rb                => ;
1/0 0 | n1:Rb ~n2:Nb                     => n3 ;
1/0 0 | n1:Rb n2:Rb n3:Tb                => ;
1/0 0 | n1:Rb n1:Rb n2:Rb n3:Rb          => ; p1
1/0 0 | ~n1:Nb n1:Rb n2:Rb n3:Rb         => ; p0
1/0 0 | n1:Fb n2:Sb n3:Rb                => ; p0 p1
1/0 0 | n1:Rb n2:Rb n3:Rb n9:Rb ~n8:Nb   => ; p4
1/0 0 | n1:Ra n2:Ra n3:Ra                => ; p0
2/0 0 | n1:Ra n2:Ra n3:Ra                => ; p0 p1
34%/0 0 | n1:Ra n2:Ra n3:Ra              => ; p0 p1
1/0 0 | n1:Nb n2:Ra n3:Ra                => ;
1/0 9 | n1:Yb n2:Ra n3:Ra                => ;
1/0 0 | n1:Na n2:Ra n3:Na                => ; p0 p2
1/0 0 | n1:Ta n2:Ra n3:Ra                => ;
D   0 | n1:Ra n2:Ra n3:Ra                => ;
D   0 | n1:Ra n2:Ra                      => n3 ;
0/1 0 | n1:Ra n2:Ra n3:Ra                => n1 ;
0/2 0 | n1:Ra n2:Ra n3:Ra                => n1 n2 ;
0/1 0 | n1:Ra n1:Nb n2:Ra n3:Ra          => ;
0/1 0 | n1:Ra n1:Rb n2:Ra n3:Ra          => ; p0
0/1 9 | n1:Ra n1:Yb n2:Ra n3:Ra          => ;
0/1 0 | n1:Na n1:Nb n2:Ra n3:Ra          => ; p0
0/1 0 | n1:Na n2:Na n3:Ra                => n1 n2 n3 ;
0/1 0 | n1:Ta n2:Rb n3:Rb                => n1 ;
";

#[test]
fn every_node_gets_a_pod_and_an_update_keeps_its_bounds() {
    let nodes = ["n1", "n2", "n3"].map(|name| node(name, &[]));
    let nodes: Vec<&Node> = nodes.iter().collect();
    for line in DECISIONS.lines().filter(|line| !line.is_empty()) {
        let (case, expected) = line.split_once("=>").unwrap();
        let (words, pods) = case.split_once('|').unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        let set = set(words[0], words[1].parse().unwrap());
        let pods: Vec<Pod> =
            pods.split_whitespace().enumerate().map(|(index, word)| pod(index, word)).collect();
        let pods: Vec<&Pod> = pods.iter().collect();
        let backoff = |_: &str| None;
        let input =
            Input { set: &set, hash: "b", nodes: &nodes, pods: &pods, backoff: &backoff, now: NOW };
        let plan = plan(&input);
        let found = format!("{} ; {}", plan.create.join(" "), plan.delete.join(" "));
        assert_eq!(found.trim(), expected.trim(), "{line}");
    }
}

#[test]
fn the_new_pod_of_a_surge_is_looked_at_again_when_it_becomes_available() {
    let (only, set) = (node("n1", &[]), set("0/1", 10));
    let pods = [pod(0, "n1:Ra"), pod(1, "n1:Yb")];
    let plan = plan(&Input {
        set: &set,
        hash: "b",
        nodes: &[&only],
        pods: &[&pods[0], &pods[1]],
        backoff: &|_| None,
        now: NOW,
    });
    assert!(!plan.changes_pods());
    assert_eq!(plan.next_available, Some(NOW + Duration::from_secs(5)));
}

#[test]
fn a_failed_pod_is_left_alone_for_a_while() {
    let (only, set) = (node("n1", &[]), set("1/0", 0));
    let failed = pod(0, "n1:Fb");
    let waits = |delay: Option<Duration>| {
        let backoff = |_: &str| delay;
        let input = Input {
            set: &set,
            hash: "b",
            nodes: &[&only],
            pods: &[&failed],
            backoff: &backoff,
            now: NOW,
        };
        let plan = plan(&input);
        (plan.delete.len(), plan.stopped.len(), plan.retry)
    };
    assert_eq!(waits(None), (1, 1, None));
    let second = Some(Duration::from_secs(1));
    assert_eq!(waits(second), (0, 0, second));
}

#[test]
fn back_off_doubles_until_it_has_long_been_over() {
    let mut backoff = super::backoff::Backoff::default();
    let mut now = NOW;
    let mut delays = Vec::new();
    for pause in [1, 2, 4, 1801, 1] {
        backoff.next("x".into(), now);
        delays.push(backoff.under_way("x", now).unwrap().as_secs());
        now = now + Duration::from_secs(pause);
        assert!(backoff.under_way("x", now).is_none(), "after {pause} s");
    }
    assert_eq!(delays, [1, 2, 4, 8, 1]);
}

/// `taint key and effect | toleration of the set (key) | node selector => runs stays`
const NODES: &str = "
-                              | -   | -  => true true
a NoSchedule                   | -   | -  => false true
a NoExecute                    | -   | -  => false false
a PreferNoSchedule             | -   | -  => true true
a NoExecute                    | a   | -  => true true
node.kubernetes.io/not-ready NoExecute | - | - => true true
node.kubernetes.io/unschedulable NoSchedule | - | - => true true
node.kubernetes.io/network-unavailable NoSchedule | - | - => false true
-                              | -   | n1 => true true
-                              | -   | n2 => false false
";

#[test]
fn taints_and_selectors_say_which_nodes_run_a_pod() {
    for line in NODES.lines().filter(|line| !line.is_empty()) {
        let (case, expected) = line.split_once("=>").unwrap();
        let columns: Vec<&str> = case.split('|').map(str::trim).collect();
        let taint: Vec<(&str, &str)> = columns[0].split_once(' ').into_iter().collect();
        let mut spec = DaemonSetSpec::default();
        let pod = spec.template.spec.get_or_insert_default();
        pod.tolerations = (columns[1] != "-").then(|| {
            vec![Toleration {
                key: Some(columns[1].into()),
                operator: Some("Exists".into()),
                ..Toleration::default()
            }]
        });
        pod.node_selector =
            (columns[2] != "-").then(|| [("name".into(), columns[2].into())].into());
        let found = eligible(&spec, &node("n1", &taint));
        assert_eq!(format!("{} {}", found.runs, found.stays), expected.trim(), "{line}");
    }
}
