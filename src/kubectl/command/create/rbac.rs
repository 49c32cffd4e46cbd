//! `kubectl create role`, `clusterrole`, `rolebinding`, `clusterrolebinding`, `serviceaccount` and
//! `token`. Mirrors the files of these names in `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Value, json};

use super::generator::{self, FLAGS};
use crate::api::{Body, Verb};
use crate::base::duration;
use crate::base::small_map::SmallMap;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

const GROUP: &str = "rbac.authorization.k8s.io";
/// The verbs of resources. Mirrors `validResourceVerbs`.
const VERBS: &[&str] = &[
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];
/// The verbs of paths. Mirrors `validNonResourceVerbs`.
const PATH_VERBS: &[&str] = &["*", "get", "post", "put", "delete", "patch", "head", "options"];
const RULE: &[Flag] =
    &[Flag::value("resource", "[]"), Flag::value("resource-name", "[]"), Flag::value("verb", "[]")];
const SUBJECTS: &[Flag] = &[
    Flag::value("clusterrole", ""),
    Flag::value("group", "[]"),
    Flag::value("serviceaccount", "[]"),
    Flag::value("user", "[]"),
];

/// The verb `create role`.
pub const ROLE: Spec = Spec {
    name: "create role",
    aliases: &[],
    shared: &[FLAGS, RULE],
    flags: &[],
    usage: "kubectl create role NAME --verb=verb --resource=resource.group/subresource \
            [--resource-name=resourcename] [--dry-run=server|client|none] [options]",
    about: "Create a role with a single rule.",
    start: |args| role(args, "Role"),
};

/// The verb `create clusterrole`.
pub const CLUSTER_ROLE: Spec = Spec {
    name: "create clusterrole",
    aliases: &[],
    shared: &[FLAGS, RULE],
    flags: &[Flag::value("aggregation-rule", ""), Flag::value("non-resource-url", "[]")],
    usage: "kubectl create clusterrole NAME --verb=verb --resource=resource.group \
            [--resource-name=resourcename] [--dry-run=server|client|none] [options]",
    about: "Create a cluster role.",
    start: |args| role(args, "ClusterRole"),
};

/// The verb `create rolebinding`.
pub const ROLE_BINDING: Spec = Spec {
    name: "create rolebinding",
    aliases: &[],
    shared: &[FLAGS, SUBJECTS],
    flags: &[Flag::value("role", "")],
    usage: "kubectl create rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] \
            [--group=groupname] [--serviceaccount=namespace:serviceaccountname] \
            [--dry-run=server|client|none] [options]",
    about: "Create a role binding for a particular role or cluster role.",
    start: |args| binding(args, "RoleBinding"),
};

/// The verb `create clusterrolebinding`.
pub const CLUSTER_ROLE_BINDING: Spec = Spec {
    name: "create clusterrolebinding",
    aliases: &[],
    shared: &[FLAGS, SUBJECTS],
    flags: &[],
    usage: "kubectl create clusterrolebinding NAME --clusterrole=NAME [--user=username] \
            [--group=groupname] [--serviceaccount=namespace:serviceaccountname] \
            [--dry-run=server|client|none] [options]",
    about: "Create a cluster role binding for a particular cluster role.",
    start: |args| {
        if !args.has("clusterrole") {
            return Err(Failure::error("required flag(s) \"clusterrole\" not set"));
        }
        binding(args, "ClusterRoleBinding")
    },
};

/// The verb `create serviceaccount`.
pub const SERVICE_ACCOUNT: Spec = Spec {
    name: "create serviceaccount",
    aliases: &["create sa"],
    shared: &[FLAGS],
    flags: &[],
    usage: "kubectl create serviceaccount NAME [--dry-run=server|client|none] [options]",
    about: "Create a service account with the specified name.",
    start: |args| {
        let name = generator::name(&args, "create serviceaccount")?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let value =
                json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
            generator::create_named(&args, io, value, generator::failed("serviceaccount"))
        }))
    },
};

/// The verb `create token`.
pub const TOKEN: Spec = Spec {
    name: "create token",
    aliases: &[],
    shared: &[crate::kubectl::command::PRINT],
    flags: &[
        Flag::value("audience", "[]"),
        Flag::value("bound-object-kind", ""),
        Flag::value("bound-object-name", ""),
        Flag::value("bound-object-uid", ""),
        Flag::value("duration", "0s"),
    ],
    usage: "kubectl create token SERVICE_ACCOUNT_NAME [options]",
    about: "Request a service account token.",
    start: token,
};

