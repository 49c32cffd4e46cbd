//! Admission webhooks: which are asked about a write, in which order, and what their answers make
//! of it. Mirrors `apiserver/pkg/admission/plugin/webhook`.

#[cfg(not(target_arch = "wasm32"))]
mod review;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::asked::{self, Asked, Form};
use super::{Operation, Write, matching};
use crate::api::Status;
use crate::kinds::Kind;
use crate::object::{GroupResource, Object};
use crate::store::Store;

const GROUP: &str = "admissionregistration.k8s.io";
const MUTATING: GroupResource = GroupResource::new(GROUP, "mutatingwebhookconfigurations");
const VALIDATING: GroupResource = GroupResource::new(GROUP, "validatingwebhookconfigurations");
/// Those who ask policies, which are told of the request as well.
const BINDINGS: [GroupResource; 2] = [
    GroupResource::new(GROUP, "validatingadmissionpolicybindings"),
    GroupResource::new(GROUP, "mutatingadmissionpolicybindings"),
];
/// The kinds that no webhook is asked about. Mirrors `IsExemptAdmissionConfigurationResource`.
const EXEMPT: &[&str] = &[
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
];

/// Whether anybody may be asked about a write.
pub(in crate::api) fn may_ask(store: &Store) -> bool {
    let [one, other] = &BINDINGS;
    [&MUTATING, &VALIDATING, one, other].iter().any(|kind| store.list(kind).next().is_some())
}

/// Why a webhook does not let a write pass.
enum Failure {
    /// It could not be asked, or its answer made no sense. Mirrors `ErrCallingWebhook`.
    Calling(String),
    /// It refuses, or what it wants cannot be done.
    Refusal(Status),
}

/// What a webhook that lets a write pass wants changed.
type Patch = Option<Value>;

/// One webhook of a configuration.
struct Hook {
    /// Distinguishes it from all others.
    uid: String,
    spec: Value,
}

impl Hook {
    fn text(&self, field: &str) -> &str {
        self.spec[field].as_str().unwrap_or_default()
    }

    /// Whether it does not matter that it cannot be asked.
    fn may_fail(&self) -> bool {
        self.text("failurePolicy") == "Ignore"
    }
}

/// All webhooks of a kind, by the names of their configurations.
fn hooks(store: &Store, resource: &GroupResource) -> Vec<Hook> {
    let mut all = Vec::new();
    for configuration in store.list(resource) {
        let value = configuration.to_value();
        for (index, spec) in value["webhooks"].as_array().into_iter().flatten().enumerate() {
            let name = spec["name"].as_str().unwrap_or_default();
            let uid = format!("{}/{name}/{index}", configuration.name());
            all.push(Hook { uid, spec: spec.clone() });
        }
    }
    all
}

fn is_exempt(kind: &dyn Kind) -> bool {
    kind.names().group == GROUP && EXEMPT.contains(&kind.names().kind)
}

/// The form in which a webhook is to be asked about a write, if it is. Mirrors `ShouldCallHook`.
///
/// # Errors
/// A condition cannot be worked out.
fn invocation(
    hook: &Hook,
    write: &mut Write<'_>,
    versions: &mut Versions,
) -> Result<Option<(Form, Asked)>, Status> {
    let form = asked::requested(write);
    let asked = Asked::of(write, form);
    let spec = &hook.spec;
    let is_selected = matching::namespaces(&spec["namespaceSelector"], &asked)
        && matching::objects(&spec["objectSelector"], &asked);
    if !is_selected {
        return Ok(None);
    }
    let rules = spec["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = if rules.iter().any(|rule| matching::is_about(rule, &asked)) {
        Some((form, asked))
    } else if hook.text("matchPolicy") == "Equivalent" {
        let mut others = asked::equivalents(write).into_iter();
        others.find_map(|form| {
            let asked = Asked::of(write, form);
            rules.iter().any(|rule| matching::is_about(rule, &asked)).then_some((form, asked))
        })
    } else {
        None
    };
    let Some((form, mut asked)) = found else { return Ok(None) };
    if !hook.spec["matchConditions"].is_null() {
        convert(write, form, &mut asked, versions)?;
    }
    Ok(conditions(hook, &asked, write)?.then_some((form, asked)))
}

