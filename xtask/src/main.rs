//! The project's own commands: `cargo xtask serve`, `build`, `test` and `bench`.
//!
//! Each sets up what it needs first, so that a fresh clone with rustup and Node is enough.

mod build;
mod clients;
mod process;
mod serve;
mod size;
mod test;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What went wrong, as one line for the person at the terminal.
type Result<T = ()> = std::result::Result<T, String>;

const USAGE: &str = "\
Usage: cargo xtask <command>

  serve [--port N]  build the page and serve it on this machine (8080, or the next free port)
  build             build the page into dist/
  test              set everything up and run every check and test
  bench             measure everything, natively and in headless Chromium
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build"] => build::run(&tools::for_page()?),
        ["serve"] => serve_page(None),
        ["serve", "--port", port] => serve_page(Some(port)),
        ["test"] => test::run(),
        ["bench"] => test::bench(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("do not know `{}`\n\n{USAGE}", other.join(" "))),
    }
}

fn serve_page(port: Option<&str>) -> Result {
    let port = port
        .map(|text| text.parse::<u16>().map_err(|_| format!("--port {text}: not a port number")))
        .transpose()?;
    build::run(&tools::for_page()?)?;
    let server = serve::Server::bind(&root().join("dist"), "/", port)?;
    println!("\nTabernetes is at {}  (Ctrl-C stops it)", server.url());
    server.run()
}

/// The top of the source tree.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_path_buf(), Path::to_path_buf)
}
