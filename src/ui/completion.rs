//! What the Tab key knows: verbs, kinds, names, files.

use super::view::View;
use crate::kubectl::{COMMANDS, Files};

/// The kinds on offer, as one types them.
const KINDS: &[&str] = &[
    "configmaps",
    "cronjobs",
    "daemonsets",
    "deployments",
    "endpoints",
    "events",
    "horizontalpodautoscalers",
    "jobs",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "replicasets",
    "secrets",
    "serviceaccounts",
    "services",
    "statefulsets",
    "storageclasses",
];

/// What `input` completes to, and the choices if there are several.
pub fn complete(input: &str, view: &View, files: &Files) -> (String, Vec<String>) {
    let start = input.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (before, word) = input.split_at(start);
    let words: Vec<&str> = before.split_whitespace().collect();
    let words = match words.split_first() {
        Some((&("kubectl" | "k"), rest)) => rest,
        _ => &words[..],
    };
    let mut choices = candidates(words, word, view, files, before.trim().is_empty());
    choices.retain(|choice| choice.starts_with(word));
    choices.sort();
    choices.dedup();
    match choices.as_slice() {
        [] => (input.to_owned(), Vec::new()),
        [only] => (format!("{before}{only} "), Vec::new()),
        [first, rest @ ..] => {
            let shared = rest.iter().fold(first.as_str(), |shared, next| common(shared, next));
            (format!("{before}{shared}"), choices.clone())
        }
    }
}

fn candidates(words: &[&str], word: &str, view: &View, files: &Files, first: bool) -> Vec<String> {
    let verbs = || COMMANDS.iter().map(|command| command.name().to_owned());
    if words.is_empty() {
        let extra = first.then(|| "kubectl".to_owned());
        return verbs().chain(extra).collect();
    }
    if matches!(words.last(), Some(&("-f" | "--filename"))) {
        return files.names().map(str::to_owned).collect();
    }
    if let Some((kind, _)) = word.split_once('/') {
        return names(kind, view).into_iter().map(|name| format!("{kind}/{name}")).collect();
    }
    let plain: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
    match plain.as_slice() {
        ["rollout"] => {
            ["history", "pause", "restart", "resume", "status", "undo"].map(str::to_owned).into()
        }
        ["logs" | "exec"] => names("pods", view),
        ["cordon" | "uncordon" | "drain"] => names("nodes", view),
        [_] => KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
        ["rollout", _] => ["deployments", "daemonsets", "statefulsets"].map(str::to_owned).into(),
        [.., kind] => names(kind, view),
        [] => Vec::new(),
    }
}

/// The names of the objects of a kind, however it is written.
fn names(kind: &str, view: &View) -> Vec<String> {
    let short = match kind {
        "po" => "pod",
        "no" => "node",
        "deploy" => "deployment",
        "rs" => "replicaset",
        "sts" => "statefulset",
        "ds" => "daemonset",
        "svc" => "service",
        "pvc" => "persistentvolumeclaim",
        "pv" => "persistentvolume",
        "hpa" => "horizontalpodautoscaler",
        "cm" => "configmap",
        "ns" => "namespace",
        other => other.split('.').next().unwrap_or(other),
    };
    let matches = |item: &str| {
        let item = item.to_lowercase();
        item == short || format!("{item}s") == short || format!("{item}es") == short
    };
    let items = view.items.keys().filter(|reference| matches(&reference.kind));
    items.map(|reference| reference.name.to_string()).collect()
}

fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y);
    let end = same.map_or(a.len().min(b.len()), |((at, _), _)| at);
    &a[..end]
}
