//! Building the page into `dist/`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::tools::Tools;
use crate::{Result, process, root};

/// What the page loads when `kubectl explain` asks for it, and not before.
pub const SCHEMAS: &str = "schemas.json";

/// Builds the page as it is shipped; Trunk.toml says how.
pub fn run(tools: &Tools) -> Result {
    let mut trunk = tools.command("trunk");
    // Trunk accepts only true and false here, the rest of the world any value.
    trunk.env_remove("NO_COLOR");
    trunk.env("CARGO_ENCODED_RUSTFLAGS", flags());
    process::run(trunk.args(["build", "--release", "--locked"]))?;
    let mut schemas = tools.command("cargo");
    schemas.args(["run", "--quiet", "--locked", "--bin", "tabernetes", "--", "schemas"]);
    let schemas = process::output(&mut schemas).ok_or("cannot print the schemas")?;
    let path = root().join("dist").join(SCHEMAS);
    fs::write(&path, schemas).map_err(|why| format!("{}: {why}", path.display()))
}

/// The compiler's flags. Every place where the program might panic is named in it: without the
/// folders of this machine, so that the page is short and says nothing of who built it.
fn flags() -> OsString {
    let given = env::var_os("RUSTFLAGS").unwrap_or_default();
    let given = given.to_string_lossy().into_owned();
    let mut flags: Vec<OsString> = given.split_whitespace().map(OsString::from).collect();
    let registry = cargo_home().map(|home| home.join("registry").join("src"));
    for folder in [Some(root()), registry].into_iter().flatten() {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(folder);
        flag.push("=");
        flags.push(flag);
    }
    // Separated by what no path contains.
    flags.join(&OsString::from("\u{1f}"))
}

/// Where cargo keeps what it downloads.
fn cargo_home() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let of_user = || set("HOME").or_else(|| set("USERPROFILE"));
    set("CARGO_HOME").map(PathBuf::from).or_else(|| of_user().map(|h| Path::new(&h).join(".cargo")))
}
