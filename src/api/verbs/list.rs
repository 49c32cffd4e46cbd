//! Reading all objects that match.

use std::collections::BTreeMap;

use crate::api::{List, Reply, Request, Server, Status};
use crate::base::field_selector::FieldSelector;
use crate::base::label_selector::Selector;
use crate::kinds::Kind;
use crate::object::{GroupResource, Object};

/// Which objects a list or watch is about.
pub(super) struct Filter {
    kind: &'static dyn Kind,
    namespace: String,
    name: String,
    labels: Selector,
    fields: FieldSelector,
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
        })
    }

    /// The resource type that is asked for.
    pub(super) fn resource(&self) -> GroupResource {
        self.kind.names().resource()
    }

    /// Whether an object is meant.
    pub(super) fn matches(&self, object: &Object) -> bool {
        let named = self.name.is_empty() || self.name == object.name();
        let placed = self.namespace.is_empty() || self.namespace == object.namespace();
        named && placed && self.labels_match(object) && self.fields_match(object)
    }

    fn labels_match(&self, object: &Object) -> bool {
        let none = BTreeMap::new();
        self.labels.is_empty()
            || self.labels.matches(object.meta().labels.as_ref().unwrap_or(&none))
    }

    fn fields_match(&self, object: &Object) -> bool {
        if self.fields.is_empty() {
            return true;
        }
        let own = self.kind.fields(object);
        self.fields.matches(|field| match field {
            "metadata.name" => object.name().to_owned(),
            "metadata.namespace" => object.namespace().to_owned(),
            _ => own
                .iter()
                .find(|(name, _)| *name == field)
                .map_or_else(String::new, |(_, value)| value.clone()),
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
        Some(field) if own.is_empty() => Err(Status::bad_request(format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        ))),
        Some(field) => Err(Status::bad_request(format!("field label not supported: {field}"))),
    }
}

impl Server {
    pub(in crate::api) fn list(
        &self,
        kind: &'static dyn Kind,
        request: &Request,
    ) -> Result<Reply, Status> {
        Ok(Reply::List(List {
            resource: request.resource.clone(),
            items: self.matching(&Filter::new(kind, request)?),
            revision: self.store.revision(),
        }))
    }

    /// Every stored object that a filter means, by namespace and name.
    pub(super) fn matching(&self, filter: &Filter) -> Vec<Object> {
        let resource = filter.resource();
        let matches = |object: &&Object| filter.matches(object);
        if filter.namespace.is_empty() {
            self.store.list(&resource).filter(matches).cloned().collect()
        } else {
            self.store.list_in(&resource, &filter.namespace).filter(matches).cloned().collect()
        }
    }
}
