//! Rollouts as tables, and all small rollouts.

use super::plan::{Input, Plan, Step, plan};
use super::set::{Bounds, Set};
use crate::sim::Time;

/// `name replicas/available[/desired/max]` of a set, made at second `created`.
fn set(text: &str, created: u64) -> Set {
    let (name, numbers) = text.trim().split_once(' ').unwrap();
    let numbers: Vec<i32> = numbers.split('/').map(|n| n.trim().parse().unwrap()).collect();
    Set {
        name: name.to_owned(),
        created: Time::from_seconds(created),
        revision: created.cast_signed(),
        replicas: numbers[0],
        actual: numbers[0],
        ready: numbers[1],
        available: numbers[1],
        desired: numbers.get(2).copied(),
        max: numbers.get(3).copied(),
        up_to_date: true,
        ..Set::default()
    }
}

fn input(bounds: Bounds, old: Vec<Set>, new: Option<Set>) -> Input {
    Input {
        bounds,
        new,
        old,
        paused: false,
        old_pods_running: false,
        complete: false,
        history_limit: Some(1),
        status_replicas: 0,
    }
}

fn steps(plan: &Plan) -> String {
    let steps = plan.steps.iter().map(|step| match step {
        Step::Create(replicas) => format!("create {replicas}"),
        Step::Scale { name, from, to } => format!("{name} {from}->{to}"),
        Step::Delete(name) => format!("delete {name}"),
    });
    steps.collect::<Vec<_>>().join(", ")
}

/// replicas surge unavailable | old sets | new set => steps
const ROLLING: &str = "
 3 1 0 |                 |                => create 3
 4 1 1 | a 4/4           |                => create 1, a 4->3
 4 1 1 | a 3/3           | b 1/0          => b 1->2
 4 1 1 | a 3/3           | b 2/0          =>
 4 1 1 | a 3/3           | b 2/1          => a 3->2
 4 1 1 | a 3/3           | b 2/2          => a 3->1
 4 1 1 | a 1/1           | b 2/2          => b 2->4
 4 1 1 | a 1/1           | b 4/4          => a 1->0
 4 1 1 | a 0/0           | b 4/4          =>
 10 3 2 | a 8/8          | b 5/0          =>
 10 3 2 | a 10/8         | b 3/0          => a 10->8
 10 0 3 | a 5/2; c 5/5   | b 0/0          => a 5->2
 4 1 1 | a 4/0           | b 1/0          => a 4->3
 3 1 1 | a 3/4           | b 1/0          =>
 4 1 1 | a 2/3; c 1/1    | b 1/1          => b 1->2
 4 1 1 | a 2/2; c 2/3    | b 1/1          =>
 3 1 0 |                 | b 5/5          => b 5->3
 0 1 0 | a 2/2           | b 0/0          => a 2->0
";

/// The same, after the number of replicas has changed (sets carry desired/max of before).
const SCALING: &str = "
 5 1 1 |                       | b 3/3/3/4    => b 3->5
 5 1 1 | a 3/3/3/4             | b 0/0        => a 3->5
 30 3 2 | a 8/8/10/13          | b 5/0/10/13  => a 8->20, b 5->13
 15 3 2 | a 8/8/10/13          | b 5/0/10/13  => a 8->11, b 5->7
 5 3 2 | a 8/8/10/13           | b 5/0/10/13  => a 8->5, b 5->3
 0 0 0 | a 8/8/10/13           | b 5/0/10/13  => a 8->0, b 5->0
 12 3 0 | a 5/5/10/13; c 3/3/10/13 | b 5/0/10/13 => b 5->6, a 5->6, c 3->3
 10 3 2 | a 2/2/10/13          | b 10/10/10/13 => a 2->0
";

