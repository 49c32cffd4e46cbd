//! The paths of a resource and what can be done at each.
//! Mirrors `APIInstaller.registerResourceHandlers` and `GetOperationIDAndTags`.

use serde_json::{Map, Value, json};

use super::parameters::{self, DELETE, LIST, LOG, PATCH, WATCH, WRITE};
use super::schemas::{GVK, META, reference};
use crate::api::discovery::{Entry, Subresource};
use crate::base::order::Order as _;

/// What bodies and answers are written in.
const MEDIA: [&str; 2] = ["application/json", "application/yaml"];
/// How the answer to a watch is written.
const STREAM: &str = "application/json;stream=watch";
const PATCHES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];
/// What a log is written in.
const LOGS: [&str; 3] = ["application/json", "application/yaml", "text/plain"];
/// Kinds whose deletion answers with the object.
const ANSWERED: &[&str] = &[
    "CSIDriver",
    "CSINode",
    "DeviceClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ResourceSlice",
    "Service",
    "ServiceAccount",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// The paths of a document, with what can be done at each.
#[derive(Default)]
pub(super) struct Paths(pub Map<String, Value>);

/// What an operation's body is.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    None,
    Object,
    Patch,
    Delete,
}

/// One thing that can be done at a path.
struct Operation<'a> {
    /// `get`, `post` …
    method: &'a str,
    /// `list`, `deletecollection` …; empty for what is no resource's.
    action: &'a str,
    /// `listNamespacedPod`.
    name: String,
    words: String,
    /// The codes that tell of success.
    codes: &'a [u16],
    /// The schema of the answer.
    answer: Value,
    media: Vec<&'a str>,
    query: Vec<&'a str>,
    body: Body,
    /// The schema of the object in the body.
    object: Value,
}

/// A resource, and the names of the schemas of its objects and of lists of them.
pub(super) struct Resource<'a> {
    /// What discovery says of it.
    pub entry: &'a Entry,
    /// The schema of its objects.
    pub schema: String,
    /// The schema of lists of them.
    pub list: String,
    /// Whether a definition defines it.
    pub is_custom: bool,
    /// The schemas that subresources answer with, by kind.
    pub others: &'a dyn Fn(&str, &str, &str) -> Option<String>,
}

const OK: &[u16] = &[200];
const CREATED: &[u16] = &[200, 201, 202];
const REPLACED: &[u16] = &[200, 201];
const DELETED: &[u16] = &[200, 202];

fn status() -> Value {
    reference(&format!("{META}Status"))
}

impl<'a> Operation<'a> {
    fn new(method: &'a str, action: &'a str, name: String, words: String, answer: Value) -> Self {
        Self {
            method,
            action,
            name,
            words,
            codes: OK,
            answer,
            media: MEDIA.to_vec(),
            query: Vec::new(),
            body: Body::None,
            object: Value::Null,
        }
    }

    fn write(self, body: Body, codes: &'a [u16], query: &[&'static str], object: &Value) -> Self {
        Self { body, codes, query: query.to_vec(), object: object.clone(), ..self }
    }

    fn answers(&self) -> Value {
        let mut answers = Map::new();
        for code in self.codes {
            let words = match code {
                200 => "OK",
                201 => "Created",
                _ => "Accepted",
            };
            let content = content(&self.media, &self.answer);
            answers.insert(code.to_string(), json!({"description": words, "content": content}));
        }
        answers.insert("401".to_owned(), json!({"description": "Unauthorized"}));
        Value::Object(answers)
    }

    fn request(&self) -> Option<Value> {
        let delete = reference(&format!("{META}DeleteOptions"));
        Some(match self.body {
            Body::None => return None,
            Body::Object => json!({"content": content(&["*/*"], &self.object), "required": true}),
            Body::Delete => json!({"content": content(&["*/*"], &delete)}),
            Body::Patch => {
                let patch = reference(&format!("{META}Patch"));
                let media = &PATCHES[..if self.object.is_null() { 3 } else { 4 }];
                json!({"content": content(media, &patch), "required": true})
            }
        })
    }
}

fn content(media: &[&str], schema: &Value) -> Value {
    media.iter().map(|media| ((*media).to_owned(), json!({"schema": schema}))).collect()
}

impl Paths {
    /// Adds a path at which one may only read something about the server.
    pub(super) fn about(&mut self, path: &str, name: &str, words: &str, schema: &str) {
        let answer = reference(&format!("{META}{schema}"));
        let operation = Operation::new("get", "", name.to_owned(), words.to_owned(), answer);
        self.put(path, &[], "", &Value::Null, vec![operation]);
    }

