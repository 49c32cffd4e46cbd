//! [`Door`]: the server together with what other components serve under its roof.

use super::{Api, Custom, Extension, Reply, Request, Sender, Server, Status, Verb, auth};

/// The group that the metrics pipeline answers, if its APIService lets it.
const METRICS: &str = "metrics.k8s.io";

/// What a component other than the server answers: logs from the kubelets, `metrics.k8s.io`
/// from the metrics pipeline. Mirrors the API server's proxies and its aggregation layer.
pub trait Upstream {
    /// Answers a request, or `None` if it is none of this component's.
    fn serve(&mut self, request: &Request) -> Option<Result<Reply, Status>>;
}

/// The one door of a cluster: asks every [`Upstream`] first, then the server.
pub struct Door<'a> {
    /// The server.
    pub server: &'a mut Server,
    /// The others, in order.
    pub upstreams: &'a mut [&'a mut dyn Upstream],
}

impl Api for Door<'_> {
    fn call(&mut self, request: Request) -> Result<Reply, Status> {
        let is_plain = request.sender == Sender::Known && request.subresource != "token";
        let group = &*request.resource.group;
        if !is_plain || matches!(group, "authentication.k8s.io" | "authorization.k8s.io") {
            let now = self.server.now();
            if let Some(reply) = auth::admit(self.server, &request, now)? {
                return Ok(reply);
            }
        }
        if request.resource.group == METRICS {
            self.server.check_extension(METRICS)?;
        }
        if request.subresource == "log" && request.verb == Verb::Get {
            self.server.check_log(&request)?;
        }
        let connects = matches!(request.subresource, "exec" | "attach" | "portforward");
        if connects && request.verb == Verb::Create && request.dry_run {
            self.server.check_connection(&request)?;
            return Ok(Reply::Nothing);
        }
        let served = self.upstreams.iter_mut().find_map(|upstream| upstream.serve(&request));
        served.unwrap_or_else(|| self.server.call(request))
    }

    fn custom_kinds(&self) -> Vec<Custom> {
        self.server.custom_kinds()
    }

    fn extensions(&self) -> Vec<Extension> {
        self.server.extensions()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.server.take_warnings()
    }
}
