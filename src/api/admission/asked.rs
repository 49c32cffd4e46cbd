//! A write as policies and webhooks see it. Mirrors `VersionedAttributes` and `AdmissionRequest`.

use serde_json::{Value, json};

use super::{Operation, Write};
use crate::api::auth::{self, Sender, User};
use crate::api::server::NAMESPACES;
use crate::api::{PatchType, Propagation, Request, Server, Verb};
use crate::kinds::{KINDS, Kind};
use crate::object::{Key, Object};

/// What of a request policies and webhooks are told.
#[derive(Clone, Debug)]
pub(in crate::api) struct Asking {
    /// The version that was asked for; empty: the preferred one.
    pub version: String,
    /// Who asks: a `userInfo`.
    pub user: Value,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// `CreateOptions` and the like.
    pub options: Value,
}

impl Asking {
    /// What a request says.
    pub(in crate::api) fn of(server: &mut Server, request: &Request) -> Self {
        Self {
            version: request.version.clone(),
            user: user(server, request).to_value(),
            dry_run: request.dry_run,
            options: options(request),
        }
    }
}

fn user(server: &mut Server, request: &Request) -> User {
    let group = || vec![auth::AUTHENTICATED.to_owned()];
    match (&request.sender, request.user) {
        (Sender::For(user), _) => (**user).clone(),
        (Sender::Token(token), _) => auth::bearer(server, token).unwrap_or_default(),
        (Sender::Known, "kubernetes-admin") => User::admin(),
        (Sender::Known, name) if name.contains(':') => {
            User { name: name.to_owned(), groups: group(), ..User::default() }
        }
        // The controllers act as service accounts of their names.
        (Sender::Known, name) => User::account("kube-system", name),
    }
}

fn options(request: &Request) -> Value {
    let mut options = json!({"apiVersion": "meta.k8s.io/v1"});
    let kind = match request.verb {
        Verb::Create => "CreateOptions",
        Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
        // What is applied or patched is stored as an update.
        _ => "UpdateOptions",
    };
    options["kind"] = kind.into();
    if request.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    if kind == "DeleteOptions" {
        let given = &request.delete;
        if let Some(seconds) = given.grace_period_seconds {
            options["gracePeriodSeconds"] = seconds.into();
        }
        if let Some(fate) = given.propagation {
            options["propagationPolicy"] = match fate {
                Propagation::Background => "Background",
                Propagation::Foreground => "Foreground",
                Propagation::Orphan => "Orphan",
            }
            .into();
        }
        return options;
    }
    if request.names_manager && !request.manager.is_empty() {
        options["fieldManager"] = request.manager.as_str().into();
    }
    let validation = match (request.parameter("fieldValidation"), request.strict) {
        (Some(given), _) => Some(given),
        (None, true) => Some("Strict"),
        (None, false) => None,
    };
    if let Some(validation) = validation.filter(|text| !text.is_empty()) {
        options["fieldValidation"] = validation.into();
    }
    if request.force && request.verb == Verb::Patch(PatchType::Apply) {
        options["force"] = true.into();
    }
    options
}

/// A kind in one of the versions in which an object can be shown.
#[derive(Clone, Copy)]
pub(in crate::api) struct Form {
    /// The kind.
    pub kind: &'static dyn Kind,
    /// The version.
    pub version: &'static str,
}

impl Form {
    fn kind(self, write: &Write<'_>) -> Value {
        let names = self.kind.names();
        let (group, version, kind) = match &write.guise {
            Some(guise) => (guise.group, "v1", guise.kind),
            None if write.subresource == "scale" => ("autoscaling", "v1", "Scale"),
            None => (names.group, self.version, names.kind),
        };
        json!({"group": group, "version": version, "kind": kind})
    }

    fn resource(self) -> Value {
        let names = self.kind.names();
        json!({"group": names.group, "version": self.version, "resource": names.plural})
    }
}

/// The form that a write was asked for in.
pub(in crate::api) fn requested(write: &Write<'_>) -> Form {
    let versions = write.kind.names().versions;
    let wanted = write.asking.map_or("", |asking| asking.version.as_str());
    let found = versions.iter().find(|version| **version == wanted);
    let version = found.or(versions.first()).copied().unwrap_or_default();
    Form { kind: write.kind, version }
}

/// The other forms of the same objects. Mirrors `EquivalentResourceMapper`.
pub(in crate::api) fn equivalents(write: &Write<'_>) -> Vec<Form> {
    let own = write.kind.home();
    let built_in = KINDS.iter().copied().filter(|kind| kind.home() == own);
    let custom = write.customs.versions(&own).map(|kind| kind as &'static dyn Kind);
    let forms = |kind: &'static dyn Kind| {
        kind.names().versions.iter().map(move |version| Form { kind, version })
    };
    built_in.chain(custom).flat_map(forms).collect()
}

/// A write in the form in which it is asked about.
pub(in crate::api) struct Asked {
    /// The object to be stored; null for a deletion.
    pub object: Value,
    /// What it replaces, or what goes; null for a creation.
    pub old: Value,
    /// The request.
    pub request: Value,
    /// The namespace's object; null without one.
    pub namespace: Value,
}

impl Asked {
    /// Whether it is about something that is in no namespace.
    pub(in crate::api) fn is_clusters(&self) -> bool {
        self.request["namespace"].is_null() || self.request["resource"]["resource"] == "namespaces"
    }

    /// A write in one of its forms.
    pub(in crate::api) fn of(write: &Write<'_>, form: Form) -> Self {
        let names = form.kind.names();
        let scaled = write.subresource == "scale";
        let shown = |object: &Object| match scaled {
            true => scale(write.kind, object),
            false => form.kind.encode(form.version, object),
        };
        let gone = write.operation == Operation::Delete;
        let object = match &write.guise {
            Some(guise) => guise.value.clone(),
            None if gone => Value::Null,
            None => shown(write.object),
        };
        let old = write.old.map_or(Value::Null, shown);
        let is_namespace = names.resource() == NAMESPACES;
        let name = write.object.name();
        let namespace = if is_namespace { name } else { write.object.namespace() };
        let request_form = requested(write);
        let asking = write.asking;
        let mut request = json!({
            "kind": form.kind(write), "resource": form.resource(),
            "requestKind": request_form.kind(write), "requestResource": request_form.resource(),
            "operation": write.operation.name(),
            "userInfo": asking.map_or_else(|| User::admin().to_value(), |asking| asking.user.clone()),
            "dryRun": asking.is_some_and(|asking| asking.dry_run),
        });
        for (field, text) in [
            ("name", name),
            ("namespace", namespace),
            ("subResource", write.subresource),
            ("requestSubResource", write.subresource),
        ] {
            if !text.is_empty() {
                request[field] = text.into();
            }
        }
        if let Some(asking) = asking {
            request["options"] = asking.options.clone();
        }
        let home = Key::new(NAMESPACES, "", namespace);
        let home = write.store.get(&home).filter(|_| !is_namespace);
        Self { object, old, request, namespace: home.map_or(Value::Null, Object::to_value) }
    }
}

/// The scale of an object as JSON.
fn scale(kind: &dyn Kind, object: &Object) -> Value {
    let (wanted, present, selector) = kind.scale(object).unwrap_or_default();
    json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": object.name(), "namespace": object.namespace()},
        "spec": {"replicas": wanted}, "status": {"replicas": present, "selector": selector},
    })
}
