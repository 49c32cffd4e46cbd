//! Commands that make an object out of flags: `run`, `create deployment`, `create namespace`,
//! `expose`.

use serde_json::{Value, json};

use crate::api::{Body, Status, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::Printer;
use crate::kubectl::resource::Asked;
use crate::kubectl::{Args, Failure, Io};

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
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if dry_run == DryRun::Client {
        let printer = Printer::from_args(args)?;
        let text = match printer {
            Printer::Table => format!("{} {done} (dry run)\n", asked.display(&name)),
            Printer::Name => format!("{}\n", asked.display(&name)),
            printer => printer.print_value(&value)?,
        };
        io.out.push_str(&text);
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
    io.out.push_str(&dry_run.report(args, &asked, &object, done, io.now)?);
    Ok(())
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
