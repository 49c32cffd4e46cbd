//! The native program: plays transcripts without a page.
#![cfg_attr(target_arch = "wasm32", allow(unused))]

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first() {
        Some((verb, files)) if verb == "run" && !files.is_empty() => run(files),
        _ => {
            eprintln!(
                "usage: tabernetes run FILE…\n\nPlays transcripts and exits with their verdict."
            );
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
