//! [`Untyped`]: an object of a kind that has no struct of its own.

use std::any::Any;
use std::rc::Rc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use super::codec;
use super::key::GroupResource;
use super::shared::Resource;

/// An object whose metadata is typed and whose other fields are JSON: a custom resource, or its
/// definition. Mirrors `unstructured.Unstructured`.
#[derive(Clone, Debug)]
pub struct Untyped {
    /// The resource type.
    pub resource: GroupResource,
    /// `stable.example.com/v1`: the version it was last written in.
    pub api_version: &'static str,
    /// `CronTab`.
    pub kind: &'static str,
    /// The metadata.
    pub metadata: ObjectMeta,
    /// Every other field.
    pub fields: Map<String, Value>,
}

impl Untyped {
    /// A field; null where there is none.
    pub fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }
}

impl Resource for Untyped {
    fn resource(&self) -> GroupResource {
        self.resource.clone()
    }

    fn api_version(&self) -> &str {
        self.api_version
    }

    fn kind(&self) -> &str {
        self.kind
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }

    fn to_value(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("apiVersion".to_owned(), Value::from(self.api_version));
        fields.insert("kind".to_owned(), Value::from(self.kind));
        fields.insert("metadata".to_owned(), codec::encode(&self.metadata));
        Value::Object(fields)
    }

    /// In which version each was written does not matter.
    fn equal(&self, other: &dyn Resource) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| {
            self.resource == other.resource
                && self.metadata == other.metadata
                && self.fields == other.fields
        })
    }

    fn duplicate(&self) -> Rc<dyn Resource> {
        Rc::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
