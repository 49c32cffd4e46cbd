//! `kubectl patch`. Mirrors `k8s.io/kubectl/pkg/cmd/patch`.

use super::{Command, DRY_RUN, FILENAME, OUTPUT, RECURSIVE};
use crate::api::{Body, PatchType, Status, Verb};
use crate::base::yaml;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

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
            OUTPUT,
            RECURSIVE,
            Flag::value("patch", "").short('p'),
            Flag::value("patch-file", ""),
            Flag::value("type", "strategic"),
        ];
        FLAGS
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
        let kind = match args.get("type").to_lowercase().as_str() {
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
    let patch = yaml::parse_one(&text)
        .map_err(|why| Failure::status(&Status::bad_request(why.to_string())))?;
    let mut failures = Vec::new();
    for (asked, namespace, name) in resource::keys(args, io)? {
        let mut once = || -> Result<(), Failure> {
            let before = resource::fetch(io, &asked, &namespace, &name)?;
            let mut request = asked.request(Verb::Patch(kind), &namespace, &name);
            request.body = Body::Json(patch.clone());
            request.dry_run = dry_run != DryRun::None;
            let reply = io.api.call(request).map_err(|status| match status.code {
                415 => Failure::error(format!(
                    "application/strategic-merge-patch+json is not supported by {}: {status}",
                    asked.kind_with_version().trim_matches('"')
                )),
                _ => Failure::from(status),
            })?;
            let Some(after) = reply.object() else { return Ok(()) };
            let mut same = after.clone();
            same.meta_mut().resource_version.clone_from(&before.meta().resource_version);
            let done = if same.equal(&before) { "patched (no change)" } else { "patched" };
            io.out.push_str(&dry_run.report(args, &asked, &after, done, io.now)?);
            Ok(())
        };
        if let Err(failure) = once() {
            failures.push(failure);
        }
    }
    Failure::several(&failures).map_or(Ok(()), Err)
}
