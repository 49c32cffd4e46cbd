//! What the simulation costs: each figure is the median of several runs, each run a process of
//! its own, so that the peak memory is that run's alone. Times are CPU times.
//! `cargo bench --bench cluster` measures the short cases, `cargo bench --bench cluster -- --all`
//! the ones with 10,000 Pods and whole days too. `cargo xtask bench` adds a browser's figures.

mod cases;

use std::process::Command;
use std::time::Duration;

use cases::{CASES, Case, READY};

/// How often each case runs.
const RUNS: usize = 5;
/// The cases whose figures are compared: ten times the Pods.
const GROWTH: [&str; 2] = ["1,000 replicas", "10,000 replicas"];

/// What a case's runs came to: its figures' medians in microseconds, and the peak memory in KiB.
type Medians = (Vec<(String, u64)>, u64);

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match words.iter().position(|word| word == "--case") {
        Some(at) => one(words.get(at + 1).and_then(|n| n.parse().ok()).unwrap_or(0)),
        None => all(&words[0], words.iter().any(|word| word == "--all")),
    }
}

/// Runs one case and prints its figures, a line each, and the process's peak memory in KiB.
fn one(index: usize) {
    for (what, taken) in (CASES[index].run)(cpu_time) {
        println!("{} {what}", taken.as_micros());
    }
    println!("{} ", peak_memory_kib());
}

fn all(program: &str, long_ones_too: bool) {
    println!("{:<62} {:>13}", "what", "CPU, median");
    let mut compared = Vec::new();
    for (index, case) in CASES.iter().enumerate().filter(|(_, case)| long_ones_too || !case.is_long)
    {
        let Some((figures, memory)) = measure(program, index, case) else {
            println!("{}: did not finish", case.name);
            continue;
        };
        for (what, micros) in &figures {
            let line = format!("{}: {what}", case.name);
            println!("{line:<62} {:>6}.{:03} ms", micros / 1_000, micros % 1_000);
            if what == READY && GROWTH.contains(&case.name) {
                compared.push(*micros);
            }
        }
        println!("{:<62} {:>6} MiB", format!("{}: peak memory", case.name), memory / 1_024);
    }
    if let [few, many] = compared.as_slice() {
        let tenths = many * 10 / few.max(&1);
        let line = format!("{} against {}: {READY}", GROWTH[1], GROWTH[0]);
        println!("{line:<62} {:>8}.{} times", tenths / 10, tenths % 10);
    }
}

fn measure(program: &str, index: usize, case: &Case) -> Option<Medians> {
    let runs = if case.is_long { RUNS.div_ceil(2) } else { RUNS };
    let runs: Vec<Medians> = (0..runs).map(|_| run(program, index)).collect::<Option<_>>()?;
    let (first, _) = runs.first()?;
    let figures = first.iter().enumerate().map(|(at, (what, _))| {
        (what.clone(), median(runs.iter().filter_map(|(figures, _)| Some(figures.get(at)?.1))))
    });
    Some((figures.collect(), median(runs.iter().map(|(_, memory)| *memory))))
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn run(program: &str, index: usize) -> Option<Medians> {
    let output = Command::new(program).args(["--case", &index.to_string()]).output().ok()?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let lines = text.lines().map(|line| {
        let (number, what) = line.split_once(' ')?;
        Some((what.to_owned(), number.parse().ok()?))
    });
    let mut figures: Vec<(String, u64)> = lines.collect::<Option<_>>()?;
    let (_, memory) = figures.pop()?;
    Some((figures, memory))
}

#[cfg(target_os = "linux")]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench reads real time")]
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Zero where the system does not say.
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
