//! Requests about resources. Mirrors `k8s.io/apiserver/pkg/endpoints/installer.go` and its handlers.

use serde_json::Value;

use super::encode::{self, View};
use super::negotiate::{self, Form, Serves, Shape};
use super::options::{self, Query};
use super::path::ResourcePath;
use super::table::Include;
use super::token::{self, Place};
use super::watch::Watch;
use super::{Answer, Call, Content, body};
use crate::api::discovery::Subresource;
use crate::api::{Api, Body, PatchType, Reply, Request, Status, Verb};
use crate::kinds::{self, Kind};
use crate::object::{Key, Object};
use crate::sim::Time;

/// The kinds that answer a deletion with the object that is gone rather than with its name.
/// Mirrors `ReturnDeletedObject`.
const SHOW_DELETED: &[&str] = &[
    "csidrivers",
    "csinodes",
    "deviceclasses",
    "namespaces",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "resourceclaims",
    "resourceclaimtemplates",
    "resourcequotas",
    "resourceslices",
    "serviceaccounts",
    "services",
    "storageclasses",
    "volumeattachments",
    "volumeattributesclasses",
];

/// A request about a resource, on its way to an answer.
pub(super) struct Exchange<'a, 'q> {
    /// The door.
    pub api: &'a mut dyn Api,
    /// The time, for ages.
    pub now: Time,
    /// The request.
    pub call: &'a Call,
    /// Its query.
    pub query: &'a Query<'q>,
    /// Whether JSON is to be indented.
    pub pretty: bool,
    /// What it is about.
    pub path: ResourcePath,
}

impl Exchange<'_, '_> {
    /// Answers the request.
    pub(super) fn answer(mut self) -> Result<Answer, Status> {
        self.find_bound()?;
        let Some(kind) = self.kind()? else {
            return Ok(encode::plain(404, "404 page not found\n"));
        };
        let verb = self.verb(kind)?;
        let serves = if verb == Verb::Watch { Serves::Watch } else { Serves::Objects };
        let form = negotiate::form(&self.call.accept(), self.pretty, serves)?;
        let include = Include::parse(self.query.get("includeObject").unwrap_or_default());
        let include = if form.shape == Shape::Table { include? } else { Include::Metadata };
        let request = self.request(kind, verb)?;
        let view = View { kind, version: &self.path.version, now: self.now, include };
        if verb == Verb::Watch {
            let watch = Watch::new(kind, request, form, include, self.query)?;
            return watch.open(self.api, self.now).map(|watch| Answer {
                code: 200,
                headers: vec![("Content-Type", "application/json".to_owned())],
                body: Content::Watch(Box::new(watch)),
            });
        }
        let about = (self.call, &self.path, self.query);
        if let Some(answer) = super::connect::answer(self.api, kind, about, &request)? {
            return Ok(answer);
        }
        let wanted = request.resource_version;
        if let (Verb::Get, Some(wanted)) = (verb, wanted) {
            let mut newest = Request::list(kind.names().resource(), "");
            newest.page.limit = 1;
            if let Reply::List(list) = self.api.call(newest)? {
                check_revision(wanted, list.revision)?;
            }
        }
        let is_new = verb == Verb::Create || makes(self.api, &request);
        let after = request.page.after.clone().filter(|_| verb == Verb::List);
        let namespaced = !request.namespace.is_empty();
        let reply = self.api.call(request).map_err(|status| match after {
            Some(after) if status.code == 410 => token::expired(status, after, namespaced),
            _ => status,
        })?;
        if let (Verb::List, Some(wanted), Reply::List(list)) = (verb, wanted, &reply) {
            check_revision(wanted, list.revision)?;
        }
        let code = if is_new { 201 } else { 200 };
        self.encode(view, form, verb, code, reply)
    }

    /// The oldest way to bind a pod says in the body which one is meant.
    fn find_bound(&mut self) -> Result<(), Status> {
        let path = &mut self.path;
        let is_meant = path.group.is_empty() && path.plural == "bindings" && path.name.is_empty();
        if is_meant && path.namespace.is_some() && self.call.method == "POST" {
            let given = body::object(self.call, "Binding", false)?.value;
            path.plural = "pods".to_owned();
            given["metadata"]["name"].as_str().unwrap_or_default().clone_into(&mut path.name);
            path.subresource = "binding".to_owned();
        }
        Ok(())
    }

