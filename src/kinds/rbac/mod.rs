//! Who may do what: Role, ClusterRole, RoleBinding, ClusterRoleBinding.

mod describe;
/// Rules as people read them.
pub mod rules;

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::path::{Errors, Path};
use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::object::codec;
use crate::sim::Time;

const GROUP: &str = "rbac.authorization.k8s.io";
const ROLE_COLUMNS: &[Column] = &[Column::new("Name"), Column::new("Created At")];
const BINDING_COLUMNS: &[Column] = &[
    Column::new("Name"),
    Column::new("Role"),
    Column::new("Age"),
    Column::wide("Users"),
    Column::wide("Groups"),
    Column::wide("ServiceAccounts"),
];

/// The kind Role. Mirrors `pkg/registry/rbac/role`.
pub struct Roles;

impl Typed for Roles {
    type Object = Role;

    const NAMES: Names = Names::namespaced(GROUP, &["v1"], "Role", "roles", "role");
    const COLUMNS: &'static [Column] = ROLE_COLUMNS;

    fn validate(object: &Role) -> Vec<FieldError> {
        rules_errors(object.rules.as_deref().unwrap_or_default(), true)
    }

    fn describe(object: &Role, _: &mut dyn Lookup, _: Time) -> String {
        describe::role(&object.metadata, object.rules.as_deref().unwrap_or_default())
    }

    fn row(object: &Role, _: Time) -> Vec<String> {
        vec![cells::name(&object.metadata), created_at(&object.metadata)]
    }
}

/// The kind ClusterRole. Mirrors `pkg/registry/rbac/clusterrole`.
pub struct ClusterRoles;

impl Typed for ClusterRoles {
    type Object = ClusterRole;

    const NAMES: Names =
        Names::cluster(GROUP, &["v1"], "ClusterRole", "clusterroles", "clusterrole");
    const COLUMNS: &'static [Column] = ROLE_COLUMNS;

    fn validate(object: &ClusterRole) -> Vec<FieldError> {
        rules_errors(object.rules.as_deref().unwrap_or_default(), false)
    }

    fn describe(object: &ClusterRole, _: &mut dyn Lookup, _: Time) -> String {
        describe::role(&object.metadata, object.rules.as_deref().unwrap_or_default())
    }

    fn row(object: &ClusterRole, _: Time) -> Vec<String> {
        vec![cells::name(&object.metadata), created_at(&object.metadata)]
    }
}

/// The kind RoleBinding. Mirrors `pkg/registry/rbac/rolebinding`.
pub struct RoleBindings;

impl Typed for RoleBindings {
    type Object = RoleBinding;

    const NAMES: Names =
        Names::namespaced(GROUP, &["v1"], "RoleBinding", "rolebindings", "rolebinding");
    const COLUMNS: &'static [Column] = BINDING_COLUMNS;

    fn default(object: &mut RoleBinding) {
        default_binding(&mut object.role_ref, object.subjects.as_mut());
    }

    fn validate(object: &RoleBinding) -> Vec<FieldError> {
        let subjects = object.subjects.as_deref().unwrap_or_default();
        binding_errors(&object.role_ref, subjects, &["Role", "ClusterRole"], true)
    }

    fn validate_update(new: &RoleBinding, old: &RoleBinding) -> Vec<FieldError> {
        role_ref_errors(&new.role_ref, &old.role_ref)
    }

    fn describe(object: &RoleBinding, _: &mut dyn Lookup, _: Time) -> String {
        let subjects = object.subjects.as_deref().unwrap_or_default();
        describe::binding(&object.metadata, &object.role_ref, subjects)
    }

    fn row(object: &RoleBinding, now: Time) -> Vec<String> {
        let subjects = object.subjects.as_deref().unwrap_or_default();
        let age = cells::age(&object.metadata, now);
        binding_row(cells::name(&object.metadata), &object.role_ref, age, subjects)
    }
}

/// The kind ClusterRoleBinding. Mirrors `pkg/registry/rbac/clusterrolebinding`.
pub struct ClusterRoleBindings;

impl Typed for ClusterRoleBindings {
    type Object = ClusterRoleBinding;

    const NAMES: Names = Names::cluster(
        GROUP,
        &["v1"],
        "ClusterRoleBinding",
        "clusterrolebindings",
        "clusterrolebinding",
    );
    const COLUMNS: &'static [Column] = BINDING_COLUMNS;

    fn default(object: &mut ClusterRoleBinding) {
        default_binding(&mut object.role_ref, object.subjects.as_mut());
    }

    fn validate(object: &ClusterRoleBinding) -> Vec<FieldError> {
        let subjects = object.subjects.as_deref().unwrap_or_default();
        binding_errors(&object.role_ref, subjects, &["ClusterRole"], false)
    }

    fn validate_update(new: &ClusterRoleBinding, old: &ClusterRoleBinding) -> Vec<FieldError> {
        role_ref_errors(&new.role_ref, &old.role_ref)
    }

    fn describe(object: &ClusterRoleBinding, _: &mut dyn Lookup, _: Time) -> String {
        let subjects = object.subjects.as_deref().unwrap_or_default();
        describe::binding(&object.metadata, &object.role_ref, subjects)
    }