/// The object and the old one as they are in other versions, by `apiVersion`.
/// Mirrors `versionedAttributeAccessor`.
type Versions = BTreeMap<String, (Value, Value)>;

/// Puts in what a conversion webhook makes of the objects. The page has nobody to ask.
#[cfg(target_arch = "wasm32")]
fn convert(_: &mut Write<'_>, _: Form, _: &mut Asked, _: &mut Versions) -> Result<(), Status> {
    Ok(())
}

#[cfg(not(target_arch = "wasm32"))]
fn convert(
    write: &mut Write<'_>,
    form: Form,
    asked: &mut Asked,
    versions: &mut Versions,
) -> Result<(), Status> {
    if !form.kind.is_custom() || form.version == asked::requested(write).version {
        return Ok(());
    }
    if !versions.contains_key(form.version) {
        let (object, old) = (write.object.clone(), write.old.cloned());
        let mut shown = |before: &Value, object: Option<&Object>| match object {
            Some(object) if !before.is_null() => {
                let converted = write.converter().convert(object, form.kind);
                converted.map(|object| form.kind.encode(form.version, &object))
            }
            _ => Ok(Value::Null),
        };
        let pair = shown(&asked.object, Some(&object))
            .and_then(|object| Ok((object, shown(&asked.old, old.as_ref())?)));
        let pair = pair.map_err(|why| Status::internal(&why))?;
        versions.insert(form.version.to_owned(), pair);
    }
    if let Some((object, old)) = versions.get(form.version) {
        asked.object.clone_from(object);
        asked.old.clone_from(old);
    }
    Ok(())
}

/// Whether the match conditions of a webhook hold. The page has nobody to work them out: there they do.
#[cfg(target_arch = "wasm32")]
fn conditions(_: &Hook, _: &Asked, _: &Write<'_>) -> Result<bool, Status> {
    Ok(true)
}

#[cfg(not(target_arch = "wasm32"))]
fn conditions(hook: &Hook, asked: &Asked, write: &Write<'_>) -> Result<bool, Status> {
    let given = &hook.spec["matchConditions"];
    if given.is_null() {
        return Ok(true);
    }
    let scope = super::policy::evaluate::Scope::new(&Value::Null, asked, &Value::Null);
    match scope.conditions(given) {
        Ok(hold) => Ok(hold),
        Err(_) if hook.may_fail() => Ok(false),
        Err(why) => {
            let name = write.object.meta().name.as_deref().unwrap_or_default();
            Err(Status::forbidden(&write.kind.names().resource(), name, &why))
        }
    }
}

/// Asks a webhook.
#[cfg(not(target_arch = "wasm32"))]
use review::ask;
/// The page reaches nobody.
#[cfg(target_arch = "wasm32")]
fn ask(
    _: &Hook,
    _: &Asked,
    _: &mut Write<'_>,
    _: &mut Vec<String>,
    _: bool,
) -> Result<Patch, Failure> {
    Err(Failure::Calling("failed to call webhook: there is no network outside the cluster".into()))
}

impl Hook {
    /// What becomes of a failure: a refusal, or nothing where it does not matter.
    fn refusal(&self, failure: Failure) -> Option<Status> {
        match failure {
            Failure::Calling(_) if self.may_fail() => None,
            Failure::Calling(why) => {
                let name = self.text("name");
                Some(Status::internal(&format!("failed calling webhook \"{name}\": {why}")))
            }
            Failure::Refusal(status) => Some(status),
        }
    }

    /// Asks about a write, unless nothing is to happen and it could not promise that.
    fn ask(
        &self,
        asked: &Asked,
        write: &mut Write<'_>,
        warnings: &mut Vec<String>,
        mutates: bool,
    ) -> Result<Patch, Failure> {
        let is_safe = matches!(self.text("sideEffects"), "None" | "NoneOnDryRun");
        if !is_safe && write.asking.is_some_and(|asking| asking.dry_run) {
            let name = self.text("name");
            let why = format!("admission webhook \"{name}\" does not support dry run");
            return Err(Failure::Refusal(Status::bad_request(why)));
        }
        ask(self, asked, write, warnings, mutates)
    }
}

/// What the two rounds of asking mutating webhooks remember. Mirrors `webhookReinvokeContext`.
#[derive(Default)]
pub(in crate::api) struct Rounds {
    is_again: bool,
    /// Those that were asked, and may be asked again.
    asked: BTreeSet<String>,
    /// Those that are to be asked again.
    again: BTreeSet<String>,
    /// What the last of them left.
    left: Option<Object>,
}

