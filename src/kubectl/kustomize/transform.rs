//! What a kustomization changes in every object it selects. Mirrors the transformers of
//! `sigs.k8s.io/kustomize/api/internal/builtins`.

use serde_json::{Map, Value, json};

use super::Resource;
use crate::base::yaml;
use crate::kubectl::{Failure, Files};
use crate::object::patch;

/// Where labels of selectors stand, and whether they are put where there are none.
const SELECTORS: &[(&str, &str, bool)] = &[
    ("Service", "spec/selector", true),
    ("ReplicationController", "spec/selector", true),
    ("Deployment", "spec/selector/matchLabels", true),
    ("ReplicaSet", "spec/selector/matchLabels", true),
    ("DaemonSet", "spec/selector/matchLabels", true),
    ("StatefulSet", "spec/selector/matchLabels", true),
    ("Job", "spec/selector/matchLabels", false),
    ("CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    ("PodDisruptionBudget", "spec/selector/matchLabels", false),
    ("NetworkPolicy", "spec/podSelector/matchLabels", false),
];
/// Where the metadata of templates stands.
const TEMPLATES: &[(&str, &str)] = &[
    ("ReplicationController", "spec/template/metadata"),
    ("Deployment", "spec/template/metadata"),
    ("ReplicaSet", "spec/template/metadata"),
    ("DaemonSet", "spec/template/metadata"),
    ("StatefulSet", "spec/template/metadata"),
    ("Job", "spec/template/metadata"),
    ("CronJob", "spec/jobTemplate/metadata"),
    ("CronJob", "spec/jobTemplate/spec/template/metadata"),
];
/// Kinds whose names stay.
const FIXED: [&str; 3] = ["APIService", "CustomResourceDefinition", "Namespace"];

/// Applies the transformers of a kustomization, in kustomize's order.
pub(super) fn run(
    files: &Files,
    folder: &str,
    spec: &Map<String, Value>,
    all: &mut [Resource],
) -> Result<(), Failure> {
    let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
    for given in list("patchesStrategicMerge") {
        let text = given.as_str().unwrap_or_default();
        let text = files.read(&format!("{folder}/{text}")).unwrap_or(text);
        patch(text, &Value::Null, all)?;
    }
    for given in list("patches").chain(list("patchesJson6902")) {
        let text = match given["path"].as_str() {
            Some(path) => {
                let place = format!("{folder}/{path}");
                files.read(&place).ok_or_else(|| {
                    let why = super::missing(files, &place);
                    Failure::error(format!("failed to get the patch file from path({path}): {why}"))
                })?
            }
            None => given["patch"].as_str().unwrap_or_default(),
        };
        patch(text, &given["target"], all)?;
    }
    let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default();
    for resource in all.iter_mut() {
        namespace(resource, text("namespace"));
        let (prefix, suffix) = (text("namePrefix"), text("nameSuffix"));
        if !(prefix.is_empty() && suffix.is_empty() || FIXED.contains(&resource.kind())) {
            let name = format!("{prefix}{}{suffix}", resource.name());
            resource.rename(name);
        }
        labels(resource, spec);
        let notes = spec.get("commonAnnotations");
        put(&mut resource.value, "metadata/annotations", notes, true);
        for place in templates(resource) {
            put(&mut resource.value, &format!("{place}/annotations"), notes, true);
        }
        for given in list("replicas") {
            let was = resource.names.iter().any(|name| given["name"] == *name);
            let scales = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
            if (was || given["name"] == resource.name()) && scales.contains(&resource.kind()) {
                resource.value["spec"]["replicas"] = given["count"].clone();
            }
        }
        for given in list("images").chain(list("imageTags")) {
            images(&mut resource.value, given);
        }
    }
    Ok(())
}

fn namespace(resource: &mut Resource, namespace: &str) {
    if namespace.is_empty() {
        return;
    }
    if resource.kind() == "Namespace" && resource.group().is_empty() {
        resource.rename(namespace.to_owned());
    } else if !resource.is_of_cluster() {
        resource.value["metadata"]["namespace"] = json!(namespace);
    }
    if matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding") {
        for subject in resource.value["subjects"].as_array_mut().into_iter().flatten() {
            if subject["name"] == "default" {
                subject["namespace"] = json!(namespace);
            }
        }
    }
}

fn templates(resource: &Resource) -> Vec<&'static str> {
    let own = TEMPLATES.iter().filter(|(kind, _)| *kind == resource.kind());
    own.map(|(_, place)| *place).collect()
}

fn labels(resource: &mut Resource, spec: &Map<String, Value>) {
    let common = spec.get("commonLabels").filter(|labels| !labels.is_null());
    let common = common.map(|pairs| json!({"pairs": pairs, "includeSelectors": true}));
    let given = spec.get("labels").and_then(Value::as_array).into_iter().flatten();
    for given in given.chain(&common) {
        let pairs = given.get("pairs");
        put(&mut resource.value, "metadata/labels", pairs, true);
        let selects = given["includeSelectors"] == true;
        if selects || given["includeTemplates"] == true {
            for place in templates(resource) {
                put(&mut resource.value, &format!("{place}/labels"), pairs, true);
            }
        }
        if !selects {
            continue;
        }
        let kind = resource.kind().to_owned();
        for (_, place, create) in SELECTORS.iter().filter(|(of, ..)| *of == kind) {
            put(&mut resource.value, place, pairs, *create);
        }
        for claim in resource
            .value
            .pointer_mut("/spec/volumeClaimTemplates")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            put(claim, "metadata/labels", pairs, true);
        }
    }
}

