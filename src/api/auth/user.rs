//! Who acts. Mirrors `k8s.io/apiserver/pkg/authentication/user` and
//! `endpoints/filters/impersonation.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::Status;

/// What all whose name is known belong to.
pub(in crate::api) const AUTHENTICATED: &str = "system:authenticated";
const MASTERS: &str = "system:masters";
const ANONYMOUS: &str = "system:anonymous";
const ACCOUNT: &str = "system:serviceaccount:";

/// Mirrors `user.Info`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
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
    pub(in crate::api) fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }

    /// As `userInfo` of a review.
    pub(in crate::api) fn to_value(&self) -> Value {
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
    pub(in crate::api) fn account(namespace: &str, name: &str) -> Self {
        let groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            AUTHENTICATED.to_owned(),
        ];
        Self { name: format!("{ACCOUNT}{namespace}:{name}"), groups, ..Self::default() }
    }

    /// Whoever reaches the server without saying who they are.
    pub(in crate::api) fn admin() -> Self {
        Self {
            name: "kubernetes-admin".to_owned(),
            uid: "admin".to_owned(),
            groups: vec![MASTERS.to_owned(), AUTHENTICATED.to_owned()],
            extra: BTreeMap::new(),
        }
    }

    /// Whom a request acts for that names them so; `None` where it acts for its sender. Mirrors
    /// `buildImpersonationRequests`.
    ///
    /// # Errors
    /// Groups or the like without a name.
    pub fn impersonated(self) -> Result<Option<Self>, Status> {
        let Self { name, uid, mut groups, extra } = self;
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
}
