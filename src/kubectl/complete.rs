//! What the Tab key knows: verbs, flags, kinds, names, containers, files. Mirrors what
//! `k8s.io/kubectl/pkg/util/completion` offers to a shell.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, PodSpec, ReplicationController};

use super::args::GLOBAL;
use super::{COMMANDS, Command, Files, Flag, Takes};
use crate::api::{Api, Reply, Request};
use crate::base::order::Order as _;
use crate::kinds::{KINDS, Kind};
use crate::object::Object;

/// What the last word of a line can become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The line, with as much added as all choices have in common.
    pub line: String,
    /// The choices, if there are several.
    pub choices: Vec<String>,
}

/// The words in front of the one being completed, sorted into what they are.
struct Line<'a> {
    command: Option<&'static dyn Command>,
    /// What follows the verb and is no flag.
    positional: Vec<&'a str>,
    namespace: &'a str,
    /// The flag whose value comes next.
    pending: Option<&'static str>,
}

/// Completes the last word of `line`, a command line with or without the word `kubectl`.
pub fn complete(line: &str, api: &mut dyn Api, files: &Files) -> Completion {
    // Of several commands only the last is being typed.
    let command_start = line.rfind(['|', ';', '&']).map_or(0, |at| at + 1);
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1).max(command_start);
    let (before, word) = line.split_at(start);
    let words: Vec<&str> = before[command_start..].split_whitespace().collect();
    let (is_kubectl, words) = match words.split_first() {
        Some((&("kubectl" | "k"), rest)) => (true, rest),
        _ => (false, &words[..]),
    };
    let mut choices = match words.first() {
        Some(&"cat") if !is_kubectl => names_of(files),
        _ => candidates(words, word, api, files),
    };
    if words.is_empty() && !is_kubectl {
        choices.extend(["cat", "kubectl", "ls"].map(str::to_owned));
    }
    choices.retain(|choice| choice.starts_with(word));
    choices.order();
    choices.dedup();
    match choices.as_slice() {
        [] => Completion { line: line.to_owned(), choices },
        [only] => {
            // `deployment/` and `--replicas=` go on.
            let end = if only.ends_with(['/', '=']) { "" } else { " " };
            Completion { line: format!("{before}{only}{end}"), choices: Vec::new() }
        }
        [first, rest @ ..] => {
            let shared = rest.iter().fold(first.as_str(), |shared, next| common(shared, next));
            Completion { line: format!("{before}{shared}"), choices }
        }
    }
}

fn names_of(files: &Files) -> Vec<String> {
    files.names().map(str::to_owned).collect()
}

fn candidates(words: &[&str], word: &str, api: &mut dyn Api, files: &Files) -> Vec<String> {
    let line = parse(words);
    if let Some(flag) = line.pending {
        return values(flag, &line, api, files);
    }
    let Some(command) = line.command else { return verbs(words) };
    if word.starts_with('-') {
        return flags(command, word, &line, api, files);
    }
    arguments(command, &line, word, api)
}

/// The next words of the verbs that begin with `words`.
fn verbs(words: &[&str]) -> Vec<String> {
    let next = |command: &&dyn Command| {
        let mut name = command.name().split(' ');
        words.iter().all(|word| name.next() == Some(word)).then(|| name.next())?
    };
    COMMANDS.iter().filter_map(next).map(str::to_owned).collect()
}

fn parse<'a>(words: &[&'a str]) -> Line<'a> {
    let is_called = |count: usize| {
        let name = words.get(..count)?.join(" ");
        let matches = |c: &&&dyn Command| c.name() == name || c.aliases().contains(&&*name);
        Some((*COMMANDS.iter().find(matches)?, count))
    };
    let found = is_called(2).or_else(|| is_called(1));
    let mut line = Line {
        command: found.map(|(command, _)| command),
        positional: Vec::new(),
        namespace: "default",
        pending: None,
    };
    let Some((command, count)) = found else { return line };
    for word in &words[count..] {
        if let Some(flag) = line.pending.take() {
            line.namespace = if flag == "namespace" { word } else { line.namespace };
        } else if let Some((flag, value)) = flag_of(command, word) {
            match value {
                Some(value) if flag.name == "namespace" => line.namespace = value,
                None if flag.takes == Takes::Value => line.pending = Some(flag.name),
                _ => {}
            }
        } else {
            line.positional.push(word);
        }
    }
    line
}

