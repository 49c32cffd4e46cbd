//! The status: written by whoever makes the spec come true.

use crate::api::verbs::Part;
use crate::api::{Reply, Request, Server, Status};
use crate::kinds::Kind;

impl Server {
    pub(super) fn status(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        self.read_or_replace(kind, Part::Status, &mut request, |_, _| ())
    }
}
