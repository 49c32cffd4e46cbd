//! `kubectl taint`. Mirrors `k8s.io/kubectl/pkg/cmd/taint`.

use serde_json::{Value, json};

use crate::base::label_name::{label_value_errors, qualified_name_errors};
use crate::kubectl::command::spec::Spec;
use crate::kubectl::command::{DRY_RUN, PRINT, SELECTOR, set};
use crate::kubectl::resource;
use crate::kubectl::validation::VALIDATE;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub const TAINT: Spec = Spec {
    name: "taint",
    aliases: &[],
    shared: &[PRINT],
    flags: &[
        DRY_RUN,
        SELECTOR,
        VALIDATE,
        Flag::switch("all"),
        Flag::value("field-manager", "kubectl-taint"),
        Flag::switch("overwrite"),
    ],
    usage: "kubectl taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N \
            [options]",
    about: "Update the taints on one or more nodes.",
    start,
};

/// What is to be added, and what removed (key and effect; empty: every effect).
struct Changes {
    add: Vec<Value>,
    remove: Vec<(String, String)>,
}

fn start(mut args: Args) -> Result<Box<dyn Job>, Failure> {
    let is_taint = |word: &String| word.contains(['=', ':']) || word.ends_with('-');
    let first = args.positional.iter().position(is_taint).unwrap_or(args.positional.len());
    let words = args.positional.split_off(first);
    if let Some(word) = words.iter().find(|word| !is_taint(word)) {
        let why = format!("all resources must be specified before taint changes: {word}");
        return Err(Failure::error(why));
    }
    let Some(kind) = args.positional.first().map(|kind| kind.to_ascii_lowercase()) else {
        let why = "one or more resources must be specified as <resource> <name>";
        return Err(Failure::error(why));
    };
    if words.is_empty() {
        return Err(Failure::error("at least one taint update is required"));
    }
    let changes = parse(&words).map_err(|why| Failure::usage("taint", &why))?;
    if resource::kind(&kind)?.names().kind != "Node" {
        return Err(Failure::error(format!(
            "invalid resource type {kind}, only node types are supported"
        )));
    }
    let clash = |(key, effect): &&(String, String)| {
        changes.add.iter().any(|taint| {
            taint["key"] == key.as_str()
                && (effect.is_empty() || taint["effect"] == effect.as_str())
        })
    };
    let clashes: Vec<_> = changes
        .remove
        .iter()
        .filter(clash)
        .map(|(key, effect)| format!("{key}={effect}"))
        .collect();
    if !clashes.is_empty() {
        return Err(Failure::error(format!(
            "can not both modify and remove the following taint(s) in the same command: {}",
            clashes.join(", ")
        )));
    }
    let selects = args.has("selector");
    if args.is("all") && selects {
        let why = "setting 'all' parameter with a non empty selector is prohibited";
        return Err(Failure::error(why));
    }
    if !args.is("all") && !selects && args.positional.len() < 2 {
        let why = "at least one resource name must be specified since 'all' parameter is not set";
        return Err(Failure::error(why));
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        Failure::each(set::subjects(&args, io)?, |(asked, before)| {
            let mut after = before.clone();
            let done = taint(&mut after, &changes, args.is("overwrite"))?;
            set::send(&args, io, (&asked, &before), &after, done, Failure::status)
        })
    }))
}

/// `key=value:effect`, `key:effect`, and with `-` behind them what is to go. Mirrors `parseTaints`.
fn parse(words: &[String]) -> Result<Changes, String> {
    let mut changes = Changes { add: Vec::new(), remove: Vec::new() };
    for word in words {
        let (text, goes) = match word.strip_suffix('-') {
            Some(text) => (text, true),
            None => (word.as_str(), false),
        };
        let (key, value, effect) = parse_one(text)?;
        if goes {
            changes.remove.push((key, effect));
            continue;
        }
        if effect.is_empty() {
            return Err(format!("invalid taint spec: {word}"));
        }
        if changes.add.iter().any(|t| t["key"] == key.as_str() && t["effect"] == effect.as_str()) {
            return Err(format!(
                "duplicated taints with the same key and effect: {{{key} {value} {effect} <nil>}}"
            ));
        }
        let mut taint = json!({ "key": key, "effect": effect });
        if !value.is_empty() {
            taint["value"] = json!(value);
        }
        changes.add.push(taint);
    }
    Ok(changes)
}

fn parse_one(text: &str) -> Result<(String, String, String), String> {
    let wrong = |errors: Vec<String>| match errors.is_empty() {
        true => Ok(()),
        false => Err(format!("invalid taint spec: {text}, {}", errors.join("; "))),
    };
    let (key, value, effect) = match text.split(':').collect::<Vec<_>>()[..] {
        [key] => (key, "", ""),
        [pair, effect] => {
            if !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
                return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
            }
            match pair.split('=').collect::<Vec<_>>()[..] {
                [key] => (key, "", effect),
                [key, value] => (key, value, effect),
                _ => return Err(format!("invalid taint spec: {text}")),
            }
        }
        _ => return Err(format!("invalid taint spec: {text}")),
    };
    wrong(label_value_errors(value))?;
    wrong(qualified_name_errors(key))?;
    Ok((key.to_owned(), value.to_owned(), effect.to_owned()))
}

/// Changes a node's taints; what was done to them. Mirrors `reorganizeTaints`.
fn taint(node: &mut Value, changes: &Changes, overwrite: bool) -> Result<&'static str, Failure> {
    let old = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let same = |a: &Value, b: &Value| a["key"] == b["key"] && a["effect"] == b["effect"];
    let known = changes.add.iter().filter(|new| old.iter().any(|taint| same(taint, new)));
    let known: Vec<&str> = known.filter_map(|taint| taint["key"].as_str()).collect();
    if !overwrite && !known.is_empty() {
        return Err(Failure::error(format!(
            "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
            node["metadata"]["name"].as_str().unwrap_or_default(),
            known.join(",")
        )));
    }
    let mut taints = changes.add.clone();
    taints.extend(
        old.iter().filter(|taint| !changes.add.iter().any(|new| same(taint, new))).cloned(),
    );
    let added = taints.len() != old.len();
    let mut removed = false;
    Failure::each(&changes.remove, |(key, effect)| {
        let count = taints.len();
        taints.retain(|taint| {
            taint["key"] != key.as_str() || !effect.is_empty() && taint["effect"] != effect.as_str()
        });
        removed = taints.len() != count;
        if removed {
            return Ok(());
        }
        let shown = if effect.is_empty() { key.clone() } else { format!("{key}:{effect}") };
        Err(Failure::error(format!("taint {shown:?} not found")))
    })?;
    node["spec"]["taints"] = Value::Array(taints);
    Ok(match (added, removed) {
        (true, true) => "modified",
        _ if overwrite => "modified",
        (true, false) => "tainted",
        (false, _) => "untainted",
    })
}
