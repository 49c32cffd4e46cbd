//! The kinds that the stored CustomResourceDefinitions define. Mirrors `crdHandler` and its
//! `crdStorageMap`.

use std::rc::Rc;

use crate::base::shared_map::SharedMap;
use crate::kinds::Kind;
use crate::kinds::custom::{CustomKind, define};
use crate::kinds::custom_resource_definition::status;
use crate::object::{GroupResource, Object, Untyped};

/// A kind that a definition defines, in one of its versions.
#[derive(Clone, Copy)]
pub struct Custom {
    /// The kind.
    pub kind: &'static dyn Kind,
    /// Whether clients find it in discovery.
    pub established: bool,
    /// Whether its definition is going: no new objects then.
    pub terminating: bool,
}

/// What one definition defines.
struct Defined {
    definition: Object,
    kinds: Vec<&'static CustomKind>,
    /// The one that is stored, served or not.
    stored: Option<&'static CustomKind>,
    served: bool,
    established: bool,
    terminating: bool,
}

/// All of them. Cloning is cheap.
#[derive(Clone, Default)]
pub(super) struct Customs(SharedMap<GroupResource, Rc<Defined>>);

fn resource(definition: &Untyped) -> GroupResource {
    let spec = definition.field("spec");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    GroupResource::dynamic(&text(&spec["group"]), &text(&spec["names"]["plural"]))
}

impl Customs {
    /// Takes a definition in as it is now. Only another specification, or other accepted names, make
    /// other kinds.
    pub(super) fn learn(&mut self, definition: &Object) {
        let Some(now) = definition.get::<Untyped>() else { return };
        let resource = resource(now);
        let (spec, names) = (now.field("spec"), &now.field("status")["acceptedNames"]);
        let known = self.0.get(&resource).and_then(|known| {
            let before = known.definition.get::<Untyped>()?;
            let is_same = before.field("spec") == spec
                && before.field("status")["acceptedNames"] == *names
                && known.served;
            is_same.then(|| (known.kinds.clone(), known.stored))
        });
        let served = status::is_served(now);
        let (kinds, stored) = match known {
            Some(known) => known,
            None if served => {
                let mut all = define(spec, names);
                let stored = all.iter().copied().find(|kind| kind.is_stored());
                all.retain(|kind| kind.is_served());
                (all, stored)
            }
            None => (Vec::new(), None),
        };
        let made = Defined {
            definition: definition.clone(),
            kinds,
            stored,
            served,
            established: status::is_true(now, "Established"),
            terminating: status::is_true(now, "Terminating"),
        };
        self.0.insert(resource, Rc::new(made));
    }

    /// Forgets what a definition defined.
    pub(super) fn forget(&mut self, definition: &Object) {
        if let Some(gone) = definition.get::<Untyped>() {
            self.0.remove(&resource(gone));
        }
    }

    /// The kind of a resource type in a version; in the preferred one where none is named.
    pub(super) fn find(
        &self,
        resource: &GroupResource,
        version: &str,
    ) -> Option<&'static CustomKind> {
        let known = self.0.get(resource).filter(|known| known.served)?;
        #[cfg(not(target_arch = "wasm32"))]
        if let (true, Some(stored)) =
            (version.is_empty() && self.webhook(resource).is_some(), known.stored)
        {
            // Who does not care which version it is has nothing converted.
            return Some(stored);
        }
        known
            .kinds
            .iter()
            .copied()
            .find(|kind| version.is_empty() || kind.names().versions.contains(&version))
    }

    /// The kind of a resource type in the version that is stored.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn stored(&self, resource: &GroupResource) -> Option<&'static CustomKind> {
        self.0.get(resource)?.stored
    }

    /// The generation of a definition.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn generation(&self, resource: &GroupResource) -> i64 {
        let known = self.0.get(resource).and_then(|known| known.definition.meta().generation);
        known.unwrap_or(0)
    }

    /// The webhook that converts the objects of a definition: a `WebhookConversion`.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn webhook(&self, resource: &GroupResource) -> Option<serde_json::Value> {
        let definition = self.0.get(resource)?.definition.get::<Untyped>()?;
        let conversion = &definition.field("spec")["conversion"];
        (conversion["strategy"] == "Webhook").then(|| conversion["webhook"].clone())
    }

    /// The served versions of a resource type.
    pub(super) fn versions(
        &self,
        resource: &GroupResource,
    ) -> impl Iterator<Item = &'static CustomKind> {
        let known = self.0.get(resource).filter(|known| known.served);
        known.into_iter().flat_map(|known| known.kinds.iter().copied())
    }

    /// Every kind that is served, the preferred version of each resource type first.
    pub(super) fn all(&self) -> Vec<Custom> {
        let mut all = Vec::new();
        for known in self.0.values().filter(|known| known.served) {
            let (established, terminating) = (known.established, known.terminating);
            all.extend(known.kinds.iter().map(|kind| {
                let kind: &'static dyn Kind = *kind;
                Custom { kind, established, terminating }
            }));
        }
        all
    }
}
