//! Commands that make an object out of flags: `run`, `create deployment`, `create namespace`,
//! `expose`.

use serde_json::{Map, Value, json};

use crate::api::{Body, Reply, Status, Verb};
use crate::base::order::Gather;
use crate::kubectl::command::{DRY_RUN, OUTPUT};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::validation::VALIDATE;
use crate::kubectl::{Args, Failure, Flag, Io};
use crate::object::meta::LAST_APPLIED;
use crate::object::{codec, go_json, patch};

/// The flags of commands that make an object.
pub const FLAGS: &[Flag] = &[
    OUTPUT,
    DRY_RUN,
    Flag::value("field-manager", "kubectl-create"),
    Flag::switch("save-config"),
    Flag::switch("show-managed-fields"),
    Flag::value("template", ""),
    Flag { default: "true", ..Flag::switch("allow-missing-template-keys") },
    VALIDATE,
];

/// Creates `value`, or only prints it, and says what was `done` to it; `refused` words refusals.
pub fn create(
    args: &Args,
    io: &mut Io<'_>,
    asked: Asked,
    mut value: Value,
    done: &str,
    refused: impl Fn(&Status) -> Failure,
) -> Result<(), Failure> {
    let dry_run = DryRun::from_args(args)?;
    if args.is("save-config") && dry_run != DryRun::Client {
        value = saved(&value);
    }
    if dry_run == DryRun::Client {
        if asked.names().namespaced && args.has("namespace") {
            value["metadata"]["namespace"] = json!(args.namespace());
        }
        io.out.push_str(&dry_run.report_value(args, &asked, &value, done)?);
        return Ok(());
    }
    if asked.names().namespaced {
        value["metadata"]["namespace"] = json!(args.namespace());
    }
    let mut request = asked.request(Verb::Create, args.namespace(), "");
    request.body = Body::Json(value);
    request.dry_run = dry_run == DryRun::Server;
    let reply = io.api.call(request).map_err(|status| refused(&status))?;
    let Some(object) = reply.object() else { return Ok(()) };
    // What is attached to says enough.
    if done != ATTACHED {
        io.out.push_str(&dry_run.report(args, &asked, &object, done, io.now)?);
    }
    Ok(())
}

/// What is done to an object that the command attaches to then, of which nothing is said.
pub const ATTACHED: &str = "attached";

/// The flags that change an object once more before it is sent.
pub const OVERRIDES: &[Flag] =
    &[Flag::value("overrides", ""), Flag::value("override-type", "merge")];

/// The object with `--overrides`. Mirrors `cmdutil.OverrideOptions`.
pub fn overridden(args: &Args, value: Value) -> Result<Value, Failure> {
    let text = args.get("overrides");
    if text.is_empty() {
        return Ok(value);
    }
    let bad = || Failure::error("Invalid JSON Patch");
    let change: Value = codec::parse(text).map_err(|_| bad())?;
    let kind = value["kind"].as_str().unwrap_or_default();
    match args.get("override-type") {
        "merge" => Ok(patch::merge::apply(&value, &change)),
        "strategic" => patch::strategic::apply(&value, &change, kind).map_err(Failure::error),
        "json" => patch::json::apply(&value, &change).map_err(|_| bad()),
        other => Err(Failure::error(format!("invalid override type: {other}"))),
    }
}

/// The object with what it is now in its annotation, as Go writes its struct. Mirrors
/// `util.CreateOrUpdateAnnotation`.
fn saved(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(annotations) =
        value.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(LAST_APPLIED);
    }
    let text = go_json::to_string(&value);
    value["metadata"]["annotations"][LAST_APPLIED] = json!(format!("{text}\n"));
    value
}

/// Creates `value`, whose own kind says what it is.
pub fn create_named(
    args: &Args,
    io: &mut Io<'_>,
    value: Value,
    refused: impl Fn(&Status) -> Failure,
) -> Result<(), Failure> {
    let asked = resource::kind(value["kind"].as_str().unwrap_or_default())?;
    let value = if args.is("save-config") { saved(&value) } else { value };
    create(args, io, asked, value, "created", refused)
}

/// `a=b,c=d`.
pub fn pairs(text: &str) -> Result<Map<String, Value>, Failure> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').ok_or_else(|| {
            Failure::error(format!("malformed pair, expect string=string: {part}"))
        })?;
        Ok((key.trim().to_owned(), json!(value)))
    };
    text.split(',').map(pair).try_gathered()
}

/// The JSON of an answer, whatever it was.
pub fn json_of(reply: Reply) -> Value {
    match reply {
        Reply::Json(value) => value,
        Reply::Object(object) => object.to_value(),
        _ => Value::Null,
    }
}

/// `error: failed to create deployment: WHY`.
pub fn failed(kind: &'static str) -> impl Fn(&Status) -> Failure {
    move |status| Failure::error(format!("failed to create {kind}: {}", status.message))
}

/// The only name on the command line.
pub fn name(args: &Args, command: &str) -> Result<String, Failure> {
    match args.positional.get(..args.dash.unwrap_or(args.positional.len())) {
        Some([name]) => Ok(name.clone()),
        words => {
            let count = words.unwrap_or_default().len();
            let why = format!("exactly one NAME is required, got {count}");
            Err(Failure::usage(command, &why))
        }
    }
}
