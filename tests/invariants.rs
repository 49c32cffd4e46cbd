//! Random people and random faults, from seeds: after every step of the cluster everything that
//! must always hold is looked at. `SEEDS=first..end cargo test --test invariants -- --nocapture`
//! runs others, and says how many steps were checked.

use std::time::Duration;

use tabernetes::cluster::{Control, NodeSpec, check_invariants};
use tabernetes::scenario::{Input, Session};
use tabernetes::sim::Rng;

/// What is there from the start: one of every workload, a budget, a quota, volumes.
const MANIFEST: &str = include_str!("invariants.yaml");
/// How many things happen in a run.
const EVENTS: u64 = 30;

fn one_of(rng: &mut Rng, things: [&'static str; 3]) -> &'static str {
    let [first, second, third] = things;
    match rng.below(3) {
        0 => first,
        1 => second,
        _ => third,
    }
}

/// What a person does next.
fn command(rng: &mut Rng) -> String {
    let count = rng.below(6);
    let image = one_of(rng, ["nginx:1.25", "nginx:1.26", "nginx:nope"]);
    let node = one_of(rng, ["node1", "node2", "node3"]);
    match rng.below(12) {
        0 => format!("kubectl scale deployment web --replicas={count}"),
        1 => format!("kubectl set image deployment/web c={image}"),
        2 => format!("kubectl scale statefulset db --replicas={}", count.min(3)),
        3 => format!("kubectl set image statefulset/db c={image}"),
        4 => format!("kubectl set image daemonset/agent c={image}"),
        5 => "kubectl delete pods -l app=web --wait=false".to_owned(),
        6 => "kubectl delete pods --all --wait=false --grace-period=0 --force".to_owned(),
        7 => format!("kubectl cordon {node}"),
        8 => format!("kubectl uncordon {node}"),
        9 => "kubectl delete replicasets --all --wait=false".to_owned(),
        10 => "kubectl delete deployment web --wait=false --cascade=orphan".to_owned(),
        _ => "kubectl apply -f all.yaml".to_owned(),
    }
}

/// What breaks next, or is mended.
fn fault(rng: &mut Rng) -> Control {
    let node = one_of(rng, ["node1", "node2", "node3"]).to_owned();
    match rng.below(4) {
        0 => Control::Silence(node),
        1 => Control::AddNode(NodeSpec::worker("node3")),
        2 => Control::RemoveNode("node3".to_owned()),
        _ => Control::Unsilence(node),
    }
}

/// One run; how many steps were checked.
fn run(seed: u64) -> Result<u64, String> {
    let mut rng = Rng::from_seed(seed).fork("person");
    let mut session = Session::new(seed);
    session.input(Input::Write { name: "all.yaml".to_owned(), text: MANIFEST.to_owned() });
    session.input(Input::Line("kubectl apply -f all.yaml".to_owned()));
    let mut checked = 0;
    for _ in 0..EVENTS {
        let pause = rng.between(Duration::from_millis(50), Duration::from_secs(40));
        let until = session.cluster().now() + pause;
        while session.cluster().now() < until {
            session.step(until);
            checked += 1;
            check_invariants(session.cluster())
                .map_err(|why| format!("seed {seed}, step {}: {why}", session.cluster().steps()))?;
        }
        if session.is_busy() {
            session.input(Input::Interrupt);
        }
        if rng.below(3) == 0 {
            session.input(Input::Control(fault(&mut rng)));
        } else {
            session.input(Input::Line(command(&mut rng)));
        }
    }
    Ok(checked)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "which seeds are run is for whoever runs the test")]
fn what_must_hold_holds_after_every_step_of_random_runs() {
    let asked = std::env::var("SEEDS").unwrap_or_else(|_| "1..4".to_owned());
    let (first, end) = asked.split_once("..").expect("SEEDS is first..end");
    let seeds = first.parse::<u64>().expect("a number")..end.parse::<u64>().expect("a number");
    let (mut steps, mut runs) = (0, 0);
    for seed in seeds {
        steps += run(seed).unwrap_or_else(|why| panic!("{why}"));
        runs += 1;
    }
    assert!(runs > 0 && steps > 1000, "{runs} runs of {steps} steps are none");
    println!("{runs} seeds, {steps} steps checked");
}
