//! Paths that are about the server itself: version, health, discovery.
//! Mirrors `k8s.io/apiserver/pkg/server/{routes,healthz}` and `endpoints/discovery`.

use serde_json::{Value, json};

use super::negotiate::{self, Serves, Shape};
use super::{Answer, Call, Content, encode, openapi};
use crate::api::{Api, Status, discovery};
use crate::base::order::Order as _;
use crate::base::sha256;

const HEALTH: [&str; 3] = ["healthz", "livez", "readyz"];
/// The checks that `/healthz`, `/livez` and `/readyz` know by name.
const CHECKS: [&str; 5] =
    ["ping", "log", "etcd", "informer-sync", "poststarthook/generic-apiserver-start-informers"];
const DISCOVERY_TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// What was asked, and how it is to be written.
pub(super) struct Asked<'a> {
    /// The request.
    pub call: &'a Call,
    /// Its path, without the query.
    pub path: &'a str,
    /// Whether JSON is to be indented.
    pub pretty: bool,
}

/// Answers a request about the server itself; `None` where the path is about something else.
pub(super) fn answer(api: &mut dyn Api, asked: &Asked<'_>) -> Result<Option<Answer>, Status> {
    let parts: Vec<&str> = asked.path.split('/').filter(|part| !part.is_empty()).collect();
    let is_read = asked.call.method == "GET";
    if let ["apis", group, version, ..] = parts.as_slice()
        && is_silent(api, group, version)
    {
        return Ok(Some(encode::plain(503, "service unavailable\n")));
    }
    let document = match parts.as_slice() {
        [name, check @ ..] if HEALTH.contains(name) => return Ok(Some(health(name, check, asked))),
        ["version"] if is_read => discovery::version(),
        ["api"] | ["apis"] if is_read => return root(api, asked, parts == ["api"]).map(Some),
        ["apis", group] if is_read => match group_of(api, group) {
            Some(document) => document,
            None => return Ok(None),
        },
        ["api", version] if is_read => resources(api, "", version)?,
        ["apis", group, version] if is_read && group_of(api, group).is_some() => {
            resources(api, group, version)?
        }
        ["openid", "v1", "jwks"] if is_read => json!({"keys": []}),
        [".well-known", "openid-configuration"] if is_read => return Ok(Some(issuer())),
        ["openapi", rest @ ..] if is_read => {
            return openapi::answer(api, asked.call, rest).map(Some);
        }
        [] if is_read => paths(api),
        ["version"] | ["api"] | ["apis"] | ["api", _] => return Err(Status::no_such_method()),
        ["apis", group, ..] if group_of(api, group).is_none() => {
            return Ok(Some(encode::plain(404, "404 page not found\n")));
        }
        _ => return Ok(None),
    };
    let accept = asked.call.accept();
    let form = negotiate::form(&accept, asked.pretty, Serves::Discovery)?;
    Ok(Some(encode::answer(200, &document, form.media)))
}

/// Whether the Service that should answer a group and version does not.
fn is_silent(api: &dyn Api, group: &str, version: &str) -> bool {
    let mut extensions = api.extensions().into_iter();
    extensions.any(|e| e.group == group && e.version == version && !e.available)
}

fn health(name: &str, check: &[&str], asked: &Asked<'_>) -> Answer {
    if !check.is_empty() {
        let known = CHECKS.contains(&check.join("/").as_str());
        return if known { encode::plain(200, "ok") } else { encode::plain(404, NOT_FOUND) };
    }
    let verbose = asked.call.target.split_once('?').is_some_and(|(_, query)| {
        query.split('&').any(|pair| pair.split('=').next() == Some("verbose"))
    });
    if !verbose {
        return encode::plain(200, "ok");
    }
    let lines: String = CHECKS.iter().map(|check| format!("[+]{check} ok\n")).collect();
    encode::plain(200, &format!("{lines}{name} check passed\n"))
}

const NOT_FOUND: &str = "404 page not found\n";

/// `/api` and `/apis`, plain or aggregated.
fn root(api: &mut dyn Api, asked: &Asked<'_>, is_core: bool) -> Result<Answer, Status> {
    let accept = asked.call.accept();
    let form = negotiate::form(&accept, asked.pretty, Serves::Discovery)?;
    let entries = discovery::served(api);
    if form.shape == Shape::Discovery {
        let document = discovery::aggregated_document(&entries, is_core);
        return Ok(aggregated(asked.call, &document));
    }
    let document = if is_core {
        let address = json!({"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"});
        json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]})
    } else {
        discovery::groups_document(&discovery::served_groups(api))
    };
    Ok(encode::answer(200, &document, form.media))
}

/// Aggregated discovery carries a tag, so that clients need not read again what they know.
fn aggregated(call: &Call, document: &Value) -> Answer {
    let text = encode::text(document, negotiate::Media::Json);
    let digest = sha256::digest(&text);
    let tag: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let tag = format!("\"{tag}\"");
    let is_known = call.header("if-none-match") == Some(tag.as_str());
    let mut headers =
        vec![("ETag", tag), ("Vary", "Accept".to_owned()), ("Cache-Control", "public".to_owned())];
    if is_known {
        return Answer { code: 304, headers, body: Content::Bytes(Vec::new()) };
    }
    headers.push(("Content-Type", DISCOVERY_TYPE.to_owned()));
    Answer { code: 200, headers, body: Content::Bytes(text) }
}

fn group_of(api: &mut dyn Api, group: &str) -> Option<Value> {
    let groups = discovery::served_groups(api);
    let (_, versions) = groups.iter().find(|(name, _)| name == group)?;
    let mut document = discovery::group_document(group, versions);
    document["kind"] = json!("APIGroup");
    document["apiVersion"] = json!("v1");
    Some(document)
}

fn resources(api: &mut dyn Api, group: &str, version: &str) -> Result<Value, Status> {
    let entries = discovery::served(api);
    discovery::resources_document(&entries, group, version).ok_or_else(Status::no_such_path)
}

/// Mirrors the service account issuer's discovery.
fn issuer() -> Answer {
    let document = json!({
        "issuer": "https://kubernetes.default.svc.cluster.local",
        "jwks_uri": "https://127.0.0.1:6443/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    let mut answer = encode::answer(200, &document, negotiate::Media::Json);
    answer.headers.push(("Cache-Control", "public, max-age=3600".to_owned()));
    answer
}

/// `/`: every path that leads on. Mirrors `metav1.RootPaths`.
fn paths(api: &mut dyn Api) -> Value {
    let mut paths: Vec<String> =
        ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/"]
            .map(str::to_owned)
            .into();
    for (group, versions) in discovery::served_groups(api) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(HEALTH.map(|name| format!("/{name}")));
    paths.extend(["/openapi/v2", "/openapi/v3", "/openapi/v3/", "/version"].map(str::to_owned));
    paths.order();
    json!({"paths": paths})
}
