//! Who asks, and whether they may, over HTTP. Whoever reaches the server without saying who they are is its
//! administrator; those that impersonate somebody, or show a service account's token, get what
//! RBAC gives them. Mirrors `k8s.io/apiserver/pkg/endpoints/filters`.

mod escalation;
mod identity;

use super::negotiate::{self, Serves};
use super::path::ResourcePath;
use super::{Answer, Call, body, encode};
use crate::api::auth::{self, Action};
use crate::api::{Api, Status};
use crate::sim::Time;

/// A request whose sender is known.
pub(super) struct Asked<'a> {
    /// The request.
    pub call: &'a Call,
    /// Its path, without the query.
    pub path: &'a str,
    /// What the path is about, if it is a resource.
    pub resource: Option<&'a ResourcePath>,
    /// Whether the query asks for a watch.
    pub watches: bool,
    /// Whether JSON is to be indented.
    pub pretty: bool,
    /// The time.
    pub now: Time,
}

/// Lets a request pass, answers it if it is about identities, or refuses it.
///
/// # Errors
/// 401 for a token that nobody gave, 403 for what RBAC does not give.
pub(super) fn admit(api: &mut dyn Api, asked: &Asked<'_>) -> Result<Option<Answer>, Status> {
    let user = identity::of(api, asked.call)?;
    let action = action(asked);
    auth::check(api, &user, &action)?;
    if let Some(path) = asked.resource {
        if !user.is_master() {
            escalation::check(api, &user, asked.call, path)?;
        }
        return answer(api, &user, asked, path);
    }
    Ok(None)
}

/// Answers what is about identities and not stored; `None` where the path is about something else.
fn answer(
    api: &mut dyn Api,
    user: &auth::User,
    asked: &Asked<'_>,
    path: &ResourcePath,
) -> Result<Option<Answer>, Status> {
    let is_token = path.group.is_empty()
        && (path.plural.as_str(), path.subresource.as_str()) == ("serviceaccounts", "token");
    let kind = match auth::review_kind(&path.group, &path.plural) {
        Some(kind) => kind,
        None if is_token && path.rest.is_none() => "TokenRequest",
        None => return Ok(None),
    };
    if path.version != "v1" || is_token && path.namespace.is_none() {
        return Ok(None);
    }
    let is_local = kind == "LocalSubjectAccessReview" || is_token;
    if is_local != path.namespace.is_some() || path.name.is_empty() == is_token {
        return Err(Status::no_such_path());
    }
    if asked.call.method != "POST" {
        return Err(Status::no_such_method());
    }
    let form = negotiate::form(&asked.call.accept(), asked.pretty, Serves::Answers)?;
    let given = body::object(asked.call, kind, false)?.value;
    let namespace = path.namespace.as_deref().unwrap_or_default();
    let value = if is_token {
        auth::token_request(api, namespace, &path.name, &given, asked.now)?
    } else {
        auth::review(api, user, (kind, namespace), &given, asked.now)?
    };
    Ok(Some(encode::answer(201, &value, form.media)))
}

/// What a request is about to do. Mirrors `RequestInfoFactory.NewRequestInfo`.
fn action(asked: &Asked<'_>) -> Action {
    let method = asked.call.method.as_str();
    let Some(path) = asked.resource else {
        let verb = method.to_ascii_lowercase();
        return Action { verb, path: asked.path.to_owned(), ..Action::default() };
    };
    let is_named = !path.name.is_empty();
    let verb = match method {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if is_named => "delete",
        "DELETE" => "deletecollection",
        _ if path.watch || (asked.watches && !is_named) => "watch",
        _ if is_named => "get",
        _ => "list",
    };
    // The namespace that a namespace is in is the namespace itself.
    let is_namespace = path.group.is_empty() && path.plural == "namespaces" && is_named;
    let namespace = if is_namespace { path.name.clone() } else { String::new() };
    Action {
        verb: verb.to_owned(),
        group: path.group.clone(),
        resource: path.plural.clone(),
        subresource: path.subresource.clone(),
        name: path.name.clone(),
        namespace: path.namespace.clone().unwrap_or(namespace),
        path: String::new(),
    }
}
