//! `kubectl config`. Mirrors `k8s.io/kubectl/pkg/cmd/config`.

mod change;
mod show;

pub use change::{
    DELETE_CLUSTER, DELETE_CONTEXT, DELETE_USER, RENAME_CONTEXT, SET, SET_CLUSTER, SET_CONTEXT,
    SET_CREDENTIALS, UNSET, USE_CONTEXT,
};
pub use show::{CURRENT_CONTEXT, GET_CLUSTERS, GET_CONTEXTS, GET_USERS, VIEW};

use serde_json::{Value, json};

use crate::base::order::Order as _;
use crate::base::yaml;
use crate::kubectl::{Args, Failure, Io, kubeconfig};

/// The kubeconfig that a command works on, all of its fields there.
fn load(args: &Args, io: &Io<'_>) -> Result<Value, Failure> {
    let path = args.get("kubeconfig");
    let mut config = match path {
        "" => kubeconfig::load(io.files),
        path => match io.files.read(path).map(yaml::parse_one) {
            None => json!({}),
            Some(Ok(value)) => value,
            Some(Err(why)) => {
                let why = why.to_string();
                let why = why.strip_prefix("error converting YAML to JSON: ").unwrap_or(&why);
                return Err(Failure::error(format!("error loading config file {path:?}: {why}")));
            }
        },
    };
    config["apiVersion"] = json!("v1");
    config["kind"] = json!("Config");
    for list in ["clusters", "contexts", "users"] {
        let named = config[list].as_array_mut();
        match named {
            Some(entries) => entries.order_by(|a, b| name_of(a).cmp(name_of(b))),
            None => config[list] = Value::Null,
        }
    }
    if !config["current-context"].is_string() {
        config["current-context"] = json!("");
    }
    Ok(config)
}

/// Writes the kubeconfig back.
fn save(args: &Args, io: &mut Io<'_>, config: &Value) {
    let path = place(args).to_owned();
    io.files.write(&path, yaml::to_string(config));
}

/// The file's name, as messages give it.
fn place(args: &Args) -> &str {
    match args.get("kubeconfig") {
        "" => kubeconfig::PATH,
        path => path,
    }
}

fn name_of(entry: &Value) -> &str {
    entry["name"].as_str().unwrap_or_default()
}

/// An entry of a list (`contexts`, `clusters`, `users`).
fn find<'a>(config: &'a Value, list: &str, name: &str) -> Option<&'a Value> {
    config[list].as_array().into_iter().flatten().find(|entry| name_of(entry) == name)
}
