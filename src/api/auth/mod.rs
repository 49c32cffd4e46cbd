//! Who acts, and whether they may. Mirrors `k8s.io/apiserver/pkg/{authentication,authorization}`.

mod jwt;
pub(in crate::api) mod rbac;
mod reviews;
mod token_request;
mod user;

pub use jwt::{account_token, token_claim};
pub(in crate::api) use rbac::Action;
pub(in crate::api) use reviews::{review, review_kind};
pub(in crate::api) use token_request::token_request;
pub(in crate::api) use user::AUTHENTICATED;
pub use user::User;

use super::{Api, Body, Reply, Request, Status, Verb};
use crate::object::GroupResource;
use crate::sim::Time;

/// Whether somebody may do something.
///
/// # Errors
/// 403.
pub(in crate::api) fn check(api: &mut dyn Api, user: &User, action: &Action) -> Result<(), Status> {
    match rbac::reason(api, user, action) {
        Some(_) => Ok(()),
        None => Err(refusal(user, action)),
    }
}

/// Whether `user` may act for `wanted`.
///
/// # Errors
/// 403.
#[cfg(not(target_arch = "wasm32"))]
pub(in crate::api) fn may_act_as(
    api: &mut dyn Api,
    user: &User,
    wanted: &User,
) -> Result<(), Status> {
    let action = Action {
        verb: "impersonate".to_owned(),
        resource: "users".to_owned(),
        name: wanted.name.clone(),
        ..Action::default()
    };
    check(api, user, &action)
}

/// Whose token it is.
///
/// # Errors
/// 401 where it is nobody's.
pub(in crate::api) fn bearer(api: &mut dyn Api, token: &str) -> Result<User, Status> {
    jwt::user(api, token).map_or_else(|| Err(Status::unauthorized()), |(user, _)| Ok(user))
}

/// Lets a request pass, answers it if it is about identities, or refuses it.
///
/// # Errors
/// 401 for a token that nobody gave, 403 for what RBAC does not give.
pub(in crate::api) fn admit(
    api: &mut dyn Api,
    request: &Request,
    now: Time,
) -> Result<Option<Reply>, Status> {
    let user = match &request.sender {
        Sender::Known => User::admin(),
        Sender::Token(token) => bearer(api, token)?,
        Sender::For(user) => (**user).clone(),
    };
    if request.sender != Sender::Known {
        check(api, &user, &action(request))?;
    }
    let Body::Json(given) = &request.body else { return Ok(None) };
    let resource = &request.resource;
    if request.subresource == "token" {
        let answer = token_request(api, &request.namespace, &request.name, given, now)?;
        return Ok(Some(Reply::Json(answer)));
    }
    let Some(kind) = review_kind(&resource.group, &resource.resource) else { return Ok(None) };
    review(api, &user, (kind, &request.namespace), given, now).map(|value| Some(Reply::Json(value)))
}

/// Who sends a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// Whom its `user` names; nobody asks what they may.
    #[default]
    Known,
    /// Whoever this token belongs to.
    Token(String),
    /// The administrator, for somebody.
    For(std::rc::Rc<User>),
}

fn action(request: &Request) -> Action {
    let verb = match request.verb {
        Verb::Get => "get",
        Verb::List => "list",
        Verb::Watch => "watch",
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Patch(_) => "patch",
        Verb::Delete => "delete",
        Verb::DeleteCollection => "deletecollection",
    };
    let resource = &request.resource;
    // The namespace that a namespace is in is the namespace itself.
    let is_namespace = resource.group.is_empty() && &*resource.resource == "namespaces";
    Action {
        verb: verb.to_owned(),
        group: resource.group.to_string(),
        resource: resource.resource.to_string(),
        subresource: request.subresource.to_owned(),
        name: request.name.clone(),
        namespace: if is_namespace { &request.name } else { &request.namespace }.clone(),
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