fn case(line: &str) -> (Input, String) {
    let (given, wanted) = line.split_once("=>").unwrap();
    let parts: Vec<&str> = given.split('|').collect();
    let counts: Vec<i32> = parts[0].split_whitespace().map(|n| n.parse().unwrap()).collect();
    let [replicas, surge, unavailable] = counts[..] else { panic!("{line}") };
    let bounds = Bounds { replicas, rolling: true, surge, unavailable };
    let old = parts[1].split(';').filter(|text| !text.trim().is_empty());
    let old = old.zip(1..).map(|(text, created)| set(text, created)).collect();
    let new = Some(parts[2]).filter(|text| !text.trim().is_empty()).map(|text| set(text, 9));
    (input(bounds, old, new), wanted.trim().to_owned())
}

#[test]
fn rollouts_go_step_by_step() {
    for line in ROLLING.lines().filter(|line| !line.is_empty()) {
        let (input, wanted) = case(line);
        assert_eq!(steps(&plan(input)), wanted, "{line}");
    }
}

#[test]
fn a_change_of_replicas_is_shared_out() {
    for line in SCALING.lines().filter(|line| !line.is_empty()) {
        let (input, wanted) = case(line);
        assert_eq!(
            steps(&plan(Input { paused: true, history_limit: None, ..input })),
            wanted,
            "{line}"
        );
    }
}

#[test]
fn recreating_waits_for_the_last_old_pod() {
    let bounds = Bounds { replicas: 2, rolling: false, surge: 0, unavailable: 0 };
    let stop = input(bounds, vec![set("a 2/2", 1)], None);
    assert_eq!(steps(&plan(stop)), "a 2->0");
    let stopped = input(bounds, vec![set("a 0/0", 1)], None);
    let waiting = Input { old_pods_running: true, ..stopped.clone() };
    assert_eq!(steps(&plan(waiting)), "");
    assert_eq!(steps(&plan(stopped)), "create 2");
}

#[test]
fn old_empty_sets_go_oldest_revision_first() {
    let bounds = Bounds { replicas: 1, rolling: true, surge: 1, unavailable: 0 };
    let old = (1..=4).map(|n| set(&format!("s{n} 0/0"), n)).collect();
    let done = Input { complete: true, ..input(bounds, old, Some(set("new 1/1", 9))) };
    assert_eq!(steps(&plan(done)), "delete s1, delete s2, delete s3");
}

/// Every rollout of up to six replicas ends with all pods new, whatever its bounds, and on the
/// way never has more pods, nor fewer available ones, than it may.
#[test]
fn every_small_rollout_keeps_its_bounds_and_ends() {
    for replicas in 0..=6 {
        for surge in 0..=3 {
            for unavailable in 0..=3_i32.min(replicas) {
                if surge + unavailable > 0 {
                    roll(Bounds { replicas, rolling: true, surge, unavailable });
                }
            }
        }
    }
}

fn roll(bounds: Bounds) {
    let n = bounds.replicas;
    let mut old = vec![set(&format!("a {n}/{n}"), 1)];
    let mut new = Some(set("b 0/0", 2));
    for _ in 0..40 {
        let plan = plan(Input { history_limit: None, ..input(bounds, old, new) });
        let total: i32 = plan.sets().map(|set| set.replicas).sum();
        let available: i32 = plan.sets().map(|set| set.available.min(set.replicas)).sum();
        assert!(total <= bounds.most(), "{bounds:?}: {total} pods");
        assert!(available >= bounds.fewest(), "{bounds:?}: {available} available");
        if plan.steps.is_empty() {
            assert_eq!((plan.old[0].replicas, plan.new.unwrap().replicas), (0, n), "{bounds:?}");
            return;
        }
        // Then the world follows: every pod that is wanted is there and available.
        let follow = |set: Set| Set { available: set.replicas, actual: set.replicas, ..set };
        (old, new) = (plan.old.into_iter().map(follow).collect(), plan.new.map(follow));
    }
    panic!("{bounds:?}: the rollout does not end");
}