/// The flag that a word is, with the value written in the same word.
fn flag_of<'a>(command: &dyn Command, word: &'a str) -> Option<(Flag, Option<&'a str>)> {
    let all = command.all_flags();
    let mut known = all.iter().chain(GLOBAL);
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        return known.find(|flag| flag.name == name).map(|flag| (*flag, value));
    }
    let letter = word.strip_prefix('-')?.chars().next()?;
    let rest = &word[1 + letter.len_utf8()..];
    let value = (!rest.is_empty()).then(|| rest.trim_start_matches('='));
    known.find(|flag| flag.short == Some(letter)).map(|flag| (*flag, value))
}

fn flags(
    command: &dyn Command,
    word: &str,
    line: &Line<'_>,
    api: &mut dyn Api,
    files: &Files,
) -> Vec<String> {
    if let Some((name, _)) = word.split_once('=')
        && let Some((flag, _)) = flag_of(command, name)
    {
        let values = values(flag.name, line, api, files);
        return values.into_iter().map(|value| format!("{name}={value}")).collect();
    }
    let spelled = |flag: &Flag| match flag.takes {
        Takes::Value => format!("--{}=", flag.name),
        Takes::Switch | Takes::Optional(_) => format!("--{}", flag.name),
    };
    // The global flags are on offer too, as in a shell, but those that only a real connection
    // needs would be noise here.
    let global = GLOBAL.iter().filter(|flag| matches!(flag.name, "namespace" | "help"));
    command.all_flags().iter().chain(global).map(spelled).collect()
}

fn values(flag: &str, line: &Line<'_>, api: &mut dyn Api, files: &Files) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match flag {
        "namespace" => names(api, "namespaces", ""),
        "filename" | "patch-file" => names_of(files),
        "output" => words(&["custom-columns=", "json", "jsonpath=", "name", "wide", "yaml"]),
        "dry-run" => words(&["client", "none", "server"]),
        "cascade" => words(&["background", "foreground", "orphan"]),
        "type" => words(&["json", "merge", "strategic"]),
        "for" => words(&["condition=", "create", "delete", "jsonpath="]),
        "container" => containers(api, line),
        _ => Vec::new(),
    }
}

/// What a verb wants besides flags.
fn arguments(command: &dyn Command, line: &Line<'_>, word: &str, api: &mut dyn Api) -> Vec<String> {
    let first = line.positional.is_empty();
    match command.name() {
        "logs" if first && word.contains('/') => slashed(api, word, line.namespace),
        "logs" if first => names(api, "pods", line.namespace),
        "top pod" if first => names(api, "pods", line.namespace),
        "top node" | "cordon" | "uncordon" | "drain" if first => names(api, "nodes", ""),
        "set image" if !first && has_object(line) => {
            containers(api, line).into_iter().map(|name| format!("{name}=")).collect()
        }
        "scale" | "autoscale" | "set image" => {
            typed(api, line, word, &["deployments", "replicasets", "statefulsets"])
        }
        name if name.starts_with("rollout ") => {
            typed(api, line, word, &["daemonsets", "deployments", "statefulsets"])
        }
        "delete" | "describe" | "get" | "label" | "annotate" | "patch" | "wait" | "edit"
        | "explain" | "expose" => typed(api, line, word, &[]),
        _ => Vec::new(),
    }
}

