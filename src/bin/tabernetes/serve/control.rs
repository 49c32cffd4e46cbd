//! The control service: load, and nodes that come, go and fall silent. It is spoken to as the one
//! that the recordings of a real cluster used.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tabernetes::base::quantity::Quantity;
use tabernetes::cluster::{Cluster, Control, NodeSpec};

use super::driver::Driver;

/// The routes of the service.
pub fn routes(driver: Driver) -> Router {
    Router::new().fallback(answer).with_state(driver)
}

async fn answer(State(driver): State<Driver>, uri: Uri, body: String) -> Response {
    let body = if body.is_empty() { Ok(json!({})) } else { serde_json::from_str(&body) };
    let outcome = match body {
        Ok(body) => driver.control(uri.path().to_owned(), body).await,
        Err(why) => Err(why.to_string()),
    };
    match outcome {
        Ok(()) => json!({"ok": true}).to_string().into_response(),
        Err(why) => {
            let text = json!({"error": why}).to_string();
            (StatusCode::BAD_REQUEST, text).into_response()
        }
    }
}

/// Does what a request to the service asks for.
pub fn carry_out(cluster: &mut Cluster, path: &str, body: &Value) -> Result<(), String> {
    let control = match path {
        "/metrics" => load(body)?,
        "/node" => node(body)?,
        _ => return Err(format!("there is no {path}")),
    };
    cluster.control(&control).map_err(|status| status.message)
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, String> {
    body[name].as_str().ok_or_else(|| format!("{name} must be given"))
}

fn load(body: &Value) -> Result<Control, String> {
    let amount = |name: &str| -> Result<Option<Quantity>, String> {
        match &body[name] {
            Value::Null => Ok(None),
            Value::String(text) => parse(text).map(Some),
            other => parse(&other.to_string()).map(Some),
        }
    };
    let selector = match &body["selector"] {
        Value::Object(labels) => {
            let term = |(key, value): (&String, &Value)| {
                format!("{key}={}", value.as_str().unwrap_or_default())
            };
            labels.iter().map(term).collect::<Vec<_>>().join(",")
        }
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let total = amount("totalCpu")?;
    let cpu = if total.is_some() { total } else { amount("cpu")? };
    Ok(Control::Load {
        namespace: text(body, "namespace")?.to_owned(),
        selector,
        cpu_milli: cpu.map(|amount| amount.milli()),
        total: total.is_some(),
        memory_bytes: amount("memory")?.map(|amount| amount.value()),
        missing: body["missing"].as_bool().unwrap_or(false),
    })
}

fn parse(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|_| format!("{text:?} is no amount"))
}

fn node(body: &Value) -> Result<Control, String> {
    let name = text(body, "name")?.to_owned();
    Ok(match text(body, "action")? {
        "add" => Control::AddNode(new_node(&name, body)?),
        "remove" => Control::RemoveNode(name),
        "stop-heartbeat" => Control::Silence(name),
        "start-heartbeat" => Control::Unsilence(name),
        other => {
            return Err(format!("{other:?} is not add, remove, stop-heartbeat or start-heartbeat"));
        }
    })
}

/// A node of the usual size, but for what is said of it.
fn new_node(name: &str, body: &Value) -> Result<NodeSpec, String> {
    let mut node = NodeSpec::worker(name);
    for (key, value) in body["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        node.labels.insert(key.clone(), value);
    }
    for taint in body["taints"].as_array().into_iter().flatten() {
        let part = |name: &str| taint[name].as_str().unwrap_or_default().to_owned();
        node.taints.push((part("key"), part("value"), part("effect")));
    }
    let whole = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::String(text) => parse(text).map(|amount| Some(amount.value())),
        other => parse(&other.to_string()).map(|amount| Some(amount.value())),
    };
    if let Some(cpu) = whole(&body["cpu"])? {
        node.cpu = u32::try_from(cpu).map_err(|_| "cpu is too much".to_owned())?;
    }
    if let Some(memory) = whole(&body["memory"])? {
        node.memory_gib =
            u32::try_from(memory >> 30).map_err(|_| "memory is too much".to_owned())?;
    }
    Ok(node)
}
