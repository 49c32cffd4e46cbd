//! Who asks, and whether they may. Whoever reaches the server without saying who they are is its
//! administrator; those that impersonate somebody, or show a service account's token, get what
//! RBAC gives them. Mirrors `k8s.io/apiserver/pkg/endpoints/filters`.

mod escalation;
mod identity;
mod jwt;
mod rbac;
mod reviews;
mod token_request;

use super::path::ResourcePath;
use super::{Answer, Call};
use crate::api::{Api, Status};
use crate::object::GroupResource;
use crate::sim::Time;

pub(super) use identity::User;
use rbac::Action;

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
    if !user.is_master() && rbac::reason(api, &user, &action).is_none() {
        return Err(refusal(&user, &action));
    }
    if let Some(path) = asked.resource {
        if !user.is_master() {
            escalation::check(api, &user, asked.call, path)?;
        }
        if let Some(answer) = token_request::answer(api, asked, path)? {
            return Ok(Some(answer));
        }
        return reviews::answer(api, &user, asked, path);
    }
    Ok(None)
}

/// What a request is about to do. Mirrors `RequestInfoFactory.NewRequestInfo`.
fn action(asked: &Asked<'_>) -> Action {
    let method = asked.call.method.as_str();
    let Some(path) = asked.resource else {
        let verb = method.to_lowercase();
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

/// 403. Mirrors `responsewriters.ForbiddenStatusError`.
fn refusal(user: &User, action: &Action) -> Status {
    let name = &user.name;
    if !action.path.is_empty() {
        let what = format!("User {name:?} cannot {} path {:?}", action.verb, action.path);
        return Status::generic(403, "Forbidden", format!("forbidden: {what}"));
    }
    let place = match action.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let resource = action.full_resource();
    let why = format!(
        "User {name:?} cannot {} resource {resource:?} in API group {:?} {place}",
        action.verb, action.group
    );
    let about = GroupResource::dynamic(&action.group, &action.resource);
    let mut status = Status::forbidden(&about, &action.name, &why);
    if action.name.is_empty() {
        status.message = format!("{about} is forbidden: {why}");
    }
    status
}
