//! Who sends a request. Mirrors `endpoints/filters/{authentication,impersonation}.go`.

use std::collections::BTreeMap;

use crate::api::auth::{self, User};
use crate::api::http::Call;
use crate::api::{Api, Status};
use crate::base::percent::decoded;

/// Who sends a request, or whom they act for.
///
/// # Errors
/// 401 for an unknown token, 400 or 403 for an impersonation that is none or not allowed.
pub(super) fn of(api: &mut dyn Api, call: &Call) -> Result<User, Status> {
    let user = bearer(api, call)?;
    let Some(wanted) = impersonated(call)? else { return Ok(user) };
    auth::may_act_as(api, &user, &wanted)?;
    Ok(wanted)
}

/// Whose token a request shows.
fn bearer(api: &mut dyn Api, call: &Call) -> Result<User, Status> {
    let header = call.header("authorization").unwrap_or_default();
    let Some(token) = header.strip_prefix("Bearer ") else {
        return Ok(User::admin());
    };
    auth::bearer(api, token)
}

/// Whom a request acts for.
fn impersonated(call: &Call) -> Result<Option<User>, Status> {
    let all = |name: &str| -> Vec<String> {
        let found = call.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).collect()
    };
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &call.headers {
        let key = key.to_ascii_lowercase();
        if let Some(key) = key.strip_prefix("impersonate-extra-") {
            extra.entry(decoded(key)).or_default().push(value.clone());
        }
    }
    User {
        name: call.header("impersonate-user").unwrap_or_default().to_owned(),
        uid: call.header("impersonate-uid").unwrap_or_default().to_owned(),
        groups: all("impersonate-group"),
        extra,
    }
    .impersonated()
}