    /// Adds all paths of a resource.
    pub(super) fn add(&mut self, resource: &Resource<'_>) {
        let entry = resource.entry;
        let root = root_of(&entry.group, &entry.version);
        let kind = json!({"group": entry.group, "version": entry.version, "kind": entry.kind});
        let (inside, place) = if entry.namespaced {
            ("/namespaces/{namespace}", &["namespace"][..])
        } else {
            ("", &[][..])
        };
        let collection = format!("{root}{inside}/{}", entry.plural);
        let item = format!("{collection}/{{name}}");
        let of_item = [place, &["name"]].concat();
        self.put(&collection, place, &entry.kind, &kind, resource.on_collection());
        self.put(&item, &of_item, &entry.kind, &kind, resource.on_item());
        let can = |verb: &str| entry.verbs.iter().any(|known| known == verb);
        if entry.namespaced && can("list") {
            let path = format!("{root}/{}", entry.plural);
            let name = format!("list{}ForAllNamespaces", entry.kind);
            self.put(&path, &[], &entry.kind, &kind, vec![resource.list(name)]);
        }
        if can("watch") && !resource.is_custom {
            let watched = format!("{root}/watch{inside}/{}", entry.plural);
            let (scope, name) = (resource.scope(), &entry.kind);
            if entry.namespaced {
                let path = format!("{root}/watch/{}", entry.plural);
                let watch = resource.watch("watchlist", format!("watch{name}ListForAllNamespaces"));
                self.put(&path, &[], name, &kind, vec![watch]);
            }
            let watch = resource.watch("watchlist", format!("watch{scope}{name}List"));
            self.put(&watched, place, name, &kind, vec![watch]);
            let watch = resource.watch("watch", format!("watch{scope}{name}"));
            self.put(&format!("{watched}/{{name}}"), &of_item, name, &kind, vec![watch]);
        }
        for sub in &entry.subresources {
            let (group, version) = sub.group_version.unwrap_or((&entry.group, &entry.version));
            let kind = json!({"group": group, "version": version, "kind": sub.kind});
            let path = format!("{item}/{}", sub.name);
            self.put(&path, &of_item, &sub.kind, &kind, resource.on_subresource(sub, ""));
            if sub.name == "proxy" {
                let of_path = [&of_item[..], &["path"]].concat();
                let operations = resource.on_subresource(sub, "WithPath");
                self.put(&format!("{path}/{{path}}"), &of_path, &sub.kind, &kind, operations);
            }
        }
    }

    /// Adds a path. What all its operations have in common stands once.
    fn put(
        &mut self,
        path: &str,
        places: &[&str],
        kind: &str,
        gvk: &Value,
        operations: Vec<Operation<'_>>,
    ) {
        if operations.is_empty() {
            return;
        }
        let connects =
            operations.iter().any(|operation| matches!(operation.action, "connect" | ""));
        let mut shared: Vec<&str> = operations[0].query.clone();
        shared.retain(|name| operations.iter().all(|other| other.query.contains(name)));
        let own: Vec<Vec<&str>> = operations
            .iter()
            .map(|one| one.query.iter().copied().filter(|name| !shared.contains(name)).collect())
            .collect();
        if !connects {
            shared.push("pretty");
        }
        let mut item = Map::new();
        for (operation, own) in operations.iter().zip(own) {
            let (id, tag) = identify(&operation.name, path);
            let mut value = json!({
                "description": operation.words,
                "operationId": id,
                "responses": operation.answers(),
                "tags": [tag],
            });
            if !operation.action.is_empty() {
                value["x-kubernetes-action"] = json!(operation.action);
                value[GVK] = gvk.clone();
            }
            if !own.is_empty() {
                value["parameters"] = listed(&own, &[], kind);
            }
            if let Some(body) = operation.request() {
                value["requestBody"] = body;
            }
            item.insert(operation.method.to_owned(), value);
        }
        if !shared.is_empty() || !places.is_empty() {
            item.insert("parameters".to_owned(), listed(&shared, places, kind));
        }
        self.0.insert(path.to_owned(), Value::Object(item));
    }
}

/// `/api/v1`, `/apis/apps/v1`.
pub(super) fn root_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

fn listed(query: &[&str], places: &[&str], kind: &str) -> Value {
    let mut all: Vec<(&str, Value)> =
        query.iter().map(|name| (*name, parameters::query(name))).collect();
    all.extend(places.iter().map(|name| (*name, parameters::path(name, kind))));
    let place = |value: &Value| value["in"].as_str().map(str::to_owned);
    all.order_by(|(a, x), (b, y)| a.cmp(b).then_with(|| place(x).cmp(&place(y))));
    all.into_iter().map(|(_, value)| value).collect()
}

