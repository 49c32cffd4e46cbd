//! From what people type to objects: `deploy/web`, `pods,svc`, `-f file`, `-l app=web`.
//! Mirrors `k8s.io/cli-runtime/pkg/resource.Builder`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Args, Failure, Io, kustomize};
use crate::api::{Custom, Reply, Request, Status, Verb};
use crate::base::label_selector::Selector;
use crate::base::order::Gather;
use crate::base::yaml;
use crate::kinds::{KINDS, Kind, Names};
use crate::object::Object;

/// A kind as the command line names it, and the version asked for (empty: the preferred one).
#[derive(Clone, Copy)]
pub struct Asked {
    /// The kind.
    pub kind: &'static dyn Kind,
    /// The version.
    pub version: &'static str,
}

impl Asked {
    /// The kind's names.
    pub fn names(&self) -> &'static Names {
        self.kind.names()
    }

    /// The version asked for, or the preferred one.
    pub fn version(&self) -> &'static str {
        match self.version {
            "" => self.names().versions.first().copied().unwrap_or_default(),
            version => version,
        }
    }

    /// `apps/v1, Resource=deployments`, as Go prints it.
    pub fn resource_with_version(&self) -> String {
        let names = self.names();
        format!("{:?}", format!("{}/{}, Resource={}", names.group, self.version(), names.plural))
    }

    /// `apps/v1, Kind=Deployment`, as Go prints it.
    pub fn kind_with_version(&self) -> String {
        let names = self.names();
        format!("{:?}", format!("{}/{}, Kind={}", names.group, self.version(), names.kind))
    }

    /// A request of `verb` for this kind.
    pub fn request(&self, verb: Verb, namespace: &str, name: &str) -> Request {
        let mut request = Request::new(verb, self.names().resource());
        self.version().clone_into(&mut request.version);
        if self.names().namespaced {
            namespace.clone_into(&mut request.namespace);
        }
        name.clone_into(&mut request.name);
        request
    }

    /// `deployment.apps/web`: what commands print after a change.
    pub fn display(&self, name: &str) -> String {
        let names = self.names();
        let group =
            if names.group.is_empty() { String::new() } else { format!(".{}", names.group) };
        format!("{}{group}/{name}", names.singular)
    }
}

/// The kind that a word names: plural, singular, short name or kind, with `.version` and `.group`.
///
/// # Errors
/// `the server doesn't have a resource type "x"`.
pub fn kind(word: &str) -> Result<Asked, Failure> {
    find(word, &[])
}

/// Every kind there is: the built-in ones, and those that definitions define.
fn all(customs: &[Custom]) -> impl Iterator<Item = &'static dyn Kind> + use<'_> {
    let established = customs.iter().filter(|custom| custom.established);
    KINDS.iter().copied().chain(established.map(|custom| custom.kind))
}

fn find(word: &str, customs: &[Custom]) -> Result<Asked, Failure> {
    let lower = word.to_ascii_lowercase();
    let mut parts = lower.splitn(2, '.');
    let name = parts.next().unwrap_or_default();
    let rest = parts.next();
    let matches = |names: &Names| {
        names.plural == name
            || names.singular == name
            || names.kind.to_ascii_lowercase() == name
            || names.short.contains(&name)
    };
    for kind in all(customs).filter(|kind| matches(kind.names())) {
        let names = kind.names();
        match rest {
            None => return Ok(Asked { kind, version: "" }),
            Some(group) if group == names.group => return Ok(Asked { kind, version: "" }),
            Some(rest) => {
                let (version, group) = rest.split_once('.').unwrap_or((rest, "?"));
                let served = names.versions.iter().find(|served| **served == version);
                if let (Some(version), true) = (served, group == names.group) {
                    return Ok(Asked { kind, version });
                }
            }
        }
    }
    Err(Failure::error(format!("the server doesn't have a resource type \"{name}\"")))
}

/// The kinds that `pods,svc` or `all` name, in order.
///
/// # Errors
/// `the server doesn't have a resource type "x"`.
pub fn kinds(words: &str, customs: &[Custom]) -> Result<Vec<Asked>, Failure> {
    let mut found: Vec<Asked> = Vec::new();
    for word in words.split(',').filter(|word| !word.is_empty()) {
        let mut of_category: Vec<&'static dyn Kind> =
            all(customs).filter(|kind| kind.names().categories.contains(&word)).collect();
        // Of several versions the preferred one, which comes first.
        of_category.dedup_by(|b, a| a.names().resource() == b.names().resource());
        if of_category.is_empty() {
            found.push(find(word, customs)?);
        } else {
            found.extend(of_category.into_iter().map(|kind| Asked { kind, version: "" }));
        }
    }
    Ok(found)
}

