//! Tables of decisions: how many pods may be disrupted.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::plan::{Inputs, go_selector, plan};
use crate::object::{codec, meta};
use crate::sim::Time;

const NOW: Time = Time::from_seconds(100_000);

/// `R`eady, `N`ot ready, `D`eleted, `E`victed and still ready, `O`nce evicted long ago.
fn pod(number: usize, letter: &str) -> Pod {
    let ready = if letter == "N" { "False" } else { "True" };
    let mut pod: Pod = codec::decode(
        &serde_yaml::from_str(&format!(
            "{{metadata: {{name: {letter}{number}}}, status: {{conditions: [{{type: Ready, \
             status: '{ready}'}}]}}}}"
        ))
        .unwrap(),
    )
    .unwrap();
    if letter == "D" {
        pod.metadata.deletion_timestamp = Some(meta::timestamp(NOW));
    }
    pod
}

/// `a budget | its pods | the scales of their controllers => allowed, of healthy/desired/expected`
const BUDGETS: &str = "
minAvailable: 2        | R R R     | 3   => 1 of 3/2/3
minAvailable: 2        | R R N     | 3   => 0 of 2/2/3
minAvailable: 2        | R R R D   | 3   => 1 of 3/2/4
minAvailable: 2        | R R R E   | 4   => 1 of 3/2/4 wait 110
minAvailable: 2        | R R R O   | 4   => 2 of 4/2/4 stayed
minAvailable: 0        |           | -   => 0 of 0/0/0
minAvailable: 50%      | R R R     | 5   => 0 of 3/3/5
minAvailable: 50%      | R R R R   | 2 3 => 1 of 4/3/5
minAvailable: 100%     | R R R     | 3   => 0 of 3/3/3
maxUnavailable: 1      | R R R     | 3   => 1 of 3/2/3
maxUnavailable: 1      | R R N     | 3   => 0 of 2/2/3
maxUnavailable: 10     | R R       | 2   => 2 of 2/0/2
maxUnavailable: 30%    | R R R     | 3   => 1 of 3/2/3
maxUnavailable: 0      | R R R     | 3   => 0 of 3/3/3
maxUnavailable: 1      | R         | !   => 0 of 0/0/0 failed
minAvailable: 1        | R R       | !   => 1 of 2/1/2
";

#[test]
fn numbers_decide_how_many_may_go() {
    let mut wrong = Vec::new();
    for line in BUDGETS.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once("=>").unwrap();
        let [spec, pods, scales] = given.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("three parts: {line}")
        };
        let mut budget: PodDisruptionBudget =
            codec::decode(&serde_yaml::from_str(&format!("{{spec: {{{spec}}}}}")).unwrap())
                .unwrap();
        let pods: Vec<Pod> = pods
            .split_whitespace()
            .enumerate()
            .map(|(number, letter)| pod(number, letter))
            .collect();
        let evicted = pods.iter().filter_map(|pod| {
            let name = pod.metadata.name.clone()?;
            let ago = match name.chars().next()? {
                'E' => 10,
                'O' => 130,
                _ => return None,
            };
            Some((name, meta::timestamp(NOW - Duration::from_secs(ago))))
        });
        let evicted: BTreeMap<_, _> = evicted.collect();
        budget.status.get_or_insert_default().disrupted_pods = Some(evicted);
        let scales = match scales {
            "!" => Err("found no controllers for pod \"x\"".to_owned()),
            scales => Ok(scales
                .split_whitespace()
                .filter_map(|scale| scale.parse().ok())
                .enumerate()
                .map(|(number, scale)| (number.to_string(), scale))
                .collect()),
        };
        let inputs = Inputs { pods: pods.iter().collect(), scales, has_unmanaged: false };
        let plan = plan(&budget, &inputs, NOW);
        let number = |number: Option<i32>| number.unwrap_or(0);
        let status = &plan.status;
        let mut found = format!(
            "{} of {}/{}/{}",
            number(status.disruptions_allowed),
            number(status.current_healthy),
            number(status.desired_healthy),
            number(status.expected_pods)
        );
        if let Some(wait) = plan.wait {
            found.push_str(&format!(" wait {}", wait.as_secs()));
        }
        if !plan.stayed.is_empty() {
            found.push_str(" stayed");
        }
        if plan.failure.is_some() {
            found.push_str(" failed");
        }
        let condition = &status.conditions.as_ref().unwrap()[0];
        assert_eq!(condition.status == "True", number(status.disruptions_allowed) > 0, "{line}");
        if found != wanted.trim() {
            wrong.push(format!("{given}=> {found}"));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn a_selector_reads_as_go_prints_it() {
    let selector =
        "{matchLabels: {app: web}, matchExpressions: [{key: a, operator: In, values: [b, c]}]}";
    let selector = codec::decode(&serde_yaml::from_str(selector).unwrap()).unwrap();
    assert_eq!(
        go_selector(&selector),
        "&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:\
         []LabelSelectorRequirement{LabelSelectorRequirement{Key:a,Operator:In,Values:[b c],},},}"
    );
}
