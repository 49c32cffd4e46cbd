//! Requests and replies: what HTTP carries, already parsed.

use serde_json::Value;

use super::auth::Sender;
use crate::object::{GroupResource, Key, Object};
use crate::store::Change;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read all that match.
    List,
    /// Read the changes after `resource_version` that match.
    Watch,
    /// Store a new object.
    Create,
    /// Replace an object.
    Update,
    /// Change parts of an object.
    Patch(PatchType),
    /// Ask for an object's deletion.
    Delete,
    /// Ask for the deletion of all that match.
    DeleteCollection,
}

/// How a patch is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own, with merge keys and directives.
    Strategic,
    /// Server-side apply.
    Apply,
}

/// What happens to the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// Mirrors `metav1.DeleteOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds of grace; the kind's default when absent.
    pub grace_period_seconds: Option<i64>,
    /// The dependents' fate; the kind's default when absent.
    pub propagation: Option<Propagation>,
    /// Delete only this very object.
    pub uid: Option<String>,
    /// Delete only this very version.
    pub resource_version: Option<String>,
}

/// A part of a list. Mirrors `limit` and `continue` of `metav1.ListOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The most objects to return; zero for all.
    pub limit: usize,
    /// Namespace and name of the last object of the part before.
    pub after: Option<(String, String)>,
    /// The revision of the store to read; now, when absent.
    pub revision: Option<u64>,
}

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// A typed object, from a component: no JSON is involved.
    Object(Object),
    /// JSON, from a person or a client: an object, or a patch.
    Json(Value),
}

/// One request to the API server.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// The resource type.
    pub resource: GroupResource,
    /// The API version asked for; empty means the preferred one. Typed bodies are always stored as they are.
    pub version: String,
    /// The namespace; empty for cluster-scoped kinds, and for all namespaces in lists.
    pub namespace: String,
    /// The object's name; empty where the verb names none.
    pub name: String,
    /// `status`, `scale`, `binding`, `log` …; empty for the object itself.
    pub subresource: &'static str,
    /// What the request carries.
    pub body: Body,
    /// Who asks: `kubernetes-admin`, `system:kube-scheduler` …
    pub user: &'static str,
    /// Whose rights it needs.
    pub sender: Sender,
    /// Who manages the fields that are written; empty for a component, whose name tells.
    pub manager: String,
    /// Whether the client itself has said so, rather than its name for it.
    pub names_manager: bool,
    /// For server-side apply: take fields from those that manage them.
    pub force: bool,
    /// Label selector text; empty matches all.
    pub label_selector: String,
    /// Field selector text; empty matches all.
    pub field_selector: String,
    /// For watches and consistent lists: the revision to start from.
    pub resource_version: Option<u64>,
    /// For deletions.
    pub delete: DeleteOptions,
    /// Validate and answer, but store nothing.
    pub dry_run: bool,
    /// `fieldValidation=Strict`: unknown fields are errors rather than ignored.
    pub strict: bool,
    /// `fieldValidation=Ignore`: nobody is warned of unknown fields either.
    pub lenient: bool,
    /// What was odd about the body's text though it could be read: keys that stood twice.
    pub oddities: Vec<String>,
    /// The body as JSON text, where a client sent it so: tells in which order its fields stand.
    pub text: String,
    /// For lists: which part of them.
    pub page: Page,
    /// Query parameters of subresources (`log`: `container`, `tailLines`, `previous` …).
    pub query: Vec<(String, String)>,
}

impl Request {
    /// A request of `verb` for `resource`, asked by `kubernetes-admin`, everything else empty.
    pub fn new(verb: Verb, resource: GroupResource) -> Self {
        Self {
            verb,
            resource,
            version: String::new(),
            namespace: String::new(),
            name: String::new(),
            subresource: "",
            body: Body::None,
            user: "kubernetes-admin",
            sender: Sender::Known,
            manager: String::new(),
            names_manager: true,
            force: false,
            label_selector: String::new(),
            field_selector: String::new(),
            resource_version: None,
            delete: DeleteOptions::default(),
            dry_run: false,
            strict: false,
            lenient: false,
            oddities: Vec::new(),
            text: String::new(),
            page: Page::default(),
            query: Vec::new(),
        }
    }

    /// Reads one object.
    pub fn get(key: &Key) -> Self {
        Self::new(Verb::Get, key.resource.clone()).at(key)
    }

    /// Reads all objects of a type, in one namespace or (empty) in all.
    pub fn list(resource: GroupResource, namespace: &str) -> Self {
        let mut request = Self::new(Verb::List, resource);
        namespace.clone_into(&mut request.namespace);
        request
    }

    /// Stores a new object.
    pub fn create(object: Object) -> Self {
        let mut request = Self::new(Verb::Create, object.resource());
        object.namespace().clone_into(&mut request.namespace);
        request.body = Body::Object(object);
        request
    }

    /// Replaces an object; its `resourceVersion` is the precondition.
    pub fn update(object: Object) -> Self {
        let key = object.key();
        let mut request = Self::new(Verb::Update, key.resource.clone()).at(&key);
        request.body = Body::Object(object);
        request
    }

    /// Replaces only the status of an object.
    pub fn update_status(object: Object) -> Self {
        Self { subresource: "status", ..Self::update(object) }
    }

    /// Changes parts of an object.
    pub fn patch(key: &Key, kind: PatchType, patch: Value) -> Self {
        let mut request = Self::new(Verb::Patch(kind), key.resource.clone()).at(key);
        request.body = Body::Json(patch);
        request
    }

    /// Asks for an object's deletion.
    pub fn delete(key: &Key) -> Self {
        Self::new(Verb::Delete, key.resource.clone()).at(key)
    }

    /// The same request, about `key`'s object.
    fn at(mut self, key: &Key) -> Self {
        self.namespace = key.namespace.to_string();
        self.name = key.name.to_string();
        self
    }

    /// The same request, asked by `user`.
    pub fn by(self, user: &'static str) -> Self {
        Self { user, ..self }
    }

    /// The same request, to a subresource.
    pub fn to(self, subresource: &'static str) -> Self {
        Self { subresource, ..self }
    }

    /// A query parameter of a subresource.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The objects that a list found.
#[derive(Clone, Debug)]
pub struct List {
    /// The resource type.
    pub resource: GroupResource,
    /// The objects, by namespace and name.
    pub items: Vec<Object>,
    /// The store's revision at which they were read.
    pub revision: u64,
    /// How many more match, when the list goes on.
    pub remaining: usize,
}

/// What the server answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// One object: read, created, changed, or as it was when it was deleted.
    Object(Object),
    /// Several objects.
    List(List),
    /// Changes since the asked-for revision, and the revision to ask from next.
    Changes(Vec<Change>, u64),
    /// JSON of a subresource or of a non-resource path.
    Json(Value),
    /// Plain text: a log.
    Text(String),
    /// There is nothing to show: the log of what never ran.
    Nothing,
}

impl Reply {
    /// The object, where the reply is one.
    pub fn object(self) -> Option<Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The objects, where the reply is a list.
    pub fn items(self) -> Vec<Object> {
        match self {
            Self::List(list) => list.items,
            _ => Vec::new(),
        }
    }
}
