//! `kubectl set image`. Mirrors `set_image.go`.

use serde_json::json;

use super::super::{NOTHING_NAMED, warn_of_record};
use super::{FLAGS, containers, pod_spec, send, subjects};
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Io, Job};

/// The verb.
pub const IMAGE: Spec = Spec {
    name: "set image",
    aliases: &[],
    shared: &[super::super::PRINT, FLAGS],
    flags: &[],
    usage: "kubectl set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... \
            CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]",
    about: "Update existing container image(s) of resources.",
    start,
};

fn start(mut args: Args) -> Result<Box<dyn Job>, Failure> {
    let is_image = |word: &String| word.contains('=');
    let (images, words): (Vec<_>, Vec<_>) = args.positional.drain(..).partition(is_image);
    let pair = |word: &String| word.split_once('=').map(|(c, i)| (c.to_owned(), i.to_owned()));
    let images: Vec<(String, String)> = images.iter().filter_map(pair).collect();
    args.positional = words;
    if args.positional.is_empty() && !args.reads_files() {
        return Err(Failure::error(NOTHING_NAMED));
    }
    Ok(Box::new(move |io: &mut Io<'_>| run(&args, io, &images)))
}

fn run(args: &Args, io: &mut Io<'_>, images: &[(String, String)]) -> Result<(), Failure> {
    warn_of_record(args, io);
    let mut failures = Vec::new();
    let subjects = subjects(args, io)?;
    if images.is_empty() {
        return Err(Failure::error("at least one image update is required"));
    }
    for (asked, before) in subjects {
        let mut after = before.clone();
        let spec = match pod_spec(&asked, &mut after) {
            Ok(spec) => spec,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let known = failures.len();
        for (container, image) in images {
            let found = containers(spec, container);
            if found.is_empty() {
                let why = format!("unable to find container named \"{container}\"");
                failures.push(Failure::error(why));
            }
            for container in found {
                container["image"] = json!(image);
            }
        }
        if failures.len() > known {
            continue;
        }
        if args.is("record") && before != after {
            let words: Vec<_> = images.iter().map(|(c, i)| format!("{c}={i}")).collect();
            let name = before["metadata"]["name"].as_str().unwrap_or_default();
            let words = words.join(" ");
            let cause = format!("kubectl set image {} {words} --record=true", asked.display(name));
            after["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!(cause);
        }
        let refused = |status: &crate::api::Status| {
            Failure::error(format!(
                "failed to patch image update to pod template: {}",
                status.message
            ))
        };
        if let Err(failure) = send(args, io, (&asked, &before), &after, "image updated", refused) {
            failures.push(failure);
        }
    }
    Failure::several(&failures)
}
