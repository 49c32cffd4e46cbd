//! Calls of webhooks: where they go, what is sent, and what comes back. Whoever has a network makes
//! them; here nothing waits. Mirrors `apiserver/pkg/util/webhook` and what of `client-go/rest` it uses.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use serde_json::Value;

use super::decode;
use crate::base::base64::{self, Alphabet};
use crate::base::{json_read, yaml};
use crate::object::{GroupResource, Key, Object};
use crate::store::Store;

static SERVICES: GroupResource = GroupResource::new("", "services");
static SLICES: GroupResource = GroupResource::new("discovery.k8s.io", "endpointslices");
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// How much of an answer that is no object is quoted. Mirrors `maxUnstructuredResponseTextBytes`.
const QUOTED: usize = 2048;

/// A request to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes: an `https` URL.
    pub url: String,
    /// The host and port to connect to, where they are not the URL's.
    pub dial: Option<String>,
    /// The authorities that are trusted, as PEM; empty: the machine's.
    pub authorities: Vec<u8>,
    /// What is sent: JSON.
    pub body: Vec<u8>,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether a pod is called, whose programs run where the API server does.
    pub is_inside: bool,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The HTTP code.
    pub code: u16,
    /// What the body is.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Who calls webhooks.
pub trait Caller {
    /// Posts a request and waits for the answer.
    ///
    /// # Errors
    /// Why there is none, in the words of Go's `net/http`.
    fn call(&self, request: &Outgoing) -> Result<Incoming, String>;
}

/// The authorities that a `clientConfig` trusts, as PEM.
///
/// # Errors
/// They are none.
pub(in crate::api) fn authorities(client: &Value) -> Result<Vec<u8>, String> {
    let text = client["caBundle"].as_str().unwrap_or_default();
    let bundle = base64::decode(text, Alphabet::Standard)?;
    if bundle.is_empty() || String::from_utf8_lossy(&bundle).contains("-----BEGIN CERTIFICATE-----")
    {
        return Ok(bundle);
    }
    Err("unable to load root certificates: unable to parse bytes as PEM block".to_owned())
}

/// The request that carries a review to where a `clientConfig` says.
///
/// # Errors
/// The Service that it names cannot be reached; the error begins as that of the call would.
pub(in crate::api) fn prepare(
    store: &Store,
    client: &Value,
    review: &Value,
    seconds: u64,
) -> Result<Outgoing, String> {
    let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
    let service = &client["service"];
    let mut is_inside = false;
    let (base, dial) = if service.is_object() {
        let (name, namespace) = (text(&service["name"]), text(&service["namespace"]));
        let port = service["port"].as_i64().unwrap_or(443);
        let path = text(&service["path"]);
        let base = format!("https://{name}.{namespace}.svc:{port}{path}");
        let found = resolve(store, &namespace, &name, port);
        is_inside = found.as_ref().is_ok_and(|(_, is_inside)| *is_inside);
        (base, Some(found.map(|(place, _)| place)))
    } else {
        (text(&client["url"]), None)
    };
    let url = with_timeout(&base, seconds);
    let dial = dial.transpose().map_err(|why| format!("Post \"{url}\": {why}"))?;
    let authorities = authorities(client)?;
    let body = review.to_string().into_bytes();
    Ok(Outgoing { url, dial, authorities, body, timeout: Duration::from_secs(seconds), is_inside })
}

/// An address with a path and the time that the answer may take.
fn with_timeout(base: &str, seconds: u64) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("https", base));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    format!("{scheme}://{host}/{path}?timeout={seconds}s")
}

/// Where a Service is reached. Mirrors `ResolveCluster` of `apiserver/pkg/util/proxy`, and what
/// kube-proxy does of the address.
/// Whether a pod answers there is told with it.
fn resolve(
    store: &Store,
    namespace: &str,
    name: &str,
    port: i64,
) -> Result<(String, bool), String> {
    let found =
        store.get(&Key::new(SERVICES.clone(), namespace, name)).and_then(Object::get::<Service>);
    let found = found.ok_or_else(|| format!("service {name:?} not found"))?;
    let spec = found.spec.clone().unwrap_or_default();
    let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
    if kind == "ExternalName" {
        return Ok((format!("{}:{port}", spec.external_name.unwrap_or_default()), false));
    }
    let address = spec.cluster_ip.unwrap_or_default();
    if address == "None" {
        return Err("cannot route to service with ClusterIP \"None\"".to_owned());
    }
    let mut ports = spec.ports.unwrap_or_default().into_iter();
    let wanted = ports
        .find(|one| i64::from(one.port) == port)
        .ok_or_else(|| format!("no service port {port} found for service {name:?}"))?;
    let slices = store.list_in(&SLICES, namespace);
    let slices = slices.filter_map(Object::get::<EndpointSlice>);
    let own = |slice: &&EndpointSlice| {
        let labels = slice.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(SERVICE_NAME)).is_some_and(|of| of == name)
    };
    let found = slices.filter(own).find_map(|slice| {
        let ports = slice.ports.iter().flatten();
        let mut ports = ports.filter(|one| {
            one.name.clone().unwrap_or_default() == wanted.name.clone().unwrap_or_default()
        });
        let port = ports.next()?.port?;
        let is_ready = |one: &&Endpoint| {
            one.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false)
        };
        let endpoint = slice.endpoints.iter().flatten().find(is_ready)?;
        let is_inside = endpoint.target_ref.is_some();
        Some((format!("{}:{port}", endpoint.addresses.first()?), is_inside))
    });
    found.ok_or_else(|| format!("dial tcp {address}:{port}: connect: connection refused"))
}

