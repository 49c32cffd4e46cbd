//! ApplySets: an object remembers which kinds and namespaces what was applied with it is in, so that
//! `--prune` finds it again. Mirrors `k8s.io/kubectl/pkg/cmd/apply/applyset.go` and
//! `applyset_pruner.go`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Applying;
use crate::api::{Body, PatchType, Verb};
use crate::base::base64::{self, Alphabet};
use crate::base::order::Gather;
use crate::base::sha256;
use crate::kubectl::command::delete;
use crate::kubectl::command::discover::VERSION;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked, Manifest};
use crate::kubectl::{Args, Failure, Io};
use crate::object::Object;

const ID: &str = "applyset.kubernetes.io/id";
const PART_OF: &str = "applyset.kubernetes.io/part-of";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// On a definition: its objects may be parents.
const IS_PARENT: &str = "applyset.kubernetes.io/is-parent-type";

/// A set, known by its parent.
pub(super) struct ApplySet {
    parent: Asked,
    name: String,
    namespace: String,
    /// The kinds (`Deployment.apps`) and namespaces that the parent has remembered so far.
    kinds: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

/// `--applyset`'s own mistakes. Mirrors `ApplyOptions.Validate`.
pub(super) fn misuse(args: &Args) -> Option<&'static str> {
    if args.get("applyset").is_empty() {
        return None;
    }
    let all = [
        (!args.is("prune"), "--applyset requires --prune"),
        (args.is("all"), "--all is incompatible with --applyset"),
        (args.has("selector"), "--selector is incompatible with --applyset"),
        (args.has("prune-allowlist"), "--prune-allowlist is incompatible with --applyset"),
    ];
    all.into_iter().find(|(is_so, _)| *is_so).map(|(_, why)| why)
}

/// How a kind is remembered.
fn group_kind(asked: &Asked) -> String {
    let names = asked.names();
    let dot = if names.group.is_empty() { "" } else { "." };
    format!("{}{dot}{}", names.kind, names.group)
}

fn joined(all: &BTreeSet<String>) -> String {
    all.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// A list in an annotation.
fn listed(parent: &Object, annotation: &str) -> BTreeSet<String> {
    let notes = parent.meta().annotations.as_ref();
    let text = notes.and_then(|notes| notes.get(annotation)).map_or("", String::as_str);
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).gathered()
}

impl ApplySet {
    /// The set that `--applyset=[RESOURCE/]NAME` means; `None` without the flag.
    ///
    /// # Errors
    /// What cannot be a parent.
    pub(super) fn from_args(args: &Args, io: &mut Io<'_>) -> Result<Option<Self>, Failure> {
        let text = args.get("applyset");
        if text.is_empty() {
            return Ok(None);
        }
        let (kind, name) = text.split_once('/').unwrap_or(("secrets", text));
        let invalid =
            |why: &str| Failure::error(format!("invalid parent reference {text:?}: {why}"));
        if name.is_empty() {
            return Err(invalid("name cannot be blank"));
        }
        let found = resource::kinds(kind, &io.api.custom_kinds());
        let parent = found.ok().and_then(|kinds| kinds.first().copied());
        let parent =
            parent.ok_or_else(|| invalid(&format!("no matches for /, Resource={kind}")))?;
        let mut wrong = Vec::new();
        if !may_be_parent(io, &parent) {
            let resource = parent.resource_with_version();
            let resource = resource.replacen("\"/", "\"", 1);
            wrong.push(format!("resource {resource} is not permitted as an ApplySet parent"));
        }
        let namespace = if parent.names().namespaced { args.get("namespace") } else { "" };
        if parent.names().namespaced && namespace.is_empty() {
            wrong.push("namespace is required to use namespace-scoped ApplySet".to_owned());
        }
        match wrong.as_slice() {
            [] => Ok(Some(Self {
                parent,
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                kinds: BTreeSet::new(),
                namespaces: BTreeSet::new(),
            })),
            [one] => Err(Failure::error(one)),
            many => Err(Failure::error(format!("[{}]", many.join(", ")))),
        }
    }

