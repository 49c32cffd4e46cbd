//! Webhooks that run in pods: the simulated program answers at once, as if over TLS.

use crate::api::webhook::{Caller, Incoming, Outgoing};
use crate::machine::Machines;
use crate::object::codec;
use crate::sim::Time;

/// The pods' programs at one moment.
pub(super) struct Inside {
    /// The machines that they run on.
    pub machines: Machines,
    /// The moment.
    pub now: Time,
}

impl Caller for Inside {
    fn call(&self, request: &Outgoing) -> Result<Incoming, String> {
        let place = request.dial.as_deref().unwrap_or_default();
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "443"));
        let port = port.parse().unwrap_or(443);
        let (_, rest) = request.url.split_once("://").unwrap_or(("", &request.url));
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        let path = path.split('?').next().unwrap_or(path);
        let posted = codec::parse(&String::from_utf8_lossy(&request.body))?;
        let judged = self.machines.judge((host, port), path, &posted, self.now);
        let judged = judged.map_err(|why| format!("dial tcp {place}: {why}"))?;
        if request.authorities.is_empty() {
            return Err("tls: failed to verify certificate: x509: certificate signed by unknown \
                        authority"
                .to_owned());
        }
        let Some((after, answer)) = judged else {
            let body = b"404 page not found\n".to_vec();
            return Ok(Incoming { code: 404, content_type: "text/plain".to_owned(), body });
        };
        if u128::from(after) > request.timeout.as_millis() {
            return Err("context deadline exceeded".to_owned());
        }
        let body = answer.to_string().into_bytes();
        Ok(Incoming { code: 200, content_type: "application/json".to_owned(), body })
    }
}
