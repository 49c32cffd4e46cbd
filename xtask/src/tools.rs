//! The programs a build needs: found on PATH when the version is right, otherwise installed into a
//! cache of this user, so that the next clone need not build them again.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{output, run};
use crate::{Result, root};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
const TRUNK_VERSION: &str = "0.21.14";
/// The npm package that carries `wasm-opt`, by its major version, which `wasm-opt` reports.
const BINARYEN_VERSION: &str = "132";
const NODE_MAJOR_MIN: u32 = 18;

/// The search path on which every program of the build is found.
pub struct Tools {
    path: OsString,
}

/// Sets up what building the page needs.
pub fn for_page() -> Result<Tools> {
    let mut tools = Tools { path: std::env::var_os("PATH").unwrap_or_default() };
    tools.require_node()?;
    tools.require_wasm_target()?;
    let wasm_bindgen = locked_version("wasm-bindgen")?;
    tools.require_crate("wasm-bindgen-cli", "wasm-bindgen", &wasm_bindgen)?;
    tools.require_crate("trunk", "trunk", TRUNK_VERSION)?;
    tools.require_wasm_opt()?;
    Ok(tools)
}

/// Sets up what running every test needs: the page's tools and a browser.
pub fn for_tests() -> Result<Tools> {
    let tools = for_page()?;
    tools.require_browser()?;
    Ok(tools)
}

impl Tools {
    /// A command that finds its program, and those it starts, among these tools.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.find(program).unwrap_or_else(|| program.into()));
        command.current_dir(root()).env("PATH", &self.path);
        command
    }

    /// A cargo command in the project's root.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(root()).env("PATH", &self.path);
        command
    }

    /// Where a program is, if it is on the search path.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        let script = format!("{program}.cmd");
        let names = if cfg!(windows) { vec![name, script] } else { vec![name] };
        std::env::split_paths(&self.path)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
            .find(|file| file.is_file())
    }

    fn reports(&self, program: &str, version: &str) -> bool {
        let said = self.find(program).and_then(|_| output(self.command(program).arg("--version")));
        said.is_some_and(|text| text.split([' ', '\n', '_', '(']).any(|word| word == version))
    }

    fn prefer(&mut self, folder: &Path) -> Result {
        let paths = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&self.path));
        self.path = std::env::join_paths(paths).map_err(|error| format!("PATH: {error}"))?;
        Ok(())
    }

    fn require_node(&self) -> Result {
        let version = output(self.command("node").arg("--version")).unwrap_or_default();
        let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
        if major.parse().is_ok_and(|major: u32| major >= NODE_MAJOR_MIN) {
            return Ok(());
        }
        let found = if version.is_empty() { "none".to_owned() } else { version };
        Err(format!(
            "Node.js {NODE_MAJOR_MIN} or newer is needed (found: {found}): get it from https://nodejs.org"
        ))
    }

    fn require_wasm_target(&self) -> Result {
        let mut rustc = self.command("rustc");
        rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]);
        if output(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir()) {
            return Ok(());
        }
        setting_up(&format!("the Rust target {WASM_TARGET}"));
        run(self.command("rustup").args(["target", "add", WASM_TARGET])).map_err(|error| {
            format!("the Rust target {WASM_TARGET} is needed: `rustup target add {WASM_TARGET}`, with rustup from https://rustup.rs ({error})")
        })
    }

    /// A program that comes as a crate, in exactly this version.
    fn require_crate(&mut self, package: &str, program: &str, version: &str) -> Result {
        if self.reports(program, version) {
            return Ok(());
        }
        let folder = cache()?.join(format!("{package}-{version}"));
        if !folder.join("bin").join(program).is_file() {
            setting_up(&format!("{package} {version} (this takes some minutes, once)"));
            let install = |lock: &[&str]| {
                let mut install = self.cargo();
                install.args(["install", package, "--version", version]).args(lock);
                // These programs run for seconds: compiling them fast matters more than speed.
                install
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                    .env_remove("CARGO_TARGET_DIR");
                run(install.arg("--root").arg(&folder))
            };
            // A mirror of the registry may lack a version that the tool's own lock file names.
            install(&["--locked"]).or_else(|_| install(&[])).map_err(|error| {
                format!("{package} {version} is needed: `cargo install --locked {package}@{version}` ({error})")
            })?;
        }
        self.prefer(&folder.join("bin"))
    }

    fn require_wasm_opt(&mut self) -> Result {
        if self.reports("wasm-opt", BINARYEN_VERSION) {
            return Ok(());
        }
        let folder = cache()?.join(format!("binaryen-{BINARYEN_VERSION}"));
        let programs = folder.join("node_modules").join(".bin");
        if !programs.join("wasm-opt").exists() {
            setting_up(&format!("wasm-opt {BINARYEN_VERSION}"));
            std::fs::create_dir_all(&folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?;
            let package = format!("binaryen@{BINARYEN_VERSION}");
            let mut npm = self.command("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
            run(npm.arg(&package)).map_err(|error| {
                format!("wasm-opt {BINARYEN_VERSION} is needed: `npm install --global {package}` ({error})")
            })?;
        }
        self.prefer(&programs)
    }

    fn require_browser(&self) -> Result {
        const BROWSERS: [&str; 3] = ["chromium", "google-chrome", "chrome"];
        let ready = || {
            self.find("chromedriver").is_some()
                && BROWSERS.iter().any(|name| self.find(name).is_some())
        };
        if ready() {
            return Ok(());
        }
        setting_up("Chromium and chromedriver");
        let packages = ["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"];
        let as_root = output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
        let apt = |arguments: &[&str]| {
            let mut command = self.command(if as_root { "apt-get" } else { "sudo" });
            if !as_root {
                command.args(["-n", "apt-get"]);
            }
            run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
        };
        let installed = apt(&["update", "-q"]).and_then(|()| apt(&packages));
        if ready() {
            return Ok(());
        }
        let why = installed.err().unwrap_or_else(|| "apt-get brought neither".to_owned());
        Err(format!(
            "Chromium and chromedriver are needed: on Debian `sudo apt-get install chromium chromium-driver`, elsewhere https://googlechromelabs.github.io/chrome-for-testing ({why})"
        ))
    }
}

fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned())
}

fn setting_up(what: &str) {
    println!("Setting up {what}");
}

/// The folder in which tools are kept between clones.
fn cache() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .or_else(|| folder("LOCALAPPDATA"))
        .map(|base| base.join("tabernetes").join("tools"))
        .ok_or_else(|| "neither HOME nor XDG_CACHE_HOME is set: nowhere to keep tools".to_owned())
}

/// The version of a package in Cargo.lock.
fn locked_version(package: &str) -> Result<String> {
    let file = root().join("Cargo.lock");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let name = format!("name = \"{package}\"");
    let mut lines = text.lines().skip_while(|line| *line != name);
    lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = \""))
        .map(|rest| rest.trim_end_matches('"').to_owned())
        .ok_or_else(|| format!("Cargo.lock does not name {package}"))
}
