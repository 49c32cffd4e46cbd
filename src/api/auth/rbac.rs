//! What roles allow. Mirrors `plugin/pkg/auth/authorizer/rbac` and `pkg/registry/rbac/validation`.

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::user::{AUTHENTICATED, User};
use crate::api::{Api, Reply, Request};
use crate::object::{GroupResource, Key, Object};

const ROLES: GroupResource = GroupResource::new("rbac.authorization.k8s.io", "roles");
const CLUSTER_ROLES: GroupResource =
    GroupResource::new("rbac.authorization.k8s.io", "clusterroles");
const BINDINGS: GroupResource = GroupResource::new("rbac.authorization.k8s.io", "rolebindings");
const CLUSTER_BINDINGS: GroupResource =
    GroupResource::new("rbac.authorization.k8s.io", "clusterrolebindings");

/// What somebody is about to do. Mirrors `authorizer.Attributes`.
#[derive(Clone, Debug, Default)]
pub(in crate::api) struct Action {
    /// `get`, `create` …
    pub verb: String,
    /// The API group.
    pub group: String,
    /// The plural.
    pub resource: String,
    /// The subresource; empty for none.
    pub subresource: String,
    /// The object's name; empty for none.
    pub name: String,
    /// The namespace; empty for the cluster.
    pub namespace: String,
    /// The path, where it is no resource's.
    pub path: String,
}

impl Action {
    /// `pods/log`.
    pub(in crate::api) fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }
}

/// Why somebody may do something; `None` where they may not.
pub(in crate::api) fn reason(api: &mut dyn Api, user: &User, action: &Action) -> Option<String> {
    if user.is_master() {
        return Some(String::new());
    }
    let rules = rules(api, user, &action.namespace);
    rules.into_iter().find(|(rule, _)| allows(rule, action)).map(|(_, why)| why)
}

/// Whether a rule allows something.
pub(in crate::api) fn allows(rule: &PolicyRule, action: &Action) -> bool {
    let has = |list: Option<&Vec<String>>, wanted: &str| {
        list.is_some_and(|list| list.iter().any(|item| item == "*" || item == wanted))
    };
    if !has(Some(&rule.verbs), &action.verb) {
        return false;
    }
    if !action.path.is_empty() {
        return rule.non_resource_urls.iter().flatten().any(|url| match url.strip_suffix('*') {
            Some(start) => action.path.starts_with(start),
            None => *url == action.path,
        });
    }
    let full = action.full_resource();
    let any_of_this = format!("*/{}", action.subresource);
    let resource = has(rule.resources.as_ref(), &full)
        || (!action.subresource.is_empty()
            && rule.resources.iter().flatten().any(|resource| *resource == any_of_this));
    let names = rule.resource_names.as_ref().filter(|names| !names.is_empty());
    has(rule.api_groups.as_ref(), &action.group)
        && resource
        && names.is_none_or(|names| names.contains(&action.name))
}

/// Every rule that holds for somebody in a namespace, and through what.
pub(in crate::api) fn rules(
    api: &mut dyn Api,
    user: &User,
    namespace: &str,
) -> Vec<(PolicyRule, String)> {
    let mut found = standing(user);
    for object in list(api, CLUSTER_BINDINGS, "") {
        let Some(binding) = object.get::<ClusterRoleBinding>() else { continue };
        let Some(subject) = subject(user, binding.subjects.as_ref(), "") else { continue };
        let why = format!(
            "RBAC: allowed by ClusterRoleBinding {:?} of ClusterRole {:?} to {subject}",
            object.name(),
            binding.role_ref.name
        );
        let rules = role_rules(api, &binding.role_ref, "");
        found.extend(rules.into_iter().map(|rule| (rule, why.clone())));
    }
    if namespace.is_empty() {
        return found;
    }
    for object in list(api, BINDINGS, namespace) {
        let Some(binding) = object.get::<RoleBinding>() else { continue };
        let Some(subject) = subject(user, binding.subjects.as_ref(), namespace) else { continue };
        let why = format!(
            "RBAC: allowed by RoleBinding \"{}/{namespace}\" of {} {:?} to {subject}",
            object.name(),
            binding.role_ref.kind,
            binding.role_ref.name
        );
        let rules = role_rules(api, &binding.role_ref, namespace);
        found.extend(rules.into_iter().map(|rule| (rule, why.clone())));
    }
    found
}