    /// The kind that the path names, if the path can be about it; `None` where not even a group of
    /// the server's own answers.
    fn kind(&self) -> Result<Option<&'static dyn Kind>, Status> {
        let path = &self.path;
        let is_meant = |kind: &&'static dyn Kind| {
            let names = kind.names();
            names.group == path.group
                && names.plural == path.plural
                && names.versions.contains(&path.version.as_str())
        };
        let Some(kind) = kinds::KINDS.iter().copied().find(is_meant) else {
            return self.custom_kind(is_meant);
        };
        let names = kind.names();
        let is_misplaced = path.namespace.is_some() != names.namespaced
            && (path.namespace.is_some() || !path.name.is_empty());
        let is_unknown = !path.subresource.is_empty()
            && !names.subresources.contains(&path.subresource.as_str());
        let goes_on = path.rest.is_some() && path.subresource != "proxy";
        if is_misplaced || is_unknown || goes_on {
            return Err(Status::no_such_path());
        }
        Ok(Some(kind))
    }

    /// The same for kinds that definitions define. Mirrors `crdHandler.ServeHTTP`.
    fn custom_kind(
        &self,
        is_meant: impl Fn(&&'static dyn Kind) -> bool,
    ) -> Result<Option<&'static dyn Kind>, Status> {
        let path = &self.path;
        let customs = self.api.custom_kinds();
        let Some(kind) = customs.into_iter().map(|custom| custom.kind).find(is_meant) else {
            let is_own = kinds::KINDS.iter().any(|kind| kind.names().group == path.group);
            return if is_own { Err(Status::no_such_path()) } else { Ok(None) };
        };
        let names = kind.names();
        let reads_all = path.name.is_empty() && self.call.method == "GET";
        if path.namespace.is_some() != names.namespaced && !(names.namespaced && reads_all) {
            return Ok(None);
        }
        if !path.subresource.is_empty() && !names.subresources.contains(&path.subresource.as_str())
        {
            return Err(Status::not_found(&names.resource(), &path.name));
        }
        Ok(Some(kind))
    }

    /// What is to be done.
    fn verb(&self, kind: &dyn Kind) -> Result<Verb, Status> {
        let path = &self.path;
        let is_collection = path.name.is_empty();
        let is_everywhere = kind.names().namespaced && path.namespace.is_none();
        let watches = path.watch || self.query.truth("watch");
        if !is_collection && path.subresource == "proxy" {
            // Whatever the method is, it is the other side's.
            return Ok(if self.call.method == "GET" { Verb::Get } else { Verb::Create });
        }
        if !is_collection && !self.is_served(kind) {
            return Err(Status::no_such_method());
        }
        Ok(match (self.call.method.as_str(), is_collection) {
            ("GET", true) if watches => Verb::Watch,
            ("GET", false) if path.watch => Verb::Watch,
            ("GET", true) => Verb::List,
            ("GET", false) => Verb::Get,
            ("POST", true) if !is_everywhere => Verb::Create,
            ("POST", false) if !path.subresource.is_empty() => Verb::Create,
            ("PUT", false) => Verb::Update,
            ("PATCH", false) => Verb::Patch(body::patch_type(self.call)?),
            ("DELETE", false) if path.subresource.is_empty() => Verb::Delete,
            ("DELETE", true) if !is_everywhere && kind.names().plural != "namespaces" => {
                Verb::DeleteCollection
            }
            _ => return Err(Status::no_such_method()),
        })
    }

    /// Whether a subresource is for such a method; an object itself is for any.
    fn is_served(&self, kind: &dyn Kind) -> bool {
        let path = &self.path;
        let verb = match self.call.method.as_str() {
            "GET" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            _ => "delete",
        };
        let connects =
            matches!(path.subresource.as_str(), "exec" | "attach" | "portforward" | "proxy");
        connects
            || path.subresource.is_empty()
            || Subresource::of(kind.names().kind, &path.subresource).verbs.contains(&verb)
    }

    /// The request for the door.
    fn request(&self, kind: &dyn Kind, verb: Verb) -> Result<Request, Status> {
        let (path, names) = (&self.path, kind.names());
        let subresource = names.subresources.iter().find(|known| **known == path.subresource);
        let mut request = Request::new(verb, names.resource());
        request.subresource = subresource.copied().unwrap_or_default();
        path.version.clone_into(&mut request.version);
        path.name.clone_into(&mut request.name);
        request.namespace = path.namespace.clone().unwrap_or_default();
        request.query = self.query.0.to_vec();
        request.manager = self.manager();
        let named = self.query.get("fieldManager");
        request.names_manager = named.is_some_and(|name| !name.is_empty());
        request.force = self.query.truth("force");
        match verb {
            Verb::Get => request.resource_version = options::get(self.query)?,
            Verb::List | Verb::Watch => options::list(&mut request, self.query)?,
            Verb::Create => {
                options::write(&mut request, "CreateOptions", false, self.query)?;
                self.read_object(kind, &mut request)?;
            }
            Verb::Update => {
                options::write(&mut request, "UpdateOptions", false, self.query)?;
                self.read_object(kind, &mut request)?;
            }
            Verb::Patch(how) => {
                let applies = how == PatchType::Apply;
                options::write(&mut request, "PatchOptions", applies, self.query)?;
                let decoded = body::patch(self.call, how)?;
                request.oddities = decoded.oddities;
                request.body = Body::Json(decoded.value);
            }
            Verb::Delete => {
                options::delete(&mut request, self.query, &body::delete_options(self.call)?)?
            }
            Verb::DeleteCollection => {
                options::delete(&mut request, self.query, &body::delete_options(self.call)?)?;
                options::list(&mut request, self.query)?;
            }
        }
        Ok(request)
    }

    /// Who manages what is written: who says so, or the client's name.
    /// Mirrors `managerOrUserAgent`.
    fn manager(&self) -> String {
        let agent = self.call.header("user-agent").unwrap_or_default();
        let named = self.query.get("fieldManager").filter(|name| !name.is_empty());
        let name = named.unwrap_or_else(|| agent.split('/').next().unwrap_or_default());
        let mut kept = String::new();
        for letter in name.chars().filter(|letter| !letter.is_control()) {
            if kept.len() + letter.len_utf8() > options::MANAGER_MAX {
                break;
            }
            kept.push(letter);
        }
        if kept.is_empty() { "unknown".to_owned() } else { kept }
    }

    fn read_object(&self, kind: &dyn Kind, request: &mut Request) -> Result<(), Status> {
        let wanted = match request.subresource {
            "scale" => "Scale",
            "binding" => "Binding",
            "eviction" => "Eviction",
            "token" => "TokenRequest",
            _ => kind.names().kind,
        };
        if matches!(request.subresource, "exec" | "attach" | "portforward" | "proxy") {
            return Ok(());
        }
        let decoded = body::object(self.call, wanted, kind.is_custom())?;
        request.oddities = decoded.oddities;
        if !kind.is_custom() && self.call.body.first() == Some(&b'{') {
            request.text = String::from_utf8_lossy(&self.call.body).into_owned();
        }
        request.body = Body::Json(decoded.value);
        Ok(())
    }

    fn encode(
        &self,
        view: View<'_>,
        form: Form,
        verb: Verb,
        code: u16,
        reply: Reply,
    ) -> Result<Answer, Status> {
        let value = match reply {
            Reply::Object(object) if verb == Verb::Delete => match deleted(view.kind, &object) {
                Some(status) => status,
                None => encode::object(view, &object, form.shape)?,
            },
            Reply::Object(object) => shown(view, &object, form.shape)?,
            Reply::List(list) => {
                let going_on = match list.items.last() {
                    Some(last) if list.remaining > 0 => self.token(last, list.revision),
                    _ => String::new(),
                };
                let mut list = list;
                if !self.query.get("labelSelector").unwrap_or_default().is_empty()
                    || !self.query.get("fieldSelector").unwrap_or_default().is_empty()
                {
                    // With a selector nobody counts what is left.
                    list.remaining = 0;
                }
                return encode::list(view, &list, &going_on, form);
            }
            Reply::Json(value) => value,
            Reply::Nothing => return Ok(encode::nothing()),
            Reply::Text(text) => return Ok(encode::plain(code, &text)),
            Reply::Changes(..) => return Err(Status::internal("changes are no answer")),
        };
        Ok(encode::answer(code, &value, form.media))
    }

    fn token(&self, last: &Object, revision: u64) -> String {
        let namespace = match self.path.namespace {
            Some(_) => String::new(),
            None => last.namespace().to_owned(),
        };
        token::write(&Place {
            after: (namespace, last.name().to_owned()),
            revision: Some(revision),
        })
    }
}

