//! Names of kinds and of objects.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// A shared, immutable string.
pub type Str = Rc<str>;

/// A resource type without its version: `pods`, `deployments.apps`.
/// Mirrors `k8s.io/apimachinery/pkg/runtime/schema.GroupResource`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupResource {
    /// The API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// The plural, lower-case resource name.
    pub resource: Cow<'static, str>,
}

impl GroupResource {
    /// A resource type known at compile time.
    pub const fn new(group: &'static str, resource: &'static str) -> Self {
        Self { group: Cow::Borrowed(group), resource: Cow::Borrowed(resource) }
    }

    /// A resource type known only at run time (custom resources).
    pub fn dynamic(group: &str, resource: &str) -> Self {
        Self { group: Cow::Owned(group.to_owned()), resource: Cow::Owned(resource.to_owned()) }
    }
}

/// `pods`, `deployments.apps`.
impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// Which object: its resource type, namespace (empty for cluster-scoped kinds) and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The resource type.
    pub resource: GroupResource,
    /// The namespace; empty for cluster-scoped kinds.
    pub namespace: Str,
    /// The object's name.
    pub name: Str,
}

impl Key {
    /// The key of `namespace/name` of `resource`.
    pub fn new(resource: GroupResource, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.into(), name: name.into() }
    }
}

/// `deployments.apps default/web`, `nodes node1`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.resource, self.name)
        } else {
            write!(f, "{} {}/{}", self.resource, self.namespace, self.name)
        }
    }
}
