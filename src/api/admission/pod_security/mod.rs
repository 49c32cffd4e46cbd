//! Namespaces say by labels how restricted their pods are. Mirrors `pod-security-admission`.

mod checks;

use serde_json::Value;

use self::checks::violations;
use super::{Operation, Write};
use crate::api::server::NAMESPACES;
use crate::api::status::Status;
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::kinds::FieldError;
use crate::object::{GroupResource, Key, Object};

const PREFIX: &str = "pod-security.kubernetes.io/";
static PODS: GroupResource = GroupResource::new("", "pods");
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// How restricted, and by the rules of which version. Mirrors `LevelVersion`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    level: usize,
    version: String,
}

impl Level {
    fn privileged() -> Self {
        Self { level: 0, version: "latest".to_owned() }
    }

    fn text(&self) -> String {
        format!("{}:{}", LEVELS.get(self.level).unwrap_or(&""), self.version)
    }

    /// What a pod does that it may not: reasons, each with details.
    fn violations(&self, pod: &Value) -> Vec<(String, String)> {
        if self.level == 0 { Vec::new() } else { violations(pod, self.level == 2) }
    }
}

/// What a namespace asks for. Mirrors `api.Policy`, without what is only audited.
#[derive(Debug, PartialEq, Eq)]
struct Policy {
    enforce: Level,
    warn: Level,
}

type Labels = std::collections::BTreeMap<String, String>;

/// Reads the labels; what cannot be read is restricted where it is enforced. Mirrors
/// `PolicyToEvaluate`.
fn policy(labels: Option<&Labels>) -> (Policy, Vec<FieldError>) {
    let mut policy = Policy { enforce: Level::privileged(), warn: Level::privileged() };
    let (mut errors, mut said) = (Vec::new(), Vec::new());
    let label = |name: &str| labels.and_then(|labels| labels.get(&format!("{PREFIX}{name}")));
    for mode in ["enforce", "audit", "warn"] {
        let mut level = Level::privileged();
        if let Some(given) = label(mode) {
            let known = LEVELS.iter().position(|level| level == given);
            let fallback = if mode == "enforce" { 2 } else { 0 };
            level.level = known.unwrap_or(fallback);
            if known.is_some() || mode == "warn" {
                said.push(mode);
            }
            let why = format!("must be one of {}", LEVELS.join(", "));
            errors.extend(known.is_none().then(|| fault(mode, given, why)));
        }
        let version = format!("{mode}-version");
        if let Some(given) = label(&version) {
            let number = given.strip_prefix("v1.").map(str::parse::<u32>);
            if given == "latest" || matches!(number, Some(Ok(_))) {
                level.version.clone_from(given);
            } else {
                let why = "must be \"latest\" or \"v1.x\"".to_owned();
                errors.push(fault(&version, given, why));
            }
        }
        match mode {
            "enforce" => policy.enforce = level,
            "warn" => policy.warn = level,
            _ => {}
        }
    }
    let follows = !said.contains(&"warn") && said.contains(&"enforce");
    if follows && policy.enforce.level > policy.warn.level {
        policy.warn.level = policy.enforce.level;
        if label("warn-version").is_none() {
            policy.warn.version.clone_from(&policy.enforce.version);
        }
    }
    (policy, errors)
}

fn fault(label: &str, given: &str, why: String) -> FieldError {
    FieldError::invalid(&format!("metadata.labels[{PREFIX}{label}]"), given, why)
}

/// Where a kind keeps its pod, as a pointer.
fn place(plural: &str) -> Option<&'static str> {
    Some(match plural {
        "pods" => "",
        "podtemplates" => "/template",
        "cronjobs" => "/spec/jobTemplate/spec/template",
        "replicationcontrollers"
        | "replicasets"
        | "deployments"
        | "statefulsets"
        | "daemonsets"
        | "jobs" => "/spec/template",
        _ => return None,
    })
}

