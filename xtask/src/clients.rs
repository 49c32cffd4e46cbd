//! Clients that others wrote, against `tabernetes serve`. What cannot be had is said and left out.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::tools::Tools;
use crate::{Result, process, root};

const PYTHON: &str = "kubernetes>=31,<40";
const NODE: &str = "@kubernetes/client-node@1";

/// Runs every client there is.
pub fn run(tools: &Tools) -> Result {
    process::run(tools.cargo().args(["build", "--quiet", "--bin", "tabernetes"]))?;
    let folder = root().join("target").join("clients");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let server = Server::start(&folder)?;
    let scripts = root().join("tests").join("clients");
    if tools.find("kubectl").is_some() {
        println!("--- kubectl");
        process::run(Command::new("sh").arg(scripts.join("kubectl.sh")).arg(&server.kubeconfig))?;
    } else {
        println!("--- kubectl: skipped, none is installed");
    }
    println!("--- The tab's own kubectl");
    let mut own = Command::new("sh");
    own.arg(scripts.join("kubectl.sh")).arg(&server.kubeconfig).arg(program());
    process::run(&mut own)?;
    println!("--- kube-rs");
    let mut kube = tools.cargo();
    process::run(
        kube.args(["test", "--package", "clients"]).env("KUBECONFIG", &server.kubeconfig),
    )?;
    match python(tools, &folder) {
        Ok(python) => {
            println!("--- The Python client");
            let script = scripts.join("python_client.py");
            process::run(Command::new(python).arg(script).arg(&server.kubeconfig))?;
        }
        Err(why) => println!("--- The Python client: skipped, {why}"),
    }
    match node(tools, &folder) {
        Ok(modules) => {
            println!("--- The JavaScript client");
            let mut node = tools.command("node");
            node.arg(scripts.join("node_client.mjs")).arg(&server.kubeconfig);
            process::run(node.arg(modules))?;
        }
        Err(why) => println!("--- The JavaScript client: skipped, {why}"),
    }
    Ok(())
}

fn program() -> PathBuf {
    root().join("target").join("debug").join("tabernetes")
}

/// A served cluster, which ends with this value.
struct Server {
    child: Child,
    kubeconfig: PathBuf,
}

impl Server {
    fn start(folder: &Path) -> Result<Self> {
        let program = program();
        let kubeconfig = folder.join("kubeconfig");
        let mut command = Command::new(&program);
        command.args(["serve", "--port", "0", "--speed", "10", "--kubeconfig"]).arg(&kubeconfig);
        let not_started = |error| format!("{}: {error}", program.display());
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(not_started)?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        let server = Self { child, kubeconfig };
        if line.starts_with("serving on ") { Ok(server) } else { Err("nothing is served".into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python of an environment that has the client.
fn python(tools: &Tools, folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("python");
    let program = environment.join("bin").join("python");
    let has_client =
        || process::output(Command::new(&program).args(["-c", "import kubernetes"])).is_some();
    if !has_client() {
        process::run(tools.command("python3").args(["-m", "venv"]).arg(&environment))?;
        let install = ["-m", "pip", "install", "--quiet", PYTHON];
        process::run(Command::new(&program).args(install))?;
    }
    Ok(program)
}

/// The folder in which the client was installed.
fn node(tools: &Tools, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join("node");
    if !folder.join("node_modules").join("@kubernetes").join("client-node").is_dir() {
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut npm = tools.command("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder);
        process::run(npm.arg(NODE))?;
    }
    Ok(folder)
}
