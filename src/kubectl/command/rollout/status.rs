//! `kubectl rollout status`. Mirrors
//! `k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go`.

use std::collections::VecDeque;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::Command;
use super::{FLAGS, check, targets};
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::{Object, meta};
use crate::sim::Time;

/// The verb.
pub struct Status;

impl Command for Status {
    fn name(&self) -> &'static str {
        "rollout status"
    }

    fn flags(&self) -> &'static [Flag] {
        const OWN: &[Flag] = &[
            Flag::value("revision", "0"),
            Flag { default: "true", ..Flag::switch("watch") }.short('w'),
            Flag::value("timeout", "0s"),
        ];
        OWN
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl rollout status (TYPE NAME | TYPE/NAME) [flags] [options]"
    }

    fn about(&self) -> &'static str {
        "Show the status of the rollout."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        check(&args)?;
        let pinned: i64 = args.int("revision")?;
        if pinned < 0 {
            let why = format!("revision must be a positive integer: {pinned}");
            return Err(Failure::error(why));
        }
        let timeout = args.get("timeout");
        let timeout = crate::base::duration::parse_go(timeout).map_err(|why| {
            Failure::error(format!(
                "invalid argument \"{timeout}\" for \"--timeout\" flag: {why}\nSee 'kubectl rollout \
                 status --help' for usage."
            ))
        })?;
        let limit = u64::try_from(timeout).ok().filter(|nanos| *nanos > 0);
        let limit = limit.map(Duration::from_nanos);
        Ok(Box::new(StatusJob {
            args,
            pinned,
            limit,
            left: None,
            failures: Vec::new(),
            deadline: None,
            revision: 0,
        }))
    }
}

struct StatusJob {
    args: Args,
    /// The revision that is asked about; 0 for whichever runs.
    pinned: i64,
    /// How long each may take.
    limit: Option<Duration>,
    /// What has yet to be rolled out, the one that is watched first.
    left: Option<VecDeque<(Asked, Object)>>,
    /// What went wrong with those before it.
    failures: Vec<Failure>,
    deadline: Option<Time>,
    /// The revision of the version that was reported last.
    revision: u64,
}

impl Job for StatusJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let mut left = match self.left.take() {
            None => {
                let found = targets(&self.args, io)?;
                if found.is_empty() {
                    let namespace = self.args.namespace();
                    let text = format!("No resources found in {namespace} namespace.\n");
                    io.err.push_str(&text);
                }
                found.into()
            }
            Some(mut left) => {
                if let Some((asked, old)) = left.front_mut() {
                    *old = resource::fetch(io, asked, old.namespace(), old.name())?;
                }
                left
            }
        };
        while let Some((asked, object)) = left.front() {
            let deadline = self.limit.map(|limit| *self.deadline.get_or_insert(io.now + limit));
            let is_late = deadline.is_some_and(|deadline| io.now >= deadline);
            match self.is_done(asked, object, io) {
                Ok(true) => {}
                Ok(false) if is_late => {
                    self.failures.push(Failure::error("timed out waiting for the condition"));
                }
                Ok(false) => {
                    self.left = Some(left);
                    return Ok(Step::Wait(deadline.map(|deadline| deadline.since(io.now))));
                }
                Err(failure) => self.failures.push(failure),
            }
            left.pop_front();
            (self.deadline, self.revision) = (None, 0);
        }
        Failure::several(&self.failures).map(|()| Step::Done(0))
    }
}

impl StatusJob {
    /// Says how far the rollout has got, if that is news; whether it needs no more watching.
    fn is_done(
        &mut self,
        asked: &Asked,
        object: &Object,
        io: &mut Io<'_>,
    ) -> Result<bool, Failure> {
        let is_news = object.revision() != self.revision;
        self.revision = object.revision();
        if self.pinned > 0 {
            self.check_revision(object)?;
        }
        let (text, done) = progress(asked, object)?;
        if is_news {
            io.out.push_str(&text);
        }
        Ok(done || !self.args.is("watch"))
    }

    /// Only Deployments know the number of the revision that runs.
    fn check_revision(&self, object: &Object) -> Result<(), Failure> {
        let Some(deployment) = object.get::<Deployment>() else { return Ok(()) };
        let number = meta::annotation(&deployment.metadata, "deployment.kubernetes.io/revision");
        let running: i64 = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        if running == self.pinned {
            return Ok(());
        }
        Err(Failure::error(format!(
            "desired revision ({}) is different from the running revision ({running})",
            self.pinned
        )))
    }
}

/// How far the rollout has got, and whether it is done.
fn progress(asked: &Asked, object: &Object) -> Result<(String, bool), Failure> {
    if let Some(deployment) = object.get() {
        return of_deployment(deployment);
    }
    if let Some(set) = object.get() {
        return of_stateful_set(set);
    }
    if let Some(set) = object.get() {
        return of_daemon_set(set);
    }
    let names = asked.names();
    let kind = format!("{}.{}", names.kind, names.group);
    let kind = kind.trim_end_matches('.');
    Err(Failure::error(format!("no status viewer has been implemented for {kind}")))
}

