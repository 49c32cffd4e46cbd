//! One run, natively and in a browser: what WebAssembly does must be what the native build does.

use std::time::Duration;

use tabernetes::sim::{Agenda, Rng, Time, Trace};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// The hash of a run in which drawn delays order drawn names.
fn trace_hash(seed: u64) -> u64 {
    let root = Rng::from_seed(seed);
    let (mut delays, mut names) = (root.fork("delays"), root.fork("names"));
    let mut agenda = Agenda::new(Time::from_seconds(0));
    for _ in 0..100 {
        let delay = delays.between(Duration::from_millis(1), Duration::from_secs(60));
        agenda.after(delay, names.suffix(5));
    }
    let mut trace = Trace::default();
    while let Some(name) = agenda.pop(Time::from_seconds(60)) {
        trace.add(agenda.now(), "kubelet", name, "started".to_owned(), Vec::new());
    }
    trace.hash()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_run_is_the_same_everywhere() {
    assert_eq!(trace_hash(1), 0x54b2_1673_160c_9da8);
}
