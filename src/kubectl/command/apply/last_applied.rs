//! `kubectl apply view-last-applied` and `set-last-applied`. Mirrors
//! `apply_view_last_applied.go` and `apply_set_last_applied.go`.

use serde_json::json;

use crate::api::{Body, PatchType, Verb};
use crate::base::yaml;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::command::{DRY_RUN, FILENAME, KUSTOMIZE, OUTPUT, PRINT, RECURSIVE, SELECTOR};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::{Printer, face};
use crate::kubectl::resource::{self, Target};
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::meta::LAST_APPLIED;

/// The verb `apply view-last-applied`.
pub const VIEW: Spec = Spec {
    name: "apply view-last-applied",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::switch("all"),
        FILENAME,
        KUSTOMIZE,
        Flag { default: "yaml", ..OUTPUT },
        RECURSIVE,
        SELECTOR,
    ],
    usage: "kubectl apply view-last-applied (TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME) \
            [options]",
    about: "View the latest last-applied-configuration annotations by type/name or file.",
    start: |args| {
        resource::check_given(&args)?;
        let output = args.get("output");
        if !matches!(output, "yaml" | "json") {
            let why = format!(
                "Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json"
            );
            return Err(Failure::usage("apply view-last-applied", &why));
        }
        Ok(Box::new(move |io: &mut Io<'_>| view(&args, io)) as Box<dyn Job>)
    },
};

fn view(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let mut objects = Vec::new();
    if args.reads_files() {
        for manifest in resource::manifests(args, io)? {
            let m = manifest?;
            objects.push(resource::fetch(io, &m.asked, &m.namespace, &m.name)?);
        }
    } else {
        match resource::target(&args.positional, &io.api.custom_kinds())? {
            Target::Named(named) => {
                for (asked, name) in named {
                    objects.push(resource::fetch(io, &asked, args.namespace(), &name)?);
                }
            }
            Target::All(kinds) => {
                objects.extend(resource::objects(args, io, kinds)?.into_iter().map(|(_, o)| o));
            }
        }
    }
    for object in objects {
        let notes = object.meta().annotations.as_ref();
        let Some(text) = notes.and_then(|notes| notes.get(LAST_APPLIED)) else { continue };
        let Ok(value) = yaml::parse_one(text) else { continue };
        io.out.push_str(&match args.get("output") {
            "json" => crate::object::codec::indented(&value, "  ") + "\n",
            _ => yaml::to_string(&value),
        });
    }
    Ok(())
}

/// The verb `apply set-last-applied`.
pub const SET: Spec = Spec {
    name: "apply set-last-applied",
    aliases: &[],
    shared: &[PRINT],
    flags: &[Flag::switch("create-annotation"), DRY_RUN, FILENAME],
    usage: "kubectl apply set-last-applied -f FILENAME [options]",
    about: "Set the last-applied-configuration annotation on a live object to match the contents \
            of a file.",
    start: |args| {
        let dry_run = DryRun::from_args(&args)?;
        Printer::from_args(&args)?;
        if !args.reads_files() {
            return Err(Failure::error("must specify one of -f and -k"));
        }
        Ok(Box::new(move |io: &mut Io<'_>| set(&args, dry_run, io)) as Box<dyn Job>)
    },
};

fn set(args: &Args, dry_run: DryRun, io: &mut Io<'_>) -> Result<(), Failure> {
    for manifest in resource::manifests(args, io)? {
        let manifest = manifest?;
        let asked = &manifest.asked;
        let current = resource::fetch(io, asked, &manifest.namespace, &manifest.name)?;
        let wanted = super::with_last_applied(&manifest.value);
        let text = &wanted["metadata"]["annotations"][LAST_APPLIED];
        let live = face(asked, &current);
        let old = &live["metadata"]["annotations"][LAST_APPLIED];
        if old.is_null() && !args.is("create-annotation") {
            return Err(Failure::error(format!(
                "no last-applied-configuration annotation found on resource: {}, to create the \
                 annotation, run the command with --create-annotation",
                manifest.name
            )));
        }
        let mut object = current.clone();
        if dry_run != DryRun::Client {
            let how = Verb::Patch(PatchType::Merge);
            let mut request = asked.request(how, &manifest.namespace, &manifest.name);
            request.body = Body::Json(json!({"metadata": {"annotations": {LAST_APPLIED: text}}}));
            request.dry_run = dry_run == DryRun::Server;
            object = resource::object_of(io.api.call(request)?)?;
        }
        io.out.push_str(&dry_run.report(args, asked, &object, "configured", io.now)?);
    }
    Ok(())
}
