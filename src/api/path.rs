//! From HTTP paths to requests. Mirrors `k8s.io/apiserver/pkg/endpoints/request`.

use super::{PatchType, Propagation, Request, Verb};
use crate::kinds::{KINDS, Kind};

/// The request that `method` on `target` (`/apis/apps/v1/namespaces/default/deployments?limit=5`)
/// stands for, without its body; `None` where no resource is served. Patches are taken as merge
/// patches unless `content_type` says otherwise.
pub fn request(method: &str, target: &str, content_type: &str) -> Option<Request> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    // `namespaces/NAME` alone, and its own subresources, are about the namespace itself.
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if is_inside(group, rest) => (*namespace, rest),
        _ => ("", rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, "", ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, subresource] => (*plural, *name, *subresource),
        _ => return None,
    };
    let kind = served(group, version, plural)?;
    let names = kind.names();
    let subresource = match subresource {
        "" => "",
        asked => names.subresources.iter().find(|known| **known == asked)?,
    };
    let query: Vec<(String, String)> = parameters(query);
    let watches = query.iter().any(|(key, value)| key == "watch" && truth(value));
    let verb = verb(method, name.is_empty(), watches, content_type)?;
    let mut request = Request::new(verb, names.resource()).to(subresource);
    version.clone_into(&mut request.version);
    request.namespace = decoded(namespace);
    request.name = decoded(name);
    for (key, value) in &query {
        apply(&mut request, key, value);
    }
    request.query = query;
    Some(request)
}

/// Whether a path goes on from a namespace to what is in it.
fn is_inside(group: &str, rest: &[&str]) -> bool {
    let is_own = group.is_empty() && matches!(rest, ["status" | "finalize"]);
    !rest.is_empty() && !is_own
}

fn served(group: &str, version: &str, plural: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| {
        let names = kind.names();
        names.group == group && names.plural == plural && names.versions.contains(&version)
    })
}

fn verb(method: &str, is_collection: bool, watches: bool, content_type: &str) -> Option<Verb> {
    Some(match (method, is_collection) {
        ("GET", true) if watches => Verb::Watch,
        ("GET", true) => Verb::List,
        ("GET", false) => Verb::Get,
        ("POST", _) => Verb::Create,
        ("PUT", false) => Verb::Update,
        ("DELETE", false) => Verb::Delete,
        ("DELETE", true) => Verb::DeleteCollection,
        ("PATCH", false) => Verb::Patch(match content_type {
            "application/json-patch+json" => PatchType::Json,
            "application/strategic-merge-patch+json" => PatchType::Strategic,
            _ => PatchType::Merge,
        }),
        _ => return None,
    })
}

fn apply(request: &mut Request, key: &str, value: &str) {
    match key {
        "labelSelector" => value.clone_into(&mut request.label_selector),
        "fieldSelector" => value.clone_into(&mut request.field_selector),
        "resourceVersion" => request.resource_version = value.parse().ok(),
        "dryRun" => request.dry_run = value == "All",
        "fieldValidation" => request.strict = value == "Strict",
        "gracePeriodSeconds" => request.delete.grace_period_seconds = value.parse().ok(),
        "propagationPolicy" => {
            request.delete.propagation = match value {
                "Foreground" => Some(Propagation::Foreground),
                "Background" => Some(Propagation::Background),
                "Orphan" => Some(Propagation::Orphan),
                _ => None,
            }
        }
        _ => {}
    }
}

fn truth(value: &str) -> bool {
    matches!(value, "true" | "1" | "")
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(&value.replace('+', " ")))
        })
        .collect()
}

/// Text without `%XX`; what is no valid escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (*first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (byte, _) => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_what_they_are_about() {
        let cases = [
            ("GET /api/v1/pods", "List pods  "),
            ("GET /api/v1/namespaces/a/pods?watch=true", "Watch pods a "),
            ("GET /api/v1/namespaces/a/pods/p", "Get pods a p"),
            ("GET /api/v1/namespaces/a/pods/p/log", "Get pods a p/log"),
            ("POST /api/v1/namespaces/a/pods/p/binding", "Create pods a p/binding"),
            ("PUT /api/v1/namespaces/a/finalize", "Update namespaces  a/finalize"),
            ("GET /api/v1/namespaces/a", "Get namespaces  a"),
            (
                "DELETE /apis/apps/v1/namespaces/a/deployments",
                "DeleteCollection deployments.apps a ",
            ),
            (
                "GET /apis/autoscaling/v1/namespaces/a/horizontalpodautoscalers/h",
                "Get horizontalpodautoscalers.autoscaling a h",
            ),
            ("GET /api/v1/namespaces/a/toys", "none"),
            ("GET /api/v1/namespaces/a/configmaps/c/scale", "none"),
            ("PUT /api/v1/nodes", "none"),
            ("GET /version", "none"),
        ];
        for (line, expected) in cases {
            let (method, target) = line.split_once(' ').unwrap_or_default();
            let found = request(method, target, "").map_or("none".to_owned(), |request| {
                let Request { verb, resource, namespace, name, subresource, .. } = request;
                let slash = if subresource.is_empty() { "" } else { "/" };
                format!("{verb:?} {resource} {namespace} {name}{slash}{subresource}")
            });
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn parameters_are_decoded_into_their_places() {
        let target = "/api/v1/pods?labelSelector=a%3Db%2Cc&fieldSelector=metadata.name%3Dx+y\
                      &resourceVersion=7&dryRun=All&fieldValidation=Strict&limit=5%";
        let request = request("GET", target, "").expect("a request");
        assert_eq!(request.label_selector, "a=b,c");
        assert_eq!(request.field_selector, "metadata.name=x y");
        assert_eq!(request.resource_version, Some(7));
        assert!(request.dry_run && request.strict);
        assert_eq!(request.parameter("limit"), Some("5%"));
    }
}