impl Resource<'_> {
    fn scope(&self) -> &'static str {
        if self.entry.namespaced { "Namespaced" } else { "" }
    }

    fn can(&self, verb: &str) -> bool {
        self.entry.verbs.iter().any(|known| known == verb)
    }

    /// What a patch may be in besides: custom objects know no strategic one.
    fn patched(&self) -> Value {
        if self.is_custom { Value::Null } else { reference(&self.schema) }
    }

    fn list(&self, name: String) -> Operation<'static> {
        let watches = !self.is_custom && self.can("watch");
        let words = match watches {
            true => format!("list or watch objects of kind {}", self.entry.kind),
            false => format!("list objects of kind {}", self.entry.kind),
        };
        let mut list = Operation::new("get", "list", name, words, reference(&self.list));
        list.query = [LIST, WATCH].concat();
        if watches {
            list.media.push(STREAM);
        }
        list
    }

    fn watch(&self, action: &'static str, name: String) -> Operation<'static> {
        let kind = &self.entry.kind;
        let words = match action {
            "watch" => format!(
                "watch changes to an object of kind {kind}. deprecated: use the 'watch' parameter \
                 with a list operation instead, filtered to a single item with the 'fieldSelector' \
                 parameter."
            ),
            _ => format!(
                "watch individual changes to a list of {kind}. deprecated: use the 'watch' \
                 parameter with a list operation instead."
            ),
        };
        let answer = reference(&format!("{META}WatchEvent"));
        let mut watch = Operation::new("get", action, name, words, answer);
        watch.query = [LIST, WATCH].concat();
        watch.media.push(STREAM);
        watch
    }

    fn on_collection(&self) -> Vec<Operation<'static>> {
        let (scope, kind) = (self.scope(), &self.entry.kind);
        let mut operations = Vec::new();
        if self.can("list") {
            operations.push(self.list(format!("list{scope}{kind}")));
        }
        if self.can("create") {
            let (name, words) =
                (format!("create{scope}{kind}"), format!("create{}", with_article(kind)));
            let object = reference(&self.schema);
            let create = Operation::new("post", "post", name, words, object.clone());
            operations.push(create.write(Body::Object, CREATED, WRITE, &object));
        }
        if self.can("deletecollection") {
            let name = format!("deletecollection{scope}{kind}");
            let words = format!("delete collection of {kind}");
            let delete = Operation::new("delete", "deletecollection", name, words, status());
            let (body, query) = match self.is_custom {
                true => (Body::None, [LIST, WATCH].concat()),
                false => (Body::Delete, [LIST, DELETE].concat()),
            };
            operations.push(delete.write(body, OK, &query, &Value::Null));
        }
        operations
    }

    fn on_item(&self) -> Vec<Operation<'static>> {
        let (scope, kind) = (self.scope(), &self.entry.kind);
        let mut operations = self.read_and_replace("", &|verb| self.can(verb), &self.schema);
        if self.can("delete") {
            let name = format!("delete{scope}{kind}");
            let words = format!("delete{}", with_article(kind));
            let is_answered = !self.is_custom && ANSWERED.contains(&kind.as_str());
            let answer = if is_answered { reference(&self.schema) } else { status() };
            let delete = Operation::new("delete", "delete", name, words, answer);
            operations.push(delete.write(Body::Delete, DELETED, DELETE, &Value::Null));
        }
        operations
    }

    /// Getting, replacing and patching an object or, where one is named, a subresource.
    fn read_and_replace(
        &self,
        sub: &str,
        can: &dyn Fn(&str) -> bool,
        schema: &str,
    ) -> Vec<Operation<'static>> {
        let (scope, kind) = (self.scope(), &self.entry.kind);
        let object = reference(schema);
        let (behind, of) = match sub {
            "" => (String::new(), String::new()),
            _ => (titled(sub), format!(" {sub} of")),
        };
        let one = |method: &'static str, verb: &str, words: &str| {
            let name = format!("{verb}{scope}{kind}{behind}");
            let words = format!("{words}{of} the specified {kind}");
            Operation::new(method, method, name, words, object.clone())
        };
        let mut operations = Vec::new();
        if can("get") {
            operations.push(one("get", "read", "read"));
        }
        if can("update") {
            let replace = one("put", "replace", "replace");
            operations.push(replace.write(Body::Object, REPLACED, WRITE, &object));
        }
        if can("patch") {
            let patch = one("patch", "patch", "partially update");
            let codes = if self.is_custom { OK } else { REPLACED };
            let query = [WRITE, PATCH].concat();
            operations.push(patch.write(Body::Patch, codes, &query, &self.patched()));
        }
        operations
    }

    fn on_subresource(&self, sub: &Subresource, behind: &str) -> Vec<Operation<'static>> {
        let (scope, kind, name) = (self.scope(), &self.entry.kind, sub.name.as_str());
        match name {
            "exec" | "attach" | "portforward" => self.connections(name, behind, &["get", "post"]),
            "proxy" => {
                let all = ["get", "put", "post", "delete", "options", "head", "patch"];
                self.connections(name, behind, &all)
            }
            "log" => {
                let text = json!({"type": "string"});
                let id = format!("read{scope}{kind}Log");
                let words = format!("read log of the specified {kind}");
                let mut read = Operation::new("get", "get", id, words, text);
                (read.query, read.media) = (LOG.to_vec(), LOGS.to_vec());
                vec![read]
            }
            _ => {
                let (group, version) =
                    sub.group_version.unwrap_or((&self.entry.group, &self.entry.version));
                let schema = (self.others)(group, version, &sub.kind);
                let schema = schema.unwrap_or_else(|| self.schema.clone());
                if !sub.verbs.contains(&"create") {
                    return self.read_and_replace(name, &|verb| sub.verbs.contains(&verb), &schema);
                }
                let id = format!("create{scope}{kind}{}", titled(name));
                let words = format!("create {name} of{}", with_article(kind));
                let object = reference(&schema);
                let create = Operation::new("post", "post", id, words, object.clone());
                vec![create.write(Body::Object, CREATED, WRITE, &object)]
            }
        }
    }

    fn connections(
        &self,
        name: &str,
        behind: &str,
        methods: &[&'static str],
    ) -> Vec<Operation<'static>> {
        let (scope, kind) = (self.scope(), &self.entry.kind);
        let each = methods.iter().map(|method| {
            let id = format!("connect{}{scope}{kind}{}{behind}", titled(method), titled(name));
            let words =
                format!("connect {} requests to {name} of {kind}", method.to_ascii_uppercase());
            let answer = json!({"type": "string"});
            let mut connect = Operation::new(method, "connect", id, words, answer);
            (connect.query, connect.media) =
                (parameters::of_connection(name).to_vec(), vec!["*/*"]);
            connect
        });
        each.collect()
    }
}