/// What the positional words name: kinds, and the names of objects where given.
pub enum Target {
    /// All objects of these kinds (subject to selectors).
    All(Vec<Asked>),
    /// These objects, in order.
    Named(Vec<(Asked, String)>),
}

/// Reads `KIND NAME…`, `KIND/NAME…`, `KIND,KIND`.
///
/// # Errors
/// Mixed forms, unknown kinds, in cli-runtime's words.
pub fn target(words: &[String], customs: &[Custom]) -> Result<Target, Failure> {
    let Some(first) = words.first() else {
        return Err(Failure::error("You must specify the type of resource to get."));
    };
    if words.iter().any(|word| word.contains('/')) {
        let mut named = Vec::new();
        for word in words {
            let Some((of, name)) = word.split_once('/') else {
                let mixed = "there is no need to specify a resource type as a separate argument \
                             when passing arguments in resource/name form (e.g. 'kubectl get \
                             resource/<resource_name>' instead of 'kubectl get resource \
                             resource/<resource_name>'";
                return Err(Failure::error(mixed));
            };
            if of.is_empty() || name.is_empty() || name.contains('/') {
                return Err(Failure::error(if name.contains('/') {
                    "arguments in resource/name form may not have more than one slash"
                } else {
                    "arguments in resource/name form must have a single resource and name"
                }));
            }
            for asked in kinds(of, customs)? {
                named.push((asked, name.to_owned()));
            }
        }
        return Ok(Target::Named(named));
    }
    let of = kinds(first, customs)?;
    if words.len() == 1 {
        return Ok(Target::All(of));
    }
    let each = |asked: &Asked| {
        let asked = *asked;
        words[1..].iter().map(move |name| (asked, name.clone())).collect::<Vec<_>>()
    };
    Ok(Target::Named(of.iter().flat_map(each).collect()))
}

/// One manifest of a file.
pub struct Manifest {
    /// What errors call the file.
    pub file: String,
    /// Its kind.
    pub asked: Asked,
    /// The namespace it goes to; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Its name; empty with `generateName`.
    pub name: String,
    /// The manifest, with its namespace filled in.
    pub value: Value,
    /// Whether it said its namespace itself.
    pub had_namespace: bool,
}

/// Every manifest of the files that `-f` names, and what is wrong with the others: a broken
/// document does not lose its neighbours.
///
/// # Errors
/// Nothing was given, or a path does not exist.
pub fn manifests(args: &Args, io: &mut Io<'_>) -> Result<Vec<Result<Manifest, Failure>>, Failure> {
    if args.has("filename") && args.has("kustomize") {
        return Err(Failure::error("only one of -f or -k can be specified"));
    }
    let mut found = Vec::new();
    let customs = io.api.custom_kinds();
    let labels = Selector::parse(args.get("selector")).map_err(Failure::error)?;
    if args.has("kustomize") {
        let folder = args.get("kustomize");
        let built = kustomize::build(io.files, folder)?;
        io.err.push_str(&built.warnings);
        let objects = built.objects.into_iter();
        found.extend(objects.flat_map(|value| expand(args, folder, value, &customs)));
    }
    for name in args.all("filename") {
        for (file, text) in io.files.resolve(name, io.stdin, args.is("recursive"))? {
            for document in yaml::parse_documents(&text) {
                match document.value {
                    Ok(Value::Null) => {}
                    Ok(value) => found.extend(expand(args, &file, value, &customs)),
                    Err(wrong) => {
                        found.push(Err(Failure::error(format!("error parsing {file}: {wrong}"))))
                    }
                }
            }
        }
    }
    found.retain(|manifest| match manifest {
        Ok(manifest) => labels.matches(&labels_of(&manifest.value)),
        Err(_) => true,
    });
    Ok(found)
}

/// The labels of an object's JSON.
pub fn labels_of(value: &Value) -> BTreeMap<String, String> {
    let labels = value["metadata"]["labels"].as_object().into_iter().flatten();
    let pair = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.filter_map(pair).gathered()
}

