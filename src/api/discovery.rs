//! What the server serves. Mirrors `k8s.io/apiserver/pkg/endpoints/discovery`.

use crate::kinds::{KINDS, Names};

/// One row of `kubectl api-resources`. Mirrors `metav1.APIResource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiResource {
    /// How it is called and where it is served.
    pub names: &'static Names,
    /// `apps/v1`, in the preferred version.
    pub api_version: String,
    /// What can be done with it, by name.
    pub verbs: &'static [&'static str],
}

const VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// Namespaces are never deleted as a collection.
const NAMESPACE_VERBS: [&str; 7] = ["create", "delete", "get", "list", "patch", "update", "watch"];
const METRICS_VERBS: [&str; 2] = ["get", "list"];

/// Every resource type that is served, in the order of [`KINDS`].
pub fn api_resources() -> Vec<ApiResource> {
    KINDS.iter().map(|kind| api_resource(kind.names())).collect()
}

fn api_resource(names: &'static Names) -> ApiResource {
    let version = names.versions.first().copied().unwrap_or_default();
    let api_version = match names.group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    let verbs: &'static [&'static str] = match (names.group, names.plural) {
        ("", "namespaces") => &NAMESPACE_VERBS,
        ("metrics.k8s.io", _) => &METRICS_VERBS,
        _ => &VERBS,
    };
    ApiResource { names, api_version, verbs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_say_what_a_real_server_says() {
        let rows = api_resources();
        let row = |kind: &str| {
            let row = rows.iter().find(|row| row.names.kind == kind).expect("a kind");
            format!("{} {} {}", row.names.plural, row.api_version, row.verbs.join(","))
        };
        let all = "create,delete,deletecollection,get,list,patch,update,watch";
        assert_eq!(row("Pod"), format!("pods v1 {all}"));
        assert_eq!(row("Deployment"), format!("deployments apps/v1 {all}"));
        assert_eq!(row("Namespace"), "namespaces v1 create,delete,get,list,patch,update,watch");
        assert_eq!(row("NodeMetrics"), "nodes metrics.k8s.io/v1beta1 get,list");
    }
}