fn count(number: Option<i32>) -> i32 {
    number.unwrap_or(0)
}

/// Whether the controller has yet to look at the newest spec.
fn is_stale(meta: &ObjectMeta, observed: Option<i64>) -> bool {
    meta.generation.unwrap_or(0) > observed.unwrap_or(0)
}

fn not_observed(kind: &str) -> (String, bool) {
    (format!("Waiting for {kind} spec update to be observed...\n"), false)
}

/// Mirrors `DeploymentStatusViewer`.
fn of_deployment(deployment: &Deployment) -> Result<(String, bool), Failure> {
    let meta = &deployment.metadata;
    let name = meta.name.as_deref().unwrap_or_default();
    let status = deployment.status.clone().unwrap_or_default();
    let waiting = |what: String| {
        (format!("Waiting for deployment \"{name}\" rollout to finish: {what}...\n"), false)
    };
    if is_stale(meta, status.observed_generation) {
        return Ok(not_observed("deployment"));
    }
    let condition = status.conditions.iter().flatten().find(|c| c.type_ == "Progressing");
    if condition.is_some_and(|c| c.reason.as_deref() == Some("ProgressDeadlineExceeded")) {
        return Err(Failure::error(format!(
            "deployment \"{name}\" exceeded its progress deadline"
        )));
    }
    let (total, updated, available) =
        (count(status.replicas), count(status.updated_replicas), count(status.available_replicas));
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
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

/// Only a rolling update can be followed.
fn must_roll(strategy: Option<&String>) -> Result<(), Failure> {
    if strategy.is_some_and(|strategy| strategy == "RollingUpdate") {
        return Ok(());
    }
    Err(Failure::error("rollout status is only available for RollingUpdate strategy type"))
}

/// Mirrors `StatefulSetStatusViewer`.
fn of_stateful_set(set: &StatefulSet) -> Result<(String, bool), Failure> {
    let spec = set.spec.clone().unwrap_or_default();
    let strategy = spec.update_strategy.unwrap_or_default();
    must_roll(strategy.type_.as_ref())?;
    let status = set.status.clone().unwrap_or_default();
    let observed = status.observed_generation;
    if observed.unwrap_or(0) == 0 || is_stale(&set.metadata, observed) {
        return Ok(not_observed("statefulset"));
    }
    let wanted = spec.replicas.unwrap_or(1);
    let (ready, updated) = (count(status.ready_replicas), count(status.updated_replicas));
    if ready < wanted {
        return Ok((format!("Waiting for {} pods to be ready...\n", wanted - ready), false));
    }
    if let Some(update) = strategy.rolling_update {
        let wanted = wanted - update.partition.unwrap_or(0);
        if updated < wanted {
            let text = format!("{updated} out of {wanted} new pods have been updated");
            let what = "Waiting for partitioned roll out to finish";
            return Ok((format!("{what}: {text}...\n"), false));
        }
        let text = format!("{updated} new pods have been updated");
        return Ok((format!("partitioned roll out complete: {text}...\n"), true));
    }
    let update = status.update_revision.unwrap_or_default();
    let current = status.current_revision.unwrap_or_default();
    Ok(if update == current {
        let count = count(status.current_replicas);
        let text = format!("{count} pods at revision {current}");
        (format!("statefulset rolling update complete {text}...\n"), true)
    } else {
        let text = format!("{updated} pods at revision {update}");
        (format!("waiting for statefulset rolling update to complete {text}...\n"), false)
    })
}

/// Mirrors `DaemonSetStatusViewer`.
fn of_daemon_set(set: &DaemonSet) -> Result<(String, bool), Failure> {
    let strategy = set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    must_roll(strategy.and_then(|strategy| strategy.type_.as_ref()))?;
    let status = set.status.clone().unwrap_or_default();
    if is_stale(&set.metadata, status.observed_generation) {
        return Ok(not_observed("daemon set"));
    }
    let name = set.metadata.name.as_deref().unwrap_or_default();
    let waiting = |what: String| {
        (format!("Waiting for daemon set \"{name}\" rollout to finish: {what}...\n"), false)
    };
    let wanted = status.desired_number_scheduled;
    let (updated, available) =
        (count(status.updated_number_scheduled), count(status.number_available));
    Ok(if updated < wanted {
        waiting(format!("{updated} out of {wanted} new pods have been updated"))
    } else if available < wanted {
        waiting(format!("{available} of {wanted} updated pods are available"))
    } else {
        (format!("daemon set \"{name}\" successfully rolled out\n"), true)
    })
}
