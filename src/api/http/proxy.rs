//! `proxy`: requests to what listens in pods, by the pod or by a Service.
//! Mirrors `ResourceLocation` of `pkg/registry/core/{pod,service}` and `apimachinery/pkg/util/proxy`.

use serde_json::Value;

use super::options::Query;
use super::path::ResourcePath;
use super::{Answer, Call, Content, encode};
use crate::api::{Api, Reply, Request, Status, Verb};
use crate::object::{GroupResource, Key, Object};

/// A place in a cluster's network.
struct Place {
    pod: String,
    port: String,
}

/// Sends the request on, and the answer back.
pub(super) fn answer(
    api: &mut dyn Api,
    call: &Call,
    path: &ResourcePath,
    query: &Query<'_>,
) -> Result<Answer, Status> {
    let namespace = path.namespace.clone().unwrap_or_default();
    let (name, port) = split(&path.name).ok_or_else(|| {
        Status::bad_request(format!("invalid {} request \"{}\"", singular(path), path.name))
    })?;
    let Some(rest) = &path.rest else {
        // Relative links of what answers need the slash.
        let (before, _) = super::path::split(&call.target);
        if matches!(call.method.as_str(), "GET" | "HEAD") && !before.ends_with('/') {
            let mut moved = encode::plain(301, "");
            moved.headers.push(("Location", format!("{before}/")));
            return Ok(moved);
        }
        return send(api, call, path, query, (&namespace, name, port), "");
    };
    send(api, call, path, query, (&namespace, name, port), rest)
}

fn singular(path: &ResourcePath) -> &str {
    path.plural.strip_suffix('s').unwrap_or(&path.plural)
}

/// `[SCHEME:]NAME[:PORT]`.
fn split(text: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [name] => Some((name, "")),
        [name, port] => Some((name, port)),
        ["" | "http" | "https", name, port] => Some((name, port)),
        _ => None,
    }
}

