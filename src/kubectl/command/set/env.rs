//! `kubectl set env`. Mirrors `set_env.go` and `set/env`.

use serde_json::{Value, json};

use super::super::{LOCAL_ON_SERVER, NOTHING_NAMED};
use super::{FLAGS, about, containers, pod_spec, send, subjects};
use crate::api::Status;
use crate::base::base64;
use crate::kubectl::command::create::config::environment_line;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::print::face;
use crate::kubectl::resource::{self, Asked, Target};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub const ENV: Spec = Spec {
    name: "set env",
    aliases: &[],
    shared: &[super::super::PRINT, FLAGS],
    flags: &[
        Flag::value("containers", "*").short('c'),
        Flag::value("env", "[]").short('e'),
        Flag::value("from", ""),
        Flag::value("keys", "[]"),
        Flag::switch("list"),
        Flag { default: "true", ..Flag::switch("overwrite") },
        Flag::value("prefix", ""),
        Flag::switch("resolve"),
    ],
    usage: "kubectl set env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]",
    about: "Update environment variables on a pod template.",
    start,
};

/// What is to be done with variables.
#[derive(Default)]
struct Changes {
    set: Vec<Value>,
    remove: Vec<String>,
}

fn start(mut args: Args) -> Result<Box<dyn Job>, Failure> {
    let is_change =
        |word: &String| word == "-" || word.contains('=') || word.len() > 1 && word.ends_with('-');
    let first = args.positional.iter().position(is_change).unwrap_or(args.positional.len());
    let words = args.positional.split_off(first);
    if !words.iter().all(is_change) {
        let all = args.positional.iter().chain(&words).cloned().collect::<Vec<_>>().join(" ");
        return Err(Failure::error(format!(
            "all resources must be specified before environment changes: {all}"
        )));
    }
    let why = if args.is("all") && args.has("selector") {
        "cannot set --all and --selector at the same time"
    } else if args.is("local") && args.get("dry-run") == "server" {
        LOCAL_ON_SERVER
    } else if args.positional.is_empty() && !args.reads_files() {
        NOTHING_NAMED
    } else if args.is("list") && args.has("output") {
        "--list and --output may not be specified together"
    } else if args.has("keys") && !args.has("from") {
        "when specifying --keys, a configmap or secret must be provided with --from"
    } else {
        return Ok(Box::new(move |io: &mut Io<'_>| run(&args, io, &words)));
    };
    Err(Failure::error(why))
}

fn run(args: &Args, io: &mut Io<'_>, words: &[String]) -> Result<(), Failure> {
    let mut changes = parse(args, words, io.stdin)?;
    from_object(args, io, &mut changes)?;
    for variable in &mut changes.set {
        let name = variable["name"].as_str().unwrap_or_default();
        variable["name"] = json!(format!("{}{name}", args.get("prefix")));
    }
    let refused = |status: &Status| {
        let why = "failed to patch env update to pod template";
        Failure::error(format!("{why}: {}", status.message))
    };
    Failure::each(subjects(args, io)?, |(asked, before)| {
        let mut after = before.clone();
        change(args, io, (&asked, &mut after), &changes)?;
        if args.is("list") {
            return Ok(());
        }
        send(args, io, (&asked, &before), &after, "env updated", refused)
    })
}

/// `A=1`, `A-`, and `-` for lines of the standard input.
fn parse(args: &Args, words: &[String], stdin: &str) -> Result<Changes, Failure> {
    let mut changes = Changes::default();
    let own = args.all("env").into_iter().map(str::to_owned);
    for word in own.chain(words.iter().cloned()) {
        match word.split_once('=') {
            _ if word == "-" => {
                for line in stdin.lines() {
                    if let Some((name, value)) = environment_line(line)? {
                        changes.set.push(json!({ "name": name, "value": value }));
                    }
                }
            }
            Some((name, value)) => changes.set.push(json!({ "name": name, "value": value })),
            None => changes.remove.push(word.trim_end_matches('-').to_owned()),
        }
    }
    let set = |name: &String| changes.set.iter().any(|variable| variable["name"] == name.as_str());
    if let Some(name) = changes.remove.iter().find(|name| set(name)) {
        return Err(Failure::error(format!(
            "can not both modify and remove environment variable \"{name}\" in the same command"
        )));
    }
    Ok(changes)
}

/// `--from=configmap/x`: a variable for each of its keys.
fn from_object(args: &Args, io: &mut Io<'_>, changes: &mut Changes) -> Result<(), Failure> {
    let from = args.get("from");
    if from.is_empty() {
        return Ok(());
    }
    let Target::Named(named) = resource::target(&[from.to_owned()], &[])? else {
        return Err(Failure::error("resource(s) were provided, but no name was specified"));
    };
    let keys = args.list("keys");
    for (asked, name) in named {
        let object = resource::fetch(io, &asked, args.namespace(), &name)?;
        let field = match asked.names().kind {
            "ConfigMap" => "configMapKeyRef",
            "Secret" => "secretKeyRef",
            _ => return Err(Failure::error("unsupported resource specified in --from")),
        };
        let value = face(&asked, &object);
        for key in value["data"].as_object().into_iter().flatten().map(|(key, _)| key) {
            if !keys.is_empty() && !keys.contains(key) {
                continue;
            }
            let fitting = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
            let variable: String =
                key.chars().map(fitting).collect::<String>().to_ascii_uppercase();
            if variable != *key {
                io.err.push_str(&format!("Warning: key {key} transferred to {variable}\n"));
            }
            let source = json!({ field: { "key": key, "name": name } });
            changes.set.push(json!({ "name": variable, "valueFrom": source }));
        }
    }
    Ok(())
}

/// Changes an object's containers, and lists their variables if that is asked.
fn change(
    args: &Args,
    io: &mut Io<'_>,
    (asked, value): (&Asked, &mut Value),
    changes: &Changes,
) -> Result<(), Failure> {
    let (about, kind) = (about(asked, value), asked.names().kind);
    let whole = value.clone();
    let name = whole["metadata"]["name"].as_str().unwrap_or_default();
    let selector = args.get("containers");
    let found = containers(pod_spec(asked, value)?, selector);
    if found.is_empty() {
        io.err.push_str(&format!(
            "Warning: {kind}/{name} does not have any containers matching \"{selector}\"\n"
        ));
    }
    let mut unresolved = false;
    for container in found {
        let existing = container["env"].as_array().cloned().unwrap_or_default();
        if !args.is("overwrite") {
            let taken = changes.set.iter().find_map(|new| {
                existing.iter().find(|old| old["name"] == new["name"] && **old != *new)
            });
            if let Some(old) = taken {
                let text = |field: &str| old[field].as_str().unwrap_or_default();
                let (name, value) = (text("name"), text("value"));
                let why =
                    format!("'{name}' already has a value ({value}), and --overwrite is false");
                return Err(Failure::error(format!("{about} {why}")));
            }
        }
        let updated = updated(&existing, changes);
        if args.is("list") {
            let title = container["name"].as_str().unwrap_or_default();
            io.out.push_str(&format!("# {kind} {name}, container {title}\n"));
            for variable in &updated {
                unresolved |= !list(args, io, variable, &whole);
            }
        }
        match (updated.is_empty(), container.as_object_mut()) {
            (true, Some(fields)) => drop(fields.remove("env")),
            _ => container["env"] = Value::Array(updated),
        }
    }
    if unresolved {
        return Err(Failure::error(format!("{about} failed to retrieve valueFrom references")));
    }
    Ok(())
}

/// Mirrors `updateEnv`: changed in place, new ones at the end.
fn updated(existing: &[Value], changes: &Changes) -> Vec<Value> {
    let latest = |name: &Value| changes.set.iter().rfind(|new| new["name"] == *name);
    let kept = existing
        .iter()
        .filter(|old| !changes.remove.iter().any(|name| old["name"] == name.as_str()));
    let mut all: Vec<Value> = kept.map(|old| latest(&old["name"]).unwrap_or(old).clone()).collect();
    for new in &changes.set {
        if !all.iter().any(|old| old["name"] == new["name"]) {
            all.push(latest(&new["name"]).unwrap_or(new).clone());
        }
    }
    all
}

/// Prints a variable; whether its value could be told.
fn list(args: &Args, io: &mut Io<'_>, variable: &Value, of: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&variable["name"]);
    let Some(source) = variable["valueFrom"].as_object() else {
        io.out.push_str(&format!("{name}={}\n", text(&variable["value"])));
        return true;
    };
    let resolved = if args.is("resolve") { resolve(args, io, source, of) } else { None };
    let is_told = resolved.is_some() || !args.is("resolve");
    match resolved {
        Some(value) => io.out.push_str(&format!("{name}={value}\n")),
        None => io.out.push_str(&format!("# {name} from {}\n", reference(source))),
    }
    is_told
}

/// What a reference says. Mirrors `GetEnvVarRefString`.
fn reference(source: &serde_json::Map<String, Value>) -> String {
    let Some((field, about)) = source.iter().next() else { return "invalid valueFrom".to_owned() };
    let text = |part: &str| about[part].as_str().unwrap_or_default();
    match field.as_str() {
        "configMapKeyRef" => format!("configmap {}, key {}", text("name"), text("key")),
        "secretKeyRef" => format!("secret {}, key {}", text("name"), text("key")),
        "fieldRef" => format!("field path {}", text("fieldPath")),
        "resourceFieldRef" => {
            let container = match text("containerName") {
                "" => String::new(),
                name => format!("{name}/"),
            };
            format!("resource field {container}{}", text("resource"))
        }
        _ => "invalid valueFrom".to_owned(),
    }
}

/// The value behind a reference to a key or a field, if it can be told.
fn resolve(
    args: &Args,
    io: &mut Io<'_>,
    source: &serde_json::Map<String, Value>,
    of: &Value,
) -> Option<String> {
    let (field, about) = source.iter().next()?;
    let kind = match field.as_str() {
        "configMapKeyRef" => "configmaps",
        "secretKeyRef" => "secrets",
        "fieldRef" => {
            let path = format!("/{}", about["fieldPath"].as_str()?.replace('.', "/"));
            return of.pointer(&path)?.as_str().map(str::to_owned);
        }
        _ => return None,
    };
    let asked = resource::kind(kind).ok()?;
    let object = resource::fetch(io, &asked, args.namespace(), about["name"].as_str()?).ok()?;
    let text = face(&asked, &object)["data"][about["key"].as_str()?].as_str()?.to_owned();
    if kind == "configmaps" {
        return Some(text);
    }
    let bytes = base64::decode(&text, base64::Alphabet::Standard).ok()?;
    String::from_utf8(bytes).ok()
}