/// Does something with every manifest; what is wrong with one does not stop the others. The
/// server's refusals are told first, then what is wrong with the files.
///
/// # Errors
/// All that went wrong, or that there was no manifest.
pub fn each_manifest(
    args: &Args,
    io: &mut Io<'_>,
    verb: &str,
    mut act: impl FnMut(&mut Io<'_>, &Manifest) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut refused, mut broken) = (Vec::new(), Vec::new());
    let manifests = manifests(args, io)?;
    if manifests.is_empty() {
        return Err(Failure::error(format!("no objects passed to {verb}")));
    }
    for manifest in manifests {
        match manifest {
            Ok(manifest) => refused.extend(act(io, &manifest).err()),
            Err(failure) => broken.push(failure),
        }
    }
    refused.extend(Failure::several(&broken).err());
    Failure::several(&refused)
}

/// A manifest, or the items of a `List`.
fn expand(
    args: &Args,
    file: &str,
    value: Value,
    customs: &[Custom],
) -> Vec<Result<Manifest, Failure>> {
    let is_list = value["kind"].as_str().is_some_and(|kind| kind == "List");
    match value.get("items").and_then(Value::as_array) {
        Some(items) if is_list => {
            items.iter().map(|item| manifest(args, file, item.clone(), customs)).collect()
        }
        _ => vec![manifest(args, file, value, customs)],
    }
}

fn manifest(
    args: &Args,
    file: &str,
    mut value: Value,
    customs: &[Custom],
) -> Result<Manifest, Failure> {
    if !value.is_object() {
        return Err(Failure::error(format!(
            "error validating \"{file}\": error validating data: invalid object to validate; if you \
             choose to ignore these errors, turn validation off with --validate=false"
        )));
    }
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&value, "apiVersion"), text(&value, "kind"));
    let unset: Vec<_> = [("apiVersion", &api_version), ("kind", &kind)]
        .iter()
        .filter(|(_, value)| value.is_empty())
        .map(|(field, _)| format!("{field} not set"))
        .collect();
    if !unset.is_empty() {
        let list =
            if unset.len() == 1 { unset[0].clone() } else { format!("[{}]", unset.join(", ")) };
        return Err(Failure::error(format!(
            "error validating \"{file}\": error validating data: {list}; if you choose to ignore \
             these errors, turn validation off with --validate=false"
        )));
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version.as_str()));
    let name = text(&value["metadata"], "name");
    let known = all(customs).find_map(|known| {
        let names = known.names();
        let served = names.versions.iter().find(|served| **served == version)?;
        (names.group == group && names.kind == kind).then_some((known, *served))
    });
    let Some((kind_, served)) = known else {
        let namespace = text(&value["metadata"], "namespace");
        return Err(Failure::error(format!(
            "error: resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \
             \"{file}\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs \
             are installed first"
        )));
    };
    let asked = Asked { kind: kind_, version: served };
    let had_namespace = value["metadata"]["namespace"].is_string();
    let namespace = place(args, &asked, &mut value)?;
    Ok(Manifest { file: file.to_owned(), asked, namespace, name, value, had_namespace })
}

