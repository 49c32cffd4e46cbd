//! The native program: plays transcripts, and serves a cluster over HTTP.
#![cfg_attr(target_arch = "wasm32", allow(unused))]

#[cfg(not(target_arch = "wasm32"))]
mod kubectl;
#[cfg(not(target_arch = "wasm32"))]
mod recorded;
#[cfg(not(target_arch = "wasm32"))]
mod serve;
#[cfg(not(target_arch = "wasm32"))]
mod webhooks;

#[cfg(not(target_arch = "wasm32"))]
const USAGE: &str = "\
usage: tabernetes run FILE…      plays transcripts and exits with their verdict
       tabernetes run --recorded TRACES [--diff] [--keep DIR] SCENARIO…
                                 plays scenarios of the conformance recordings
       tabernetes serve [OPTION…]  runs a cluster and answers its API over HTTP
       tabernetes kubectl …        asks a server that answers plain HTTP, as kubectl does
       tabernetes schemas          prints the schemas of every built-in type, as the page loads them

options of serve:
  --port PORT           where to answer (8001; 0: anywhere)
  --address ADDRESS     on which address (127.0.0.1)
  --allow-remote        let ADDRESS be one that others can reach
  --nodes N             how many workers beside the control plane's node (2)
  --seed S              what is random follows from this (1)
  --speed 1|10|max      how fast simulated time passes (1)
  --kubeconfig FILE     where to write how to connect (tabernetes.kubeconfig)
  --control-port PORT   where to answer the control service (nowhere)
  --kubelet on|off      whether Pods are run, or left to a kubelet outside (on)
  --state FILE          keep the cluster in FILE, and go on from there
and, as kube-controller-manager takes them:";

#[cfg(not(target_arch = "wasm32"))]
fn usage() -> String {
    let flags = tabernetes::controllers::Settings::FLAGS;
    let line = |(flag, default): &(&str, &str)| format!("\n  {flag} ({default})");
    USAGE.to_owned() + &flags.iter().map(line).collect::<String>()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asks = |word: &String| word == "--help" || word == "-h";
    // The verb `kubectl` has help of its own.
    if words.iter().any(asks) && words.first().is_some_and(|verb| verb != "kubectl") {
        println!("{}", usage());
        return std::process::ExitCode::SUCCESS;
    }
    match words.split_first() {
        Some((verb, words)) if verb == "run" && !words.is_empty() => {
            let Some(words) = words.strip_prefix(&["--recorded".to_owned()]) else {
                return run(words);
            };
            match recorded::run(words) {
                Ok(true) => std::process::ExitCode::SUCCESS,
                Ok(false) => std::process::ExitCode::FAILURE,
                Err(why) => {
                    eprintln!("tabernetes run: {why}");
                    std::process::ExitCode::from(2)
                }
            }
        }
        Some((verb, rest)) if verb == "serve" => match serve::serve(rest) {
            Ok(()) => std::process::ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("tabernetes serve: {why}");
                std::process::ExitCode::FAILURE
            }
        },
        Some((verb, words)) if verb == "kubectl" => kubectl::run(words),
        Some((verb, [])) if verb == "schemas" => {
            println!("{}", tabernetes::api::openapi::text());
            std::process::ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{}", usage());
            std::process::ExitCode::from(2)
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}

/// Plays each transcript; fails if any prints something else than it says.
#[cfg(not(target_arch = "wasm32"))]
fn run(files: &[String]) -> std::process::ExitCode {
    let mut failed = false;
    for file in files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(why) => {
                eprintln!("{file}: {why}");
                failed = true;
                continue;
            }
        };
        let outcome = tabernetes::scenario::run(&text);
        if outcome.failures.is_empty() {
            println!("ok      {file} ({} events, trace {:016x})", outcome.steps, outcome.hash);
        } else {
            println!("FAILED  {file}\n{}", outcome.failures.join("\n"));
            failed = true;
        }
    }
    if failed { std::process::ExitCode::FAILURE } else { std::process::ExitCode::SUCCESS }
}