/// Whether what is applied is not there yet.
fn makes(api: &mut dyn Api, request: &Request) -> bool {
    if request.verb != Verb::Patch(PatchType::Apply) {
        return false;
    }
    let key = Key::new(request.resource.clone(), &request.namespace, &request.name);
    api.call(Request::get(&key)).is_err_and(|status| status.is_not_found())
}

/// An object, or what a subresource answered in a kind of its own.
fn shown(view: View<'_>, object: &Object, shape: Shape) -> Result<Value, Status> {
    if object.resource() == view.kind.home() {
        return encode::object(view, object, shape);
    }
    let own = kinds::kind_of(&object.resource());
    if shape == Shape::Table && object.kind() == "Scale" {
        return Ok(super::table::scale(view, object));
    }
    match (shape, own) {
        (Shape::Whole, _) | (_, None) => Ok(object.to_value()),
        (_, Some(kind)) => encode::object(View { kind, version: "", ..view }, object, shape),
    }
}

/// A revision that is still to come cannot be answered for.
fn check_revision(wanted: u64, current: u64) -> Result<(), Status> {
    if wanted > current {
        return Err(Status::too_large_resource_version(wanted, current));
    }
    Ok(())
}

/// What is said of an object that is gone: its name, unless its kind is shown once more.
/// Mirrors `Store.finalizeDelete`.
fn deleted(kind: &dyn Kind, object: &Object) -> Option<Value> {
    let (names, meta) = (kind.names(), object.meta());
    let is_kept = meta.deletion_timestamp.is_some()
        && meta.finalizers.as_ref().is_some_and(|list| !list.is_empty());
    if is_kept || SHOW_DELETED.contains(&names.plural) {
        return None;
    }
    let mut details = serde_json::json!({"name": object.name(), "kind": names.plural});
    details["uid"] = serde_json::json!(object.uid());
    if !names.group.is_empty() {
        details["group"] = serde_json::json!(names.group);
    }
    Some(serde_json::json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }))
}
