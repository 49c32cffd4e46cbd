//! `kubectl explain`. Mirrors `k8s.io/kubectl/pkg/cmd/explain`. What it prints comes from the
//! server's OpenAPI documents, which the page does not have.

#[cfg(not(target_arch = "wasm32"))]
mod plain;
#[cfg(not(target_arch = "wasm32"))]
mod schema;
#[cfg(not(target_arch = "wasm32"))]
mod second;
#[cfg(not(target_arch = "wasm32"))]
mod wrap;

use super::spec::Spec;
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

#[cfg(target_arch = "wasm32")]
fn explain(_: &Args, _: &mut Io<'_>) -> Result<(), Failure> {
    Err(Failure::error(
        "the server in this page publishes no OpenAPI schema, which \"kubectl explain\" needs: the \
         native program does",
    ))
}

#[cfg(not(target_arch = "wasm32"))]
fn explain(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let asked = schema::asked(args, &io.api.custom_kinds())?;
    let is_second = args.get("output") == "plaintext-openapiv2";
    let path = match asked.group.as_str() {
        "" => format!("api/{}", asked.version),
        group => format!("apis/{group}/{}", asked.version),
    };
    let missing = || format!("couldn't find resource for {:?}", asked.resource_text());
    let document =
        crate::api::openapi::document(io.api, &path).ok_or_else(|| Failure::error(missing()))?;
    let document = schema::Document(&document.value);
    if is_second {
        let found = second::print(&asked, document, args.is("recursive"));
        io.out.push_str(&found.map_err(Failure::error)?);
        return Ok(());
    }
    if args.get("output") != "plaintext" {
        return Err(Failure::error(format!("unrecognized format: {}", args.get("output"))));
    }
    plain::print(&asked, document, args.is("recursive"), io.out).map_err(Failure::error)
}
