//! Tables: from usage to replicas, and from wishes to what is set.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior,
};
use k8s_openapi::api::core::v1::{
    Container, Pod, PodCondition, PodSpec, PodStatus, ResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::calculator::{Input, Sample, Target, Tolerance, replicas};
use super::limits::{Memory, Wish, normalize};
use crate::base::small_map::SmallMap;
use crate::controllers::Settings;
use crate::object::meta;
use crate::sim::Time;

const NOW: Time = Time::from_seconds(100_000);

/// A pod called by its number, from a word of `USAGE`: a usage in thousandths of a core, after
/// `u` of a pod that is not ready; or `m`issing, `p`ending, `f`ailed.
fn pod(index: usize, word: &str, request: Option<&str>) -> (Pod, Option<Sample>) {
    let name = index.to_string();
    let amount = word.trim_start_matches('u').parse::<i64>().ok();
    let phase = match word {
        "p" => "Pending",
        "f" => "Failed",
        _ => "Running",
    };
    let ready = PodCondition {
        type_: "Ready".to_owned(),
        status: if word.starts_with('u') { "False" } else { "True" }.to_owned(),
        last_transition_time: Some(meta::timestamp(NOW - Duration::from_secs(50))),
        ..PodCondition::default()
    };
    let requests = request.map(|request| [("cpu".to_owned(), Quantity(request.to_owned()))].into());
    let container = Container {
        name: "c".to_owned(),
        resources: Some(ResourceRequirements { requests, ..ResourceRequirements::default() }),
        ..Container::default()
    };
    let mut pod = Pod {
        spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }),
        status: Some(PodStatus {
            phase: Some(phase.to_owned()),
            start_time: Some(meta::timestamp(NOW - Duration::from_secs(60))),
            conditions: Some(vec![ready]),
            ..PodStatus::default()
        }),
        ..Pod::default()
    };
    pod.metadata.name = Some(name);
    let window = Duration::from_secs(15);
    (pod, amount.map(|milli| Sample { milli, at: NOW, window }))
}

/// request | target | pods => replicas utilization ratio, or the fault
const USAGE: &str = "
100m | 50% | 100            => 2 100 2.000
100m | 50% | 50 50 50       => 3 50 1.000
100m | 50% | 55 55 55       => 3 55 1.100
100m | 50% | 45 45 45       => 3 45 0.900
100m | 50% | 56 56 56       => 4 56 1.120
100m | 50% | 20 20 20       => 2 20 0.400
100m | 10% | 310            => 31 310 31.000
100m | 50% | 100 m          => 2 100 1.000
100m | 50% | 200 m          => 4 200 2.000
100m | 50% | 10 10 10 m     => 3 10 0.640
100m | 50% | 10 10 10 10 m  => 3 10 0.560
100m | 50% | 200 p          => 4 200 2.000
100m | 50% | 200 u500       => 4 200 2.000
100m | 50% | 10 u500        => 1 10 0.200
100m | 50% | 200 f          => 4 200 4.000
100m | 50% | u50 p          => did not receive metrics for targeted pods (pods might be unready)
100m | 50% | m m            => did not receive metrics for targeted pods (pods might be unready)
100m | 50% |                => no pods returned by selector while calculating replica count
-    | 50% | 10             => missing request for cpu in container c of Pod 0
-    | 50m | 100 100        => 4 - 2.000
-    | 50m | 10 m           => 2 - 0.600
";

#[test]
fn usage_and_target_decide_how_many() {
    for line in USAGE.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once("=>").unwrap();
        let parts: Vec<&str> = given.split('|').map(str::trim).collect();
        let request = Some(parts[0]).filter(|request| *request != "-");
        let target = match parts[1].strip_suffix('%') {
            Some(percent) => Target::Utilization(percent.parse().unwrap()),
            None => Target::AverageValue(parts[1].trim_end_matches('m').parse().unwrap()),
        };
        let made: Vec<(Pod, Option<Sample>)> = parts[2]
            .split_whitespace()
            .enumerate()
            .map(|(i, word)| pod(i, word, request))
            .collect();
        let pods: Vec<&Pod> = made.iter().map(|(pod, _)| pod).collect();
        let samples: SmallMap<String, Sample> = made
            .iter()
            .filter_map(|(pod, sample)| Some((pod.metadata.name.clone()?, (*sample)?)))
            .collect();
        let current = i32::try_from(pods.len()).unwrap();
        let input = Input {
            pods: &pods,
            samples,
            resource: "cpu",
            container: "",
            target,
            tolerance: Tolerance { up: 100, down: 100 },
            settings: Settings::default(),
            current,
            now: NOW,
        };
        let got = match replicas(input) {
            Err(why) => why,
            Ok(proposal) => {
                let utilization = proposal.utilization.map_or("-".to_owned(), |u| u.to_string());
                let (whole, rest) = (proposal.ratio / 1000, proposal.ratio % 1000);
                format!("{} {utilization} {whole}.{rest:03}", proposal.replicas)
            }
        };
        assert_eq!(got, wanted.trim(), "{line}");
    }
}

/// Plays `desired` at each look, 15 s apart, of an autoscaler between 1 and `max`.
fn play(
    max: i32,
    behavior: Option<&HorizontalPodAutoscalerBehavior>,
    looks: &[i32],
) -> Vec<String> {
    let mut memory = Memory::default();
    let mut current = 1;
    let mut steps = Vec::new();
    for (look, desired) in looks.iter().enumerate() {
        let now = NOW + Duration::from_secs(15 * look as u64);
        let wish = Wish { current, desired: *desired, min: 1, max };
        let done = normalize(wish, behavior, Settings::default(), &mut memory, now);
        if done.replicas != current {
            memory.scaled(now, done.replicas - current);
        }
        current = done.replicas;
        steps.push(format!("{current} {}", done.limited.1.0));
    }
    steps
}

#[test]
fn without_rules_replicas_at_most_double_and_sink_after_five_minutes() {
    let mut looks = vec![31, 40, 40, 10];
    looks.extend([2; 20]);
    let steps = play(10, None, &looks);
    assert_eq!(
        steps[..4],
        ["4 ScaleUpLimit", "8 ScaleUpLimit", "10 TooManyReplicas", "10 TooManyReplicas"]
    );
    // The wish for 40 was heard at 30 s, that for 10 at 45 s: each holds for 300 s.
    assert_eq!(steps[21], "10 TooManyReplicas");
    assert_eq!(steps[22], "10 DesiredWithinRange");
    assert_eq!(steps[23], "2 DesiredWithinRange");
}

#[test]
fn policies_count_from_the_start_of_their_period() {
    let rules = |type_: &str, value| {
        let policy = HPAScalingPolicy { period_seconds: 15, type_: type_.to_owned(), value };
        Some(HPAScalingRules {
            policies: Some(vec![policy]),
            stabilization_window_seconds: Some(0),
            ..HPAScalingRules::default()
        })
    };
    let behavior = HorizontalPodAutoscalerBehavior {
        scale_up: rules("Pods", 3),
        scale_down: rules("Percent", 50),
    };
    let steps = play(12, Some(&behavior), &[30, 30, 30, 30, 30, 1, 1, 1, 1, 1]);
    let wanted = [
        "4 ScaleUpLimit",
        "7 ScaleUpLimit",
        "10 ScaleUpLimit",
        "12 TooManyReplicas",
        "12 TooManyReplicas",
        "6 ScaleDownLimit",
        "3 ScaleDownLimit",
        "1 DesiredWithinRange",
        "1 DesiredWithinRange",
        "1 DesiredWithinRange",
    ];
    assert_eq!(steps, wanted);
}
