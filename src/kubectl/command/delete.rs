//! `kubectl delete`. Mirrors `k8s.io/kubectl/pkg/cmd/delete`: waits until the objects are gone.

use std::time::Duration;

use super::raw::{self, RAW};
use super::{ALL_NAMESPACES, Command, DRY_RUN, FILENAME, KUSTOMIZE, OUTPUT, RECURSIVE, SELECTOR};
use crate::api::{Propagation, Request, Status, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::sim::Time;

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
            KUSTOMIZE,
            RAW,
            OUTPUT,
            RECURSIVE,
            SELECTOR,
            Flag::switch("all"),
            Flag::optional("cascade", "background", "background"),
            Flag::value("field-selector", ""),
            Flag::switch("force"),
            Flag::value("grace-period", "-1"),
            Flag::switch("ignore-not-found"),
            Flag::switch("interactive").short('i'),
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
        if let Some(job) = raw::job(&args, "DELETE")? {
            return Ok(job);
        }
        check(&args)?;
        let dry_run = DryRun::from_args(&args)?;
        let limit = super::wait::timeout(&args)?.filter(|limit| !limit.is_zero());
        let grace = grace(&args)?;
        Ok(Box::new(DeleteJob { grace, args, dry_run, limit, deadline: None, gone: None }))
    }
}

fn check(args: &Args) -> Result<(), Failure> {
    resource::check_given(args)?;
    let selects = args.has("selector") || args.is("all") || args.has("field-selector");
    let is_bare = args.positional.len() == 1 && !args.positional[0].contains('/');
    if !is_bare && selects && !args.positional.is_empty() {
        return Err(Failure::error("name cannot be provided when a selector is specified"));
    }
    if args.is("all") && args.has("selector") {
        return Err(Failure::error("setting 'all' parameter but found a non empty selector."));
    }
    if !matches!(args.get("output"), "" | "name") {
        let mode = args.get("output");
        let why = format!("unexpected -o output mode: {mode}. We only support '-o name'");
        return Err(Failure::error(why));
    }
    if !matches!(args.get("cascade"), "background" | "foreground" | "orphan" | "true" | "false") {
        return Err(Failure::error(format!(
            "invalid cascade value ({}). Must be \"background\", \"foreground\", or \"orphan\"",
            args.get("cascade")
        )));
    }
    if args.is("now") && args.has("grace-period") {
        return Err(Failure::error("--now and --grace-period cannot be specified together"));
    }
    Ok(())
}

fn grace(args: &Args) -> Result<Option<i64>, Failure> {
    let seconds: i64 = args.int("grace-period")?;
    if args.is("force") && (seconds > 0 || args.is("now")) {
        return Err(Failure::error(
            "--force and --grace-period greater than 0 cannot be specified together",
        ));
    }
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
    /// How long it waits at most, and until when.
    limit: Option<Duration>,
    deadline: Option<Time>,
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
        let Some(limit) = self.limit else {
            self.gone = Some(still_there);
            return Ok(Step::Wait(None));
        };
        let deadline = *self.deadline.get_or_insert(io.now + limit);
        if io.now >= deadline {
            let (asked, _, name, _) = &still_there[0];
            let about = format!("{}/{name}", asked.names().plural);
            let why = format!("timed out waiting for the condition on {about}");
            return Err(Failure::error(why));
        }
        self.gone = Some(still_there);
        Ok(Step::Wait(Some(Duration::from_micros(deadline.micros() - io.now.micros()))))
    }
}

