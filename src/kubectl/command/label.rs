//! `kubectl label` and `kubectl annotate`. Mirrors `k8s.io/kubectl/pkg/cmd/{label,annotate}`.

use serde_json::{Map, Value, json};

use super::{ALL_NAMESPACES, Command, DRY_RUN, FILENAME, OUTPUT, RECURSIVE, SELECTOR};
use crate::api::{Body, PatchType, Verb};
use crate::base::label_name;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `label`.
pub struct Label;
/// The verb `annotate`.
pub struct Annotate;

const FLAGS: &[Flag] = &[
    ALL_NAMESPACES,
    DRY_RUN,
    FILENAME,
    OUTPUT,
    RECURSIVE,
    SELECTOR,
    Flag::switch("all"),
    Flag::value("field-selector", ""),
    Flag::switch("overwrite"),
];

impl Command for Label {
    fn name(&self) -> &'static str {
        "label"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
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
    let is_change = |word: &String| word.contains('=') || word.ends_with('-');
    let (changes, words): (Vec<_>, Vec<_>) = args.positional.drain(..).partition(is_change);
    args.positional = words;
    if args.positional.is_empty() && !args.has("filename") {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if changes.is_empty() {
        let what = field.trim_end_matches('s');
        return Err(Failure::error(format!("at least one {what} update is required")));
    }
    let changes: Changes = changes
        .into_iter()
        .map(|word| match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (word.trim_end_matches('-').to_owned(), None),
        })
        .collect();
    for value in changes.iter().filter_map(|(_, value)| value.as_ref()) {
        let wrong = label_name::label_value_errors(value);
        if field == "labels" && !wrong.is_empty() {
            let why = wrong.join(";");
            return Err(Failure::error(format!("invalid label value: \"{value}\": {why}")));
        }
    }
    let dry_run = DryRun::from_args(&args)?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        let mut failures = Vec::new();
        for (asked, namespace, name) in resource::keys(&args, io)? {
            let place = (asked, namespace.as_str(), name.as_str());
            if let Err(failure) = change(&args, io, place, (field, &changes), dry_run) {
                failures.push(failure);
            }
        }
        Failure::several(&failures).map_or(Ok(()), Err)
    }))
}

fn change(
    args: &Args,
    io: &mut Io<'_>,
    (asked, namespace, name): (Asked, &str, &str),
    (field, changes): (&'static str, &Changes),
    dry_run: DryRun,
) -> Result<(), Failure> {
    let object = resource::fetch(io, &asked, namespace, name)?;
    let meta = object.meta();
    let is_label = field == "labels";
    let present = if is_label { meta.labels.clone() } else { meta.annotations.clone() };
    let present = present.unwrap_or_default();
    let mut patch = Map::new();
    let (mut set, mut removed) = (false, false);
    for (key, value) in changes {
        let old = present.get(key);
        match (old, value) {
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
            (Some(old), Some(new)) if old == new => {}
            (None, None) => {}
            (_, value) => {
                set |= value.is_some();
                removed |= value.is_none();
                patch.insert(key.clone(), json!(value));
            }
        }
    }
    let done = match (is_label, set, removed) {
        (false, ..) => "annotated",
        (true, true, _) => "labeled",
        (true, false, true) => "unlabeled",
        (true, false, false) => "not labeled",
    };
    let mut updated = object;
    if !patch.is_empty() && dry_run != DryRun::Client {
        let mut request = asked.request(Verb::Patch(PatchType::Merge), namespace, name);
        request.body = Body::Json(json!({ "metadata": { field: Value::Object(patch) } }));
        request.dry_run = dry_run == DryRun::Server;
        if let Some(object) = io.api.call(request)?.object() {
            updated = object;
        }
    }
    io.out.push_str(&dry_run.report(args, &asked, &updated, done, io.now)?);
    Ok(())
}
