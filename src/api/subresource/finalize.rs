//! `finalize` of a namespace: removing what keeps a terminating one.
//! Mirrors `FinalizeREST` of `pkg/registry/core/namespace/storage`.

use k8s_openapi::api::core::v1::Namespace;

use crate::api::verbs::Part;
use crate::api::{Reply, Request, Server, Status};
use crate::kinds::Kind;
use crate::object::Object;

impl Server {
    pub(super) fn finalize(
        &mut self,
        kind: &'static dyn Kind,
        mut request: Request,
    ) -> Result<Reply, Status> {
        self.read_or_replace(kind, Part::Prepared("finalize"), &mut request, keep_status)
    }
}

fn keep_status(new: &mut Object, old: &Object) {
    if let (Some(new), Some(old)) = (new.edit::<Namespace>(), old.get::<Namespace>()) {
        new.status.clone_from(&old.status);
    }
}
