//! The cases of `cases` in a browser, built without the page's link-time optimisation:
//! `cargo xtask bench` runs them in headless Chromium after the native ones.
#![cfg(target_arch = "wasm32")]

mod cases;

use std::collections::BTreeMap;
use std::time::Duration;

use cases::{CASES, Case};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// How often each short case runs; a long one runs once.
const RUNS: usize = 5;

/// A page has one thread: what it had is what has passed.
fn clock() -> Duration {
    let performance = web_sys::window().and_then(|window| window.performance());
    Duration::from_secs_f64(performance.map_or(0.0, |performance| performance.now()) / 1_000.0)
}

fn measure(case: &Case) {
    let mut figures: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..if case.is_long { 1 } else { RUNS } {
        for (what, taken) in (case.run)(clock) {
            figures.entry(what).or_default().push(taken);
        }
    }
    for (what, mut taken) in figures {
        taken.sort_unstable();
        let median = taken[taken.len() / 2].as_micros();
        let line = format!("{}: {what}", case.name);
        console_log!("{line:<62} {:>6}.{:03} ms", median / 1_000, median % 1_000);
    }
    // A WebAssembly memory never shrinks: what the case needed is what it has now.
    let mebibytes = core::arch::wasm32::memory_size::<0>() / 16;
    console_log!("{:<62} {mebibytes:>6} MiB", format!("{}: memory so far", case.name));
}

#[wasm_bindgen_test]
fn every_case_in_a_browser() {
    // The small ones first: memory is told of as it grows.
    for case in CASES.iter().filter(|case| !case.is_long) {
        measure(case);
    }
    for case in CASES.iter().filter(|case| case.is_long) {
        measure(case);
    }
}