/// ` a Pod`, ` an Ingress`, ` Endpoints`. Mirrors `GetArticleForNoun`.
fn with_article(kind: &str) -> String {
    if kind.ends_with('s') && !kind.ends_with("ss") {
        return format!(" {kind}");
    }
    let is_vowel = kind.chars().next().is_some_and(|c| "aeiouAEIOU".contains(c));
    format!(" {} {kind}", if is_vowel { "an" } else { "a" })
}

fn titled(word: &str) -> String {
    valid_id(word, true)
}

/// Mirrors `ToValidOperationID`.
fn valid_id(text: &str, capital: bool) -> String {
    let (mut id, mut capital) = (String::new(), capital);
    for (index, c) in text.chars().enumerate() {
        if c.is_alphabetic() || c == '_' || (index != 0 && c.is_numeric()) {
            id.extend(if capital { Some(c.to_ascii_uppercase()) } else { Some(c) });
            capital = false;
        } else {
            capital = true;
        }
    }
    id
}

/// The verbs that names of operations begin with, longer ones first where one begins another.
const VERBS: [&str; 9] =
    ["get", "read", "replace", "patch", "delete", "watch", "connect", "list", "create"];

/// An operation's id and tag.
fn identify(name: &str, path: &str) -> (String, String) {
    let verb = VERBS.iter().find(|verb| name.starts_with(**verb)).copied().unwrap_or_default();
    let rest = valid_id(&name[verb.len()..], true);
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if parts[0] == "api" {
        parts.splice(0..1, ["apis", "core"]);
    }
    let (prefix, tag) = match parts.as_slice() {
        ["apis", group, version, ..] => {
            let group = group.strip_suffix(".k8s.io").unwrap_or(group);
            let version = valid_id(version, false);
            let tag = format!("{}_{version}", valid_id(group, false));
            (format!("{}{}", valid_id(group, true), valid_id(&version, true)), tag)
        }
        ["apis", group] => {
            let group = group.strip_suffix(".k8s.io").unwrap_or(group);
            (valid_id(group, true), valid_id(group, false))
        }
        [first, ..] => (String::new(), valid_id(first, false)),
        [] => (String::new(), String::new()),
    };
    (format!("{verb}{prefix}{rest}"), tag)
}