/// The values of a flag, each once.
fn distinct(all: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

fn role(args: Args, kind: &'static str) -> Result<Box<dyn Job>, Failure> {
    let name = generator::name(&args, &format!("create {}", kind.to_ascii_lowercase()))?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        let mut value = json!({
            "apiVersion": format!("{GROUP}/v1"),
            "kind": kind,
            "metadata": {"name": name},
        });
        if args.get("aggregation-rule").is_empty() {
            value["rules"] = rules(&args, io, kind == "ClusterRole")?;
        } else {
            if ["non-resource-url", "verb", "resource", "resource-name"].iter().any(|f| args.has(f))
            {
                return Err(Failure::error(
                    "aggregation rule must be specified without nonResourceURLs, verbs, resources \
                     or resourceNames",
                ));
            }
            let labels = generator::pairs(args.get("aggregation-rule"))?;
            value["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
            value["rules"] = Value::Null;
        }
        generator::create_named(&args, io, value, Failure::status)
    }))
}

/// The rules of a role, a rule for each group. Mirrors `generateResourcePolicyRules`.
fn rules(args: &Args, io: &mut Io<'_>, with_paths: bool) -> Result<Value, Failure> {
    let mut verbs = distinct(args.list("verb"));
    if verbs.iter().any(|verb| verb == "*") {
        verbs = vec!["*".to_owned()];
    }
    let paths = if with_paths { distinct(args.list("non-resource-url")) } else { Vec::new() };
    let resources = args.list("resource");
    if verbs.is_empty() {
        return Err(Failure::error("at least one verb must be specified"));
    }
    if resources.is_empty() && paths.is_empty() {
        return Err(Failure::error(if with_paths {
            "one of resource or nonResourceURL must be specified"
        } else {
            "at least one resource must be specified"
        }));
    }
    for verb in verbs.iter().filter(|verb| !resources.is_empty() && !VERBS.contains(&verb.as_str()))
    {
        io.err.push_str(&format!("Warning: '{verb}' is not a standard resource verb\n"));
    }
    let mut groups: SmallMap<String, Vec<String>> = SmallMap::new();
    for word in &resources {
        let (group, resource) = group_resource(word)?;
        let of_group = groups.entry(group).or_default();
        if !of_group.contains(&resource) {
            of_group.push(resource);
        }
        if word == "*" {
            groups = SmallMap::from([(String::new(), vec!["*".to_owned()])]);
            break;
        }
    }
    check_paths(&verbs, &paths)?;
    let names = distinct(args.all("resource-name").into_iter().map(str::to_owned));
    let mut rules = Vec::new();
    for (group, resources) in groups {
        let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rules.push(rule);
    }
    if !paths.is_empty() {
        rules.push(json!({"nonResourceURLs": paths, "verbs": verbs}));
    }
    Ok(Value::Array(rules))
}

fn check_paths(verbs: &[String], paths: &[String]) -> Result<(), Failure> {
    if paths.is_empty() {
        return Ok(());
    }
    if let Some(verb) = verbs.iter().find(|verb| !PATH_VERBS.contains(&verb.as_str())) {
        return Err(Failure::error(format!("invalid verb: '{verb}' for nonResourceURL")));
    }
    for path in paths.iter().filter(|path| *path != "*") {
        if !path.starts_with('/') {
            return Err(Failure::error("nonResourceURL should start with /"));
        }
        if path.trim_end_matches('*').contains('*') || path.ends_with("**") {
            let why = "nonResourceURL only supports wildcard matches when '*' is at the end";
            return Err(Failure::error(why));
        }
    }
    Ok(())
}

