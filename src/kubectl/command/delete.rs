//! `kubectl delete`. Mirrors `k8s.io/kubectl/pkg/cmd/delete`: waits until the objects are gone.

use super::{ALL_NAMESPACES, Command, DRY_RUN, FILENAME, OUTPUT, RECURSIVE, SELECTOR};
use crate::api::{Propagation, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};

/// The verb.
pub struct Delete;

impl Command for Delete {
    fn name(&self) -> &'static str {
        "delete"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            ALL_NAMESPACES,
            DRY_RUN,
            FILENAME,
            OUTPUT,
            RECURSIVE,
            SELECTOR,
            Flag::switch("all"),
            Flag::optional("cascade", "background", "background"),
            Flag::value("field-selector", ""),
            Flag::switch("force"),
            Flag::value("grace-period", "-1"),
            Flag::switch("ignore-not-found"),
            Flag::switch("now"),
            Flag::value("timeout", "0s"),
            Flag { default: "true", ..Flag::switch("wait") },
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) \
         [options]"
    }

    fn about(&self) -> &'static str {
        "Delete resources by file names, stdin, resources and names, or by resources and label \
         selector."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        check(&args)?;
        let dry_run = DryRun::from_args(&args)?;
        Ok(Box::new(DeleteJob { grace: grace(&args)?, args, dry_run, gone: None }))
    }
}

fn check(args: &Args) -> Result<(), Failure> {
    if args.positional.is_empty() && !args.has("filename") {
        return Err(Failure::error(
            "You must provide one or more resources by argument or filename.\nExample resource \
             specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> \
             <name>'\n   '<resource>'",
        ));
    }
    let selects = args.has("selector") || args.is("all") || args.has("field-selector");
    let is_bare = args.positional.len() == 1 && !args.positional[0].contains('/');
    if is_bare && !selects {
        resource::kinds(&args.positional[0])?;
        return Err(Failure::error("resource(s) were provided, but no name was specified"));
    }
    if !is_bare && selects && !args.positional.is_empty() {
        return Err(Failure::error("name cannot be provided when a selector is specified"));
    }
    if args.is("now") && args.has("grace-period") {
        return Err(Failure::error("--now and --grace-period cannot be specified together"));
    }
    Ok(())
}

fn grace(args: &Args) -> Result<Option<i64>, Failure> {
    let seconds: i64 = args.int("grace-period")?;
    Ok(match seconds {
        _ if args.is("now") => Some(1),
        seconds if seconds < 0 => args.is("force").then_some(0),
        0 if !args.is("force") => Some(1),
        seconds => Some(seconds),
    })
}

struct DeleteJob {
    args: Args,
    dry_run: DryRun,
    grace: Option<i64>,
    /// What must be gone before the command ends: (kind, namespace, name, uid).
    gone: Option<Vec<(Asked, String, String, String)>>,
}

impl Job for DeleteJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.gone.is_none() {
            self.delete_all(io)?;
        }
        let remaining = self.gone.take().unwrap_or_default();
        let still_there: Vec<_> = remaining
            .into_iter()
            .filter(|(asked, namespace, name, uid)| {
                resource::fetch(io, asked, namespace, name).is_ok_and(|object| object.uid() == uid)
            })
            .collect();
        if still_there.is_empty() || !self.args.is("wait") || self.dry_run != DryRun::None {
            return Ok(Step::Done(0));
        }
        self.gone = Some(still_there);
        Ok(Step::Wait(None))
    }
}

impl DeleteJob {
    fn delete_all(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        if self.args.is("force") {
            io.err.push_str(
                "Warning: Immediate deletion does not wait for confirmation that the running \
                 resource has been terminated. The resource may continue to run on the cluster \
                 indefinitely.\n",
            );
        }
        let mut failures = Vec::new();
        let mut gone = Vec::new();
        let wanted = resource::keys(&self.args, io)?;
        if wanted.is_empty() {
            io.out.push_str("No resources found\n");
        }
        for (asked, namespace, name) in wanted {
            match self.delete(io, &asked, &namespace, &name) {
                Ok(uid) => gone.push((asked, namespace, name, uid)),
                Err(failure)
                    if self.args.is("ignore-not-found") && failure.text.contains("(NotFound)") => {}
                Err(failure) => failures.push(failure),
            }
        }
        self.gone = Some(gone);
        Failure::several(&failures).map_or(Ok(()), Err)
    }

    fn delete(
        &self,
        io: &mut Io<'_>,
        asked: &Asked,
        namespace: &str,
        name: &str,
    ) -> Result<String, Failure> {
        let uid = resource::fetch(io, asked, namespace, name)?.uid().to_owned();
        if self.dry_run != DryRun::Client {
            let mut request = asked.request(Verb::Delete, namespace, name);
            request.delete.grace_period_seconds = self.grace;
            request.delete.propagation = Some(match self.args.get("cascade") {
                "orphan" | "false" => Propagation::Orphan,
                "foreground" => Propagation::Foreground,
                _ => Propagation::Background,
            });
            request.dry_run = self.dry_run == DryRun::Server;
            io.api.call(request)?;
        }
        io.out.push_str(&self.line(asked, namespace, name));
        Ok(uid)
    }

    fn line(&self, asked: &Asked, namespace: &str, name: &str) -> String {
        if self.args.get("output") == "name" {
            return format!("{}\n", asked.display(name));
        }
        let names = asked.names();
        let group =
            if names.group.is_empty() { String::new() } else { format!(".{}", names.group) };
        let verb = if self.grace == Some(0) { "force deleted" } else { "deleted" };
        let place =
            if names.namespaced { format!(" from {namespace} namespace") } else { String::new() };
        let suffix = self.dry_run.suffix();
        format!("{}{group} \"{name}\" {verb}{place}{suffix}\n", names.singular)
    }
}
