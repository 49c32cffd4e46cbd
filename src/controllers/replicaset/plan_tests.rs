//! Tables of decisions: which pods go, how many come.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodCondition, PodSpec, PodStatus};

use super::plan::{Action, Wanted, plan};
use crate::object::meta;
use crate::sim::Time;

const NOW: Time = Time::from_seconds(100_000);

/// `name node phase ready-for restarts age cost`, `-` for none; times in seconds.
fn pod(line: &str) -> Pod {
    let mut words = line.split_whitespace();
    let mut word = || words.next().filter(|word| *word != "-").map(str::to_owned);
    let (name, node, phase, ready_for) = (word(), word(), word(), word());
    let (restarts, age, cost) = (word(), word(), word());
    let ago =
        |seconds: String| meta::timestamp(NOW - Duration::from_secs(seconds.parse().unwrap()));
    let ready = ready_for.map(|seconds| PodCondition {
        type_: "Ready".into(),
        status: "True".into(),
        last_transition_time: Some(ago(seconds)),
        ..PodCondition::default()
    });
    let container = ContainerStatus {
        restart_count: restarts.map_or(0, |count| count.parse().unwrap()),
        ..ContainerStatus::default()
    };
    let mut pod = Pod {
        spec: Some(PodSpec { node_name: node, ..PodSpec::default() }),
        status: Some(PodStatus {
            phase,
            conditions: ready.map(|ready| vec![ready]),
            container_statuses: Some(vec![container]),
            ..PodStatus::default()
        }),
        ..Pod::default()
    };
    pod.metadata.uid = name.clone();
    pod.metadata.name = name;
    pod.metadata.creation_timestamp = age.map(ago);
    pod.metadata.annotations =
        cost.map(|cost| [("controller.kubernetes.io/pod-deletion-cost".to_owned(), cost)].into());
    pod
}

/// `pod; pod; … => the order in which they go`
const VICTIMS: &str = "
a n1 Running 50 0 60 -  ;  b -  Pending -  0 60 -   => b a   not yet scheduled
a n1 Running 50 0 60 -  ;  b n2 Pending -  0 60 -   => b a   not yet running
a n1 Pending -  0 60 -  ;  b n2 Unknown -  0 60 -   => a b   pending before unknown
a n1 Unknown -  0 60 -  ;  b n2 Running -  0 60 -   => a b   unknown before running
a n1 Running 50 0 60 -  ;  b n2 Running -  0 60 -   => b a   not ready
a n1 Running 50 0 60 5  ;  b n2 Running 5  0 60 10  => a b   cheaper to delete
a n1 Running 50 0 60 -  ;  b n2 Running 5  0 60 -1  => b a   a negative cost is below none
a n2 Running 9 0 60 - ; b n1 Running 9 0 60 - ; c n1 Running 9 0 60 - => b c a  doubled up on a node
a n1 Running 50 0 90 -  ;  b n2 Running 5  0 90 -   => b a   ready for less time
a n1 Running 50 0 60 -  ;  b n2 Running 50 3 60 -   => b a   restarted more often
a n1 Running 50 0 900 - ;  b n2 Running 50 0 60 -   => b a   younger
b n1 Running 50 0 60 -  ;  a n2 Running 51 0 61 -   => a b   about the same age: by uid
a n1 Running 0  0 60 -  ;  b n2 Running 50 0 60 -   => a b   ready this very moment
";

#[test]
fn the_least_missed_pods_go_first() {
    for line in VICTIMS.lines().filter(|line| !line.is_empty()) {
        let (pods, order) = line.split_once("=>").unwrap();
        let pods: Vec<Pod> = pods.split(';').map(pod).collect();
        let active: Vec<&Pod> = pods.iter().collect();
        let none = Wanted { replicas: 0, min_ready: Duration::ZERO };
        let Action::Delete(victims) = plan(none, &active, &active, NOW).action else {
            panic!("nothing is deleted: {line}")
        };
        let names: Vec<&str> =
            victims.iter().filter_map(|pod| pod.metadata.name.as_deref()).collect();
        let wanted: Vec<&str> = order.split_whitespace().take(names.len()).collect();
        assert_eq!(names, wanted, "{line}");
    }
}

/// desired, current, min ready seconds, pods ready for 5 s -> created, deleted, ready, available, seconds to wait
const COUNTS: &str = "
   0    0  0  0 ->   0   0  0  0  -
   3    0  0  0 ->   3   0  0  0  -
   3    3  0  2 ->   0   0  2  2  -
   3    3  5  2 ->   0   0  2  2  -
   3    3  7  2 ->   0   0  2  0  2
   1    3  0  3 ->   0   2  3  3  -
   0    3  0  0 ->   0   3  0  0  -
 600    0  0  0 -> 500   0  0  0  -
   0  600  0  0 ->   0 500  0  0  -
 600  599  0  0 ->   1   0  0  0  -
";

#[test]
fn counts_decide_how_many_come_and_go() {
    for line in COUNTS.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |index: usize| words[index].parse::<usize>().unwrap();
        let pods: Vec<Pod> = (0..number(1))
            .map(|index| {
                let ready = if index < number(3) { "5" } else { "-" };
                pod(&format!("p{index} n1 Running {ready} 0 9 -"))
            })
            .collect();
        let active: Vec<&Pod> = pods.iter().collect();
        let min_ready = Duration::from_secs(words[2].parse().unwrap());
        let plan = plan(Wanted { replicas: number(0), min_ready }, &active, &active, NOW);
        let (created, deleted) = match &plan.action {
            Action::Nothing => (0, 0),
            Action::Create(count) => (*count, 0),
            Action::Delete(victims) => (0, victims.len()),
        };
        let wait = plan.next_available.map_or("-".into(), |at| at.since(NOW).as_secs().to_string());
        let got = format!("{created} {deleted} {} {} {wait}", plan.ready, plan.available);
        assert_eq!(got, words[5..].join(" "), "{line}");
    }
}
