//! Building the page into `dist/`.

use crate::tools::Tools;
use crate::{Result, process};

/// Builds the page as it is shipped; Trunk.toml says how.
pub fn run(tools: &Tools) -> Result {
    let mut trunk = tools.command("trunk");
    // Trunk accepts only true and false here, the rest of the world any value.
    trunk.env_remove("NO_COLOR");
    process::run(trunk.args(["build", "--release", "--locked"]))
}
