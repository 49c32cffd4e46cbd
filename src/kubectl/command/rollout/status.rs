//! `kubectl rollout status`. Mirrors `polymorphichelpers.DeploymentStatusViewer`.

use k8s_openapi::api::apps::v1::Deployment;

use super::super::Command;
use super::{FLAGS, check, targets};
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;

/// The verb.
pub struct Status;

impl Command for Status {
    fn name(&self) -> &'static str {
        "rollout status"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl rollout status (TYPE NAME | TYPE/NAME) [flags] [options]"
    }

    fn about(&self) -> &'static str {
        "Show the status of the rollout."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        check(&args)?;
        Ok(Box::new(StatusJob { args, watched: None, revision: 0 }))
    }
}

struct StatusJob {
    args: Args,
    watched: Option<(Asked, Object)>,
    /// The revision of the version that was reported last.
    revision: u64,
}

impl Job for StatusJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let (asked, object) = match self.watched.take() {
            None => {
                let mut found = targets(&self.args, io)?;
                if found.len() != 1 {
                    return Err(Failure::error(
                        "rollout status is only supported on individual resources and resource collections - 0 resources were found",
                    ));
                }
                found.remove(0)
            }
            Some((asked, old)) => {
                let object = resource::fetch(io, &asked, old.namespace(), old.name())?;
                (asked, object)
            }
        };
        let is_news = object.revision() != self.revision;
        self.revision = object.revision();
        let (text, done) = progress(&asked, &object)?;
        if is_news {
            io.out.push_str(&text);
        }
        if done || !self.args.is("watch") {
            return Ok(Step::Done(0));
        }
        self.watched = Some((asked, object));
        Ok(Step::Wait(None))
    }
}

/// How far the rollout has got, and whether it is done.
fn progress(asked: &Asked, object: &Object) -> Result<(String, bool), Failure> {
    let deployment = object.get::<Deployment>().and_then(|d| Some((d, d.spec.as_ref()?)));
    let Some((deployment, spec)) = deployment else {
        let names = asked.names();
        let kind = format!("{}.{}", names.kind, names.group);
        let kind = kind.trim_end_matches('.');
        return Err(Failure::error(format!("no status viewer has been implemented for {kind}")));
    };
    let status = deployment.status.clone().unwrap_or_default();
    let name = object.name();
    let waiting = |what: String| {
        (format!("Waiting for deployment \"{name}\" rollout to finish: {what}...\n"), false)
    };
    let generation = object.meta().generation.unwrap_or(0);
    if generation > status.observed_generation.unwrap_or(0) {
        return Ok(("Waiting for deployment spec update to be observed...\n".to_owned(), false));
    }
    let condition = status.conditions.iter().flatten().find(|c| c.type_ == "Progressing");
    if condition.is_some_and(|c| c.reason.as_deref() == Some("ProgressDeadlineExceeded")) {
        return Err(Failure::error(format!(
            "deployment \"{name}\" exceeded its progress deadline"
        )));
    }
    let count = |number: Option<i32>| number.unwrap_or(0);
    let (total, updated, available) =
        (count(status.replicas), count(status.updated_replicas), count(status.available_replicas));
    let wanted = spec.replicas.unwrap_or(1);
    Ok(if updated < wanted {
        waiting(format!("{updated} out of {wanted} new replicas have been updated"))
    } else if total > updated {
        waiting(format!("{} old replicas are pending termination", total - updated))
    } else if available < updated {
        waiting(format!("{available} of {updated} updated replicas are available"))
    } else {
        (format!("deployment \"{name}\" successfully rolled out\n"), true)
    })
}