fn send(
    api: &mut dyn Api,
    call: &Call,
    path: &ResourcePath,
    query: &Query<'_>,
    (namespace, name, port): (&str, &str, &str),
    rest: &str,
) -> Result<Answer, Status> {
    let place = match path.plural.as_str() {
        "pods" => of_pod(api, namespace, name, port)?,
        "services" => of_service(api, namespace, name, port)?,
        _ => return Err(Status::no_such_path()),
    };
    let pairs: Vec<String> = query.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let question = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    let target = format!("/{rest}{question}");
    let key = Key::new(pods(), namespace, &place.pod);
    let mut request = Request { verb: Verb::Get, ..Request::get(&key) }.to("proxy");
    let agent = call.header("user-agent").unwrap_or_default();
    let posted = String::from_utf8_lossy(&call.body);
    let parts = [
        ("port", &*place.port),
        ("method", &*call.method),
        ("path", &*target),
        ("agent", agent),
        ("body", &*posted),
    ];
    request.query = parts.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    let Reply::Json(reply) = api.call(request)? else {
        return Err(Status::unavailable("no endpoints available"));
    };
    let (whole, _) = super::path::split(&call.target);
    let code = reply["status"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(502);
    let body = reply["body"].as_str().unwrap_or_default();
    let looks_like_html = body.trim_start().starts_with('<');
    let before = whole.strip_suffix(rest).unwrap_or(whole).trim_end_matches('/');
    let body = if looks_like_html { with_own_links(body, before) } else { body.to_owned() };
    let kind =
        if looks_like_html { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" };
    Ok(Answer {
        code,
        headers: vec![("Content-Type", kind.to_owned())],
        body: Content::Bytes(body.into_bytes()),
    })
}

/// Attributes that hold links. Mirrors `atomsToAttrs`.
const LINKS: [&str; 12] = [
    "action=\"",
    "background=\"",
    "cite=\"",
    "data=\"",
    "formaction=\"",
    "href=\"",
    "icon=\"",
    "longdesc=\"",
    "manifest=\"",
    "poster=\"",
    "src=\"",
    "usemap=\"",
];

/// A page whose links to places of its own host lead through the proxy, too.
/// Mirrors `rewriteHTML` of `apimachinery/pkg/util/proxy/transport.go`.
fn with_own_links(page: &str, before: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(quote) = rest.find("=\"/") {
        let (head, tail) = rest.split_at(quote + 2);
        text.push_str(head);
        let is_link = LINKS.iter().any(|name| head.ends_with(name));
        if is_link && !tail.starts_with("//") && !tail.starts_with(before) {
            text.push_str(before);
        }
        rest = tail;
    }
    text + rest
}

fn pods() -> GroupResource {
    GroupResource::new("", "pods")
}

fn read(api: &mut dyn Api, resource: GroupResource, at: (&str, &str)) -> Result<Object, Status> {
    let key = Key::new(resource, at.0, at.1);
    let reply = api.call(Request::get(&key))?;
    reply.object().ok_or_else(|| Status::internal("no object was read"))
}

/// A pod's port: the named one, or its first container's first.
fn of_pod(api: &mut dyn Api, namespace: &str, name: &str, port: &str) -> Result<Place, Status> {
    let pod = read(api, pods(), (namespace, name))?.to_value();
    let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    let mut ports = containers.iter().filter_map(|one| one["ports"].as_array()).flatten();
    let found = match port {
        "" => ports.next(),
        named => ports.find(|one| one["name"] == named),
    };
    let number = found.and_then(|one| one["containerPort"].as_u64()).map(|n| n.to_string());
    let port = number.unwrap_or_else(|| if port.is_empty() { "80" } else { port }.to_owned());
    Ok(Place { pod: name.to_owned(), port })
}

/// A ready pod behind a Service, and the port there that its port leads to.
fn of_service(api: &mut dyn Api, namespace: &str, name: &str, port: &str) -> Result<Place, Status> {
    let service = read(api, GroupResource::new("", "services"), (namespace, name))?.to_value();
    let ports = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let number = port.parse::<u64>().ok();
    let is_meant = |one: &&Value| {
        let is_number = number.is_some() && one["port"].as_u64() == number;
        if port.is_empty() { ports.len() == 1 } else { is_number || one["name"] == port }
    };
    let nobody = || Status::unavailable(format!("no endpoints available for service {name:?}"));
    let no_port =
        || Status::unavailable(format!("no service port {port:?} found for service {name:?}"));
    let meant = ports.iter().find(is_meant).ok_or_else(no_port)?;
    let port_name = meant["name"].as_str().unwrap_or_default();
    let mut slices =
        Request::list(GroupResource::new("discovery.k8s.io", "endpointslices"), namespace);
    slices.label_selector = format!("kubernetes.io/service-name={name}");
    for slice in api.call(slices)?.items() {
        let slice = slice.to_value();
        let mut all = slice["ports"].as_array().into_iter().flatten();
        let port = all.find(|one| one["name"].as_str().unwrap_or_default() == port_name);
        let mut ends = slice["endpoints"].as_array().into_iter().flatten();
        let end = ends.find(|one| {
            one["conditions"]["ready"] != Value::Bool(false) && one["targetRef"]["kind"] == "Pod"
        });
        if let (Some(port), Some(end)) = (port, end) {
            let pod = end["targetRef"]["name"].as_str().unwrap_or_default().to_owned();
            return Ok(Place { pod, port: port["port"].to_string() });
        }
    }
    Err(nobody())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_the_own_host_are_rewritten() {
        let page = r#"<a href="/x">1</a> <img src="y.png"> <a href="//other/z">2</a> b="/c""#;
        let expected =
            r#"<a href="/p/proxy/x">1</a> <img src="y.png"> <a href="//other/z">2</a> b="/c""#;
        assert_eq!(with_own_links(page, "/p/proxy"), expected);
    }
}
