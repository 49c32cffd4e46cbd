//! `kubectl rollout undo`.

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::json;

use super::super::Command;
use super::revisions::{self, Revision, TEMPLATE_HASH};
use super::{FLAGS, check, targets};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::Asked;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::{Object, codec, meta};

/// The annotation that `kubectl apply` keeps.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The verb.
pub struct Undo;

impl Command for Undo {
    fn name(&self) -> &'static str {
        "rollout undo"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl rollout undo (TYPE NAME | TYPE/NAME) [flags] [options]"
    }

    fn about(&self) -> &'static str {
        "Roll back to a previous rollout."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        check(&args)?;
        let number: i64 = args.int("to-revision")?;
        let dry_run = DryRun::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            for (asked, object) in targets(&args, io)? {
                undo(io, &asked, &object, number, dry_run)?;
            }
            Ok(())
        }))
    }
}

fn undo(
    io: &mut Io<'_>,
    asked: &Asked,
    object: &Object,
    number: i64,
    dry_run: DryRun,
) -> Result<(), Failure> {
    let what = asked.display(object.name());
    if meta::annotation(object.meta(), LAST_APPLIED).is_some() {
        io.err.push_str(&format!(
            "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back \
             does not update the '{LAST_APPLIED}' annotation, which may cause unexpected behavior \
             on the next 'kubectl apply'.\n",
            asked.names().plural,
            object.name()
        ));
    }
    let deployment = object.get::<Deployment>().and_then(|deployment| deployment.spec.as_ref());
    let Some(spec) = deployment else {
        return Err(Failure::error(format!(
            "no rollbacker has been implemented for \"{}\"",
            asked.names().kind
        )));
    };
    if spec.paused == Some(true) {
        return Err(Failure::error(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout \
             resume' and try again",
        ));
    }
    let revisions = revisions::of(io, asked, object)?;
    let revision = revisions::pick(&revisions, number).ok_or_else(|| {
        Failure::error(if number > 0 {
            format!("unable to find specified revision {number} in history")
        } else {
            format!("no rollout history found for deployment \"{}\"", object.name())
        })
    })?;
    let template = without_hash(revision);
    if spec.template == template {
        io.out.push_str(&format!(
            "{what} skipped rollback (current template already matches revision {})\n",
            revision.number
        ));
        return Ok(());
    }
    if dry_run != DryRun::Client {
        let patch = json!([{
            "op": "replace",
            "path": "/spec/template",
            "value": codec::encode(&template),
        }]);
        let verb = Verb::Patch(PatchType::Json);
        let mut request = asked.request(verb, object.namespace(), object.name());
        request.body = Body::Json(patch);
        request.dry_run = dry_run == DryRun::Server;
        io.api.call(request)?;
    }
    io.out.push_str(&format!("{what} rolled back{}\n", dry_run.suffix()));
    Ok(())
}

/// The revision's template without the label that the controller added.
fn without_hash(revision: &Revision) -> k8s_openapi::api::core::v1::PodTemplateSpec {
    let mut template = revision.template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
        labels.remove(TEMPLATE_HASH);
    }
    template
}
