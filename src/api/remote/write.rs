//! From a request to HTTP. Mirrors `k8s.io/client-go/rest/request.go`.

use serde_json::{Value, json};

use crate::api::http::Call;
use crate::api::{Body, DeleteOptions, PatchType, Propagation, Request, Sender, Verb};
use crate::kinds::Kind;

/// For how long a look at what has changed stays open, in seconds.
const WATCH: &str = "1";
/// What subresources take that is no object of the kind: its group and version, and its kind.
const TAKEN: &[(&str, &str, &str)] = &[
    ("binding", "v1", "Binding"),
    ("eviction", "policy/v1", "Eviction"),
    ("scale", "autoscaling/v1", "Scale"),
    ("token", "authentication.k8s.io/v1", "TokenRequest"),
];

/// The HTTP of a request.
pub(super) fn call(kind: &dyn Kind, request: &Request) -> Call {
    let (method, content) = method(request.verb);
    let mut headers = headers(request);
    let body = body(kind, request);
    if !body.is_empty() {
        headers.push(("Content-Type".to_owned(), content.to_owned()));
    }
    let target = format!("{}{}", path(kind, request), query(request));
    Call { method: method.to_owned(), target, headers, body: body.into_bytes() }
}

/// The HTTP of a question that is answered and not stored.
pub(super) fn review(name: &str, request: &Request) -> Call {
    let group = &request.resource.group;
    let mut target = format!("/apis/{group}/v1");
    if !request.namespace.is_empty() {
        target.push_str(&format!("/namespaces/{}", encoded(&request.namespace)));
    }
    target.push_str(&format!("/{}", request.resource.resource));
    let mut headers = headers(request);
    headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    let mut value = match &request.body {
        Body::Json(value) => value.clone(),
        _ => json!({}),
    };
    value["apiVersion"] = json!(format!("{group}/v1"));
    value["kind"] = json!(name);
    let body = value.to_string().into_bytes();
    Call { method: "POST".to_owned(), target, headers, body }
}

/// The HTTP that opens a connection to a process.
pub(super) fn connect(kind: &dyn Kind, request: &Request) -> Call {
    let mut pairs: Vec<(&str, &str)> = vec![("stdout", "true")];
    let is = |name: &str| request.parameter(name).is_some();
    if is("stdin") {
        pairs.push(("stdin", "true"));
    }
    // With a terminal both outputs are one.
    pairs.push(if is("tty") { ("tty", "true") } else { ("stderr", "true") });
    let given = request.query.iter().filter(|(name, _)| name == "container" || name == "command");
    pairs.extend(given.map(|(name, value)| (name.as_str(), value.as_str())));
    let target = format!("{}{}", path(kind, request), joined(&pairs));
    Call { method: "GET".to_owned(), target, headers: headers(request), body: Vec::new() }
}

fn method(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Get | Verb::List | Verb::Watch => ("GET", ""),
        Verb::Create => ("POST", "application/json"),
        Verb::Update => ("PUT", "application/json"),
        Verb::Patch(PatchType::Json) => ("PATCH", "application/json-patch+json"),
        Verb::Patch(PatchType::Merge) => ("PATCH", "application/merge-patch+json"),
        Verb::Patch(PatchType::Strategic) => ("PATCH", "application/strategic-merge-patch+json"),
        Verb::Patch(PatchType::Apply) => ("PATCH", "application/apply-patch+yaml"),
        Verb::Delete | Verb::DeleteCollection => ("DELETE", "application/json"),
    }
}

fn headers(request: &Request) -> Vec<(String, String)> {
    let mut headers = vec![
        ("Accept".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), "kubectl".to_owned()),
    ];
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    match &request.sender {
        Sender::Known => {}
        Sender::Token(token) => add("Authorization", &format!("Bearer {token}")),
        Sender::For(user) => {
            add("Impersonate-User", &user.name);
            if !user.uid.is_empty() {
                add("Impersonate-Uid", &user.uid);
            }
            user.groups.iter().for_each(|group| add("Impersonate-Group", group));
        }
    }
    headers
}