/// Whether the words name an object: `deployment/web`, `deployment web`.
fn has_object(line: &Line<'_>) -> bool {
    line.positional.len() > 1 || line.positional.first().is_some_and(|word| word.contains('/'))
}

/// `TYPE NAME…` and `TYPE/NAME…`; `only` lists the plurals on offer, empty for every kind.
fn typed(api: &mut dyn Api, line: &Line<'_>, word: &str, only: &[&str]) -> Vec<String> {
    if word.contains('/') {
        return slashed(api, word, line.namespace);
    }
    match line.positional.first() {
        None => {
            let plurals = KINDS.iter().map(|kind| kind.names().plural);
            let served = plurals.filter(|plural| only.is_empty() || only.contains(plural));
            let all = only.is_empty().then_some("all");
            served.chain(all).map(str::to_owned).collect()
        }
        Some(kind) if kind.contains('/') => Vec::new(),
        Some(kind) => {
            let named = names(api, kind, line.namespace);
            named.into_iter().filter(|n| !line.positional[1..].contains(&n.as_str())).collect()
        }
    }
}

fn slashed(api: &mut dyn Api, word: &str, namespace: &str) -> Vec<String> {
    let kind = word.split('/').next().unwrap_or_default();
    let named = names(api, kind, namespace);
    named.into_iter().map(|name| format!("{kind}/{name}")).collect()
}

fn kind_of(api: &dyn Api, word: &str) -> Option<&'static dyn Kind> {
    let kinds = super::resource::kinds(word, &api.custom_kinds()).ok()?;
    kinds.first().map(|asked| asked.kind)
}

fn objects(api: &mut dyn Api, word: &str, namespace: &str) -> Vec<Object> {
    let Some(kind) = kind_of(api, word) else { return Vec::new() };
    let namespace = if kind.names().namespaced { namespace } else { "" };
    match api.call(Request::list(kind.names().resource(), namespace)) {
        Ok(Reply::List(list)) => list.items,
        _ => Vec::new(),
    }
}

fn names(api: &mut dyn Api, word: &str, namespace: &str) -> Vec<String> {
    objects(api, word, namespace).iter().map(|object| object.name().to_owned()).collect()
}

/// The containers of the object that the words name; a word alone names a Pod.
fn containers(api: &mut dyn Api, line: &Line<'_>) -> Vec<String> {
    let (kind, name) = match line.positional.as_slice() {
        [] => return Vec::new(),
        [first, rest @ ..] => match (first.split_once('/'), rest.first()) {
            (Some(parts), _) => parts,
            (None, Some(name)) => (*first, *name),
            (None, None) => ("pods", *first),
        },
    };
    let objects = objects(api, kind, line.namespace);
    let Some(object) = objects.iter().find(|object| object.name() == name) else {
        return Vec::new();
    };
    let Some(spec) = pod_spec(object) else { return Vec::new() };
    let init = spec.init_containers.iter().flatten();
    spec.containers.iter().chain(init).map(|container| container.name.clone()).collect()
}

fn pod_spec(object: &Object) -> Option<&PodSpec> {
    object
        .get::<Pod>()
        .and_then(|pod| pod.spec.as_ref())
        .or_else(|| object.get::<Deployment>()?.spec.as_ref()?.template.spec.as_ref())
        .or_else(|| object.get::<StatefulSet>()?.spec.as_ref()?.template.spec.as_ref())
        .or_else(|| object.get::<DaemonSet>()?.spec.as_ref()?.template.spec.as_ref())
        .or_else(|| object.get::<ReplicaSet>()?.spec.as_ref()?.template.as_ref()?.spec.as_ref())
        .or_else(|| {
            let spec = object.get::<ReplicationController>()?.spec.as_ref()?;
            spec.template.as_ref()?.spec.as_ref()
        })
}

/// What two words begin with alike.
fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y);
    let end = same.map_or(a.len().min(b.len()), |((at, _), _)| at);
    &a[..end]
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
