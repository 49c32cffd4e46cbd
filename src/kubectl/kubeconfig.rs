//! The kubeconfig: clusters, users, contexts. Mirrors `k8s.io/client-go/tools/clientcmd`.

use serde_json::{Value, json};

use super::Files;
use crate::base::yaml;

/// Where the kubeconfig lies, seen from the working folder.
pub const PATH: &str = ".kube/config";

/// The kubeconfig as it is, or that of a new cluster where there is none.
pub fn load(files: &Files) -> Value {
    let kept = files.read(PATH).and_then(|text| yaml::parse_one(text).ok());
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
