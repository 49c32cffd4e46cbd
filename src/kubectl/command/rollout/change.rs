//! `rollout pause`, `resume` and `restart`.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use serde_json::json;

use super::super::Command;
use super::{FLAGS, PRINT, check, quoted, targets};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::Asked;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::{Object, meta};

/// The annotation that a restart changes in the Pod template.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Pause,
    Resume,
    Restart,
}

macro_rules! verb {
    ($type:ident, $name:literal, $about:literal) => {
        #[doc = concat!("`kubectl ", $name, "`.")]
        pub struct $type;

        impl Command for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn flags(&self) -> &'static [Flag] {
                const OWN: &[Flag] = &[Flag::value("field-manager", "kubectl-rollout")];
                OWN
            }

            fn shared(&self) -> &'static [&'static [Flag]] {
                &[FLAGS, PRINT]
            }

            fn usage(&self) -> &'static str {
                concat!("kubectl ", $name, " RESOURCE [options]")
            }

            fn about(&self) -> &'static str {
                $about
            }

            fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
                start(Change::$type, args)
            }
        }
    };
}

verb!(Pause, "rollout pause", "Mark the provided resource as paused.");
verb!(Resume, "rollout resume", "Resume a paused resource.");
verb!(Restart, "rollout restart", "Restart a resource: its Pods are replaced as in an update.");

fn start(change: Change, args: Args) -> Result<Box<dyn Job>, Failure> {
    check(&args)?;
    let dry_run = DryRun::from_args(&args)?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        Failure::each(targets(&args, io)?, |(asked, object)| {
            apply(change, &args, dry_run, io, &asked, &object)
        })
    }))
}

fn apply(
    change: Change,
    args: &Args,
    dry_run: DryRun,
    io: &mut Io<'_>,
    asked: &Asked,
    object: &Object,
) -> Result<(), Failure> {
    let paused = object
        .get::<Deployment>()
        .and_then(|deployment| deployment.spec.as_ref())
        .map(|spec| spec.paused.unwrap_or(false));
    // These can be restarted, but not be paused.
    let restarts = object.get::<StatefulSet>().is_some() || object.get::<DaemonSet>().is_some();
    let paused = paused.or(Some(false).filter(|_| restarts && change == Change::Restart));
    let what = quoted(asked, object);
    let (patch, verb) = match (change, paused) {
        (Change::Pause, None) => {
            return Err(Failure::error(format!("{what} pausing is not supported")));
        }
        (Change::Resume, None) => {
            return Err(Failure::error(format!("{what} resuming is not supported")));
        }
        (Change::Restart, None) => {
            return Err(Failure::error(format!("{what} restarting is not supported")));
        }
        (Change::Pause, Some(true)) => {
            return Err(Failure::error(format!("{what} is already paused")));
        }
        (Change::Resume, Some(false)) => {
            return Err(Failure::error(format!("{what} is not paused")));
        }
        (Change::Restart, Some(true)) => {
            return Err(Failure::error(format!(
                "{what} can't restart paused deployment (run rollout resume first)"
            )));
        }
        (Change::Pause, Some(false)) => (json!({ "spec": { "paused": true } }), "paused"),
        (Change::Resume, Some(true)) => (json!({ "spec": { "paused": null } }), "resumed"),
        (Change::Restart, Some(false)) => {
            let now = json!(meta::timestamp(io.now).0.to_string());
            let annotations = json!({ "annotations": { RESTARTED_AT: now } });
            (json!({ "spec": { "template": { "metadata": annotations } } }), "restarted")
        }
    };
    let mut request =
        asked.request(Verb::Patch(PatchType::Strategic), object.namespace(), object.name());
    request.body = Body::Json(patch);
    request.dry_run = dry_run != DryRun::None;
    let changed = io.api.call(request)?.object().unwrap_or_else(|| object.clone());
    io.out.push_str(&dry_run.report(args, asked, &changed, verb, io.now)?);
    Ok(())
}
