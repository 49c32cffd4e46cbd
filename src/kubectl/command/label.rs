//! `kubectl label` and `kubectl annotate`. Mirrors `k8s.io/kubectl/pkg/cmd/{label,annotate}`.

use serde_json::{Map, Value, json};

use super::{
    ALL_NAMESPACES, Command, DRY_RUN, FILENAME, KUSTOMIZE, NOTHING_NAMED, PRINT, RECURSIVE,
    SELECTOR, set,
};
use crate::api::{Body, PatchType, Verb};
use crate::base::label_name;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::patch;

/// The verb `label`.
pub struct Label;
/// The verb `annotate`.
pub struct Annotate;

const FLAGS: &[Flag] = &[
    ALL_NAMESPACES,
    DRY_RUN,
    FILENAME,
    KUSTOMIZE,
    RECURSIVE,
    SELECTOR,
    Flag::switch("all"),
    Flag::value("field-manager", "kubectl-label"),
    Flag::value("field-selector", ""),
    Flag::switch("list"),
    Flag::switch("local"),
    Flag::switch("overwrite"),
    Flag::value("resource-version", ""),
];

impl Command for Label {
    fn name(&self) -> &'static str {
        "label"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N \
         [--resource-version=version] [options]"
    }

    fn about(&self) -> &'static str {
        "Update the labels on a resource."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        start(args, "labels")
    }
}

impl Command for Annotate {
    fn name(&self) -> &'static str {
        "annotate"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N \
         [--resource-version=version] [options]"
    }

    fn about(&self) -> &'static str {
        "Update the annotations on one or more resources."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        start(args, "annotations")
    }
}

/// Keys and what becomes of them: a value, or nothing.
type Changes = Vec<(String, Option<String>)>;

fn start(mut args: Args, field: &'static str) -> Result<Box<dyn Job>, Failure> {
    let is_change = |word: &String| {
        word.contains('=') && !word.starts_with('=') || word.len() > 1 && word.ends_with('-')
    };
    let first = args.positional.iter().position(is_change).unwrap_or(args.positional.len());
    let words = args.positional.split_off(first);
    let what = field.trim_end_matches('s');
    if !words.iter().all(is_change) {
        let word = words.iter().find(|word| !is_change(word)).cloned().unwrap_or_default();
        return Err(Failure::error(format!(
            "all resources must be specified before {what} changes: {word}"
        )));
    }
    let changes: Changes = words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (word.trim_end_matches('-').to_owned(), None),
        })
        .collect();
    check(&args, what, &words, &changes)?;
    let dry_run = DryRun::from_args(&args)?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        let subjects = set::subjects(&args, io)?;
        let is_one = args.positional.len() == 2 || args.positional.iter().all(|w| w.contains('/'));
        Failure::each(&subjects, |(asked, value)| {
            if args.is("list") {
                list(&args, io, (asked, value), (field, &changes), is_one)
            } else {
                change(&args, io, (asked, value), (field, &changes), dry_run)
            }
        })
    }))
}

fn check(args: &Args, what: &str, words: &[String], changes: &Changes) -> Result<(), Failure> {
    if args.positional.is_empty() && !args.reads_files() {
        return Err(Failure::error(NOTHING_NAMED));
    }
    if changes.is_empty() && !args.is("list") {
        return Err(Failure::error(format!("at least one {what} update is required")));
    }
    for flag in ["selector", "field-selector"] {
        if args.is("all") && args.has(flag) {
            let why = format!("cannot set --all and --{flag} at the same time");
            return Err(Failure::error(why));
        }
    }
    let set = |key: &String| changes.iter().any(|(k, value)| k == key && value.is_some());
    let both: Vec<_> =
        changes.iter().filter(|(k, v)| v.is_none() && set(k)).map(|(k, _)| k).collect();
    if let Some(key) = both.first() {
        return Err(Failure::error(if what == "label" {
            "can not both modify and remove a label in the same command".to_owned()
        } else {
            format!(
                "can not both modify and remove the following annotation(s) in the same command: \
                 {key}"
            )
        }));
    }
    for (word, (_, value)) in words.iter().zip(changes) {
        let wrong = label_name::label_value_errors(value.as_deref().unwrap_or_default());
        if what == "label" && !wrong.is_empty() {
            let why = wrong.join(";");
            return Err(Failure::error(format!("invalid label value: \"{word}\": {why}")));
        }
    }
    resource::check_given(args)
}

