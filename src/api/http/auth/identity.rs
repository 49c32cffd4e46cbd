//! Who sends a request. Mirrors `endpoints/filters/{authentication,impersonation}.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rbac::{self, Action};
use super::{jwt, refusal};
use crate::api::http::Call;
use crate::api::{Api, Status};

/// What all whose name is known belong to.
pub(super) const AUTHENTICATED: &str = "system:authenticated";
const MASTERS: &str = "system:masters";
const ANONYMOUS: &str = "system:anonymous";
const ACCOUNT: &str = "system:serviceaccount:";

/// Mirrors `user.Info`.
#[derive(Clone, Debug, Default)]
pub(in crate::api::http) struct User {
    /// `jane`.
    pub name: String,
    /// An identifier that outlives the name; often empty.
    pub uid: String,
    /// The groups that they belong to.
    pub groups: Vec<String>,
    /// Whatever else is known.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Who may do anything.
    pub(super) fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }

    /// As `userInfo` of a review.
    pub(super) fn to_value(&self) -> Value {
        let mut value = json!({});
        for (field, text) in [("username", &self.name), ("uid", &self.uid)] {
            if !text.is_empty() {
                value[field] = json!(text);
            }
        }
        if !self.groups.is_empty() {
            value["groups"] = json!(self.groups);
        }
        if !self.extra.is_empty() {
            value["extra"] = json!(self.extra);
        }
        value
    }

    /// A service account's identity.
    pub(super) fn account(namespace: &str, name: &str) -> Self {
        let groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            AUTHENTICATED.to_owned(),
        ];
        Self { name: format!("{ACCOUNT}{namespace}:{name}"), groups, ..Self::default() }
    }
}

/// Who sends a request, or whom they act for.
///
/// # Errors
/// 401 for an unknown token, 400 or 403 for an impersonation that is none or not allowed.
pub(super) fn of(api: &mut dyn Api, call: &Call) -> Result<User, Status> {
    let user = bearer(api, call)?;
    let Some(wanted) = impersonated(call)? else { return Ok(user) };
    let action = Action {
        verb: "impersonate".to_owned(),
        resource: "users".to_owned(),
        name: wanted.name.clone(),
        ..Action::default()
    };
    if !user.is_master() && rbac::reason(api, &user, &action).is_none() {
        return Err(refusal(&user, &action));
    }
    Ok(wanted)
}

/// Whose token a request shows.
fn bearer(api: &mut dyn Api, call: &Call) -> Result<User, Status> {
    let header = call.header("authorization").unwrap_or_default();
    let Some(token) = header.strip_prefix("Bearer ") else {
        return Ok(User {
            name: "kubernetes-admin".to_owned(),
            uid: "admin".to_owned(),
            groups: vec![MASTERS.to_owned(), AUTHENTICATED.to_owned()],
            ..User::default()
        });
    };
    jwt::user(api, token).map_or_else(|| Err(Status::unauthorized()), |(user, _)| Ok(user))
}

/// Whom a request acts for. Mirrors `buildImpersonationRequests`.
fn impersonated(call: &Call) -> Result<Option<User>, Status> {
    let all = |name: &str| -> Vec<String> {
        let found = call.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).collect()
    };
    let name = call.header("impersonate-user").unwrap_or_default().to_owned();
    let mut groups = all("impersonate-group");
    let uid = call.header("impersonate-uid").unwrap_or_default().to_owned();
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &call.headers {
        let key = key.to_ascii_lowercase();
        if let Some(key) = key.strip_prefix("impersonate-extra-") {
            extra.entry(super::super::path::decoded(key)).or_default().push(value.clone());
        }
    }
    if name.is_empty() {
        if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            return Ok(None);
        }
        let groups: Vec<_> = groups.iter().map(|group| format!("{group:?}")).collect();
        let extra: Vec<_> = extra
            .iter()
            .map(|(key, values)| {
                let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
                format!("{key:?}:[]string{{{}}}", values.join(", "))
            })
            .collect();
        let list = |name: &str, items: &[String]| match items {
            [] => format!("{name}(nil)"),
            items => format!("{name}{{{}}}", items.join(", ")),
        };
        return Err(Status::bad_request(format!(
            "requested &user.DefaultInfo{{Name:\"\", UID:{uid:?}, Groups:{}, Extra:{}}} without \
             impersonating a user name",
            list("[]string", &groups),
            list("map[string][]string", &extra)
        )));
    }
    let account = name.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':'));
    if let (Some((namespace, name)), true) = (account, groups.is_empty()) {
        groups = User::account(namespace, name).groups;
    } else if name == ANONYMOUS {
        groups.push("system:unauthenticated".to_owned());
    } else if !groups.iter().any(|group| group == AUTHENTICATED) {
        groups.push(AUTHENTICATED.to_owned());
    }
    Ok(Some(User { name, uid, groups, extra }))
}
