//! `kubectl describe resourcequota`. Mirrors `describe.describeQuota`.

use k8s_openapi::api::core::v1::ResourceQuota;

use super::ResourceQuotas;
use crate::base::order::Order as _;
use crate::base::quantity::Quantity;
use crate::kinds::describe::Lines;
use crate::kinds::{Lookup, Typed, cells};
use crate::object::Object;

/// The text.
pub fn describe(object: &ResourceQuota) -> String {
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(&object.metadata));
    out.field(0, "Namespace", object.metadata.namespace.as_deref().unwrap_or_default());
    scopes(&mut out, 0, " * ", object);
    out.line(0, "Resource\tUsed\tHard");
    out.line(0, "--------\t----\t----");
    amounts(&mut out, 0, object);
    out.raw()
}

/// The quotas of a namespace. Mirrors `describe.DescribeResourceQuotas`.
pub fn of_namespace(out: &mut Lines, others: &mut dyn Lookup, namespace: &str) {
    let all = others.list(&ResourceQuotas::NAMES.resource(), namespace);
    if all.is_empty() {
        out.line(0, "No resource quota.");
        return;
    }
    out.line(0, "Resource Quotas");
    for quota in all.iter().filter_map(Object::get::<ResourceQuota>) {
        out.field(1, "Name", cells::name(&quota.metadata));
        scopes(out, 1, "* ", quota);
        out.line(1, "Resource\tUsed\tHard");
        out.line(1, "--------\t---\t---");
        amounts(out, 1, quota);
    }
}

fn scopes(out: &mut Lines, level: usize, bullet: &str, quota: &ResourceQuota) {
    let scopes = quota.spec.as_ref().and_then(|spec| spec.scopes.clone());
    let mut scopes = scopes.unwrap_or_default();
    if scopes.is_empty() {
        return;
    }
    scopes.order();
    out.field(level, "Scopes", scopes.join(", "));
    for text in scopes.iter().filter_map(|scope| meaning(scope)) {
        out.line(level, format!("{bullet}{text}"));
    }
}

/// Mirrors `helpTextForResourceQuotaScope`.
fn meaning(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on \
             a node before being actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long \
             running pods whose container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best \
             effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a \
             burstable or guaranteed quality of service."
        }
        _ => return None,
    })
}

fn amounts(out: &mut Lines, level: usize, quota: &ResourceQuota) {
    let status = quota.status.clone().unwrap_or_default();
    let used = status.used.unwrap_or_default();
    for (name, hard) in status.hard.unwrap_or_default() {
        let used = used.get(&name).map_or("0", |used| used.0.as_str());
        out.line(level, format!("{name}\t{}\t{}", alike(used, &hard.0), hard.0));
    }
}

/// What is used, written the way the limit is.
fn alike(used: &str, hard: &str) -> String {
    match (Quantity::parse(used), Quantity::parse(hard)) {
        (Ok(amount), Ok(limit)) if amount.format() != limit.format() => {
            Quantity::new(amount.value(), limit.format()).to_string()
        }
        _ => used.to_owned(),
    }
}
