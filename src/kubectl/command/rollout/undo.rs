//! `kubectl rollout undo`.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::json;

use super::super::Command;
use super::super::DRY_RUN;
use super::revisions::{self, Revision, TEMPLATE_HASH};
use super::{FLAGS, PRINT, check, targets};
use crate::api::{Body, PatchType, Verb};
use crate::kinds::describe_template;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::Asked;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::meta::{self, LAST_APPLIED};
use crate::object::{Object, codec};

/// The verb.
pub struct Undo;

impl Command for Undo {
    fn name(&self) -> &'static str {
        "rollout undo"
    }

    fn flags(&self) -> &'static [Flag] {
        const OWN: &[Flag] = &[DRY_RUN, Flag::value("to-revision", "0")];
        OWN
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[FLAGS, PRINT]
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
             will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior \
             on future 'kubectl apply' operations. Consider using 'kubectl apply' with your \
             previous configuration file instead.\n",
            asked.names().plural,
            object.name()
        ));
    }
    let current = current_template(object).ok_or_else(|| {
        let kind = [asked.names().kind, asked.names().group].join(".");
        let kind = kind.trim_end_matches('.');
        Failure::error(format!("no rollbacker has been implemented for \"{kind}\""))
    })?;
    let revisions = revisions::of(io, asked, object)?;
    let revision = target(&revisions, number, object)?;
    let suffix = dry_run.suffix();
    if dry_run == DryRun::Client {
        let template = describe_template(&revision.template);
        io.out.push_str(&format!("{what} {template}{suffix}\n"));
        return Ok(());
    }
    let template = without_hash(revision);
    if *current == template {
        let asked = if revision.patch.is_some() { number } else { revision.number };
        io.out.push_str(&format!(
            "{what} skipped rollback (current template already matches revision {asked}){suffix}\n"
        ));
        return Ok(());
    }
    let (how, patch) = match &revision.patch {
        Some(patch) => (PatchType::Strategic, patch.clone()),
        None => {
            let template = codec::encode(&template);
            let change = json!({ "op": "replace", "path": "/spec/template", "value": template });
            (PatchType::Json, json!([change]))
        }
    };
    let mut request = asked.request(Verb::Patch(how), object.namespace(), object.name());
    request.body = Body::Json(patch);
    request.dry_run = dry_run == DryRun::Server;
    io.api.call(request)?;
    io.out.push_str(&format!("{what} rolled back{suffix}\n"));
    Ok(())
}

/// The template of the object's Pods; `None` if its kind cannot be rolled back.
fn current_template(object: &Object) -> Option<&PodTemplateSpec> {
    let deployment = || Some(&object.get::<Deployment>()?.spec.as_ref()?.template);
    let stateful = || Some(&object.get::<StatefulSet>()?.spec.as_ref()?.template);
    let daemon = || Some(&object.get::<DaemonSet>()?.spec.as_ref()?.template);
    deployment().or_else(stateful).or_else(daemon)
}

/// The revision to go back to.
fn target<'a>(
    revisions: &'a [Revision],
    number: i64,
    object: &Object,
) -> Result<&'a Revision, Failure> {
    let deployment = object.get::<Deployment>();
    let paused = deployment.and_then(|deployment| deployment.spec.as_ref()?.paused);
    if paused == Some(true) {
        return Err(Failure::error(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout \
             resume' and try again",
        ));
    }
    revisions::pick(revisions, number).ok_or_else(|| {
        Failure::error(if number != 0 {
            format!("unable to find specified revision {number} in history")
        } else if deployment.is_some() {
            format!("no rollout history found for deployment \"{}\"", object.name())
        } else {
            "no last revision to roll back to".to_owned()
        })
    })
}

/// The revision's template without the label that the controller added.
fn without_hash(revision: &Revision) -> PodTemplateSpec {
    let mut template = revision.template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
        labels.remove(TEMPLATE_HASH);
    }
    template
}
