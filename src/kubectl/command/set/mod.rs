//! `kubectl set`. Mirrors `k8s.io/kubectl/pkg/cmd/set`.

mod env;
mod image;
mod resources;
mod target;

pub use env::ENV;
pub use image::IMAGE;
pub use resources::RESOURCES;
pub use target::{SELECTOR_OF_SERVICE, SERVICE_ACCOUNT, SUBJECT};

use serde_json::Value;

use super::{ALL_NAMESPACES, DRY_RUN, FILENAME, KUSTOMIZE, RECURSIVE, SELECTOR};
use crate::api::{Body, PatchType, Status, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::face;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io};
use crate::object::patch::three_way::two_way_strategic;

/// The flags of every `set`.
const FLAGS: &[Flag] = &[
    ALL_NAMESPACES,
    DRY_RUN,
    FILENAME,
    KUSTOMIZE,
    RECURSIVE,
    SELECTOR,
    Flag::switch("all"),
    Flag::value("field-manager", "kubectl-set"),
    Flag::switch("local"),
    Flag::switch("record"),
];

/// The objects to change: as they are on the server, or (`--local`) as the files say.
pub fn subjects(args: &Args, io: &mut Io<'_>) -> Result<Vec<(Asked, Value)>, Failure> {
    if args.is("local") {
        if !args.positional.is_empty() {
            return Err(Failure::error(
                "you must specify resources by --filename when --local is set.\nExample resource \
                 specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'",
            ));
        }
        let manifests = resource::manifests(args, io)?;
        return manifests.into_iter().map(|m| m.map(|m| (m.asked, m.value))).collect();
    }
    let keys = resource::keys(args, io)?;
    let mut found = Vec::new();
    for (asked, namespace, name) in keys {
        let object = resource::fetch(io, &asked, &namespace, &name)?;
        found.push((asked, face(&asked, &object)));
    }
    Ok(found)
}

/// Sends the difference of two states of an object and says that it is `done`; says nothing where
/// there is none. `refused` words refusals.
pub fn send(
    args: &Args,
    io: &mut Io<'_>,
    (asked, before): (&Asked, &Value),
    after: &Value,
    done: &str,
    refused: impl Fn(&Status) -> Failure,
) -> Result<(), Failure> {
    let dry_run = DryRun::from_args(args)?;
    let kind = asked.names().kind;
    let patch = two_way_strategic(before, after, kind).map_err(Failure::error)?;
    if patch.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(());
    }
    // Upstream's taint forgets to say that it was only tried.
    let shown = if args.command == "taint" { DryRun::None } else { dry_run };
    if args.is("local") || dry_run == DryRun::Client {
        io.out.push_str(&shown.report_value(args, asked, after, done)?);
        return Ok(());
    }
    let text = |field: &str| before["metadata"][field].as_str().unwrap_or_default().to_owned();
    let verb = Verb::Patch(PatchType::Strategic);
    let mut request = asked.request(verb, &text("namespace"), &text("name"));
    request.body = Body::Json(patch);
    request.dry_run = dry_run == DryRun::Server;
    let reply = io.api.call(request).map_err(|status| refused(&status))?;
    if let Some(object) = reply.object() {
        io.out.push_str(&shown.report(args, asked, &object, done, io.now)?);
    }
    Ok(())
}

/// An object's pod spec, to change. Mirrors `polymorphichelpers.UpdatePodSpecForObjectFn`.
pub fn pod_spec<'a>(asked: &Asked, value: &'a mut Value) -> Result<&'a mut Value, Failure> {
    let path = match asked.names().kind {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let about = about(asked, value);
    let version = asked.version();
    value.pointer_mut(path).ok_or_else(|| {
        let kind = asked.names().kind;
        Failure::error(format!(
            "{about} the object is not a pod or does not have a pod template: *{version}.{kind}"
        ))
    })
}

/// `deployments/web`.
fn about(asked: &Asked, value: &Value) -> String {
    format!("{}/{}", asked.names().plural, value["metadata"]["name"].as_str().unwrap_or_default())
}

/// The containers that a selector with `*` in it names: those of the spec, then the initial ones.
fn containers<'a>(spec: &'a mut Value, selector: &'a str) -> Vec<&'a mut Value> {
    let Some(spec) = spec.as_object_mut() else { return Vec::new() };
    let (mut own, mut init) = (Vec::new(), Vec::new());
    for (field, list) in spec {
        let place = match field.as_str() {
            "containers" => &mut own,
            "initContainers" => &mut init,
            _ => continue,
        };
        let listed = list.as_array_mut().into_iter().flatten();
        place.extend(listed.filter(|c| fits(selector, c["name"].as_str().unwrap_or_default())));
    }
    own.extend(init);
    own
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, expected) in [
            ("*", "web", true),
            ("web", "web", true),
            ("web", "web2", false),
            ("w*b", "web", true),
            ("w*b*", "wobble", true),
            ("*z", "web", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
