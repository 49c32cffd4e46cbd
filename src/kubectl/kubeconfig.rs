//! The kubeconfig: clusters, users, contexts. Mirrors `k8s.io/client-go/tools/clientcmd`.

use serde_json::{Value, json};

use super::{Failure, Files};
use crate::base::yaml;

/// Where the kubeconfig lies.
pub const PATH: &str = "/root/.kube/config";

/// The kubeconfig as it is, or that of a new cluster where there is none.
pub fn load(files: &Files) -> Value {
    load_from(files, "")
}

/// The same, from a file of that name (empty: the usual one).
pub fn load_from(files: &Files, name: &str) -> Value {
    let kept = files
        .read(if name.is_empty() { PATH } else { name })
        .and_then(|text| yaml::parse_one(text).ok());
    kept.filter(Value::is_object).unwrap_or_else(fresh)
}

/// The namespace of a context (empty: the current one), `default` where it says none.
pub fn namespace(config: &Value, context: &str) -> String {
    let current = config["current-context"].as_str().unwrap_or_default();
    let wanted = if context.is_empty() { current } else { context };
    let contexts = config["contexts"].as_array().into_iter().flatten();
    let found = contexts.clone().find(|entry| entry["name"] == wanted);
    let named = found.and_then(|entry| entry["context"]["namespace"].as_str());
    named.filter(|name| !name.is_empty()).unwrap_or("default").to_owned()
}

/// What `kubeadm init` leaves.
fn fresh() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "kubernetes", "cluster": { "server": "https://kubernetes:6443" } }],
        "contexts": [{
            "name": "kubernetes-admin@kubernetes",
            "context": { "cluster": "kubernetes", "user": "kubernetes-admin" },
        }],
        "current-context": "kubernetes-admin@kubernetes",
        "users": [{ "name": "kubernetes-admin", "user": {} }],
    })
}

/// Where the cluster of a context (empty: the current one) answers.
pub fn server(config: &Value, context: &str) -> String {
    let current = config["current-context"].as_str().unwrap_or_default();
    let wanted = if context.is_empty() { current } else { context };
    let find = |list: &str, name: &Value| {
        config[list].as_array().into_iter().flatten().find(|entry| entry["name"] == *name).cloned()
    };
    let cluster = find("contexts", &json!(wanted)).map(|c| c["context"]["cluster"].clone());
    let cluster = cluster.and_then(|name| find("clusters", &name));
    let server = cluster.and_then(|c| c["cluster"]["server"].as_str().map(str::to_owned));
    server.unwrap_or_else(|| "http://localhost:8080".to_owned())
}

/// Whether what the flags name is there. Mirrors the checks of `clientcmd.ConfirmUsable`.
///
/// # Errors
/// A context, cluster or user that does not exist.
pub fn check(config: &Value, context: &str, cluster: &str, user: &str) -> Result<(), Failure> {
    let has = |list: &str, name: &str| {
        name.is_empty()
            || config[list].as_array().into_iter().flatten().any(|entry| entry["name"] == name)
    };
    if !has("contexts", context) {
        return Err(Failure::verbatim(format!(
            "Error in configuration: context was not found for specified context: {context}"
        )));
    }
    if !has("users", user) {
        return Err(Failure::error(format!("auth info {user:?} does not exist")));
    }
    if !has("clusters", cluster) {
        return Err(Failure::error(format!("no server found for cluster {cluster:?}")));
    }
    Ok(())
}
