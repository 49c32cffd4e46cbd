//! Every check and test, in the order in which a failure is cheapest to find.

use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::serve::Server;
use crate::tools::{self, Tools};
use crate::{Result, build, clients, process, root, size};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];
const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

/// Sets everything up, runs each step and stops at the first that fails.
pub fn run() -> Result {
    let mut report = Report::default();
    let tools = report.step("Set up", tools::for_tests)?;
    report.step("Formatting", || process::run(cargo(&tools, "fmt").args(["--all", "--check"])))?;
    report.step("Clippy, native", || {
        let mut clippy = cargo(&tools, "clippy");
        process::run(clippy.args(["--workspace", "--all-targets"]).args(DENY_WARNINGS))
    })?;
    report.step("Clippy, wasm", || {
        let mut clippy = cargo(&tools, "clippy");
        clippy.args(["--lib", "--bin", "page", "--test", "browser"]).args(WASM);
        process::run(clippy.args(DENY_WARNINGS))
    })?;
    report.tests("Tests, native", &mut cargo(&tools, "test"))?;
    report.tests("Tests, commands", cargo(&tools, "test").args(["--package", "xtask"]))?;
    report.step("Clients that others wrote", || clients::run(&tools))?;
    report.tests("Tests, wasm in Chromium", &mut browser_tests(&tools))?;
    report.step("Build the page", || build::run(&tools))?;
    report.step("Size of the page", || size::run(&tools))?;
    if root().join("benches").is_dir() {
        report.step("Benchmarks", || {
            process::run(cargo(&tools, "bench").args(["--bench", "cluster"]))
        })?;
    }
    let url = serve_in_background()?;
    let mut walk = cargo(&tools, "test");
    walk.args(["--package", "e2e"]).env("TABERNETES_URL", &url);
    report.tests("The page, end to end in Chromium", &mut walk)?;
    report.step("Frames of the page with 1,000 Pods", || {
        let mut frames = cargo(&tools, "run");
        frames.args(["--package", "e2e", "--bin", "frames"]).env("TABERNETES_URL", &url);
        process::run(&mut frames)
    })?;
    report.print();
    Ok(())
}

/// Measures every case, natively and in a browser.
pub fn bench() -> Result {
    let tools = tools::for_tests()?;
    println!("=== Natively");
    process::run(cargo(&tools, "bench").args(["--bench", "cluster", "--", "--all"]))?;
    println!("\n=== In Chromium");
    let mut browser = in_browser(&tools, "bench");
    // As small as the page is built, and in as few seconds as a build can be.
    browser.env("CARGO_PROFILE_BENCH_OPT_LEVEL", "s").env("WASM_BINDGEN_TEST_TIMEOUT", "1800");
    process::run(browser.args(["--bench", "browser", "--", "--nocapture"]))
}

fn cargo(tools: &Tools, subcommand: &str) -> Command {
    let mut command = tools.cargo();
    command.arg(subcommand);
    command
}

fn browser_tests(tools: &Tools) -> Command {
    let mut command = in_browser(tools, "test");
    // A busy machine takes minutes.
    command.args(["--test", "browser"]).env("WASM_BINDGEN_TEST_TIMEOUT", "600");
    command
}

/// A cargo command whose programs run in headless Chromium.
fn in_browser(tools: &Tools, subcommand: &str) -> Command {
    let mut command = cargo(tools, subcommand);
    command.args(WASM);
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    if let Some(driver) = tools.find("chromedriver") {
        command.env("CHROMEDRIVER", driver);
    }
    command
}

/// Serves `dist/` below a path, as GitHub Pages does, so that an absolute link would be noticed.
fn serve_in_background() -> Result<String> {
    let server = Server::bind(&root().join("dist"), "/below/a/path/", None)?;
    let url = server.url();
    thread::spawn(move || server.run());
    Ok(url)
}

/// What the steps took and what the test runs said, for the end of the output.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
}

impl Report {
    fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n=== {name}");
        let start = Instant::now();
        let done = work().map_err(|error| format!("{name}: {error}"))?;
        self.lines.push(format!("{:>5} s  {name}", start.elapsed().as_secs()));
        Ok(done)
    }

    /// A step that runs `cargo test`, whose summary lines are repeated at the end.
    fn tests(&mut self, name: &str, command: &mut Command) -> Result {
        let output = self.step(name, || process::run_and_keep(command))?;
        let summaries = output.iter().filter(|line| line.starts_with("test result:"));
        self.lines.extend(summaries.map(|line| format!("         {line}")));
        Ok(())
    }

    fn print(&self) {
        println!("\n=== Passed");
        for line in &self.lines {
            println!("{line}");
        }
    }
}
