//! Ingresses that name no class get the default one.
//! Mirrors `plugin/pkg/admission/network/defaultingressclass`.

use std::cmp::Reverse;

use k8s_openapi::api::networking::v1::Ingress;

use super::{Operation, Plugin, Write};
use crate::api::Status;
use crate::object::{GroupResource, meta};

const CLASSES: GroupResource = GroupResource::new("networking.k8s.io", "ingressclasses");
const IS_DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
const OLD_CLASS: &str = "kubernetes.io/ingress.class";

pub(super) struct DefaultIngressClass;

impl Plugin for DefaultIngressClass {
    fn admit(&self, write: &mut Write<'_>) -> Result<(), Status> {
        let Some(ingress) = write.object.get::<Ingress>() else { return Ok(()) };
        let names_one = ingress.spec.as_ref().is_some_and(|spec| spec.ingress_class_name.is_some())
            || meta::annotation(&ingress.metadata, OLD_CLASS).is_some();
        if write.operation != Operation::Create || !write.subresource.is_empty() || names_one {
            return Ok(());
        }
        // Of several default classes the newest, then the first by name.
        let class = write
            .store
            .list(&CLASSES)
            .filter(|class| meta::annotation(class.meta(), IS_DEFAULT) == Some("true"))
            .min_by_key(|class| (Reverse(meta::created(class.meta())), class.name().to_owned()));
        let Some(name) = class.map(|class| class.name().to_owned()) else { return Ok(()) };
        if let Some(ingress) = write.object.edit::<Ingress>() {
            ingress.spec.get_or_insert_default().ingress_class_name = Some(name);
        }
        Ok(())
    }
}