/// Looks at a namespace's labels, or at what becomes a pod in a namespace that has some.
///
/// # Errors
/// The pod may not run there, or a label cannot be read.
pub(in crate::api) fn validate(
    write: &Write<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), Status> {
    let names = write.kind.names();
    if write.operation == Operation::Delete || !write.subresource.is_empty() {
        return Ok(());
    }
    if names.resource() == NAMESPACES {
        return namespace(write, warnings);
    }
    let Some(place) = place(names.plural) else { return Ok(()) };
    let home = write.store.get(&Key::new(NAMESPACES, "", write.object.namespace()));
    let labels = home.and_then(|home| home.meta().labels.as_ref());
    let is_told = labels.is_some_and(|labels| labels.keys().any(|name| name.starts_with(PREFIX)));
    if !is_told {
        return Ok(());
    }
    let (policy, _) = policy(labels);
    let whole = write.object.to_value();
    let Some(pod) = whole.pointer(place) else { return Ok(()) };
    if place.is_empty() && write.old.is_some_and(|old| same_images(&old.to_value(), pod)) {
        return Ok(());
    }
    if place.is_empty() {
        let found = policy.enforce.violations(pod);
        if !found.is_empty() {
            let (level, detail) = (policy.enforce.text(), detail(&found));
            return Err(write.forbidden(&format!("violates PodSecurity {level:?}: {detail}")));
        }
    }
    let found = policy.warn.violations(pod);
    if !found.is_empty() {
        let (level, detail) = (policy.warn.text(), detail(&found));
        warnings.push(format!("would violate PodSecurity {level:?}: {detail}"));
    }
    Ok(())
}

/// Of a pod that is there only its images can change for the worse.
fn same_images(old: &Value, new: &Value) -> bool {
    let images = |pod: &Value| -> Vec<Value> {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let all = lists.iter().flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
        all.map(|container| container["image"].clone()).collect()
    };
    images(old) == images(new)
}

fn detail(found: &[(String, String)]) -> String {
    let one = |(reason, detail): &(String, String)| match detail.as_str() {
        "" => reason.clone(),
        detail => format!("{reason} ({detail})"),
    };
    found.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Mirrors `ValidateNamespace`.
fn namespace(write: &Write<'_>, warnings: &mut Vec<String>) -> Result<(), Status> {
    let (new, errors) = policy(write.object.meta().labels.as_ref());
    let old = write.old.map(|old| policy(old.meta().labels.as_ref()));
    if !errors.is_empty() && old.as_ref().is_none_or(|(_, before)| *before != errors) {
        return Err(Status::invalid("Namespace", "", write.object.name(), &errors));
    }
    let Some((old, _)) = old else { return Ok(()) };
    let relaxed =
        new.enforce.version == old.enforce.version && new.enforce.level <= old.enforce.level;
    if new.enforce.level == 0 || relaxed {
        return Ok(());
    }
    let name = write.object.name();
    let pods = write.store.list(&PODS).filter(|pod| pod.namespace() == name);
    let found = complaints(pods, &new.enforce);
    if !found.is_empty() {
        warnings.push(format!(
            "existing pods in namespace {name:?} violate the new PodSecurity enforce level {:?}",
            new.enforce.text()
        ));
        warnings.extend(found);
    }
    Ok(())
}

/// What is to be said of the pods that are there already. Mirrors `EvaluatePodsInNamespace`.
fn complaints<'a>(pods: impl Iterator<Item = &'a Object>, level: &Level) -> Vec<String> {
    let mut counted: SmallMap<String, (String, usize)> = SmallMap::new();
    for pod in pods {
        let found = level.violations(&pod.to_value());
        if found.is_empty() {
            continue;
        }
        let reasons: Vec<String> = found.into_iter().map(|(reason, _)| reason).collect();
        let entry = counted.entry(reasons.join(", "));
        let (first, count) = entry.or_insert_with(|| (pod.name().to_owned(), 0));
        if pod.name() < first.as_str() {
            pod.name().clone_into(first);
        }
        *count += 1;
    }
    let mut texts: Vec<String> = Vec::new();
    for (reasons, (first, count)) in counted {
        texts.push(match count {
            1 => format!("{first}: {reasons}"),
            2 => format!("{first} (and 1 other pod): {reasons}"),
            more => format!("{first} (and {} other pods): {reasons}", more - 1),
        });
    }
    texts.order();
    texts
}