/// Decides the manifest's namespace and writes it into it.
fn place(args: &Args, asked: &Asked, value: &mut Value) -> Result<String, Failure> {
    if !asked.names().namespaced {
        return Ok(String::new());
    }
    let own = value["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let given = args.get("namespace");
    if !own.is_empty() && !given.is_empty() && own != given {
        return Err(Failure::error(format!(
            "the namespace from the provided object \"{own}\" does not match the namespace \
             \"{given}\". You must pass '--namespace={own}' to perform this operation."
        )));
    }
    // What stays in the file system needs no namespace.
    if !own.is_empty() || args.is("local") {
        return Ok(own);
    }
    let namespace = args.namespace().to_owned();
    if value.get("metadata").is_none_or(Value::is_null) {
        value["metadata"] = Value::Object(serde_json::Map::new());
    }
    if value["metadata"].is_object() {
        value["metadata"]["namespace"] = Value::String(namespace.clone());
    }
    Ok(namespace)
}

/// Reads one object.
///
/// # Errors
/// What the server answers.
pub fn fetch(
    io: &mut Io<'_>,
    asked: &Asked,
    namespace: &str,
    name: &str,
) -> Result<Object, Failure> {
    let reply = io.api.call(asked.request(Verb::Get, namespace, name))?;
    object_of(reply)
}

/// The object that the server answered with.
///
/// # Errors
/// There is none.
pub fn object_of(reply: Reply) -> Result<Object, Failure> {
    reply.object().ok_or_else(|| Failure::error("the server answered with no object"))
}

/// Reads all objects of a kind that match the selectors.
///
/// # Errors
/// What the server answers.
pub fn list(
    io: &mut Io<'_>,
    asked: &Asked,
    namespace: &str,
    labels: &str,
    fields: &str,
) -> Result<(Vec<Object>, u64), Failure> {
    let mut request = asked.request(Verb::List, namespace, "");
    labels.clone_into(&mut request.label_selector);
    fields.clone_into(&mut request.field_selector);
    let reply = io.api.call(request).map_err(|status| {
        if status.reason != "BadRequest" || labels.is_empty() && fields.is_empty() {
            return Failure::status(&status);
        }
        // Mirrors `resource.Selector.Visit`.
        let what = asked.resource_with_version();
        let why = format!(
            "Unable to find {what} that match label selector {labels:?}, field selector \
             {fields:?}: {}",
            status.message
        );
        Failure::status(&Status { message: why, ..status })
    })?;
    match reply {
        Reply::List(list) => Ok((list.items, list.revision)),
        _ => Ok((Vec::new(), 0)),
    }
}

/// The objects of these kinds that `-l`, `--field-selector` and `-A` stand for.
///
/// # Errors
/// Selectors the server does not take.
pub fn objects(
    args: &Args,
    io: &mut Io<'_>,
    kinds: Vec<Asked>,
) -> Result<Vec<(Asked, Object)>, Failure> {
    let namespace = if args.is("all-namespaces") { "" } else { args.namespace() };
    let (labels, fields) = (args.get("selector"), args.get("field-selector"));
    let mut found = Vec::new();
    for asked in kinds {
        let (items, _) = list(io, &asked, namespace, labels, fields)?;
        found.extend(items.into_iter().map(|object| (asked, object)));
    }
    Ok(found)
}

/// The subresource that `--subresource` names.
///
/// # Errors
/// One that nothing has.
pub fn subresource(args: &Args) -> Result<&'static str, Failure> {
    let known = ["", "status", "scale", "resize"];
    known.into_iter().find(|name| *name == args.get("subresource")).ok_or_else(|| {
        let why = "the server could not find the requested resource";
        Failure::verbatim(format!("Error from server (NotFound): {why}"))
    })
}

/// Whether anything was named to work on.
///
/// # Errors
/// Neither words nor `-f`.
pub fn check_given(args: &Args) -> Result<(), Failure> {
    if args.positional.is_empty() && !args.reads_files() {
        return Err(Failure::error(
            "You must provide one or more resources by argument or filename.\nExample resource \
             specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> \
             <name>'\n   '<resource>'",
        ));
    }
    if !args.positional.is_empty() && args.reads_files() {
        return Err(Failure::error(
            "when paths, URLs, or stdin is provided as input, you may not specify resource \
             arguments as well",
        ));
    }
    // Which custom kinds there are is not known yet.
    if is_bare(args) && kinds(&args.positional[0], &[]).is_ok() {
        return Err(Failure::error(NO_NAME));
    }
    Ok(())
}

const NO_NAME: &str = "resource(s) were provided, but no name was specified";

/// Whether a command has nothing but a kind to go by.
fn is_bare(args: &Args) -> bool {
    let flags = args.has("selector") || args.is("all") || args.has("field-selector");
    args.positional.len() == 1 && !args.positional[0].contains('/') && !flags
}

/// The objects that a command's words, `-f`, `-l` and `--all` stand for, without reading those
/// that are named. A kind alone is not enough.
///
/// # Errors
/// Nothing was given, unknown kinds, broken manifests.
pub fn keys(args: &Args, io: &mut Io<'_>) -> Result<Vec<(Asked, String, String)>, Failure> {
    if !args.reads_files() && is_bare(args) {
        // It is told first if there is no such kind.
        target(&args.positional, &io.api.custom_kinds())?;
        return Err(Failure::error(NO_NAME));
    }
    keys_or_all(args, io)
}

/// As [`keys`], and a kind alone stands for all of its objects.
///
/// # Errors
/// Nothing was given, unknown kinds, broken manifests.
pub fn keys_or_all(args: &Args, io: &mut Io<'_>) -> Result<Vec<(Asked, String, String)>, Failure> {
    if args.reads_files() {
        let manifests = manifests(args, io)?;
        return manifests.into_iter().map(|m| m.map(|m| (m.asked, m.namespace, m.name))).collect();
    }
    match target(&args.positional, &io.api.custom_kinds())? {
        Target::Named(named) => {
            let key = |(asked, name)| (asked, args.namespace().to_owned(), name);
            Ok(named.into_iter().map(key).collect())
        }
        Target::All(kinds) => {
            let key = |(asked, object): (Asked, Object)| {
                (asked, object.namespace().to_owned(), object.name().to_owned())
            };
            Ok(objects(args, io, kinds)?.into_iter().map(key).collect())
        }
    }
}
