//! Nothing is created in a namespace that is missing or going, and some namespaces never go.
//! Mirrors `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`.

use super::{Operation, Plugin, Write};
use crate::api::server::NAMESPACES;
use crate::api::status::{Cause, Status};
use crate::object::{Key, meta};

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

pub(super) struct NamespaceLifecycle;

impl Plugin for NamespaceLifecycle {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        let names = write.kind.names();
        match write.operation {
            Operation::Delete if names.resource() == NAMESPACES => {
                let name = write.object.name();
                if IMMORTAL.contains(&name) {
                    let why = "this namespace may not be deleted";
                    return Err(Status::forbidden(&NAMESPACES, name, why));
                }
            }
            Operation::Create if names.namespaced => return creation(write),
            _ => {}
        }
        Ok(())
    }
}

fn creation(write: &Write<'_>) -> Result<(), Status> {
    let name = write.object.namespace();
    let key = Key::new(NAMESPACES, "", name);
    let Some(namespace) = write.store.get(&key) else {
        return Err(Status::not_found(&NAMESPACES, name));
    };
    if !meta::is_terminating(namespace.meta()) {
        return Ok(());
    }
    let why =
        format!("unable to create new content in namespace {name} because it is being terminated");
    let mut status = write.forbidden(&why);
    status.causes.push(Cause {
        reason: "NamespaceTerminating".to_owned(),
        message: format!("namespace {name} is being terminated"),
        field: "metadata.namespace".to_owned(),
    });
    Err(status)
}
