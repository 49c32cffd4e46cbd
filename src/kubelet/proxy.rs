//! Requests to what listens in pods: the `proxy` subresource, which `portforward` comes down to.
//! Mirrors the location part of `pkg/registry/core/pod/strategy.go` and what a kubelet answers.
//!
//! `get` with the query `port`, `method`, `path`, `agent` and `body` sends a request to the pod's address; the
//! reply is `{"status", "body"}`.

use serde_json::json;

use super::Kubelets;
use super::agenda::Work;
use crate::api::{Reply, Request, Status};
use crate::machine::{Answer, Asked};

impl Kubelets {
    /// Answers a request to `proxy`; `None` for pods that no kubelet has.
    pub(super) fn serve_proxy(&mut self, request: &Request) -> Option<Result<Reply, Status>> {
        let worker = self.find(&request.namespace, &request.name)?;
        let uid = worker.uid.clone();
        let Some(address) = worker.sandbox.as_ref().map(|sandbox| sandbox.address.clone()) else {
            return Some(Err(Status::unavailable("address not allowed")));
        };
        let text = |name: &str| request.parameter(name).unwrap_or_default();
        let port = text("port").parse().unwrap_or(80);
        let (method, path, agent) = (text("method"), text("path"), text("agent"));
        let sent = Asked { method, path, agent, body: text("body") };
        let answer = self.machines.request(&address, port, sent, self.now);
        // What was printed about it, and what it cost, is looked after at once.
        self.agenda.plan(Work::Processes(uid), self.now);
        Some(match answer {
            Answer::Http(reply) => {
                Ok(Reply::Json(json!({"status": reply.status, "body": &*reply.body})))
            }
            Answer::Nobody | Answer::Refused => Err(Status::unavailable(format!(
                "error trying to reach service: dial tcp {address}:{port}: connect: connection \
                 refused"
            ))),
        })
    }
}
