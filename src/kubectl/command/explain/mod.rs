//! `kubectl explain`. Mirrors `k8s.io/kubectl/pkg/cmd/explain`. What it prints comes from the
//! server's schemas.

mod plain;
mod schema;
mod second;
mod wrap;

use super::spec::Spec;
use crate::api::openapi::Schemas;
use crate::kubectl::{Args, Failure, Flag, Io};

/// The verb `explain`.
pub const EXPLAIN: Spec = Spec {
    name: "explain",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::value("api-version", ""),
        Flag::value("output", "plaintext").short('o'),
        super::RECURSIVE,
    ],
    usage: "kubectl explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] \
            [-o|--output=plaintext|plaintext-openapiv2] [options]",
    about: "Describe the fields of a resource.",
    start: |args| {
        let refused = match args.positional.len() {
            0 => {
                "You must specify the type of resource to explain. Use \"kubectl api-resources\" \
                 for a complete list of supported resources."
            }
            1 => return Ok(Box::new(move |io: &mut Io<'_>| explain(&args, io))),
            _ => "We accept only this format: explain RESOURCE",
        };
        Err(Failure::error(refused))
    },
};

fn explain(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let asked = schema::asked(args, &io.api.custom_kinds())?;
    let schemas = Schemas::of(io.api, &asked.group, &asked.version).ok_or_else(|| {
        Failure::error("the schemas that \"kubectl explain\" needs could not be loaded")
    })?;
    if !schemas.has_version(&asked.group, &asked.version) {
        let what = asked.resource_text();
        return Err(Failure::error(format!("couldn't find resource for {what:?}")));
    }
    if args.get("output") == "plaintext-openapiv2" {
        let found = second::print(&asked, &schemas, args.is("recursive"));
        io.out.push_str(&found.map_err(Failure::error)?);
        return Ok(());
    }
    if args.get("output") != "plaintext" {
        return Err(Failure::error(format!("unrecognized format: {}", args.get("output"))));
    }
    plain::print(&asked, &schemas, args.is("recursive"), io.out).map_err(Failure::error)
}