fn list(api: &mut dyn Api, resource: GroupResource, namespace: &str) -> Vec<Object> {
    api.call(Request::list(resource, namespace)).map(Reply::items).unwrap_or_default()
}

/// Which of the subjects somebody is.
fn subject(user: &User, subjects: Option<&Vec<Subject>>, namespace: &str) -> Option<String> {
    subjects.into_iter().flatten().find_map(|subject| {
        let (kind, name) = (subject.kind.as_str(), subject.name.as_str());
        let place = subject.namespace.as_deref().unwrap_or(namespace);
        let (is_them, shown) = match kind {
            "User" => (user.name == name, format!("{name:?}")),
            "Group" => (user.groups.iter().any(|group| group == name), format!("{name:?}")),
            "ServiceAccount" => {
                let account = User::account(place, name);
                (user.name == account.name, format!("\"{name}/{place}\""))
            }
            _ => (false, String::new()),
        };
        is_them.then(|| format!("{kind} {shown}"))
    })
}

/// The rules of the role that a binding names.
pub(in crate::api) fn role_rules(
    api: &mut dyn Api,
    role: &RoleRef,
    namespace: &str,
) -> Vec<PolicyRule> {
    let resource = if role.kind == "Role" { ROLES } else { CLUSTER_ROLES };
    let place = if role.kind == "Role" { namespace } else { "" };
    let key = Key::new(resource, place, &role.name);
    let stored = api.call(Request::get(&key)).ok().and_then(Reply::object);
    let rules = stored.and_then(|object| match object.get::<Role>() {
        Some(role) => role.rules.clone(),
        None => object.get::<ClusterRole>().and_then(|role| role.rules.clone()),
    });
    match (rules, role.name.as_str()) {
        (Some(rules), _) => rules,
        (None, "cluster-admin") if role.kind == "ClusterRole" => {
            vec![rule(&["*"], &["*"], &["*"]), paths(&["*"], &["*"])]
        }
        (None, _) => Vec::new(),
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(texts(groups)),
        resources: Some(texts(resources)),
        verbs: texts(verbs),
        ..PolicyRule::default()
    }
}

fn paths(paths: &[&str], verbs: &[&str]) -> PolicyRule {
    let verbs = texts(verbs);
    PolicyRule { non_resource_urls: Some(texts(paths)), verbs, ..PolicyRule::default() }
}

/// What everybody may. Mirrors `system:basic-user`, `system:discovery` and
/// `system:public-info-viewer` of `rbac/bootstrappolicy`.
fn standing(user: &User) -> Vec<(PolicyRule, String)> {
    let is_in = |wanted: &str| user.groups.iter().any(|group| group == wanted);
    let allowed = |role: &str, group: &str| {
        format!(
            "RBAC: allowed by ClusterRoleBinding {role:?} of ClusterRole {role:?} to Group {group:?}"
        )
    };
    let mut found = Vec::new();
    if user.is_master() {
        let why = "RBAC: allowed by ClusterRoleBinding \"cluster-admin\" of ClusterRole \
                   \"cluster-admin\" to Group \"system:masters\"";
        found.push((rule(&["*"], &["*"], &["*"]), why.to_owned()));
        found.push((paths(&["*"], &["*"]), why.to_owned()));
    }
    if is_in(AUTHENTICATED) {
        let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
        let basic = allowed("system:basic-user", AUTHENTICATED);
        found.push((rule(&["authorization.k8s.io"], &reviews, &["create"]), basic.clone()));
        let own = rule(&["authentication.k8s.io"], &["selfsubjectreviews"], &["create"]);
        found.push((own, basic));
        let discovery = paths(
            &[
                "/.well-known",
                "/.well-known/*",
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ],
            &["get"],
        );
        found.push((discovery, allowed("system:discovery", AUTHENTICATED)));
    }
    for group in [AUTHENTICATED, "system:unauthenticated"].into_iter().filter(|g| is_in(g)) {
        let public = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
        let why = allowed("system:public-info-viewer", group);
        found.push((paths(&public, &["get"]), why));
    }
    found
}
