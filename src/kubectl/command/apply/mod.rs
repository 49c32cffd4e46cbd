//! `kubectl apply`: the three-way merge of what was applied last, what is asked for now, and what
//! is there. Mirrors `k8s.io/kubectl/pkg/cmd/apply`.

pub mod last_applied;
mod migrate;
mod prune;
mod set;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Command, DRY_RUN, FILENAME, KUSTOMIZE, RECURSIVE, SELECTOR, warn_of_record};
use crate::api::{Body, PatchType, Verb};
use crate::base::go_text::escape_html;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::{Printer, face};
use crate::kubectl::resource::{self, Asked, Manifest};
use crate::kubectl::validation::{VALIDATE, Validation};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::meta::LAST_APPLIED;
use crate::object::{Object, patch};

/// The verb.
pub struct Apply;

impl Command for Apply {
    fn name(&self) -> &'static str {
        "apply"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            DRY_RUN,
            FILENAME,
            RECURSIVE,
            SELECTOR,
            VALIDATE,
            KUSTOMIZE,
            Flag::switch("all"),
            Flag::value("applyset", ""),
            Flag::optional("cascade", "background", "background"),
            Flag::switch("force"),
            Flag::value("grace-period", "-1"),
            Flag { default: "true", ..Flag::switch("openapi-patch") },
            Flag { default: "true", ..Flag::switch("overwrite") },
            Flag::switch("prune"),
            Flag::value("prune-allowlist", "[]"),
            Flag::value("subresource", ""),
            Flag::value("timeout", "0s"),
            Flag::switch("wait"),
            Flag::switch("record"),
            Flag::switch("server-side"),
            Flag::switch("force-conflicts"),
            Flag::value("field-manager", "kubectl-client-side-apply"),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[super::PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl apply (-f FILENAME | -k DIRECTORY) [options]"
    }

    fn about(&self) -> &'static str {
        "Apply a configuration to a resource by file name or stdin."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if !args.positional.is_empty() {
            let words = args.positional.join(" ");
            return Err(Failure::usage("apply", &format!("Unexpected args: [{words}]")));
        }
        if !args.reads_files() && !args.has("kustomize") {
            return Err(Failure::error("must specify one of -f and -k"));
        }
        let dry_run = DryRun::from_args(&args)?;
        if args.is("server-side") && dry_run == DryRun::Client {
            return Err(Failure::error(
                "--dry-run=client doesn't work with --server-side (did you mean \
                 --dry-run=server instead?)",
            ));
        }
        check(&args)?;
        let printer = Printer::from_args(&args)?;
        let validation = Validation::from_args(&args)?;
        Ok(Box::new(Applying {
            kinds: prune::kinds(&args)?,
            set: None,
            args,
            dry_run,
            validation,
            printer,
            waiting: None,
            applied: Vec::new(),
            visited: BTreeSet::new(),
            failures: Vec::new(),
        }))
    }
}

/// Flags that do not go together. Mirrors `ApplyOptions.Validate`.
fn check(args: &Args) -> Result<(), Failure> {
    let by_server = args.is("server-side");
    let wrong = if args.is("force-conflicts") && !by_server {
        "--force-conflicts only works with --server-side"
    } else if args.is("force") && by_server {
        "--force cannot be used with --server-side"
    } else if args.has("subresource") && !by_server {
        "--subresource can only be specified for --server-side"
    } else if let Some(why) = set::misuse(args) {
        why
    } else if args.is("prune") && args.is("all") && args.has("selector") {
        "cannot set --all and --selector at the same time"
    } else if args.is("prune") && !args.is("all") && !args.has("selector") && !args.has("applyset")
    {
        "all resources selected for prune without explicitly passing --all. To prune all \
         resources, pass the --all flag. If you did not mean to prune all resources, specify a \
         label selector"
    } else {
        return Ok(());
    };
    Err(Failure::error(wrong))
}

/// How long the requests about one object take: the controllers see one before the next is there.
const TAKES: Duration = Duration::from_millis(10);

/// An apply under way, a manifest after the other; what is wrong with one does not stop the others.
struct Applying {
    args: Args,
    dry_run: DryRun,
    validation: Validation,
    printer: Printer,
    /// The kinds that are pruned.
    kinds: Vec<Asked>,
    /// The set that the manifests belong to.
    set: Option<set::ApplySet>,
    /// The manifests to come, once they are read.
    waiting: Option<VecDeque<Manifest>>,
    applied: Vec<(Asked, Object)>,
    /// The uids of what was applied.
    visited: BTreeSet<String>,
    failures: Vec<Failure>,
}

impl Job for Applying {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let Some(waiting) = &mut self.waiting else {
            self.read(io)?;
            return self.poll(io);
        };
        if let Some(manifest) = waiting.pop_front() {
            let is_last = waiting.is_empty();
            self.one(io, manifest)?;
            if !is_last {
                return Ok(Step::Wait(Some(TAKES)));
            }
        }
        if !self.printer.is_table() && !self.applied.is_empty() {
            let objects: Vec<_> = self.applied.iter().map(|(asked, o)| (*asked, o)).collect();
            let is_list = objects.len() > 1;
            io.out.push_str(&self.printer.print(&objects, is_list, io.now)?);
        }
        Failure::several(&self.failures)?;
        if let Some(set) = &self.set {
            set.end(self, io)?;
        } else if self.args.is("prune") {
            prune::prune(&self.args, self.dry_run, io, (&self.kinds, &self.visited))?;
        }
        Ok(Step::Done(0))
    }
}

