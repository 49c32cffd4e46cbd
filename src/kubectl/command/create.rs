//! `kubectl create -f`. Mirrors `k8s.io/kubectl/pkg/cmd/create`.

use super::{Command, DRY_RUN, FILENAME, OUTPUT, RECURSIVE};
use crate::api::{Body, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::Printer;
use crate::kubectl::resource::{self, Manifest};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub struct Create;

impl Command for Create {
    fn name(&self) -> &'static str {
        "create"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[DRY_RUN, FILENAME, OUTPUT, RECURSIVE, Flag::switch("save-config")];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl create -f FILENAME [options]"
    }

    fn about(&self) -> &'static str {
        "Create a resource from a file or from stdin."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if !args.has("filename") {
            return Err(Failure::usage("create", "must specify one of -f and -k"));
        }
        let dry_run = DryRun::from_args(&args)?;
        Printer::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut failures = Vec::new();
            for manifest in resource::manifests(&args, io)? {
                if let Err(failure) = manifest.and_then(|m| create(&args, dry_run, io, &m)) {
                    failures.push(failure);
                }
            }
            Failure::several(&failures).map_or(Ok(()), Err)
        }))
    }
}

fn create(
    args: &Args,
    dry_run: DryRun,
    io: &mut Io<'_>,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let mut request = manifest.asked.request(Verb::Create, &manifest.namespace, "");
    request.body = Body::Json(manifest.value.clone());
    request.strict = true;
    request.dry_run = dry_run != DryRun::None;
    let reply = io.api.call(request).map_err(|status| {
        Failure::status_while(&format!("error when creating \"{}\"", manifest.file), &status)
    })?;
    let Some(object) = reply.object() else { return Ok(()) };
    let text = dry_run.report(args, &manifest.asked, &object, "created", io.now)?;
    io.out.push_str(&text);
    Ok(())
}
