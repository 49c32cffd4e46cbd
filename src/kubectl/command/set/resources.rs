//! `kubectl set resources`. Mirrors `set_resources.go`.

use serde_json::{Map, Value, json};

use super::super::LOCAL_ON_SERVER;
use super::{FLAGS, containers, pod_spec, send, subjects};
use crate::api::Status;
use crate::kubectl::command::create::quota;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub const RESOURCES: Spec = Spec {
    name: "set resources",
    aliases: &[],
    shared: &[super::super::PRINT, FLAGS],
    flags: &[
        Flag::value("containers", "*").short('c'),
        Flag::value("limits", ""),
        Flag::value("requests", ""),
    ],
    usage: "kubectl set resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & \
            --requests=REQUESTS] [options]",
    about: "Specify compute resource requirements (CPU, memory) of pod templates.",
    start,
};

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    let why = if args.is("local") && args.get("dry-run") == "server" {
        LOCAL_ON_SERVER
    } else if args.is("all") && args.has("selector") {
        "cannot set --all and --selector at the same time"
    } else if args.get("limits").is_empty() && args.get("requests").is_empty() {
        "you must specify an update to requests or limits (in the form of --requests/--limits)"
    } else {
        let mut wanted = Map::new();
        for flag in ["limits", "requests"] {
            if let Some(amounts) = quota::hard(args.get(flag))? {
                wanted.insert(flag.to_owned(), amounts);
            }
        }
        return Ok(Box::new(move |io: &mut Io<'_>| run(&args, io, &wanted)));
    };
    Err(Failure::error(why))
}

fn run(args: &Args, io: &mut Io<'_>, wanted: &Map<String, Value>) -> Result<(), Failure> {
    let selector = args.get("containers");
    let refused = |status: &Status| {
        let why = "failed to patch resources update to pod template";
        Failure::error(format!("{why} {}", status.message))
    };
    Failure::each(subjects(args, io)?, |(asked, before)| {
        let mut after = before.clone();
        let found = containers(pod_spec(&asked, &mut after)?, selector);
        if found.is_empty() {
            let why = format!("unable to find container named {selector}");
            return Err(Failure::error(why));
        }
        for container in found {
            for (field, amounts) in wanted {
                for (name, amount) in amounts.as_object().into_iter().flatten() {
                    container["resources"][field][name] = json!(amount);
                }
            }
        }
        let done = "resource requirements updated";
        send(args, io, (&asked, &before), &after, done, refused)
    })
}