impl Applying {
    fn read(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        warn_of_record(&self.args, io);
        self.set = set::ApplySet::from_args(&self.args, io)?;
        let manifests = resource::manifests(&self.args, io)?;
        if manifests.is_empty() {
            return Err(Failure::error("no objects passed to apply"));
        }
        // What is wrong with the files is reported first.
        let broken: Vec<_> = manifests.iter().filter_map(|m| m.as_ref().err().cloned()).collect();
        self.failures.extend(Failure::several(&broken).err());
        let mut manifests: Vec<Manifest> = manifests.into_iter().flatten().collect();
        if let Some(set) = &mut self.set {
            set.begin(io, self.dry_run, &mut manifests)?;
        }
        self.waiting = Some(manifests.into());
        Ok(())
    }

    fn one(&mut self, io: &mut Io<'_>, mut manifest: Manifest) -> Result<(), Failure> {
        if self.args.is("record") {
            record(&self.args, &mut manifest);
        }
        let outcome = if self.args.is("server-side") {
            on_server(&self.args, self.dry_run, io, &manifest)
        } else {
            let how = (self.dry_run, self.validation);
            apply(how, io, &manifest).or_else(|failure| {
                if !self.args.is("force") || self.dry_run != DryRun::None {
                    return Err(failure);
                }
                anew(how, io, &manifest).map_err(|_| failure)
            })
        };
        match outcome {
            Ok((object, verb)) => {
                self.visited.insert(object.uid().to_owned());
                if self.printer.is_table() {
                    let asked = &manifest.asked;
                    let text = self.dry_run.report(&self.args, asked, &object, verb, io.now)?;
                    io.out.push_str(&text);
                }
                self.applied.push((manifest.asked, object));
            }
            Err(failure) => self.failures.push(failure),
        }
        Ok(())
    }
}

/// `--force`: what cannot be changed is deleted and created anew.
fn anew(
    how: (DryRun, Validation),
    io: &mut Io<'_>,
    manifest: &Manifest,
) -> Result<(Object, &'static str), Failure> {
    let place = (&manifest.asked, manifest.namespace.as_str(), manifest.name.as_str());
    super::delete::quietly(io, place, "background", Some(0))?;
    let (object, _) = create(how, io, manifest, with_last_applied(&manifest.value))?;
    Ok((object, "configured"))
}

/// `--record`: the command line as the change's cause.
fn record(args: &Args, manifest: &mut Manifest) {
    let files: Vec<_> = args.all("filename").iter().map(|f| format!("--filename={f}")).collect();
    let cause = format!("kubectl apply {} --record=true", files.join(" "));
    annotations(&mut manifest.value).insert("kubernetes.io/change-cause".to_owned(), json!(cause));
}

fn annotations(value: &mut Value) -> &mut Map<String, Value> {
    if !value["metadata"].is_object() {
        value["metadata"] = json!({});
    }
    if !value["metadata"]["annotations"].is_object() {
        value["metadata"]["annotations"] = json!({});
    }
    value["metadata"]["annotations"].as_object_mut().expect("it was made an object just now")
}

/// The manifest as it is remembered: compact JSON, without itself.
pub(super) fn with_last_applied(value: &Value) -> Value {
    let mut bare = value.clone();
    annotations(&mut bare).remove(LAST_APPLIED);
    let text = format!("{}\n", escape_html(&bare.to_string()));
    annotations(&mut bare).insert(LAST_APPLIED.to_owned(), Value::String(text));
    bare
}

/// Applies one manifest; the object as it is then, and what happened to it.
fn apply(
    (dry_run, validation): (DryRun, Validation),
    io: &mut Io<'_>,
    manifest: &Manifest,
) -> Result<(Object, &'static str), Failure> {
    if manifest.name.is_empty() {
        let from = manifest.value["metadata"]["generateName"].as_str().unwrap_or_default();
        return Err(Failure::error(if from.is_empty() {
            format!(
                "error when retrieving current configuration of:\nResource: {}, GroupVersionKind: \
                 {}\nName: \"\", Namespace: {:?}\nfrom server for: {:?}: resource name may not be \
                 empty",
                manifest.asked.resource_with_version(),
                manifest.asked.kind_with_version(),
                manifest.namespace,
                manifest.file
            )
        } else {
            format!("from {from}: cannot use generate name with apply")
        }));
    }
    let modified = with_last_applied(&manifest.value);
    let get = manifest.asked.request(Verb::Get, &manifest.namespace, &manifest.name);
    match io.api.call(get) {
        Ok(reply) => {
            let current = resource::object_of(reply)?;
            change((dry_run, validation), io, manifest, &modified, current)
        }
        Err(status) if status.is_not_found() => {
            create((dry_run, validation), io, manifest, modified)
        }
        Err(status) => Err(Failure::status(&status)),
    }
}

