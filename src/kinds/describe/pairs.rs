//! Labels, annotations, tolerations: lists that stand beside their title.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Lines;
use crate::base::order::Order as _;
use crate::kinds::cells;
use crate::object::meta::LAST_APPLIED;

/// The longest annotation, in bytes, that is shown on its own line uncut.
const MAX_ANNOTATION: usize = 140;

/// `key=value` below each other.
pub fn labels(
    out: &mut Lines,
    level: usize,
    title: &str,
    pairs: Option<&BTreeMap<String, String>>,
) {
    let pairs = pairs.into_iter().flatten();
    out.list(level, title, pairs.map(|(key, value)| format!("{key}={value}")));
}

/// `key: value` below each other, long ones cut, without what `apply` remembers.
pub fn annotations(
    out: &mut Lines,
    level: usize,
    title: &str,
    pairs: Option<&BTreeMap<String, String>>,
) {
    let shown = pairs.into_iter().flatten().filter(|(key, _)| *key != LAST_APPLIED);
    let texts = shown.map(|(key, value)| {
        let value = value.strip_suffix('\n').unwrap_or(value);
        if value.len() + key.len() + 2 <= MAX_ANNOTATION && !value.contains('\n') {
            return format!("{key}: {value}");
        }
        let lines = value.split('\n').map(|line| format!("\n\t  {}", cut(line)));
        format!("{key}:{}", lines.collect::<String>())
    });
    out.list(level, title, texts);
}

/// A line of an annotation, cut if it is too long.
fn cut(line: &str) -> String {
    let mut end = MAX_ANNOTATION - 2;
    if line.len() <= end {
        return line.to_owned();
    }
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &line[..end])
}

/// Name, namespace, labels and annotations: how most descriptions begin.
pub fn head(out: &mut Lines, meta: &ObjectMeta) {
    out.field(0, "Name", cells::name(meta));
    if let Some(namespace) = &meta.namespace {
        out.field(0, "Namespace", namespace);
    }
    labels(out, 0, "Labels", meta.labels.as_ref());
    annotations(out, 0, "Annotations", meta.annotations.as_ref());
}

/// Name, labels and annotations: how the descriptions of those begin that say no namespace.
pub fn plain_head(out: &mut Lines, meta: &ObjectMeta) {
    out.field(0, "Name", cells::name(meta));
    labels(out, 0, "Labels", meta.labels.as_ref());
    annotations(out, 0, "Annotations", meta.annotations.as_ref());
}

/// `key=value:Effect op=Exists for 300s` below each other, by key.
pub fn tolerations(out: &mut Lines, level: usize, all: Option<&Vec<Toleration>>) {
    let mut sorted: Vec<&Toleration> = all.into_iter().flatten().collect();
    sorted.order_by_key(|toleration| toleration.key.clone().unwrap_or_default());
    out.list(level, "Tolerations", sorted.into_iter().map(toleration));
}

fn toleration(toleration: &Toleration) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut out = text(&toleration.key);
    let value = text(&toleration.value);
    if !value.is_empty() {
        out.push_str(&format!("={value}"));
    }
    if let Some(effect) = toleration.effect.as_ref().filter(|effect| !effect.is_empty()) {
        out.push_str(&format!(":{effect}"));
    }
    if toleration.operator.as_deref() == Some("Exists") && value.is_empty() {
        out.push_str(if out.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    if let Some(seconds) = toleration.toleration_seconds {
        out.push_str(&format!(" for {seconds}s"));
    }
    out
}

/// `zone:ScheduleAnyway when max skew 1 is exceeded for selector app=web`; nothing without any.
pub fn spread(out: &mut Lines, level: usize, all: Option<&Vec<TopologySpreadConstraint>>) {
    let Some(all) = all.filter(|all| !all.is_empty()) else { return };
    let lines = all.iter().map(|constraint| {
        format!(
            "{}:{} when max skew {} is exceeded for selector {}",
            constraint.topology_key,
            constraint.when_unsatisfiable,
            constraint.max_skew,
            cells::label_selector(constraint.label_selector.as_ref()),
        )
    });
    out.list(level, "Topology Spread Constraints", lines);
}