/// What the keys of an object become, and whether any is set, and any removed.
fn changed(
    args: &Args,
    io: &mut Io<'_>,
    value: &Value,
    (field, changes): (&'static str, &Changes),
) -> Result<(Map<String, Value>, bool, bool), Failure> {
    let present = &value["metadata"][field];
    let is_label = field == "labels";
    let mut patch = Map::new();
    let (mut set, mut removed) = (false, false);
    for (key, new) in changes {
        match (present[key].as_str(), new) {
            (Some(old), Some(new)) if old != new && !args.is("overwrite") => {
                let taken = format!("'{key}' already has a value ({old})");
                return Err(Failure::error(if is_label {
                    format!("{taken}, and --overwrite is false")
                } else {
                    format!(
                        "--overwrite is false but found the following declared annotation(s): \
                         {taken}"
                    )
                }));
            }
            (None, None) if is_label => io.out.push_str(&format!("label \"{key}\" not found.\n")),
            (None, None) => {}
            (Some(old), Some(new)) if old == new => {}
            (_, new) => {
                set |= new.is_some();
                removed |= new.is_none();
                patch.insert(key.clone(), json!(new));
            }
        }
    }
    Ok((patch, set, removed))
}

/// Prints the keys as they would be.
fn list(
    args: &Args,
    io: &mut Io<'_>,
    (asked, value): (&Asked, &Value),
    (field, changes): (&'static str, &Changes),
    is_one: bool,
) -> Result<(), Failure> {
    let (patch, ..) = changed(args, io, value, (field, changes))?;
    let after = patch::merge::apply(&value["metadata"][field], &Value::Object(patch));
    let indent = if is_one { "" } else { " " };
    if !is_one {
        let (names, name) = (asked.names(), value["metadata"]["name"].as_str().unwrap_or_default());
        let line = format!("Listing {field} for {}.{}/{name}:\n", names.kind, names.group);
        io.out.push_str(&line);
    }
    for (key, text) in after.as_object().into_iter().flatten() {
        io.out.push_str(&format!("{indent}{key}={}\n", text.as_str().unwrap_or_default()));
    }
    Ok(())
}

fn change(
    args: &Args,
    io: &mut Io<'_>,
    (asked, value): (&Asked, &Value),
    (field, changes): (&'static str, &Changes),
    dry_run: DryRun,
) -> Result<(), Failure> {
    let (patch, set, removed) = changed(args, io, value, (field, changes))?;
    let done = match (field, set, removed) {
        ("annotations", ..) => "annotated",
        (_, true, _) => "labeled",
        (_, false, true) => "unlabeled",
        (_, false, false) => "not labeled",
    };
    let is_empty = patch.is_empty();
    let mut patch = json!({ "metadata": { field: Value::Object(patch) } });
    if args.has("resource-version") {
        patch["metadata"]["resourceVersion"] = json!(args.get("resource-version"));
    }
    if is_empty || args.is("local") || dry_run == DryRun::Client {
        let after = patch::merge::apply(value, &patch);
        let after = if is_empty { value } else { &after };
        io.out.push_str(&dry_run.report_value(args, asked, after, done)?);
        return Ok(());
    }
    let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
    let verb = Verb::Patch(PatchType::Merge);
    let mut request = asked.request(verb, &text("namespace"), &text("name"));
    request.body = Body::Json(patch);
    request.dry_run = dry_run == DryRun::Server;
    if let Some(object) = io.api.call(request)?.object() {
        io.out.push_str(&dry_run.report(args, asked, &object, done, io.now)?);
    }
    Ok(())
}