/// What a conflict is followed by.
const CONFLICTS: &str = "
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

/// `--server-side`: the server merges.
fn on_server(
    args: &Args,
    dry_run: DryRun,
    io: &mut Io<'_>,
    manifest: &Manifest,
) -> Result<(Object, &'static str), Failure> {
    if manifest.name.is_empty() {
        let from = manifest.value["metadata"]["generateName"].as_str().unwrap_or_default();
        return Err(Failure::error(format!("from {from}: cannot use generate name with apply")));
    }
    let mut request =
        manifest.asked.request(Verb::Patch(PatchType::Apply), &manifest.namespace, &manifest.name);
    let manager = if args.has("field-manager") { args.get("field-manager") } else { "kubectl" };
    manager.clone_into(&mut request.manager);
    request.body = Body::Json(manifest.value.clone());
    request.force = args.is("force-conflicts");
    request.dry_run = dry_run != DryRun::None;
    let again = request.clone();
    let apply = |request, io: &mut Io<'_>| {
        let reply = io.api.call(request).map_err(|status| {
            if status.is_conflict() {
                return Failure::error(format!("{}{CONFLICTS}", status.message));
            }
            Failure::status(&status)
        })?;
        resource::object_of(reply)
    };
    let mut object = apply(request, io)?;
    let own = again.manager == "kubectl" && dry_run == DryRun::None;
    if own && migrate::migrate(io, manifest, &object, &again.manager)? {
        object = apply(again, io)?;
    }
    Ok((object, "serverside-applied"))
}

fn create(
    (dry_run, validation): (DryRun, Validation),
    io: &mut Io<'_>,
    manifest: &Manifest,
    modified: Value,
) -> Result<(Object, &'static str), Failure> {
    let mut request = manifest.asked.request(Verb::Create, &manifest.namespace, "");
    request.body = Body::Json(modified);
    validation.apply(&mut request);
    request.dry_run = dry_run != DryRun::None;
    let reply = io.api.call(request).map_err(|status| {
        Failure::status_while(&format!("error when creating {:?}", manifest.file), &status)
    })?;
    let object = resource::object_of(reply)?;
    Ok((object, "created"))
}

fn change(
    (dry_run, validation): (DryRun, Validation),
    io: &mut Io<'_>,
    manifest: &Manifest,
    modified: &Value,
    current: Object,
) -> Result<(Object, &'static str), Failure> {
    if current.meta().deletion_timestamp.is_some() {
        io.err.push_str(&format!(
            "Warning: Detected changes to resource {} which is currently being deleted.\n",
            manifest.name
        ));
    }
    let live = face(&manifest.asked, &current);
    let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    if last.is_none() {
        io.err.push_str(&format!(
            "Warning: resource {} is missing the {LAST_APPLIED} annotation which is required by \
             kubectl apply. kubectl apply should only be used on resources created declaratively \
             by either kubectl create --save-config or kubectl apply. The missing annotation will \
             be patched automatically.\n",
            manifest.asked.names().plural.to_owned() + "/" + &manifest.name
        ));
    }
    let (how, patch) = patch_of(manifest, modified, &current)?;
    if patch.as_object().is_some_and(Map::is_empty) {
        return Ok((current, "unchanged"));
    }
    let mut request = manifest.asked.request(Verb::Patch(how), &manifest.namespace, &manifest.name);
    let sent = patch.clone();
    request.body = Body::Json(patch);
    validation.apply(&mut request);
    request.dry_run = dry_run != DryRun::None;
    let reply = io.api.call(request).map_err(|status| {
        let patched = serde_json::json!(sent);
        let doing = format!(
            "error when applying patch:\n{patched}\nto:\nResource: {}, GroupVersionKind: {}\nName: \
             {:?}, Namespace: {:?}\nfor: {:?}: error when patching {:?}",
            manifest.asked.resource_with_version(),
            manifest.asked.kind_with_version(),
            manifest.name,
            manifest.namespace,
            manifest.file,
            manifest.file
        );
        Failure::status_while(&doing, &status)
    })?;
    // Even if the server made nothing of it.
    Ok((resource::object_of(reply)?, "configured"))
}

/// The change from an object as it is to what a manifest asks for, and how to send it.
pub(super) fn patch_of(
    manifest: &Manifest,
    modified: &Value,
    current: &Object,
) -> Result<(PatchType, Value), Failure> {
    let live = face(&manifest.asked, current);
    let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    let original: Value =
        last.and_then(|text| crate::base::yaml::parse_one(text).ok()).unwrap_or_default();
    // Nobody knows the merge keys of custom resources.
    let (how, patch) = if manifest.asked.kind.is_custom() {
        let patch = patch::three_way::three_way_merge(&original, modified, &live);
        (PatchType::Merge, patch)
    } else {
        let kind = manifest.asked.names().kind;
        let patch = patch::three_way::three_way_strategic(&original, modified, &live, kind);
        (PatchType::Strategic, patch)
    };
    Ok((how, patch.map_err(Failure::error)?))
}
