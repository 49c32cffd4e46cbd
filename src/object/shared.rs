//! [`Object`]: one shared version of an object of any kind.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::codec;
use super::key::{GroupResource, Key};

/// What every kind of object can do. Typed structs of `k8s-openapi` have it for free.
pub trait Resource: Any {
    /// The resource type, for example `deployments.apps`.
    fn resource(&self) -> GroupResource;
    /// `apps/v1`.
    fn api_version(&self) -> &str;
    /// `Deployment`.
    fn kind(&self) -> &str;
    /// The object's metadata.
    fn meta(&self) -> &ObjectMeta;
    /// The object's metadata, to be changed while building the next version.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// The object as JSON, with `apiVersion` and `kind`.
    fn to_value(&self) -> Value;
    /// Whether both are of one type and equal in every field.
    fn equal(&self, other: &dyn Resource) -> bool;
    /// A copy behind a pointer of its own.
    fn duplicate(&self) -> Rc<dyn Resource>;
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
    /// For downcasts.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T> Resource for T
where
    T: Metadata<Ty = ObjectMeta> + k8s_openapi::Resource + Serialize + Clone + PartialEq + 'static,
{
    fn resource(&self) -> GroupResource {
        GroupResource::new(T::GROUP, T::URL_PATH_SEGMENT)
    }

    fn api_version(&self) -> &str {
        T::API_VERSION
    }

    fn kind(&self) -> &str {
        T::KIND
    }

    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.metadata_mut()
    }

    fn to_value(&self) -> Value {
        codec::encode(self)
    }

    fn equal(&self, other: &dyn Resource) -> bool {
        other.as_any().downcast_ref() == Some(self)
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

/// One immutable version of an object, shared by store, caches, history and page.
/// Cloning copies a pointer; changing it (`meta_mut`, `edit`) makes a version of one's own first.
#[derive(Clone)]
pub struct Object(Rc<dyn Resource>);

impl Object {
    /// Wraps a typed object.
    pub fn new<T: Resource>(object: T) -> Self {
        Self(Rc::new(object))
    }

    /// The typed object, if it is a `T`.
    pub fn get<T: Resource>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }

    /// The typed object, to be changed; `None` if it is no `T`.
    pub fn edit<T: Resource>(&mut self) -> Option<&mut T> {
        self.unique().as_any_mut().downcast_mut()
    }

    /// The metadata.
    pub fn meta(&self) -> &ObjectMeta {
        self.0.meta()
    }

    /// The metadata, to be changed.
    pub fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.unique().meta_mut()
    }

    /// The resource type.
    pub fn resource(&self) -> GroupResource {
        self.0.resource()
    }

    /// `apps/v1`.
    pub fn api_version(&self) -> &str {
        self.0.api_version()
    }

    /// `Deployment`.
    pub fn kind(&self) -> &str {
        self.0.kind()
    }

    /// The name; empty while none is given.
    pub fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// The namespace; empty for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    /// The uid; empty until the object is stored.
    pub fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }

    /// The revision of this version; zero until the object is stored.
    pub fn revision(&self) -> u64 {
        self.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
    }

    /// The key.
    pub fn key(&self) -> Key {
        Key::new(self.resource(), self.namespace(), self.name())
    }

    /// The object as JSON, with `apiVersion` and `kind`.
    pub fn to_value(&self) -> Value {
        self.0.to_value()
    }

    /// Whether both are the very same version.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether both are equal in every field.
    pub fn equal(&self, other: &Self) -> bool {
        self.same(other) || self.0.equal(&*other.0)
    }

    fn unique(&mut self) -> &mut dyn Resource {
        if Rc::get_mut(&mut self.0).is_none() {
            self.0 = self.0.duplicate();
        }
        Rc::get_mut(&mut self.0).expect("a fresh copy has one owner")
    }
}

/// The same version: objects are never compared deeply.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.key(), self.revision())
    }
}