    /// What those that belong to it are labelled with.
    fn id(&self) -> String {
        let names = self.parent.names();
        let text = format!("{}.{}.{}.{}", self.name, self.namespace, names.kind, names.group);
        let hash = base64::encode(&sha256::digest(text.as_bytes()), Alphabet::Url);
        format!("applyset-{hash}-v1")
    }

    /// Before anything is applied: reads the parent, has it remember what is about to come besides
    /// what there is, and labels the manifests.
    ///
    /// # Errors
    /// The parent is somebody else's.
    pub(super) fn begin(
        &mut self,
        io: &mut Io<'_>,
        dry_run: DryRun,
        manifests: &mut [Manifest],
    ) -> Result<(), Failure> {
        let get = self.parent.request(Verb::Get, &self.namespace, &self.name);
        match io.api.call(get) {
            Ok(reply) => self.recall(&resource::object_of(reply)?)?,
            Err(status) if !status.is_not_found() => return Err(Failure::status(&status)),
            Err(_) if !self.parent.names().namespaced => {
                return Err(Failure::error(
                    "custom resource ApplySet parents cannot be created automatically",
                ));
            }
            Err(_) => {}
        }
        let (mut kinds, mut namespaces) = self.of(manifests);
        kinds.extend(self.kinds.iter().cloned());
        namespaces.extend(self.namespaces.iter().cloned());
        self.remember(io, dry_run, (&kinds, &namespaces))?;
        (self.kinds, self.namespaces) = (kinds, namespaces);
        let id = self.id();
        for manifest in manifests {
            if !manifest.value["metadata"]["labels"].is_object() {
                manifest.value["metadata"]["labels"] = json!({});
            }
            manifest.value["metadata"]["labels"][PART_OF] = json!(id);
        }
        Ok(())
    }

    /// The kinds of manifests, and their namespaces other than the parent's.
    fn of(&self, manifests: &[Manifest]) -> (BTreeSet<String>, BTreeSet<String>) {
        let kinds = manifests.iter().map(|manifest| group_kind(&manifest.asked));
        let namespaces = manifests.iter().map(|manifest| manifest.namespace.clone());
        let others = namespaces.filter(|one| !one.is_empty() && *one != self.namespace);
        (kinds.gathered(), others.gathered())
    }

    /// What the parent remembers.
    fn recall(&mut self, parent: &Object) -> Result<(), Failure> {
        let names = self.parent.names();
        let about = format!("{}.{}/{}", names.plural, names.group, self.name);
        let wrong =
            |why: String| Err(Failure::error(format!("ApplySet parent object {about:?} {why}")));
        let notes = parent.meta().annotations.as_ref();
        let Some(tooling) = notes.and_then(|notes| notes.get(TOOLING)) else {
            return wrong(format!("exists and is missing required annotation {TOOLING:?}"));
        };
        let tool = tooling.split('/').next().unwrap_or_default();
        if tool != "kubectl" {
            return wrong(format!(
                "already exists and is managed by tooling {tool:?} instead of \"kubectl\""
            ));
        }
        let labels = parent.meta().labels.as_ref();
        let Some(id) = labels.and_then(|labels| labels.get(ID)) else {
            return wrong(format!("exists and does not have required label {ID}"));
        };
        if *id != self.id() {
            let want = self.id();
            return wrong(format!(
                "exists and has incorrect value for label {ID:?} (got: {id}, want: {want})"
            ));
        }
        self.kinds = listed(parent, KINDS);
        self.namespaces = listed(parent, NAMESPACES);
        Ok(())
    }