/// `resource.group/subresource` as (group, resource), the resource spelled as it is served.
fn group_resource(word: &str) -> Result<(String, String), Failure> {
    let (full, subresource) = word.split_once('/').unwrap_or((word, ""));
    let (name, group) = full.split_once('.').unwrap_or((full, ""));
    if name.is_empty() {
        return Err(Failure::error("resource must be specified if apiGroup/subresource specified"));
    }
    let (group, mut resource) = if name == "*" {
        (group.to_owned(), name.to_owned())
    } else {
        let asked = resource::kind(full).map_err(|_| {
            Failure::verbatim(format!("the server doesn't have a resource type \"{name}\""))
        })?;
        (asked.names().group.to_owned(), asked.names().plural.to_owned())
    };
    if !subresource.is_empty() {
        resource = format!("{resource}/{subresource}");
    }
    Ok((group, resource))
}

fn binding(args: Args, kind: &'static str) -> Result<Box<dyn Job>, Failure> {
    let name = generator::name(&args, &format!("create {}", kind.to_ascii_lowercase()))?;
    let (role, cluster_role) = (args.get("role"), args.get("clusterrole"));
    if role.is_empty() == cluster_role.is_empty() {
        return Err(Failure::error("exactly one of clusterrole or role must be specified"));
    }
    let (of, to) = if role.is_empty() { ("ClusterRole", cluster_role) } else { ("Role", role) };
    let mut value = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": of, "name": to},
    });
    let subjects = subjects(&args)?;
    if !subjects.is_empty() {
        value["subjects"] = json!(subjects);
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        let what = if kind == "RoleBinding" { "rolebinding" } else { "clusterrolebinding" };
        generator::create_named(&args, io, value.clone(), generator::failed(what))
    }))
}

/// The subjects that `--user`, `--group` and `--serviceaccount` name.
pub fn subjects(args: &Args) -> Result<Vec<Value>, Failure> {
    let mut subjects = Vec::new();
    for (flag, kind) in [("user", "User"), ("group", "Group")] {
        let named = args.all(flag).into_iter();
        subjects.extend(named.map(|name| json!({"apiGroup": GROUP, "kind": kind, "name": name})));
    }
    for account in args.all("serviceaccount") {
        match account.split(':').collect::<Vec<_>>()[..] {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => subjects
                .push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})),
            _ => return Err(Failure::error("serviceaccount must be <namespace>:<name>")),
        }
    }
    Ok(subjects)
}

fn token(args: Args) -> Result<Box<dyn Job>, Failure> {
    let text = args.get("duration");
    let nanos = duration::parse_go(text).map_err(|why| {
        Failure::error(format!(
            "invalid argument \"{text}\" for \"--duration\" flag: {why}\nSee 'kubectl create token \
             --help' for usage."
        ))
    })?;
    let name = generator::name(&args, "create token")?;
    if nanos < 0 {
        return Err(Failure::error("--duration must be greater than or equal to 0"));
    }
    if nanos % 1_000_000_000 != 0 {
        return Err(Failure::error("--duration cannot be expressed in units less than seconds"));
    }
    let (kind, bound) = (args.get("bound-object-kind"), args.get("bound-object-name"));
    match (kind, bound) {
        ("", "") => {}
        ("", _) => {
            return Err(Failure::error(
                "--bound-object-name can only be set if --bound-object-kind is provided",
            ));
        }
        ("Node" | "Pod" | "Secret", "") => {
            let why = "--bound-object-name is required if --bound-object-kind is provided";
            return Err(Failure::error(why));
        }
        ("Node" | "Pod" | "Secret", _) => {}
        _ => {
            let why = "supported --bound-object-kind values are Node, Pod, Secret";
            return Err(Failure::error(why));
        }
    }
    let mut spec = json!({"audiences": args.all("audience")});
    if nanos > 0 {
        spec["expirationSeconds"] = json!(nanos / 1_000_000_000);
    }
    if !kind.is_empty() {
        spec["boundObjectRef"] = json!({"apiVersion": "v1", "kind": kind, "name": bound});
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        let asked = resource::kind("serviceaccounts")?;
        let mut request = asked.request(Verb::Create, args.namespace(), &name).to("token");
        request.body = Body::Json(json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": spec,
        }));
        let reply = io.api.call(request).map_err(|status| generator::failed("token")(&status))?;
        let answer = generator::json_of(reply);
        let token = answer["status"]["token"].as_str().unwrap_or_default();
        if token.is_empty() {
            let why = "failed to create token: no token in server response";
            return Err(Failure::error(why));
        }
        io.out.push_str(&format!("{token}\n"));
        Ok(())
    }))
}