/// Who makes calls: one for what is outside the cluster, and one for its pods.
#[derive(Clone, Default)]
pub(in crate::api) struct Callers {
    /// Calls over a network.
    pub outside: Option<Rc<dyn Caller>>,
    /// Asks the programs of pods, as they are now.
    pub inside: Option<Rc<dyn Caller>>,
}

/// Makes a call and reads the answer: an object.
///
/// # Errors
/// Why there is none, in the words of `client-go`.
pub(in crate::api) fn post(
    callers: &Callers,
    call: Result<Outgoing, String>,
) -> Result<Value, String> {
    let call = call?;
    let caller = if call.is_inside { &callers.inside } else { &callers.outside };
    let Some(caller) = caller else {
        return Err("there is no network outside the cluster".to_owned());
    };
    let answer = caller.call(&call).map_err(|why| format!("Post {:?}: {why}", call.url))?;
    read(&answer)
}

/// The object in an answer. Mirrors `transformResponse` and `Result.Into`.
fn read(answer: &Incoming) -> Result<Value, String> {
    let Incoming { code, content_type, body } = answer;
    if !(200..=206).contains(code) {
        if let Some(message) = told(body) {
            return Err(message);
        }
        return Err(unexpected(*code, content_type, body));
    }
    if body.is_empty() {
        return Err(format!(
            "0-length response with status code: {code} and content type: {content_type}"
        ));
    }
    parse(body).map_err(|why| format!("couldn't get version/kind; json parse error: {why}"))
}

fn parse(body: &[u8]) -> Result<Value, String> {
    let text = String::from_utf8_lossy(body);
    let value = if text.trim_start().starts_with('{') {
        json_read::read(&text)?.value
    } else {
        // What does not look like JSON is read as YAML.
        let first = yaml::parse_documents(&text).into_iter().next();
        first.map_or(Ok(Value::Null), |document| document.value).map_err(|why| why.problem)?
    };
    decode::misfit(&value).map_or(Ok(value), Err)
}

/// The message of a refusal that came as a Status.
fn told(body: &[u8]) -> Option<String> {
    let value = parse(body).ok()?;
    let is_failure = value["kind"] == "Status" && value["status"] == "Failure";
    is_failure.then(|| value["message"].as_str().unwrap_or_default().to_owned())
}

/// Mirrors `NewGenericServerResponse`.
fn unexpected(code: u16, content_type: &str, body: &[u8]) -> String {
    let is_text = content_type.is_empty() || content_type.starts_with("text/");
    let shown = body.get(..QUOTED.min(body.len())).unwrap_or_default();
    let text = String::from_utf8_lossy(shown).trim().to_owned();
    let said = if is_text { text } else { "unknown".to_owned() };
    let fixed = match code {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        406 if said == "unknown" => {
            "the server was unable to respond with a content type that the client supports"
        }
        409 => "the server reported a conflict",
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be \
             processing the request"
        }
        403 | 406 | 415 => return said,
        500.. => {
            let said = crate::base::go_text::quote(&said);
            return format!(
                "an error on the server ({said}) has prevented the request from succeeding"
            );
        }
        _ => {
            return format!(
                "the server responded with the status code {code} but did not return more \
                 information"
            );
        }
    };
    fixed.to_owned()
}

/// A field that an answer may have: where it stands, in which type, of which type it is, and what
/// JSON that is (`s`tring, `b`ool, `n`umber, `o`bject, `a`rray).
pub(in crate::api) type Shape = (&'static str, &'static str, &'static str, char);

/// Whether an object is a review of the wanted version, as far as it says what it is, and fits.
///
/// # Errors
/// The decoder's words.
pub(in crate::api) fn check(
    answer: &Value,
    wanted: (&str, &str, &str),
    shape: &[Shape],
) -> Result<(), String> {
    let (group, version, kind) = wanted;
    let text = |field: &str| answer[field].as_str().unwrap_or_default();
    let (api_version, written) = (text("apiVersion"), text("kind"));
    let own = format!("{group}/{version}");
    let is_own =
        (api_version.is_empty() || api_version == own) && (written.is_empty() || written == kind);
    if !is_own {
        let api_version = if api_version.is_empty() { &own } else { api_version };
        let written = if written.is_empty() { kind } else { written };
        let found = api_version.strip_prefix(&format!("{group}/"));
        return Err(match found {
            Some(found @ ("v1" | "v1beta1")) if written == kind => {
                format!("converting ({found}.{kind}) to ({version}.{kind}): unknown conversion")
            }
            _ => format!(
                "no kind {written:?} is registered for version {api_version:?} in scheme \
                 \"pkg/util/webhook/client.go:71\""
            ),
        });
    }
    for (path, of, go_type, is) in shape {
        let value = answer.pointer(&format!("/{}", path.replace('.', "/")));
        let found = match value {
            None | Some(Value::Null) => continue,
            Some(Value::String(_)) => ("string", 's'),
            Some(Value::Bool(_)) => ("bool", 'b'),
            Some(Value::Number(_)) => ("number", 'n'),
            Some(Value::Object(_)) => ("object", 'o'),
            Some(Value::Array(_)) => ("array", 'a'),
        };
        if found.1 != *is {
            return Err(format!(
                "json: cannot unmarshal {} into Go struct field {of}.{path} of type {go_type}",
                found.0
            ));
        }
    }
    Ok(())
}