impl DeleteJob {
    fn delete_all(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        if let word @ ("true" | "false") = self.args.get("cascade") {
            let new = if word == "true" { "background" } else { "orphan" };
            io.err.push_str(&format!(
                "warning: --cascade={word} is deprecated (boolean value) and can be replaced with \
                 --cascade={new}.\n"
            ));
        }
        if self.args.is("force") {
            io.err.push_str(
                "Warning: Immediate deletion does not wait for confirmation that the running \
                 resource has been terminated. The resource may continue to run on the cluster \
                 indefinitely.\n",
            );
        }
        let (mut failures, mut broken) = (Vec::new(), Vec::new());
        let mut gone = Vec::new();
        // What is said of a failure when it comes from a file.
        let mut context = Vec::new();
        let wanted = if self.args.reads_files() {
            let mut keys = Vec::new();
            for manifest in resource::manifests(&self.args, io)? {
                let manifest = match manifest {
                    Ok(manifest) => manifest,
                    // Upstream has other words for what it filters.
                    Err(failure) if self.args.is("ignore-not-found") => {
                        let text = failure.among.map_or(failure.text, |why| format!("{why}\n"));
                        broken.push(Failure { text, among: None, ..failure });
                        continue;
                    }
                    Err(failure) => {
                        broken.push(failure);
                        continue;
                    }
                };
                context.push(format!("error when deleting {:?}", manifest.file));
                keys.push((manifest.asked, manifest.namespace, manifest.name));
            }
            keys
        } else {
            resource::keys(&self.args, io)?
        };
        if wanted.is_empty() && broken.is_empty() {
            io.out.push_str("No resources found\n");
        }
        if self.args.is("interactive") && !wanted.is_empty() && !agreed(io, &wanted) {
            io.out.push_str("deletion is cancelled\n");
            self.gone = Some(Vec::new());
            return Ok(());
        }
        for (at, (asked, namespace, name)) in wanted.into_iter().enumerate() {
            match self.delete(io, &asked, &namespace, &name) {
                Ok(uid) => gone.push((asked, namespace, name, uid)),
                Err(status) if self.args.is("ignore-not-found") && status.is_not_found() => {}
                Err(status) => {
                    let context = context.get(at).map_or("", String::as_str);
                    failures.push(Failure::status_while(context, &status));
                }
            }
        }
        self.gone = Some(gone);
        failures.extend(Failure::several(&broken).err());
        Failure::several(&failures)
    }

    fn delete(
        &self,
        io: &mut Io<'_>,
        asked: &Asked,
        namespace: &str,
        name: &str,
    ) -> Result<String, Status> {
        let mut uid = String::new();
        if self.dry_run != DryRun::Client {
            let mut request = request(asked, namespace, name, self.args.get("cascade"), self.grace);
            request.dry_run = self.dry_run == DryRun::Server;
            let reply = io.api.call(request)?;
            uid = reply.object().map(|object| object.uid().to_owned()).unwrap_or_default();
        }
        io.out.push_str(&if self.args.get("output") == "name" {
            format!("{}\n", asked.display(name))
        } else {
            line(asked, namespace, name, self.grace, self.dry_run)
        });
        Ok(uid)
    }
}

/// Asks whether to go on.
fn agreed(io: &mut Io<'_>, wanted: &[(Asked, String, String)]) -> bool {
    io.out.push_str(&format!(
        "You are about to delete the following {} resource(s):\n",
        wanted.len()
    ));
    for (asked, _, name) in wanted {
        io.out.push_str(&format!("{}\n", asked.display(name)));
    }
    io.out.push_str("Do you want to continue? (y/N): ");
    matches!(io.stdin.lines().next(), Some("y" | "Y"))
}

/// Deletes an object if it is there, and says so; the uid it had.
pub fn delete_now(
    io: &mut Io<'_>,
    (asked, namespace, name): (&Asked, &str, &str),
    cascade: &str,
    grace: Option<i64>,
) -> Result<Option<String>, Failure> {
    let uid = match io.api.call(asked.request(Verb::Get, namespace, name)) {
        Ok(reply) => reply.object().map(|object| object.uid().to_owned()),
        Err(status) if status.is_not_found() => return Ok(None),
        Err(status) => return Err(Failure::status(&status)),
    };
    quietly(io, (asked, namespace, name), cascade, grace)?;
    io.out.push_str(&line(asked, namespace, name, None, DryRun::None));
    Ok(uid)
}

/// Asks for an object's deletion and says nothing of it.
///
/// # Errors
/// What the server answers.
pub fn quietly(
    io: &mut Io<'_>,
    (asked, namespace, name): (&Asked, &str, &str),
    cascade: &str,
    grace: Option<i64>,
) -> Result<(), Failure> {
    io.api.call(request(asked, namespace, name, cascade, grace))?;
    Ok(())
}

fn request(
    asked: &Asked,
    namespace: &str,
    name: &str,
    cascade: &str,
    grace: Option<i64>,
) -> Request {
    let mut request = asked.request(Verb::Delete, namespace, name);
    request.delete.grace_period_seconds = grace;
    request.delete.propagation = Some(match cascade {
        "orphan" | "false" => Propagation::Orphan,
        "foreground" => Propagation::Foreground,
        _ => Propagation::Background,
    });
    request
}

/// What is said of an object that is deleted.
fn line(asked: &Asked, namespace: &str, name: &str, grace: Option<i64>, dry_run: DryRun) -> String {
    let names = asked.names();
    let group = if names.group.is_empty() { String::new() } else { format!(".{}", names.group) };
    let verb = if grace == Some(0) { "force deleted" } else { "deleted" };
    let place =
        if names.namespaced { format!(" from {namespace} namespace") } else { String::new() };
    let suffix = dry_run.suffix();
    format!("{}{group} \"{name}\" {verb}{place}{suffix}\n", names.singular)
}
