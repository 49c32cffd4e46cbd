//! `kubectl describe` of roles and bindings. Mirrors `describe.RoleDescriber`,
//! `describe.RoleBindingDescriber` and their cluster-wide counterparts.

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::rules;
use crate::kinds::describe::{Lines, pairs};
use crate::object::codec;

/// A role's text.
pub(super) fn role(meta: &ObjectMeta, rules: &[PolicyRule]) -> String {
    let mut out = Lines::default();
    pairs::plain_head(&mut out, meta);
    out.line(0, "PolicyRule:");
    out.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
    out.line(1, "---------\t-----------------\t--------------\t-----");
    let rules: Vec<Value> = rules.iter().map(codec::encode).collect();
    for line in rules::lines(&rules) {
        out.line(1, line.join("\t"));
    }
    out.raw()
}

/// A binding's text.
pub(super) fn binding(meta: &ObjectMeta, role: &RoleRef, subjects: &[Subject]) -> String {
    let mut out = Lines::default();
    pairs::plain_head(&mut out, meta);
    out.line(0, "Role:");
    out.field(1, "Kind", &role.kind);
    out.field(1, "Name", &role.name);
    out.line(0, "Subjects:");
    out.line(1, "Kind\tName\tNamespace");
    out.line(1, "----\t----\t---------");
    for subject in subjects {
        let namespace = subject.namespace.as_deref().unwrap_or_default();
        out.line(1, format!("{}\t{}\t{namespace}", subject.kind, subject.name));
    }
    out.raw()
}
