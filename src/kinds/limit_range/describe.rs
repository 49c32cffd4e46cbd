//! `kubectl describe limitrange`. Mirrors `describe.describeLimitRange`.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeSpec};

use super::LimitRanges;
use crate::base::order::Gather;
use crate::kinds::describe::Lines;
use crate::kinds::{Lookup, Typed, cells};

const TITLES: &str = "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request \
                      Ratio";
const RULES: &str =
    "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

/// The text.
pub fn describe(object: &LimitRange) -> String {
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(&object.metadata));
    out.field(0, "Namespace", object.metadata.namespace.as_deref().unwrap_or_default());
    out.line(0, TITLES);
    out.line(0, RULES);
    if let Some(spec) = &object.spec {
        limits(&mut out, "", spec);
    }
    out.raw()
}

/// The limits of a namespace. Mirrors `describe.DescribeLimitRanges`.
pub fn of_namespace(out: &mut Lines, others: &mut dyn Lookup, namespace: &str) {
    let all = others.list(&LimitRanges::NAMES.resource(), namespace);
    if all.is_empty() {
        out.line(0, "No LimitRange resource.");
        return;
    }
    out.line(0, "Resource Limits");
    out.line(0, format!(" {TITLES}"));
    out.line(0, format!(" {RULES}"));
    for spec in all.iter().filter_map(|one| one.get::<LimitRange>()?.spec.as_ref()) {
        limits(out, " ", spec);
    }
}

/// A line for each resource; Go prints those of one kind in no order.
fn limits(out: &mut Lines, prefix: &str, spec: &LimitRangeSpec) {
    for item in &spec.limits {
        let lists = [
            &item.min,
            &item.max,
            &item.default_request,
            &item.default,
            &item.max_limit_request_ratio,
        ];
        let names: BTreeSet<&String> =
            lists.iter().flat_map(|list| list.iter().flatten()).map(|(name, _)| name).gathered();
        for name in names {
            let cells = lists.map(|list| {
                let amount = list.as_ref().and_then(|list| list.get(name));
                amount.map_or("-", |amount| amount.0.as_str())
            });
            out.line(0, format!("{prefix}{}\t{name}\t{}", item.type_, cells.join("\t")));
        }
    }
}
