//! The status: written by whoever makes the spec come true.

use crate::api::verbs::Part;
use crate::api::{Reply, Request, Server, Status, Verb, decode};
use crate::kinds::Kind;

impl Server {
    pub(in crate::api) fn status(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        match request.verb {
            Verb::Get => self.get(&request),
            Verb::Update => {
                let object = decode::body(kind, &mut request)?;
                let old = self.current(&request)?.clone();
                self.replace(kind, Part::Status, object, old, &request)
            }
            _ => Err(Status::no_such_method()),
        }
    }
}
