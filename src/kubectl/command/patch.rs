//! `kubectl patch`. Mirrors `k8s.io/kubectl/pkg/cmd/patch`.

use serde_json::Value;

use super::{Command, DRY_RUN, FILENAME, KUSTOMIZE, PRINT, RECURSIVE};
use crate::api::{Body, PatchType, Status, Verb};
use crate::base::{json_read, yaml};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::patch;

/// What a server answers that cannot read a kind of patch.
const UNSUPPORTED_MEDIA_TYPE: u16 = 415;

/// The verb.
pub struct Patch;

impl Command for Patch {
    fn name(&self) -> &'static str {
        "patch"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            DRY_RUN,
            FILENAME,
            KUSTOMIZE,
            RECURSIVE,
            Flag::value("field-manager", "kubectl-patch"),
            Flag::switch("local"),
            Flag::value("patch", "").short('p'),
            Flag::value("patch-file", ""),
            Flag::value("subresource", ""),
            Flag::value("type", "strategic"),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]"
    }

    fn about(&self) -> &'static str {
        "Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON \
         patch."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if args.get("patch").is_empty() && args.get("patch-file").is_empty() {
            return Err(Failure::error(
                "must specify --patch or --patch-file containing the contents of the patch",
            ));
        }
        let kind = match args.get("type").to_ascii_lowercase().as_str() {
            "json" => PatchType::Json,
            "merge" => PatchType::Merge,
            "strategic" => PatchType::Strategic,
            other => {
                return Err(Failure::error(format!(
                    "--type must be one of [json merge strategic], not \"{other}\""
                )));
            }
        };
        let dry_run = DryRun::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| run(&args, io, kind, dry_run)))
    }
}

fn run(args: &Args, io: &mut Io<'_>, kind: PatchType, dry_run: DryRun) -> Result<(), Failure> {
    let file = args.get("patch-file");
    let text = match file {
        "" => args.get("patch").to_owned(),
        file => io.files.read(file).map(str::to_owned).ok_or_else(|| {
            Failure::error(format!(
                "unable to read patch file: open {file}: no such file or directory"
            ))
        })?,
    };
    // What looks like JSON is left to the server to judge.
    let is_json = text.trim_start().starts_with(['{', '[']);
    let wrong = if is_json { json_read::read(&text).err() } else { None };
    let patch = match wrong {
        Some(why) => Err(why),
        None => yaml::parse_one(&text).map_err(|why| why.to_string()),
    };
    let patch = patch.map_err(|why| Failure::status(&Status::bad_request(why)))?;
    if args.is("local") {
        let mut failures = Vec::new();
        for (asked, before) in super::set::subjects(args, io)? {
            match apply(kind, &before, &patch, asked.names().kind) {
                Ok(after) => {
                    let text = DryRun::None.report_value(args, &asked, &after, "patched")?;
                    io.out.push_str(&text);
                }
                Err(failure) => failures.push(failure),
            }
        }
        return Failure::several(&failures);
    }
    Failure::each(resource::keys(args, io)?, |(asked, namespace, name)| {
        send(args, io, (&asked, &namespace, &name), (kind, &patch), dry_run)
    })
}

fn send(
    args: &Args,
    io: &mut Io<'_>,
    (asked, namespace, name): (&Asked, &str, &str),
    (kind, patch): (PatchType, &Value),
    dry_run: DryRun,
) -> Result<(), Failure> {
    let before = resource::fetch(io, asked, namespace, name)?;
    let mut request = asked.request(Verb::Patch(kind), namespace, name);
    request.subresource = resource::subresource(args)?;
    request.body = Body::Json(patch.clone());
    request.dry_run = dry_run != DryRun::None;
    let reply = io.api.call(request).map_err(|status| match status.code {
        UNSUPPORTED_MEDIA_TYPE => Failure::error(format!(
            "application/strategic-merge-patch+json is not supported by {}: {status}",
            asked.kind_with_version().trim_matches('"')
        )),
        _ => Failure::from(status),
    })?;
    if args.get("subresource") == "scale" {
        io.out.push_str(&format!("scale.autoscaling/{name} patched\n"));
        return Ok(());
    }
    let Some(after) = reply.object() else { return Ok(()) };
    let mut same = after.clone();
    same.meta_mut().resource_version.clone_from(&before.meta().resource_version);
    let done = if same.equal(&before) { "patched (no change)" } else { "patched" };
    // Upstream does not say that it was only tried.
    io.out.push_str(&DryRun::None.report(args, asked, &after, done, io.now)?);
    Ok(())
}

/// The patched object, without a server.
fn apply(kind: PatchType, value: &Value, change: &Value, of: &str) -> Result<Value, Failure> {
    match kind {
        PatchType::Json => {
            patch::json::apply(value, change).map_err(|_| Failure::error("Invalid JSON Patch"))
        }
        PatchType::Merge => Ok(patch::merge::apply(value, change)),
        _ => patch::strategic::apply(value, change, of).map_err(Failure::error),
    }
}
