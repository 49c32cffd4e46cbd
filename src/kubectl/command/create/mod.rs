//! `kubectl create -f`. Mirrors `k8s.io/kubectl/pkg/cmd/create`.

pub mod config;
pub mod generator;
pub mod ingress;
pub mod job;
pub mod object;
pub mod quota;
pub mod rbac;
pub mod service;

use super::raw::{self, RAW};
use super::{Command, FILENAME, KUSTOMIZE, RECURSIVE, SELECTOR};
use crate::api::{Body, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::Printer;
use crate::kubectl::resource::{self, Manifest};
use crate::kubectl::validation::Validation;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub struct Create;

impl Command for Create {
    fn name(&self) -> &'static str {
        "create"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag::switch("edit"),
            FILENAME,
            KUSTOMIZE,
            RAW,
            RECURSIVE,
            SELECTOR,
            Flag::switch("windows-line-endings"),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create -f FILENAME [options]"
    }

    fn about(&self) -> &'static str {
        "Create a resource from a file or from stdin."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if !args.positional.is_empty() {
            let words = args.positional.join(" ");
            return Err(Failure::usage("create", &format!("Unexpected args: [{words}]")));
        }
        if !args.reads_files() {
            return Err(Failure::error("must specify one of -f and -k"));
        }
        if let Some(job) = raw::job(&args, "POST")? {
            return Ok(job);
        }
        if args.is("edit") {
            return super::edit::before_create(args);
        }
        let dry_run = DryRun::from_args(&args)?;
        let validation = Validation::from_args(&args)?;
        Printer::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut printed = 0;
            resource::each_manifest(&args, io, "create", |io, manifest| {
                if printed > 0 && args.get("output") == "yaml" {
                    io.out.push_str("---\n");
                }
                printed += 1;
                create(&args, (dry_run, validation), io, manifest)
            })
        }))
    }
}

fn create(
    args: &Args,
    (dry_run, validation): (DryRun, Validation),
    io: &mut Io<'_>,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let mut value = manifest.value.clone();
    if args.is("save-config") {
        value = super::apply::with_last_applied(&value);
    }
    if dry_run == DryRun::Client {
        let text = dry_run.report_value(args, &manifest.asked, &value, "created")?;
        io.out.push_str(&text);
        return Ok(());
    }
    let mut request = manifest.asked.request(Verb::Create, &manifest.namespace, "");
    request.body = Body::Json(value);
    request.dry_run = dry_run == DryRun::Server;
    validation.apply(&mut request);
    let reply = io.api.call(request).map_err(|status| {
        Failure::status_while(&format!("error when creating {:?}", manifest.file), &status)
    })?;
    let Some(object) = reply.object() else { return Ok(()) };
    let text = dry_run.report(args, &manifest.asked, &object, "created", io.now)?;
    io.out.push_str(&text);
    Ok(())
}
