//! Reading all objects that match.

use std::borrow::Cow;
use std::collections::BTreeMap;

#[cfg(not(target_arch = "wasm32"))]
use crate::api::conversion::ShownIn;
use crate::api::{List, Reply, Request, Server, Status};
use crate::base::field_selector::FieldSelector;
use crate::base::label_selector::Selector;
use crate::kinds::Kind;
use crate::object::{GroupResource, Object};
use crate::store::Store;

/// Which objects a list or watch is about.
pub(super) struct Filter {
    kind: &'static dyn Kind,
    namespace: String,
    name: String,
    labels: Selector,
    fields: FieldSelector,
    /// Objects as they look in the version that is asked for, where that is not how they are kept.
    #[cfg(not(target_arch = "wasm32"))]
    shown: Option<ShownIn>,
}

impl Filter {
    /// Reads a request's selectors.
    pub(super) fn new(kind: &'static dyn Kind, request: &Request) -> Result<Self, Status> {
        let labels = Selector::parse(&request.label_selector).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(&request.field_selector).map_err(Status::bad_request)?;
        check_fields(kind, &fields)?;
        Ok(Self {
            kind,
            namespace: request.namespace.clone(),
            name: request.name.clone(),
            labels,
            fields,
            #[cfg(not(target_arch = "wasm32"))]
            shown: None,
        })
    }

    /// The resource type under which what is asked for is kept.
    pub(super) fn resource(&self) -> GroupResource {
        self.kind.home()
    }

    /// Whether an object is meant.
    pub(super) fn matches(&self, object: &Object) -> bool {
        let named = self.name.is_empty() || self.name == object.name();
        let placed = self.namespace.is_empty() || self.namespace == object.namespace();
        named && placed && self.labels_match(object) && self.fields_match(object)
    }

    /// Every object of a store that is meant, by namespace and name.
    fn select(&self, store: &Store) -> Vec<Object> {
        let resource = self.resource();
        let matches = |object: &&Object| self.matches(object);
        if self.namespace.is_empty() {
            store.list(&resource).filter(matches).cloned().collect()
        } else {
            store.list_in(&resource, &self.namespace).filter(matches).cloned().collect()
        }
    }

    fn labels_match(&self, object: &Object) -> bool {
        let none = BTreeMap::new();
        self.labels.is_empty()
            || self.labels.matches(object.meta().labels.as_ref().unwrap_or(&none))
    }

    fn fields_match(&self, object: &Object) -> bool {
        #[cfg(not(target_arch = "wasm32"))]
        let object = self.shown.as_ref().and_then(|shown| shown.find(object)).unwrap_or(object);
        self.fields.matches(|field| match field {
            "metadata.name" => Cow::Borrowed(object.name()),
            "metadata.namespace" => Cow::Borrowed(object.namespace()),
            _ => self.kind.field(object, field),
        })
    }
}

/// Whether the kind knows every field that is asked for.
fn check_fields(kind: &dyn Kind, selector: &FieldSelector) -> Result<(), Status> {
    let generic = ["metadata.name", "metadata.namespace"];
    let asked = |field: &&str| !generic.contains(field);
    let unknown: Vec<&str> =
        selector.terms().iter().map(|term| term.field.as_str()).filter(asked).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let version = kind.names().versions.first().copied().unwrap_or_default();
    let own = kind
        .decode(version, &serde_json::json!({}))
        .map(|empty| kind.fields(&empty))
        .unwrap_or_default();
    match unknown.into_iter().find(|field| !own.iter().any(|(name, _)| name == field)) {
        None => Ok(()),
        Some(field) if own.is_empty() && !kind.is_custom() => Err(Status::bad_request(format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        ))),
        Some(field) => Err(Status::bad_request(format!("field label not supported: {field}"))),
    }
}

impl Server {
    /// The filter of a list or watch.
    pub(super) fn filter(
        &self,
        kind: &'static dyn Kind,
        request: &Request,
    ) -> Result<Filter, Status> {
        let filter = Filter::new(kind, request)?;
        #[cfg(not(target_arch = "wasm32"))]
        let filter = match filter.fields.terms() {
            [] => filter,
            _ => Filter { shown: self.shown_in(kind), ..filter },
        };
        Ok(filter)
    }

    pub(in crate::api) fn list(
        &self,
        kind: &'static dyn Kind,
        request: &Request,
    ) -> Result<Reply, Status> {
        let filter = self.filter(kind, request)?;
        let expired = || Status::expired("The resourceVersion for the provided list is too old.");
        let past = match request.page.revision {
            Some(revision) if revision < self.begun.max(self.compaction.oldest()) => {
                return Err(expired());
            }
            Some(revision) => Some(self.store.at(revision).map_err(|_| expired())?),
            None => None,
        };
        let store = past.as_ref().unwrap_or(&self.store);
        let mut items = filter.select(store);
        if let Some((namespace, name)) = &request.page.after {
            let after = (namespace.as_str(), name.as_str());
            let rest = items.partition_point(|item| (item.namespace(), item.name()) <= after);
            items.drain(..rest);
        }
        let wanted = match request.page.limit {
            0 => items.len(),
            limit => limit.min(items.len()),
        };
        let remaining = items.len() - wanted;
        items.truncate(wanted);
        let resource = request.resource.clone();
        Ok(Reply::List(List { resource, items, revision: store.revision(), remaining }))
    }

    /// Every stored object that a filter means, by namespace and name.
    pub(super) fn matching(&self, filter: &Filter) -> Vec<Object> {
        filter.select(&self.store)
    }
}
