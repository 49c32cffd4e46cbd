//! The transcripts once more, in a browser: what WebAssembly does must be what the native build
//! does, to the last record of the trace.

use tabernetes::scenario;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[cfg(target_arch = "wasm32")]
#[path = "browser/components.rs"]
mod components;

/// The traces' hashes, as the native run left them.
const HASHES: &str = include_str!("scenarios/hashes.txt");

macro_rules! transcripts {
    ($($path:literal)*) => {
        [$(($path, include_str!(concat!("scenarios/", $path)))),*]
    };
}

const TRANSCRIPTS: &[(&str, &str)] = &transcripts! {
    "admission/quota.txt"
    "admission/runtime-class.txt"
    "batch/cronjob.txt"
    "batch/job.txt"
    "course/cronjob.txt"
    "course/daemonset.txt"
    "course/hpa-memory.txt"
    "course/hpa.txt"
    "course/job.txt"
    "course/nginx-deploy.txt"
    "course/replicaset.txt"
    "course/statefulset.txt"
    "kubectl/apply-sets.txt"
    "kubectl/create-batch.txt"
    "kubectl/custom-resources.txt"
    "kubectl/describe.txt"
    "kubectl/dump.txt"
    "kubectl/from-the-start.txt"
    "kubectl/interactive.txt"
    "kubectl/mistakes.txt"
    "kubectl/objects-as-text.txt"
    "kubectl/shell.txt"
    "kubelet/admission.txt"
    "kubelet/crash.txt"
    "kubelet/env-volumes.txt"
    "kubelet/ephemeral.txt"
    "kubelet/hooks.txt"
    "kubelet/images.txt"
    "kubelet/load.txt"
    "kubelet/memory.txt"
    "kubelet/network.txt"
    "kubelet/probes.txt"
    "kubelet/names.txt"
    "kubelet/netexec.txt"
    "kubelet/resize.txt"
    "kubelet/volumes.txt"
    "storage/binding.txt"
    "storage/provisioning.txt"
    "workloads/disruption.txt"
    "workloads/mirroring.txt"
    "workloads/replicaset.txt"
    "workloads/statefulset.txt"
};

fn play(path: &str, text: &str) {
    let outcome = scenario::run(text);
    assert!(outcome.failures.is_empty(), "{path}\n{}", outcome.failures.join("\n"));
    let line = format!("{path} {:016x}", outcome.hash);
    assert!(HASHES.lines().any(|kept| kept == line), "{line} is not the native run's");
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_transcript_runs_as_it_was_kept() {
    TRANSCRIPTS.iter().for_each(|(path, text)| play(path, text));
}

/// Between transcripts the browser has a turn: its driver takes a page that does not answer for
/// some seconds for dead.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn every_transcript_runs_the_same_everywhere() {
    for (path, text) in TRANSCRIPTS {
        play(path, text);
        gloo_timers::future::TimeoutFuture::new(0).await;
    }
}
