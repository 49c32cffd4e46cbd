//! `kubectl rollout history`.

use super::super::Command;
use super::{FLAGS, PRINT, check, revisions, targets};
use crate::base::table::Tabs;
use crate::kinds::describe_template;
use crate::kubectl::print::Printer;
use crate::kubectl::resource::Asked;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::Object;

/// The verb.
pub struct History;

impl Command for History {
    fn name(&self) -> &'static str {
        "rollout history"
    }

    fn flags(&self) -> &'static [Flag] {
        const OWN: &[Flag] = &[Flag::value("revision", "0")];
        OWN
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[FLAGS, PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl rollout history (TYPE NAME | TYPE/NAME) [flags] [options]"
    }

    fn about(&self) -> &'static str {
        "View previous rollout revisions and configurations."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        check(&args)?;
        let number: i64 = args.int("revision")?;
        if number < 0 {
            return Err(Failure::error(format!("revision must be a positive integer: {number}")));
        }
        let printer = Printer::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            for (asked, object) in targets(&args, io)? {
                let text = if printer.is_table() {
                    history(io, &asked, &object, number)?
                } else {
                    objects(io, &printer, (&asked, &object), number)?
                };
                io.out.push_str(&text);
            }
            Ok(())
        }))
    }
}

/// The objects of a revision, or of all of them.
fn objects(
    io: &mut Io<'_>,
    printer: &Printer,
    (asked, object): (&Asked, &Object),
    number: i64,
) -> Result<String, Failure> {
    let mut revisions = revisions::of(io, asked, object)?;
    if number > 0 {
        revisions.retain(|revision| revision.number == number);
        if revisions.is_empty() {
            return Err(Failure::error("unable to find the specified revision"));
        }
    }
    let texts = revisions.iter().map(|revision| {
        let (asked, object) = revision.object(asked, object)?;
        printer.print(&[(asked, &object)], false, io.now)
    });
    let separator = if matches!(printer, Printer::Yaml(_)) { "---\n" } else { "" };
    Ok(texts.collect::<Result<Vec<_>, _>>()?.join(separator))
}

fn history(
    io: &mut Io<'_>,
    asked: &Asked,
    object: &Object,
    number: i64,
) -> Result<String, Failure> {
    let revisions = revisions::of(io, asked, object)?;
    let what = asked.display(object.name());
    if number > 0 {
        let revision = revisions::pick(&revisions, number)
            .ok_or_else(|| Failure::error("unable to find the specified revision"))?;
        let template = describe_template(&revision.template_with_cause());
        return Ok(format!("{what} with revision #{number}\n{template}\n"));
    }
    if revisions.is_empty() {
        return Ok(format!("{what} \nNo rollout history found.\n"));
    }
    let mut tabs = Tabs::for_get();
    tabs.line(["REVISION", "CHANGE-CAUSE"]);
    for revision in &revisions {
        tabs.line([revision.number.to_string(), revision.cause.clone()]);
    }
    Ok(format!("{what} \n{}\n", tabs.flush()))
}