    /// Writes the parent.
    fn remember(
        &self,
        io: &mut Io<'_>,
        dry_run: DryRun,
        (kinds, namespaces): (&BTreeSet<String>, &BTreeSet<String>),
    ) -> Result<(), Failure> {
        if dry_run == DryRun::Client {
            return Ok(());
        }
        let names = self.parent.names();
        let group =
            if names.group.is_empty() { String::new() } else { format!("{}/", names.group) };
        let mut parent = json!({
            "apiVersion": format!("{group}{}", self.parent.version()),
            "kind": names.kind,
            "metadata": {
                "name": self.name,
                "annotations": {
                    TOOLING: format!("kubectl/{VERSION}"),
                    KINDS: joined(kinds),
                    NAMESPACES: joined(namespaces),
                },
                "labels": { ID: self.id() },
            },
        });
        if !self.namespace.is_empty() {
            parent["metadata"]["namespace"] = Value::from(self.namespace.as_str());
        }
        let verb = Verb::Patch(PatchType::Apply);
        let mut request = self.parent.request(verb, &self.namespace, &self.name);
        "kubectl-applyset".clone_into(&mut request.manager);
        request.body = Body::Json(parent);
        request.dry_run = dry_run == DryRun::Server;
        io.api.call(request)?;
        Ok(())
    }

    /// Once everything is applied: deletes what belongs to the set and was not applied just now, and
    /// has the parent forget its kind.
    ///
    /// # Errors
    /// What the server refuses.
    pub(super) fn end(&self, job: &Applying, io: &mut Io<'_>) -> Result<(), Failure> {
        let labels = format!("{PART_OF}={}", self.id());
        let customs = io.api.custom_kinds();
        for kind in &self.kinds {
            let (name, group) = kind.split_once('.').unwrap_or((kind, ""));
            let built_in = crate::kinds::by_kind(group, name);
            let custom = || {
                let kinds = customs.iter().map(|custom| custom.kind);
                kinds.into_iter().find(|k| k.names().kind == name && k.names().group == group)
            };
            let Some(kind) = built_in.or_else(custom) else {
                return Err(Failure::error(format!(
                    "could not find mapping for kind in {KINDS:?} annotation: no matches for kind \
                     {name:?} in group {group:?}"
                )));
            };
            let version = kind.names().versions.first().copied().unwrap_or_default();
            self.prune(job, io, &Asked { kind, version }, &labels)?;
        }
        let kinds = job.applied.iter().map(|(asked, _)| group_kind(asked)).gathered();
        let namespaces = job.applied.iter().map(|(_, object)| object.namespace().to_owned());
        let others = namespaces.filter(|one| !one.is_empty() && *one != self.namespace).gathered();
        self.remember(io, job.dry_run, (&kinds, &others))
    }

    fn prune(
        &self,
        job: &Applying,
        io: &mut Io<'_>,
        asked: &Asked,
        labels: &str,
    ) -> Result<(), Failure> {
        let mut places: BTreeSet<&str> = BTreeSet::new();
        places.insert("");
        if asked.names().namespaced {
            places = self.namespaces.iter().map(String::as_str).gathered();
            if !self.namespace.is_empty() {
                places.insert(&self.namespace);
            }
        }
        for namespace in places {
            let (objects, _) = resource::list(io, asked, namespace, labels, "")?;
            for object in objects.iter().filter(|object| !job.visited.contains(object.uid())) {
                if job.dry_run == DryRun::None {
                    let place = (asked, object.namespace(), object.name());
                    delete::quietly(io, place, job.args.get("cascade"), None)?;
                }
                let said = job.dry_run.report(&job.args, asked, object, "pruned", io.now)?;
                io.out.push_str(&said);
            }
        }
        Ok(())
    }
}

/// Secrets and ConfigMaps, and cluster-scoped custom resources whose definition says so.
fn may_be_parent(io: &mut Io<'_>, asked: &Asked) -> bool {
    let names = asked.names();
    if !asked.kind.is_custom() {
        return names.group.is_empty() && matches!(names.plural, "secrets" | "configmaps");
    }
    let Ok(kinds) = resource::kinds("customresourcedefinitions", &[]) else { return false };
    let Some(definitions) = kinds.first() else { return false };
    let name = format!("{}.{}", names.plural, names.group);
    let definition = resource::fetch(io, definitions, "", &name);
    let labels = definition.ok().and_then(|object| object.meta().labels.clone());
    let says = labels.and_then(|labels| labels.get(IS_PARENT).cloned());
    !names.namespaced && says.as_deref() == Some("true")
}