fn version<'a>(kind: &dyn Kind, request: &'a Request) -> &'a str {
    let preferred = kind.names().versions.first().copied().unwrap_or_default();
    if request.version.is_empty() { preferred } else { &request.version }
}

fn path(kind: &dyn Kind, request: &Request) -> String {
    let (names, version) = (kind.names(), version(kind, request));
    let mut path = match names.group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    if names.namespaced && !request.namespace.is_empty() {
        path.push_str(&format!("/namespaces/{}", encoded(&request.namespace)));
    }
    path.push_str(&format!("/{}", names.plural));
    let is_new = request.verb == Verb::Create && request.subresource.is_empty();
    let is_many = matches!(request.verb, Verb::List | Verb::Watch | Verb::DeleteCollection);
    if !is_new && !is_many {
        path.push_str(&format!("/{}", encoded(&request.name)));
    }
    if !request.subresource.is_empty() {
        path.push_str(&format!("/{}", request.subresource));
    }
    path
}

fn query(request: &Request) -> String {
    let writes =
        matches!(request.verb, Verb::Create | Verb::Update | Verb::Patch(_)).then_some(request);
    let revision = request.resource_version.map(|revision| revision.to_string());
    let limit = Some(request.page.limit).filter(|limit| *limit > 0).map(|limit| limit.to_string());
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    if let Some(request) = writes {
        pairs.push(("fieldManager", &request.manager));
        if request.strict {
            pairs.push(("fieldValidation", "Strict"));
        } else if request.lenient {
            pairs.push(("fieldValidation", "Ignore"));
        }
        if request.verb == Verb::Patch(PatchType::Apply) && request.force {
            pairs.push(("force", "true"));
        }
        if request.dry_run {
            pairs.push(("dryRun", "All"));
        }
    }
    if request.verb == Verb::Watch {
        pairs.extend([
            ("watch", "true"),
            ("timeoutSeconds", WATCH),
            ("allowWatchBookmarks", "true"),
        ]);
    }
    pairs.push(("labelSelector", &request.label_selector));
    pairs.push(("fieldSelector", &request.field_selector));
    pairs.push(("resourceVersion", revision.as_deref().unwrap_or_default()));
    pairs.push(("limit", limit.as_deref().unwrap_or_default()));
    pairs.retain(|(_, value)| !value.is_empty());
    pairs.extend(request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    joined(&pairs)
}

fn joined(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Mirrors Go's `url.QueryEscape`, but for spaces, which every part of a URL takes so.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn body(kind: &dyn Kind, request: &Request) -> String {
    if matches!(request.verb, Verb::Delete | Verb::DeleteCollection) {
        return options(&request.delete, request.dry_run).to_string();
    }
    let mut value = match &request.body {
        Body::None => return String::new(),
        Body::Object(object) => kind.encode(version(kind, request), object),
        Body::Json(value) => value.clone(),
    };
    if matches!(request.verb, Verb::Create | Verb::Update)
        && let Some(fields) = value.as_object_mut()
        && !fields.contains_key("kind")
    {
        let (group, own) = (kind.names().group, version(kind, request));
        let own = if group.is_empty() { own.to_owned() } else { format!("{group}/{own}") };
        let taken = TAKEN.iter().find(|(subresource, ..)| *subresource == request.subresource);
        let (version, name) =
            taken.map_or((own.as_str(), kind.names().kind), |(_, version, name)| (*version, *name));
        fields.insert("apiVersion".to_owned(), json!(version));
        fields.insert("kind".to_owned(), json!(name));
    }
    value.to_string()
}

/// Mirrors `metav1.DeleteOptions`.
fn options(given: &DeleteOptions, dry_run: bool) -> Value {
    let mut value = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
    if let Some(seconds) = given.grace_period_seconds {
        value["gracePeriodSeconds"] = json!(seconds);
    }
    if let Some(propagation) = given.propagation {
        value["propagationPolicy"] = json!(match propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        });
    }
    if let Some(uid) = &given.uid {
        value["preconditions"]["uid"] = json!(uid);
    }
    if let Some(version) = &given.resource_version {
        value["preconditions"]["resourceVersion"] = json!(version);
    }
    if dry_run {
        value["dryRun"] = json!(["All"]);
    }
    value
}
