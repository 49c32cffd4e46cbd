//! `kubectl describe`. Mirrors `k8s.io/kubectl/pkg/cmd/describe`.

use super::{ALL_NAMESPACES, Command, FILENAME, KUSTOMIZE, RECURSIVE, SELECTOR};
use crate::api::{Api, Request};
use crate::kinds::{self, Lookup};
use crate::kubectl::resource::{self, Asked, Target};
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::{GroupResource, Key, Object};

/// The verb.
pub struct Describe;

impl Command for Describe {
    fn name(&self) -> &'static str {
        "describe"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            ALL_NAMESPACES,
            FILENAME,
            KUSTOMIZE,
            RECURSIVE,
            SELECTOR,
            Flag::value("chunk-size", "500"),
            Flag { default: "true", ..Flag::switch("show-events") },
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]"
    }

    fn about(&self) -> &'static str {
        "Show details of a specific resource or group of resources."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if args.positional.is_empty() && !args.reads_files() {
            return Err(Failure::error(
                "You must specify the type of resource to describe. Use \"kubectl api-resources\" \
                 for a complete list of supported resources.",
            ));
        }
        Ok(Box::new(move |io: &mut Io<'_>| run(&args, io)))
    }
}

/// The API server, as descriptions look up what they need.
struct Server<'a>(&'a mut dyn Api);

impl Lookup for Server<'_> {
    fn get(&mut self, key: &Key) -> Option<Object> {
        self.0.call(Request::get(key)).ok()?.object()
    }

    fn list(&mut self, resource: &GroupResource, namespace: &str) -> Vec<Object> {
        let reply = self.0.call(Request::list(resource.clone(), namespace));
        reply.map(crate::api::Reply::items).unwrap_or_default()
    }
}

fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let (objects, failures) = find(args, io)?;
    if objects.is_empty() && failures.is_empty() {
        io.err.push_str(&if args.is("all-namespaces") {
            "No resources found\n".to_owned()
        } else {
            format!("No resources found in {} namespace.\n", args.namespace())
        });
        return Ok(());
    }
    // Several objects are described without their events, unless they are asked for.
    let with_events = args.is("show-events") && (objects.len() == 1 || args.has("show-events"));
    for (index, (asked, object)) in objects.iter().enumerate() {
        if index > 0 {
            io.out.push_str("\n\n");
        }
        let server = &mut Server(&mut *io.api);
        let text = kinds::describe::describe(asked.kind, object, server, io.now, with_events);
        io.out.push_str(&text);
    }
    Failure::several(&failures)
}

/// What is to be described, and why some of it cannot be.
type FoundObjects = (Vec<(Asked, Object)>, Vec<Failure>);

fn find(args: &Args, io: &mut Io<'_>) -> Result<FoundObjects, Failure> {
    let named = if args.reads_files() {
        let manifests = resource::manifests(args, io)?;
        let all: Result<Vec<_>, _> =
            manifests.into_iter().map(|m| m.map(|m| (m.asked, m.namespace, m.name))).collect();
        all?
    } else {
        match resource::target(&args.positional, &io.api.custom_kinds())? {
            Target::All(kinds) => return Ok((resource::objects(args, io, kinds)?, Vec::new())),
            Target::Named(named) => {
                let place = |(asked, name)| (asked, args.namespace().to_owned(), name);
                named.into_iter().map(place).collect()
            }
        }
    };
    let may_be_prefix = args.positional.len() == 2 && !args.positional[0].contains('/');
    let (mut objects, mut failures) = (Vec::new(), Vec::new());
    for (asked, namespace, name) in named {
        match resource::fetch(io, &asked, &namespace, &name) {
            Ok(object) => objects.push((asked, object)),
            Err(failure) => {
                let found = if may_be_prefix && failure.text.contains("(NotFound)") {
                    with_prefix(io, &asked, &namespace, &name)?
                } else {
                    Vec::new()
                };
                if found.is_empty() {
                    failures.push(failure);
                }
                objects.extend(found.into_iter().map(|object| (asked, object)));
            }
        }
    }
    Ok((objects, failures))
}

/// The objects whose names begin with what was typed.
fn with_prefix(
    io: &mut Io<'_>,
    asked: &Asked,
    namespace: &str,
    prefix: &str,
) -> Result<Vec<Object>, Failure> {
    let (mut all, _) = resource::list(io, asked, namespace, "", "")?;
    all.retain(|object| object.name().starts_with(prefix));
    Ok(all)
}