impl Rounds {
    /// Something has changed since they were asked.
    fn changed(&mut self) {
        self.again.append(&mut self.asked);
    }
}

/// Lets every mutating webhook change the object, one after the other; whether one did. Asked a second
/// time, only those that want to see what others changed. Mirrors `mutatingDispatcher.Dispatch`.
///
/// # Errors
/// What the first that refuses says.
pub(in crate::api) fn mutate(
    write: &mut Write<'_>,
    warnings: &mut Vec<String>,
    rounds: &mut Rounds,
) -> Result<bool, Status> {
    if write.asking.is_none() || is_exempt(write.kind) {
        return Ok(false);
    }
    if rounds.is_again && rounds.left.as_ref().is_none_or(|left| !left.equal(write.object)) {
        rounds.changed();
    }
    let (mut any, mut versions) = (false, Versions::new());
    for hook in hooks(write.store, &MUTATING) {
        let Some((form, mut asked)) = invocation(&hook, write, &mut versions)? else { continue };
        if rounds.is_again && !rounds.again.contains(&hook.uid) {
            continue;
        }
        convert(write, form, &mut asked, &mut versions)?;
        match hook.ask(&asked, write, warnings, true) {
            Ok(None) => {}
            Ok(Some(patched)) => {
                if replace(&hook, write, form, &patched)? {
                    versions.clear();
                    rounds.changed();
                    any = true;
                }
            }
            Err(failure) => {
                if let Some(status) = hook.refusal(failure) {
                    return Err(status);
                }
            }
        }
        if hook.text("reinvocationPolicy") == "IfNeeded" {
            rounds.asked.insert(hook.uid);
        }
    }
    rounds.left = Some(write.object.clone());
    rounds.is_again = true;
    Ok(any)
}

/// Puts what a webhook made of the object in its place; whether it is another.
fn replace(
    hook: &Hook,
    write: &mut Write<'_>,
    form: Form,
    patched: &Value,
) -> Result<bool, Status> {
    if write.operation == Operation::Delete {
        let name = hook.text("name");
        return Err(Status::internal(&format!(
            "admission webhook \"{name}\" attempted to modify the object, which is not supported \
             for this operation"
        )));
    }
    let before = write.object.clone();
    if let Some(guise) = &mut write.guise {
        let is_another = guise.value != *patched;
        guise.value.clone_from(patched);
        return Ok(is_another);
    }
    if write.subresource == "scale" {
        let replicas = patched["spec"]["replicas"].as_i64().unwrap_or(0);
        write.kind.set_scale(write.object, i32::try_from(replicas).unwrap_or(0));
    } else {
        let mut patched = patched.clone();
        if !form.kind.is_custom() {
            form.kind.schema().prune(&mut patched);
        }
        let decoded = form.kind.decode(form.version, &patched);
        let decoded = decoded.map_err(|why| Status::internal(&why))?;
        #[cfg(not(target_arch = "wasm32"))]
        let decoded = {
            let kind = write.kind;
            let back = write.converter().convert(&decoded, kind);
            back.map_err(|why| Status::internal(&why))?
        };
        *write.object = decoded;
        write.kind.default(write.object);
    }
    Ok(!write.object.equal(&before))
}

/// Asks every validating webhook about the object. Mirrors `validatingDispatcher.Dispatch`.
///
/// # Errors
/// What the first that refuses says; the others are asked nevertheless.
pub(in crate::api) fn validate(
    write: &mut Write<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), Status> {
    if is_exempt(write.kind) {
        return Ok(());
    }
    let (mut relevant, mut versions) = (Vec::new(), Versions::new());
    for hook in hooks(write.store, &VALIDATING) {
        if let Some((form, mut asked)) = invocation(&hook, write, &mut versions)? {
            convert(write, form, &mut asked, &mut versions)?;
            relevant.push((hook, asked));
        }
    }
    let mut first = None;
    for (hook, asked) in relevant {
        if let Err(failure) = hook.ask(&asked, write, warnings, false) {
            first = first.or(hook.refusal(failure));
        }
    }
    first.map_or(Ok(()), Err)
}
