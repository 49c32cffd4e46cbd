//! `kubectl auth can-i`. Mirrors `k8s.io/kubectl/pkg/cmd/auth/cani.go`.

use serde_json::{Value, json};

use super::review;
use crate::base::table::Tabs;
use crate::kinds::rbac::rules;
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Io, Job, Step};

const GROUP: &str = "authorization.k8s.io";
const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
];
const PATH_VERBS: &[&str] = &["get", "put", "post", "head", "options", "delete", "patch", "*"];

struct CanI(Args);

impl Job for CanI {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.0.is("list") {
            return list(&self.0, io).map(|()| Step::Done(0));
        }
        check(&self.0, io).map(|allowed| Step::Done(i32::from(!allowed)))
    }
}

pub(super) fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    if args.is("list") {
        if !args.positional.is_empty() {
            return Err(Failure::error("list option must be specified with no arguments"));
        }
        if args.is("quiet") || args.is("all-namespaces") || !args.get("subresource").is_empty() {
            return Err(Failure::error(
                "list option can't be specified with neither quiet, all-namespaces nor subresource \
                 options",
            ));
        }
    } else if args.positional.len() != 2 {
        return Err(Failure::error(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee \
             'kubectl auth can-i -h' for help and examples.",
        ));
    }
    Ok(Box::new(CanI(args)))
}

/// What the action is about, and what is odd about it.
fn attributes(args: &Args, io: &mut Io<'_>) -> Result<Value, Failure> {
    let (verb, about) = (&args.positional[0], &args.positional[1]);
    let unknown = |list: &[&str]| {
        if list.contains(&verb.as_str()) {
            String::new()
        } else {
            format!("Warning: verb '{verb}' is not a known verb\n")
        }
    };
    if about.starts_with('/') {
        if !args.get("subresource").is_empty() {
            return Err(Failure::error("--subresource can not be used with NonResourceURL"));
        }
        io.err.push_str(&unknown(PATH_VERBS));
        return Ok(json!({"nonResourceAttributes": {"verb": verb, "path": about}}));
    }
    let (word, name) = about.split_once('/').unwrap_or((about, ""));
    let known = resource::kinds(word, &io.api.custom_kinds()).ok().and_then(|k| k.first().copied());
    let (group, plural) = match known {
        Some(asked) => (asked.names().group, asked.names().plural),
        None => ("", word),
    };
    if known.is_none() && !matches!(word, "*" | "users" | "groups") {
        let (name, group) = word.split_once('.').unwrap_or((word, ""));
        io.err.push_str(&match group {
            "" => format!("Warning: the server doesn't have a resource type '{name}'\n"),
            _ => format!(
                "Warning: the server doesn't have a resource type '{name}' in group '{group}'\n"
            ),
        });
    }
    if !args.is("all-namespaces") {
        if known.is_some_and(|asked| !asked.names().namespaced) {
            let place = match group {
                "" => String::new(),
                group => format!(" in group '{group}'"),
            };
            let line = format!("Warning: resource '{plural}' is not namespace scoped{place}\n");
            io.err.push_str(&line);
        }
        io.err.push_str(&unknown(VERBS));
    }
    let namespace = if args.is("all-namespaces") { "" } else { args.namespace() };
    Ok(json!({"resourceAttributes": {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": plural,
        "subresource": args.get("subresource"),
        "name": name,
    }}))
}

fn check(args: &Args, io: &mut Io<'_>) -> Result<bool, Failure> {
    let spec = attributes(args, io)?;
    if args.is("no-headers") {
        return Err(Failure::error("--no-headers cannot be set without --list specified"));
    }
    let answer = review(io, GROUP, "SelfSubjectAccessReview", spec)?;
    let allowed = answer["status"]["allowed"] == true;
    if !args.is("quiet") {
        let reason = answer["status"]["reason"].as_str().filter(|_| !allowed);
        let reason = reason.map(|reason| format!(" - {reason}")).unwrap_or_default();
        io.out.push_str(&format!("{}{reason}\n", if allowed { "yes" } else { "no" }));
    }
    Ok(allowed)
}

fn list(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let spec = json!({"namespace": args.namespace()});
    let answer = review(io, GROUP, "SelfSubjectRulesReview", spec)?;
    let status = &answer["status"];
    let rules = ["resourceRules", "nonResourceRules"];
    let rules = rules.iter().flat_map(|field| status[*field].as_array().into_iter().flatten());
    let mut tabs = Tabs::for_get();
    if !args.is("no-headers") {
        tabs.line(["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]);
    }
    for line in rules::lines(rules) {
        tabs.line(&line);
    }
    io.out.push_str(&tabs.flush());
    Ok(())
}
