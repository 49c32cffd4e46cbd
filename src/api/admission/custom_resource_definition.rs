//! Nothing is created of a kind whose definition is going. Mirrors `forbidCreateAdmission`.

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::kinds::custom_resource_definition::{RESOURCE, status};
use crate::object::{Key, Untyped};

pub(super) struct CustomResourceDefinition;

impl Plugin for CustomResourceDefinition {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        if write.operation != Operation::Create || !write.kind.is_custom() {
            return Ok(());
        }
        let name = write.kind.names().resource().to_string();
        let definition = write.store.get(&Key::new(RESOURCE, "", &name));
        let is_going = definition
            .and_then(|object| object.get::<Untyped>())
            .is_some_and(|definition| status::is_true(definition, "Terminating"));
        if is_going {
            let why = "create not allowed while custom resource definition is terminating";
            return Err(write.forbidden(why));
        }
        Ok(())
    }
}
