//! `kubectl set image`. Mirrors `k8s.io/kubectl/pkg/cmd/set`.

use serde_json::{Value, json};

use super::{ALL_NAMESPACES, Command, DRY_RUN, FILENAME, OUTPUT, RECURSIVE, SELECTOR};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::face;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub struct SetImage;

impl Command for SetImage {
    fn name(&self) -> &'static str {
        "set image"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            ALL_NAMESPACES,
            DRY_RUN,
            FILENAME,
            OUTPUT,
            RECURSIVE,
            SELECTOR,
            Flag::switch("all"),
            Flag::switch("record"),
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... \
         CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]"
    }

    fn about(&self) -> &'static str {
        "Update existing container image(s) of resources."
    }

    fn start(&self, mut args: Args) -> Result<Box<dyn Job>, Failure> {
        let is_image = |word: &String| word.contains('=');
        let (images, words): (Vec<_>, Vec<_>) = args.positional.drain(..).partition(is_image);
        let images: Vec<(String, String)> = images
            .iter()
            .filter_map(|word| word.split_once('='))
            .map(|(container, image)| (container.to_owned(), image.to_owned()))
            .collect();
        args.positional = words;
        if args.positional.is_empty() && !args.has("filename") {
            return Err(Failure::error(
                "one or more resources must be specified as <resource> <name> or <resource>/<name>",
            ));
        }
        if images.is_empty() {
            return Err(Failure::error("at least one image update is required"));
        }
        let dry_run = DryRun::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut failures = Vec::new();
            for (asked, namespace, name) in resource::keys(&args, io)? {
                let place = (asked, namespace.as_str(), name.as_str());
                if let Err(failure) = set(&args, io, place, &images, dry_run) {
                    failures.push(failure);
                }
            }
            Failure::several(&failures).map_or(Ok(()), Err)
        }))
    }
}

fn set(
    args: &Args,
    io: &mut Io<'_>,
    (asked, namespace, name): (Asked, &str, &str),
    images: &[(String, String)],
    dry_run: DryRun,
) -> Result<(), Failure> {
    let object = resource::fetch(io, &asked, namespace, name)?;
    let value = face(&asked, &object);
    let is_pod = value["spec"].get("template").is_none();
    let spec = if is_pod { &value["spec"] } else { &value["spec"]["template"]["spec"] };
    let mut failures = Vec::new();
    let mut patch = json!({});
    for (container, image) in images {
        let mut found = false;
        for field in ["initContainers", "containers"] {
            let listed = spec[field].as_array().into_iter().flatten();
            for existing in listed.filter(|c| container == "*" || c["name"] == container.as_str()) {
                found = true;
                if existing["image"] != image.as_str() {
                    push(&mut patch[field], json!({ "name": existing["name"], "image": image }));
                }
            }
        }
        if !found {
            failures
                .push(Failure::error(format!("unable to find container named \"{container}\"")));
        }
    }
    if let Some(failure) = Failure::several(&failures) {
        return Err(failure);
    }
    if patch.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(());
    }
    let mut patch = if is_pod {
        json!({ "spec": patch })
    } else {
        json!({ "spec": { "template": { "spec": patch } } })
    };
    if args.is("record") {
        let words: Vec<_> = images.iter().map(|(c, i)| format!("{c}={i}")).collect();
        let cause =
            format!("kubectl set image {} {} --record=true", asked.display(name), words.join(" "));
        patch["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!(cause);
        io.err.push_str(
            "Flag --record has been deprecated, --record will be removed in the future\n",
        );
    }
    let mut updated = object;
    if dry_run != DryRun::Client {
        let mut request = asked.request(Verb::Patch(PatchType::Strategic), namespace, name);
        request.body = Body::Json(patch);
        request.dry_run = dry_run == DryRun::Server;
        if let Some(object) = io.api.call(request)?.object() {
            updated = object;
        }
    }
    io.out.push_str(&dry_run.report(args, &asked, &updated, "image updated", io.now)?);
    Ok(())
}

fn push(list: &mut Value, item: Value) {
    match list {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    }
}