/// Puts pairs into the map at a place, which is made if need be.
fn put(value: &mut Value, place: &str, pairs: Option<&Value>, create: bool) {
    let Some(pairs) = pairs.and_then(Value::as_object).filter(|pairs| !pairs.is_empty()) else {
        return;
    };
    let mut at = value;
    for step in place.split('/') {
        if !create && at.get(step).is_none() || !(at.is_object() || at.is_null()) {
            return;
        }
        at = &mut at[step];
    }
    if at.is_object() || at.is_null() {
        for (key, text) in pairs {
            at[key.as_str()] = text.clone();
        }
    }
}

/// Renames the images of every container that is found. Mirrors `ImageTagTransformer`.
fn images(value: &mut Value, given: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| images(item, given)),
        Value::Object(fields) => {
            for (field, value) in fields {
                if matches!(field.as_str(), "containers" | "initContainers") {
                    for container in value.as_array_mut().into_iter().flatten() {
                        let image = container["image"].as_str().unwrap_or_default();
                        if let Some(image) = renamed(image, given) {
                            container["image"] = json!(image);
                        }
                    }
                } else {
                    images(value, given);
                }
            }
        }
        _ => {}
    }
}

fn renamed(image: &str, given: &Value) -> Option<String> {
    let said = |field: &str| given[field].as_str().filter(|text| !text.is_empty());
    let (rest, digest) = image.split_once('@').map_or((image, None), |(r, d)| (r, Some(d)));
    let slash = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[slash..].split_once(':') {
        Some((name, tag)) => (&rest[..slash + name.len()], Some(tag)),
        None => (rest, None),
    };
    if said("name") != Some(name) {
        return None;
    }
    let name = said("newName").unwrap_or(name);
    Some(match (said("newTag"), said("digest")) {
        (_, Some(digest)) => format!("{name}@{digest}"),
        (Some(tag), None) => format!("{name}:{tag}"),
        (None, None) => match (tag, digest) {
            (tag, Some(digest)) => {
                let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
                format!("{name}{tag}@{digest}")
            }
            (Some(tag), None) => format!("{name}:{tag}"),
            (None, None) => name.to_owned(),
        },
    })
}

/// Applies a patch: operations of RFC 6902 to what the target selects, or parts of objects, to the
/// target or to the objects they name.
fn patch(text: &str, target: &Value, all: &mut [Resource]) -> Result<(), Failure> {
    for document in yaml::parse_documents(text) {
        let change = document.value.map_err(|why| {
            Failure::error(format!("unable to parse SM or JSON patch from [{text}]: {why}"))
        })?;
        if change.is_null() {
            continue;
        }
        let mut found = false;
        for resource in all.iter_mut() {
            let named = target.is_object() || {
                let same = |field: &str| change[field] == resource.value[field];
                let was = resource.names.first().map_or(resource.name(), String::as_str);
                same("kind") && same("apiVersion") && change["metadata"]["name"] == was
            };
            if !named || !selects(target, resource) {
                continue;
            }
            found = true;
            let kind = resource.kind().to_owned();
            let value = &resource.value;
            let changed = if change.is_array() {
                patch::json::apply(value, &change).map_err(|why| format!("{why:?}"))
            } else {
                let mut change = change.clone();
                change["metadata"]["name"] = value["metadata"]["name"].clone();
                patch::strategic::apply(value, &change, &kind)
            };
            resource.value = changed.map_err(Failure::error)?;
        }
        if !found && !target.is_object() {
            let name = change["metadata"]["name"].as_str().unwrap_or_default();
            let kind = change["kind"].as_str().unwrap_or_default();
            let version = change["apiVersion"].as_str().unwrap_or_default();
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            let group = if group.is_empty() { "[noGrp]" } else { group };
            return Err(Failure::error(format!(
                "no resource matches strategic merge patch \"{kind}.{version}.{group}/{name}.[noNs]\": \
                 no matches for Id {kind}.{version}.{group}/{name}.[noNs]; failed to find unique \
                 target for patch {kind}.{version}.{group}/{name}.[noNs]"
            )));
        }
    }
    Ok(())
}

/// Whether a patch's target selects an object.
fn selects(target: &Value, resource: &Resource) -> bool {
    let said = |field: &str| target[field].as_str().filter(|text| !text.is_empty());
    let (group, version) =
        resource.text("/apiVersion").split_once('/').unwrap_or(("", resource.text("/apiVersion")));
    let fits = |field: &str, own: &str| {
        said(field).is_none_or(|pattern| {
            crate::base::regex::Regex::parse(&format!("^({pattern})$"))
                .map_or(pattern == own, |regex| regex.is_match(own))
        })
    };
    let labels = crate::kubectl::resource::labels_of(&resource.value);
    let selected = said("labelSelector").is_none_or(|selector| {
        crate::base::label_selector::Selector::parse(selector)
            .is_ok_and(|selector| selector.matches(&labels))
    });
    let was = resource.names.first().map_or(resource.name(), String::as_str);
    selected
        && fits("kind", resource.kind())
        && fits("group", group)
        && fits("version", version)
        && fits("namespace", resource.text("/metadata/namespace"))
        && (fits("name", was) || fits("name", resource.name()))
}
