//! What the simulation costs: each figure is the median of several runs, each run a process of
//! its own, so that the peak memory is that run's alone. `cargo bench --bench cluster` measures
//! the short cases, `cargo bench --bench cluster -- --all` the ones with 10,000 Pods too.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench reads real time")]

use std::process::Command;
use std::time::{Duration, Instant};

use tabernetes::cluster::Options;
use tabernetes::scenario::{Input, Session};

/// How often each case runs.
const RUNS: usize = 5;

/// A case: its name and what it measures; the duration is what counts.
type Case = (&'static str, fn() -> Duration);

/// Every case.
const CASES: &[Case] = &[
    ("1,000 replicas, apply to all Ready", || rollout(1_000, 20)),
    ("10,000 replicas, apply to all Ready", || rollout(10_000, 120)),
    ("600 simulated seconds of an idle cluster", idle),
    ("clone of a cluster with 10,000 Pods", clone),
];

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match words.iter().position(|word| word == "--case") {
        Some(at) => one(words.get(at + 1).and_then(|n| n.parse().ok()).unwrap_or(0)),
        None => all(&words[0], words.iter().any(|word| word == "--all")),
    }
}

/// Runs one case and prints its microseconds and the process's peak memory in KiB.
fn one(index: usize) {
    let taken = CASES[index].1();
    println!("{} {}", taken.as_micros(), peak_memory_kib());
}

fn all(program: &str, long_ones_too: bool) {
    println!("{:<44} {:>12} {:>14}", "case", "median", "peak memory");
    let cases = CASES.iter().enumerate();
    for (index, (name, _)) in cases.filter(|(_, case)| long_ones_too || !case.0.contains("10,000"))
    {
        let mut runs: Vec<(u64, u64)> = (0..RUNS).filter_map(|_| run(program, index)).collect();
        runs.sort_unstable();
        let Some((micros, kib)) = runs.get(runs.len() / 2) else {
            println!("{name:<44} did not finish");
            continue;
        };
        let (millis, mib) = (micros / 1_000, kib / 1_024);
        println!("{name:<44} {millis:>5}.{:03} ms {mib:>10} MiB", micros % 1_000);
    }
}

fn run(program: &str, index: usize) -> Option<(u64, u64)> {
    let output = Command::new(program).args(["--case", &index.to_string()]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (micros, kib) = text.trim().split_once(' ')?;
    Some((micros.parse().ok()?, kib.parse().ok()?))
}

fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn manifest(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: \
         {replicas}\n  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      \
         labels:\n        app: web\n    spec:\n      containers:\n      - name: web\n        image: \
         nginx\n"
    )
}

fn session(nodes: u32) -> Session {
    Session::with_options(1, &Options::workers(nodes))
}

/// Applies a Deployment and waits until `rollout status` says that it is complete.
fn bring_up(session: &mut Session, replicas: u32) {
    session.input(Input::Write { name: "web.yaml".to_owned(), text: manifest(replicas) });
    let line = "kubectl apply -f web.yaml && kubectl rollout status deployment/web";
    session.input(Input::Line(line.to_owned()));
    let done = session.run_until(Duration::from_secs(3_600), |session| !session.is_busy());
    let printed = session.take_output().text;
    assert!(done && printed.ends_with("successfully rolled out\n"), "{printed}");
}

fn rollout(replicas: u32, nodes: u32) -> Duration {
    let mut session = session(nodes);
    let start = Instant::now();
    bring_up(&mut session, replicas);
    start.elapsed()
}

fn idle() -> Duration {
    let mut session = Session::new(1);
    let start = Instant::now();
    session.run_for(Duration::from_secs(600));
    start.elapsed()
}

fn clone() -> Duration {
    let mut session = session(120);
    bring_up(&mut session, 10_000);
    let start = Instant::now();
    let copy = session.cluster().clone();
    let taken = start.elapsed();
    assert_eq!(copy.now(), session.cluster().now());
    taken
}
