//! `kubectl create job` and `kubectl create cronjob`. Mirrors `create_job.go` and
//! `create_cronjob.go` of `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Value, json};

use super::generator;
use crate::kubectl::command::Command;
use crate::kubectl::resource::{self, Target};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `create job`.
pub struct CreateJob;
/// The verb `create cronjob`.
pub struct CreateCronJob;

impl Command for CreateJob {
    fn name(&self) -> &'static str {
        "create job"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[Flag::value("from", ""), Flag::value("image", "")];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...] \
         [options]"
    }

    fn about(&self) -> &'static str {
        "Create a job with the specified name."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let name = generator::name(&args, "create job")?;
        let (image, from) = (args.get("image").to_owned(), args.get("from").to_owned());
        let command = command(&args);
        if image.is_empty() == from.is_empty() {
            return Err(Failure::error("either --image or --from must be specified"));
        }
        if !command.is_empty() && !from.is_empty() {
            return Err(Failure::error("cannot specify --from and command"));
        }
        Ok(Box::new(move |io: &mut Io<'_>| {
            let value = if from.is_empty() {
                job(&name, json!({"template": template(&name, &image, "Never", &command)}))
            } else {
                instance(&args, io, &name, &from)?
            };
            generator::create_named(&args, io, value, generator::failed("job"))
        }))
    }
}

impl Command for CreateCronJob {
    fn name(&self) -> &'static str {
        "create cronjob"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["create cj"]
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] =
            &[Flag::value("image", ""), Flag::value("restart", ""), Flag::value("schedule", "")];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] \
         [args...] [options]"
    }

    fn about(&self) -> &'static str {
        "Create a cron job with the specified name."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let missing = ["image", "schedule"].into_iter().filter(|flag| !args.has(flag));
        let missing: Vec<String> = missing.map(|flag| format!("\"{flag}\"")).collect();
        if !missing.is_empty() {
            let flags = missing.join(", ");
            return Err(Failure::error(format!("required flag(s) {flags} not set")));
        }
        let name = generator::name(&args, "create cronjob")?;
        let restart = Some(args.get("restart")).filter(|restart| !restart.is_empty());
        let restart = restart.unwrap_or("OnFailure");
        let template = template(&name, args.get("image"), restart, &command(&args));
        let value = json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": name},
            "spec": {
                "schedule": args.get("schedule"),
                "jobTemplate": {"metadata": {"name": name}, "spec": {"template": template}},
            },
            "status": {},
        });
        Ok(Box::new(move |io: &mut Io<'_>| {
            let refused = generator::failed("cronjob");
            generator::create_named(&args, io, value.clone(), refused)
        }))
    }
}

/// What stands behind `--`.
fn command(args: &Args) -> Vec<String> {
    args.dash.map(|at| args.positional[at..].to_vec()).unwrap_or_default()
}

fn template(name: &str, image: &str, restart: &str, command: &[String]) -> Value {
    let mut container = json!({"image": image, "name": name, "resources": {}});
    if !command.is_empty() {
        container["command"] = json!(command);
    }
    json!({
        "metadata": {},
        "spec": {"containers": [container], "restartPolicy": restart},
    })
}

fn job(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": spec,
        "status": {},
    })
}

/// A Job of a CronJob, started by hand. Mirrors `createJobFromCronJob`.
fn instance(args: &Args, io: &mut Io<'_>, name: &str, from: &str) -> Result<Value, Failure> {
    let named = match resource::target(&[from.to_owned()], &[])? {
        Target::Named(named) => named,
        Target::All(_) => Vec::new(),
    };
    let [(asked, source)] = named.as_slice() else {
        return Err(Failure::error("from must be an existing cronjob"));
    };
    let object = resource::fetch(io, asked, args.namespace(), source)?;
    if asked.names().kind != "CronJob" {
        let (version, kind) = (asked.version(), asked.names().kind);
        return Err(Failure::error(format!("unknown object type *{version}.{kind}")));
    }
    let cron = object.to_value();
    let template = &cron["spec"]["jobTemplate"];
    let mut value = job(name, template["spec"].clone());
    let mut annotations = json!({"cronjob.kubernetes.io/instantiate": "manual"});
    for (key, text) in template["metadata"]["annotations"].as_object().into_iter().flatten() {
        annotations[key] = text.clone();
    }
    value["metadata"]["annotations"] = annotations;
    if template["metadata"]["labels"].is_object() {
        value["metadata"]["labels"] = template["metadata"]["labels"].clone();
    }
    // Without `blockOwnerDeletion`, which would take a permission of its own.
    value["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "batch/v1",
        "controller": true,
        "kind": "CronJob",
        "name": object.name(),
        "uid": object.uid(),
    }]);
    Ok(value)
}
