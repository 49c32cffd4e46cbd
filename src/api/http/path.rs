//! What a URL is about. Mirrors `k8s.io/apiserver/pkg/endpoints/request`.

use crate::base::percent::decoded;

/// A path below `/api` or `/apis`, down to a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResourcePath {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// Whether the path goes through `watch`, as the oldest clients do.
    pub watch: bool,
    /// The namespace, if the path goes through one.
    pub namespace: Option<String>,
    /// The resource's plural name.
    pub plural: String,
    /// The object's name; empty for the collection.
    pub name: String,
    /// The subresource; empty for the object itself.
    pub subresource: String,
    /// What follows the subresource: the path of a proxied request.
    pub rest: Option<String>,
}

/// Splits a target into its path and its decoded query parameters.
pub(super) fn split(target: &str) -> (&str, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(&value.replace('+', " ")))
    });
    (path, pairs.collect())
}

/// What a path of a group and version is about; `None` where it is no resource's.
pub(super) fn resource(path: &str) -> Option<ResourcePath> {
    let mut parts: Vec<&str> = path.split('/').skip(1).collect();
    if parts.last() == Some(&"") {
        parts.pop();
    }
    let (group, version, mut rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let mut found =
        ResourcePath { group: decoded(group), version: decoded(version), ..Default::default() };
    if let ["watch", inner @ ..] = rest
        && !inner.is_empty()
    {
        found.watch = true;
        rest = inner;
    }
    // `namespaces/NAME` alone, and its own subresources, are about the namespace itself.
    if let ["namespaces", namespace, inner @ ..] = rest
        && is_inside(group, inner)
    {
        found.namespace = Some(decoded(namespace));
        rest = inner;
    }
    match rest {
        [plural] => found.plural = decoded(plural),
        [plural, name] => {
            found.plural = decoded(plural);
            found.name = decoded(name);
        }
        [plural, name, subresource, rest @ ..] => {
            found.plural = decoded(plural);
            found.name = decoded(name);
            found.subresource = decoded(subresource);
            found.rest = (!rest.is_empty()).then(|| rest.join("/"));
        }
        [] => return None,
    }
    Some(found)
}

/// Whether a path goes on from a namespace to what is in it.
fn is_inside(group: &str, rest: &[&str]) -> bool {
    let is_own = group.is_empty() && matches!(rest, ["status" | "finalize"]);
    !rest.is_empty() && !is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_what_they_are_about() {
        let cases = [
            ("/api/v1/pods", "/v1 - pods  "),
            ("/api/v1/namespaces/a/pods", "/v1 a pods  "),
            ("/api/v1/namespaces/a/pods/p/", "/v1 a pods p "),
            ("/api/v1/namespaces/a/pods/p/log", "/v1 a pods p log"),
            ("/api/v1/namespaces/a/finalize", "/v1 - namespaces a finalize"),
            ("/api/v1/namespaces/a", "/v1 - namespaces a "),
            ("/apis/apps/v1/namespaces/a/deployments", "apps/v1 a deployments  "),
            ("/api/v1/watch/namespaces/a/secrets/s", "/v1 a secrets s  watch"),
            ("/api/v1/namespaces/a/services/s/proxy/x/y", "/v1 a services s proxy x/y"),
            ("/version", "none"),
            ("/apis/apps/v1", "none"),
        ];
        for (path, expected) in cases {
            let found = resource(path).map_or("none".to_owned(), |found| {
                let namespace = found.namespace.as_deref().unwrap_or("-");
                let ResourcePath { group, version, plural, name, subresource, .. } = &found;
                let rest = found.rest.as_ref().map_or(String::new(), |rest| format!(" {rest}"));
                let watch = if found.watch { "  watch" } else { "" };
                let text = format!("{group}/{version} {namespace} {plural} {name} {subresource}");
                format!("{}{rest}{watch}", if found.watch { text.trim_end() } else { &text })
            });
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let (path, query) =
            split("/api/v1/pods?labelSelector=a%3Db%2Cc&x=metadata.name%3Dx+y&l=5%");
        assert_eq!(path, "/api/v1/pods");
        let values: Vec<&str> = query.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["a=b,c", "metadata.name=x y", "5%"]);
    }
}
