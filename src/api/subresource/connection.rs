//! What is asked before somebody is let through to what runs, and of what a subresource is given in place of
//! the object. Mirrors `ConnectResource` of `endpoints/handlers/rest.go`.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::api::admission::asked::Asking;
use crate::api::admission::{Guise, Operation, webhook};
use crate::api::{Request, Server, Status, decode};
use crate::kinds::Kind;
use crate::object::{Object, Resource, codec};
use std::rc::Rc;

/// The options of a connection: its kind, the lists and the truths among them.
fn options(subresource: &str) -> (&'static str, &'static [&'static str]) {
    match subresource {
        "exec" => ("PodExecOptions", &["stdin", "stdout", "stderr", "tty"]),
        "attach" => ("PodAttachOptions", &["stdin", "stdout", "stderr", "tty"]),
        "portforward" => ("PodPortForwardOptions", &[]),
        _ => ("PodProxyOptions", &[]),
    }
}

fn read_options(request: &Request) -> Guise {
    let (kind, truths) = options(request.subresource);
    let mut value = json!({"kind": kind, "apiVersion": "v1"});
    for (name, text) in &request.query {
        match name.as_str() {
            "command" => match &mut value["command"] {
                Value::Array(words) => words.push(text.as_str().into()),
                none => *none = json!([text]),
            },
            "ports" => {
                let ports = text.split(',').filter_map(|port| port.parse::<i32>().ok());
                value["ports"] = ports.collect();
            }
            "container" | "path" => value[name] = text.as_str().into(),
            name if truths.contains(&name) && matches!(text.as_str(), "true" | "1") => {
                value[name] = true.into();
            }
            _ => {}
        }
    }
    Guise { group: "", kind, value }
}

/// Only a pod that is somewhere can be connected to. Mirrors `streamLocation`.
pub(super) fn check_host(subresource: &str, object: &Object) -> Result<(), Status> {
    let host = object.get::<Pod>().map(|pod| pod.spec.as_ref()?.node_name.as_ref());
    let connects = matches!(subresource, "exec" | "attach" | "portforward");
    if connects && matches!(host, Some(None)) {
        let name = object.name();
        return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
    }
    Ok(())
}

impl Server {
    /// Whether a connection may be made: the dry run of one.
    pub(in crate::api) fn check_connection(&mut self, request: &Request) -> Result<(), Status> {
        let kind = self.kind(&request.resource, &request.version);
        let kind = kind.ok_or_else(Status::no_such_path)?;
        if webhook::may_ask(&self.store) {
            let asking = Asking { options: Value::Null, ..Asking::of(self, request) };
            let before = self.asking.replace(Rc::new(Asking { dry_run: false, ..asking }));
            let asked = self.ask(kind, request, Operation::Connect, read_options(request));
            self.asking = before;
            asked?;
        }
        check_host(request.subresource, self.current(request)?)
    }

    /// What becomes of the body of a request to a subresource when everybody was asked about it.
    pub(super) fn admitted<T>(
        &mut self,
        kind: &'static dyn Kind,
        request: &Request,
        (group, name): (&'static str, &'static str),
        given: T,
    ) -> Result<T, Status>
    where
        T: Resource + Clone + serde::de::DeserializeOwned,
    {
        if self.asking.is_none() {
            return Ok(given);
        }
        let guise = Guise { group, kind: name, value: Object::new(given).to_value() };
        let value = self.ask(kind, request, Operation::Create, guise)?;
        codec::decode(&value).map_err(Status::bad_request)
    }

    /// Asks policies and webhooks about what a subresource is given.
    fn ask(
        &mut self,
        kind: &'static dyn Kind,
        request: &Request,
        operation: Operation,
        guise: Guise,
    ) -> Result<Value, Status> {
        let version = decode::version(kind, &request.version);
        let named = json!({"metadata": {"name": request.name, "namespace": request.namespace}});
        let mut object = kind.decode(version, &named).map_err(|why| Status::internal(&why))?;
        let asking = self.asking.clone();
        let subresource = request.subresource;
        let (mut write, warnings) =
            self.write(asking.as_deref(), operation, kind, subresource, &mut object, None);
        write.guise = Some(guise);
        let mut rounds = webhook::Rounds::default();
        if webhook::mutate(&mut write, warnings, &mut rounds)? {
            webhook::mutate(&mut write, warnings, &mut rounds)?;
        }
        #[cfg(not(target_arch = "wasm32"))]
        crate::api::admission::policy::validate(&write, warnings)?;
        webhook::validate(&mut write, warnings)?;
        Ok(write.guise.map_or(Value::Null, |guise| guise.value))
    }
}
