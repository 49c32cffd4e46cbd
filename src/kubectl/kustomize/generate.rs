//! ConfigMaps and Secrets made of literals and files. Mirrors `ConfigMapGenerator`,
//! `SecretGenerator` and `HashTransformer`.

use serde_json::{Map, Value, json};

use super::Resource;
use crate::kubectl::command::generated;
use crate::kubectl::{Args, Failure, Files};

/// Makes what the generators of a kustomization say, or changes what is there already.
pub(super) fn run(
    files: &Files,
    folder: &str,
    spec: &Map<String, Value>,
    all: &mut Vec<Resource>,
) -> Result<(), Failure> {
    let common = spec.get("generatorOptions").cloned().unwrap_or_default();
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for given in spec.get(field).and_then(Value::as_array).into_iter().flatten() {
            let made = make(files, folder, kind, given, &common)?;
            let same = |other: &&mut Resource| {
                let was = other.names.first().map_or(other.name(), String::as_str);
                other.kind() == kind && was == made.name()
            };
            match (given["behavior"].as_str(), all.iter_mut().find(same)) {
                (Some("merge"), Some(other)) => {
                    let data = made.value["data"].as_object().cloned().unwrap_or_default();
                    for (key, value) in data {
                        other.value["data"][key] = value;
                    }
                }
                (Some("replace"), Some(other)) => {
                    other.value["data"] = made.value["data"].clone();
                }
                (Some(how @ ("merge" | "replace")), None) => {
                    return Err(Failure::error(format!(
                        "merging from generator: id resid.ResId{{{kind} {}}} does not exist; cannot \
                         {how}",
                        made.name()
                    )));
                }
                _ => all.push(made),
            }
        }
    }
    Ok(())
}

fn make(
    files: &Files,
    folder: &str,
    kind: &'static str,
    given: &Value,
    common: &Value,
) -> Result<Resource, Failure> {
    let mut args = Args::default();
    let list =
        |field: &str| given[field].as_array().into_iter().flatten().filter_map(Value::as_str);
    for literal in list("literals") {
        args.give("from-literal", literal.to_owned());
    }
    let there = |what: &str, path: &str| {
        let place = format!("{folder}/{path}");
        if files.read(&place).is_some() {
            return Ok(place);
        }
        let why = super::missing(files, &place);
        Err(Failure::error(format!("loading KV pairs: {what} sources: [{path}]: {why}")))
    };
    for file in list("files") {
        let (key, path) =
            file.split_once('=').unwrap_or_else(|| (file.rsplit('/').next().unwrap_or(file), file));
        args.give("from-file", format!("{key}={}", there("file", path)?));
    }
    for env in list("envs").chain(given["env"].as_str()) {
        args.give("from-env-file", there("env source", env)?);
    }
    if let Some(of) = given["type"].as_str() {
        args.give("type", of.to_owned());
    } else if kind == "Secret" {
        args.give("type", "Opaque".to_owned());
    }
    let name = given["name"].as_str().unwrap_or_default();
    let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    if let Some(namespace) = given["namespace"].as_str() {
        value["metadata"]["namespace"] = json!(namespace);
    }
    generated(kind, &args, files, &mut value)?;
    let own = &given["options"];
    for part in ["labels", "annotations"] {
        for options in [common, own] {
            for (key, text) in options[part].as_object().into_iter().flatten() {
                value["metadata"][part][key.as_str()] = text.clone();
            }
        }
    }
    if own["immutable"] == true || common["immutable"] == true {
        value["immutable"] = json!(true);
    }
    let plain = |options: &Value| options["disableNameSuffixHash"] == true;
    Ok(Resource { hashed: !plain(own) && !plain(common), ..Resource::new(value) })
}

/// The hash of what a ConfigMap or Secret holds, whatever it is called.
pub(super) fn hash(value: &Value) -> String {
    let mut nameless = value.clone();
    nameless["metadata"]["name"] = json!("");
    crate::kubectl::command::hash(&nameless)
}
