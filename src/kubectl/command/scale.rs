//! `kubectl scale`. Mirrors `k8s.io/kubectl/pkg/cmd/scale`.

use serde_json::json;

use super::{ALL_NAMESPACES, Command, DRY_RUN, FILENAME, KUSTOMIZE, PRINT, RECURSIVE, SELECTOR};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::command::create::generator::json_of;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub struct Scale;

impl Command for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            ALL_NAMESPACES,
            DRY_RUN,
            FILENAME,
            KUSTOMIZE,
            RECURSIVE,
            SELECTOR,
            Flag::switch("all"),
            Flag::value("current-replicas", "-1"),
            Flag::value("replicas", "0"),
            Flag::value("resource-version", ""),
            Flag::value("timeout", "0s"),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT \
         (-f FILENAME | TYPE NAME) [options]"
    }

    fn about(&self) -> &'static str {
        "Set a new size for a deployment, replica set, replication controller, or stateful set."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if !args.has("replicas") {
            return Err(Failure::error("required flag(s) \"replicas\" not set"));
        }
        let replicas: i32 = args.int("replicas")?;
        let expected: i32 = args.int("current-replicas")?;
        if replicas < 0 {
            return Err(Failure::error(
                "The --replicas=COUNT flag is required, and COUNT must be greater than or equal \
                 to 0",
            ));
        }
        let dry_run = DryRun::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let targets = resource::keys(&args, io)?;
            if targets.is_empty() {
                return Err(Failure::error("no objects passed to scale"));
            }
            Failure::each(targets, |(asked, namespace, name)| {
                scale(&args, io, (asked, &namespace, &name), (replicas, expected), dry_run)
            })
        }))
    }
}

/// Writes the new size to the scale subresource, if the current one is as `expected` (-1: any).
fn scale(
    args: &Args,
    io: &mut Io<'_>,
    (asked, namespace, name): (Asked, &str, &str),
    (replicas, expected): (i32, i32),
    dry_run: DryRun,
) -> Result<(), Failure> {
    let version = args.get("resource-version");
    if expected >= 0 || !version.is_empty() {
        let get = asked.request(Verb::Get, namespace, name).to("scale");
        let scale = json_of(io.api.call(get)?);
        let current = scale["spec"]["replicas"].as_i64().unwrap_or(0);
        if expected >= 0 && current != i64::from(expected) {
            let why = format!("Expected replicas to be {expected}, was {current}");
            return Err(Failure::error(why));
        }
        let was = scale["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if !version.is_empty() && version != was {
            let why = format!("Expected resource version to be {version}, was {was}");
            return Err(Failure::error(why));
        }
    }
    let before = if args.get("output").is_empty() {
        None
    } else {
        Some(resource::fetch(io, &asked, namespace, name)?)
    };
    if dry_run != DryRun::Client {
        let verb = Verb::Patch(PatchType::Merge);
        let mut request = asked.request(verb, namespace, name).to("scale");
        request.body = Body::Json(json!({ "spec": { "replicas": replicas } }));
        request.dry_run = dry_run == DryRun::Server;
        io.api.call(request)?;
    }
    // The object is printed as it was before, or as the server has tried it.
    let before = match (before, dry_run) {
        (Some(object), DryRun::Server) => {
            let mut value = asked.kind.encode(asked.version, &object);
            value["spec"]["replicas"] = json!(replicas);
            Some(asked.kind.decode(asked.version, &value).unwrap_or(object))
        }
        (before, _) => before,
    };
    io.out.push_str(&match before {
        Some(object) => dry_run.report(args, &asked, &object, "scaled", io.now)?,
        None => format!("{} scaled{}\n", asked.display(name), dry_run.suffix()),
    });
    Ok(())
}
