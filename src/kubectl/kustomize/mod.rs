//! Kustomizations: manifests made of others, for `-k` and `kubectl kustomize`. Mirrors
//! `sigs.k8s.io/kustomize/api`, its common fields: resources, generators, patches, namespaces,
//! prefixes and suffixes, labels, annotations, images and replicas.

mod generate;
mod reference;
mod transform;

use serde_json::{Map, Value};

use super::{Failure, Files};
use crate::base::order::Order as _;
use crate::base::yaml;
use crate::kinds::KINDS;

/// What a file with a kustomization may be called.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// The fields of a kustomization, each with what is said of it where it is deprecated.
const FIELDS: &str = include_str!("fields.txt");
/// Kinds that stand before all others, and those that stand behind them. Mirrors
/// `defaultOrderFirst` and `defaultOrderLast`.
const FIRST: &str = "Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount \
                     PodSecurityPolicy Role ClusterRole RoleBinding ClusterRoleBinding ConfigMap \
                     Secret Endpoints Service LimitRange PriorityClass PersistentVolume \
                     PersistentVolumeClaim Deployment StatefulSet CronJob PodDisruptionBudget";
const LAST: &str = "MutatingWebhookConfiguration ValidatingWebhookConfiguration";

/// What a kustomization came to.
#[derive(Default)]
pub struct Built {
    /// The objects, in the order in which they are applied.
    pub objects: Vec<Value>,
    /// What the person is to be warned of.
    pub warnings: String,
}

/// A manifest on its way.
struct Resource {
    value: Value,
    /// What it was called before, the first name first.
    names: Vec<String>,
    /// Whether a hash of what it holds is to end its name.
    hashed: bool,
}

impl Resource {
    fn new(value: Value) -> Self {
        Self { value, names: Vec::new(), hashed: false }
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.text("/kind")
    }

    fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    fn group(&self) -> &str {
        self.text("/apiVersion").split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether the kind is known to have no namespace.
    fn is_of_cluster(&self) -> bool {
        let names = KINDS.iter().map(|kind| kind.names());
        let mut same = names.filter(|n| n.kind == self.kind() && n.group == self.group());
        same.next().is_some_and(|names| !names.namespaced)
    }

    fn rename(&mut self, name: String) {
        self.names.push(self.name().to_owned());
        self.value["metadata"]["name"] = Value::String(name);
    }
}

/// Builds the kustomization in a folder.
///
/// # Errors
/// There is none, or something is wrong with it, in kustomize's words.
pub fn build(files: &Files, folder: &str) -> Result<Built, Failure> {
    let mut built = Built::default();
    let mut all = in_folder(files, folder, &mut built.warnings)?;
    for resource in all.iter_mut().filter(|resource| resource.hashed) {
        let hash = generate::hash(&resource.value);
        let name = format!("{}-{hash}", resource.name());
        resource.rename(name);
    }
    reference::follow(&mut all);
    built.objects = all.into_iter().map(|resource| resource.value).collect();
    Ok(built)
}

/// The order of `kubectl kustomize`. Mirrors `legacyIDSorter`.
pub fn sort(objects: &mut [Value]) {
    let place = |kind: &str| {
        let at = |list: &str| list.split_whitespace().position(|other| other == kind);
        let first = at(FIRST).map_or(isize::MAX / 2, |at| at.cast_signed());
        at(LAST).map_or(first, |at| isize::MAX - 2 + at.cast_signed())
    };
    let or = |text: &str, nothing: &str| match text {
        "" => nothing.to_owned(),
        text => text.to_owned(),
    };
    objects.order_by_key(|value| {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        let (group, version) =
            text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
        let kind = text("/kind");
        let kinds = format!("{}_{}_{kind}", or(group, "~G"), or(version, "~V"));
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        (place(kind), kinds, format!("{}|{}", or(namespace, "~X"), or(name, "~N")))
    });
}

/// The path that errors say.
fn missing(files: &Files, path: &str) -> String {
    let full = files.full(path);
    format!("evalsymlink failure on '{full}' : lstat {full}: no such file or directory")
}

fn in_folder(files: &Files, folder: &str, warnings: &mut String) -> Result<Vec<Resource>, Failure> {
    if !files.is_folder(folder) {
        if files.read(folder).is_some() {
            let why = format!("must build at directory: '{folder}': file is not directory");
            return Err(Failure::error(why));
        }
        let full = files.full(folder);
        return Err(Failure::error(format!(
            "must build at directory: not a valid directory: evalsymlink failure on '{folder}' : \
             lstat {full}: no such file or directory"
        )));
    }
    let spec = read(files, folder, warnings)?;
    let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
    let mut all = Vec::new();
    for entry in list("resources").chain(list("bases")).filter_map(Value::as_str) {
        all.extend(
            resource(files, &format!("{folder}/{entry}"), entry, warnings)
                .map_err(|why| Failure { text: accumulating(&why.text), ..why })?,
        );
    }
    generate::run(files, folder, &spec, &mut all)?;
    for entry in list("components").filter_map(Value::as_str) {
        let place = format!("{folder}/{entry}");
        let component = read(files, &place, warnings)?;
        transform::run(files, &place, &component, &mut all)?;
    }
    transform::run(files, folder, &spec, &mut all)?;
    Ok(all)
}

fn accumulating(text: &str) -> String {
    let why = text.strip_prefix("error: ").unwrap_or(text);
    format!("error: accumulating resources: {why}")
}

/// The manifests of one entry of `resources`: a file, or a folder with a kustomization.
fn resource(
    files: &Files,
    path: &str,
    entry: &str,
    warnings: &mut String,
) -> Result<Vec<Resource>, Failure> {
    if files.is_folder(path) {
        return in_folder(files, path, warnings);
    }
    let Some(text) = files.read(path) else {
        let why = missing(files, path);
        return Err(Failure::error(format!(
            "accumulation err='accumulating resources from '{entry}': {why}': must build at \
             directory: not a valid directory: {why}"
        )));
    };
    let mut all = Vec::new();
    for document in yaml::parse_documents(text) {
        match document.value {
            Ok(Value::Null) => {}
            Ok(value) => all.push(Resource::new(value)),
            Err(why) => return Err(Failure::error(format!("invalid YAML in {entry}: {why}"))),
        }
    }
    Ok(all)
}

/// Reads the kustomization of a folder. Mirrors `KustTarget.Load`.
fn read(files: &Files, folder: &str, warnings: &mut String) -> Result<Map<String, Value>, Failure> {
    let found: Vec<_> =
        NAMES.iter().filter_map(|name| files.read(&format!("{folder}/{name}"))).collect();
    let text = match found.as_slice() {
        [text] => *text,
        [] => {
            let place = files.full(folder);
            return Err(Failure::error(format!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or \
                 'Kustomization' in directory '{place}'"
            )));
        }
        _ => {
            let place = files.full(folder);
            let why = format!("Found multiple kustomization files under: {place}\n");
            return Err(Failure::error(why));
        }
    };
    let value = yaml::parse_one(text)
        .map_err(|why| Failure::error(format!("invalid Kustomization: {why}")))?;
    let spec = value.as_object().cloned().unwrap_or_default();
    let known = |name: &str| {
        FIELDS.lines().map(|l| l.split_once(' ')).any(|l| l.is_some_and(|(field, _)| field == name))
    };
    if let Some(name) = spec.keys().find(|name| !known(name)) {
        let why = format!("invalid Kustomization: json: unknown field \"{name}\"");
        return Err(Failure::error(why));
    }
    for (field, note) in FIELDS.lines().filter_map(|line| line.split_once(' ')) {
        if !note.is_empty() && spec.get(field).is_some_and(|value| !value.is_null()) {
            warnings.push_str(&format!(
                "# Warning: '{field}' is deprecated. {note} Run 'kustomize edit fix' to update your \
                 Kustomization automatically.\n"
            ));
        }
    }
    if spec.keys().all(|name| matches!(name.as_str(), "apiVersion" | "kind")) {
        return Err(Failure::error("kustomization.yaml is empty"));
    }
    Ok(spec)
}

#[cfg(test)]
mod tests;