    fn row(object: &ClusterRoleBinding, now: Time) -> Vec<String> {
        let subjects = object.subjects.as_deref().unwrap_or_default();
        let age = cells::age(&object.metadata, now);
        binding_row(cells::name(&object.metadata), &object.role_ref, age, subjects)
    }
}

/// Mirrors `ValidatePolicyRule`.
fn rules_errors(rules: &[PolicyRule], namespaced: bool) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let root = Path::new("rules");
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    for (index, rule) in rules.iter().enumerate() {
        let path = root.index(index);
        if rule.verbs.is_empty() {
            errors.required(&path.child("verbs"), "verbs must contain at least one value");
        }
        if !is_empty(&rule.non_resource_urls) {
            let at = path.child("nonResourceURLs");
            if namespaced {
                let why = "namespaced rules cannot apply to non-resource URLs";
                errors.invalid(&at, &rule.non_resource_urls, why);
            }
            let has_resources = [&rule.api_groups, &rule.resources, &rule.resource_names]
                .into_iter()
                .any(|list| !is_empty(list));
            if has_resources {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                errors.invalid(&at, &rule.non_resource_urls, why);
            }
            continue;
        }
        if is_empty(&rule.api_groups) {
            let why = "resource rules must supply at least one api group";
            errors.required(&path.child("apiGroups"), why);
        }
        if is_empty(&rule.resources) {
            let why = "resource rules must supply at least one resource";
            errors.required(&path.child("resources"), why);
        }
    }
    errors.0
}

/// Mirrors `SetDefaults_RoleBinding` and `SetDefaults_Subject`.
fn default_binding(role: &mut RoleRef, subjects: Option<&mut Vec<Subject>>) {
    let is_unset = |group: &Option<String>| group.as_deref().unwrap_or_default().is_empty();
    if is_unset(&role.api_group) {
        role.api_group = Some(GROUP.to_owned());
    }
    for subject in subjects.into_iter().flatten() {
        if is_unset(&subject.api_group) && matches!(subject.kind.as_str(), "User" | "Group") {
            subject.api_group = Some(GROUP.to_owned());
        }
    }
}

/// Mirrors `ValidateRoleBinding` and `ValidateClusterRoleBinding`.
fn binding_errors(
    role: &RoleRef,
    subjects: &[Subject],
    kinds: &[&str],
    namespaced: bool,
) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let path = Path::new("roleRef");
    let group = role.api_group.as_deref().unwrap_or_default();
    if group != GROUP {
        errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
    }
    if !kinds.contains(&role.kind.as_str()) {
        errors.not_supported(&path.child("kind"), &role.kind, kinds);
    }
    if role.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    let root = Path::new("subjects");
    for (index, subject) in subjects.iter().enumerate() {
        subject_errors(&root.index(index), subject, namespaced, &mut errors);
    }
    errors.0
}

/// Mirrors `ValidateRoleBindingSubject`.
fn subject_errors(path: &Path<'_>, subject: &Subject, namespaced: bool, errors: &mut Errors) {
    let group = subject.api_group.as_deref().unwrap_or_default();
    if subject.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    match subject.kind.as_str() {
        "ServiceAccount" => {
            if !subject.name.is_empty() {
                let faults = crate::base::label_name::subdomain_errors(&subject.name);
                errors.invalid_for(&path.child("name"), &subject.name, faults);
            }
            if !group.is_empty() {
                errors.not_supported(&path.child("apiGroup"), group, &[""]);
            }
            let has_namespace = subject.namespace.as_ref().is_some_and(|name| !name.is_empty());
            if !namespaced && !has_namespace {
                errors.required(&path.child("namespace"), "");
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                errors.not_supported(&path.child("apiGroup"), group, &[GROUP]);
            }
        }
        other => {
            errors.not_supported(&path.child("kind"), other, &["ServiceAccount", "User", "Group"]);
        }
    }
}

/// The role of a binding is for ever.
fn role_ref_errors(new: &RoleRef, old: &RoleRef) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if new != old {
        errors.invalid(&Path::new("roleRef"), new, "cannot change roleRef");
    }
    errors.0
}

/// Mirrors the default table of `registry/rest/table.go`.
pub(super) fn created_at(
    metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
) -> String {
    let created = metadata.creation_timestamp.as_ref();
    created
        .map_or(String::new(), |stamp| codec::encode(stamp).as_str().unwrap_or_default().to_owned())
}

/// Mirrors `printRoleBinding`.
fn binding_row(name: String, role: &RoleRef, age: String, subjects: &[Subject]) -> Vec<String> {
    let of = |kind: &str, show: &dyn Fn(&Subject) -> String| {
        let mine = subjects.iter().filter(|subject| subject.kind == kind);
        mine.map(show).collect::<Vec<_>>().join(", ")
    };
    let plain = |subject: &Subject| subject.name.clone();
    let account = |subject: &Subject| {
        format!("{}/{}", subject.namespace.as_deref().unwrap_or_default(), subject.name)
    };
    vec![
        name,
        format!("{}/{}", role.kind, role.name),
        age,
        of("User", &plain),
        of("Group", &plain),
        of("ServiceAccount", &account),
    ]
}
