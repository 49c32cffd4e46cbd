//! `kubectl cordon` and `kubectl uncordon`. Mirrors `k8s.io/kubectl/pkg/cmd/drain`.

use k8s_openapi::api::core::v1::Node;
use serde_json::json;

use super::super::{Command, DRY_RUN, SELECTOR};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `cordon`.
pub struct Cordon;
/// The verb `uncordon`.
pub struct Uncordon;

const FLAGS: &[Flag] = &[DRY_RUN, SELECTOR];

impl Command for Cordon {
    fn name(&self) -> &'static str {
        "cordon"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl cordon NODE [options]"
    }

    fn about(&self) -> &'static str {
        "Mark node as unschedulable."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        start(args, true)
    }
}

impl Command for Uncordon {
    fn name(&self) -> &'static str {
        "uncordon"
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl uncordon NODE [options]"
    }

    fn about(&self) -> &'static str {
        "Mark node as schedulable."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        start(args, false)
    }
}

fn start(args: Args, cordoned: bool) -> Result<Box<dyn Job>, Failure> {
    let verb = if cordoned { "cordon" } else { "uncordon" };
    if args.positional.is_empty() && !args.has("selector") {
        return Err(Failure::usage(verb, &format!("USAGE: {verb} NODE [flags]")));
    }
    let dry_run = DryRun::from_args(&args)?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        for name in nodes(&args, io)? {
            cordon(io, &name, cordoned, dry_run)?;
        }
        Ok(())
    }))
}

/// The nodes that the words or `-l` name.
pub fn nodes(args: &Args, io: &mut Io<'_>) -> Result<Vec<String>, Failure> {
    let asked = resource::kind("nodes")?;
    if args.has("selector") {
        let (found, _) = resource::list(io, &asked, "", args.get("selector"), "")?;
        return Ok(found.iter().map(|node| node.name().to_owned()).collect());
    }
    for name in &args.positional {
        resource::fetch(io, &asked, "", name)?;
    }
    Ok(args.positional.clone())
}

/// Cordons a node (or the reverse), and says so.
pub fn cordon(io: &mut Io<'_>, name: &str, wanted: bool, dry_run: DryRun) -> Result<(), Failure> {
    let asked = resource::kind("nodes")?;
    let verb = if wanted { "cordon" } else { "uncordon" };
    let node = resource::fetch(io, &asked, "", name)?;
    let spec = node.get::<Node>().and_then(|node| node.spec.as_ref());
    let is_cordoned = spec.and_then(|spec| spec.unschedulable).unwrap_or(false);
    let already = if is_cordoned == wanted { "already " } else { "" };
    if is_cordoned != wanted && dry_run != DryRun::Client {
        let mut request = asked.request(Verb::Patch(PatchType::Strategic), "", name);
        let value = wanted.then_some(true);
        request.body = Body::Json(json!({ "spec": { "unschedulable": value } }));
        request.dry_run = dry_run == DryRun::Server;
        io.api.call(request)?;
    }
    let (shown, suffix) = (asked.display(name), dry_run.suffix());
    io.out.push_str(&format!("{shown} {already}{verb}ed{suffix}\n"));
    Ok(())
}
