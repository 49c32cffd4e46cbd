//! `kubectl apply`: the three-way merge of what was applied last, what is asked for now, and what
//! is there. Mirrors `k8s.io/kubectl/pkg/cmd/apply`.

use serde_json::{Map, Value, json};

use super::{Command, DRY_RUN, FILENAME, RECURSIVE, SELECTOR, warn_of_record};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::{Printer, face};
use crate::kubectl::resource::{self, Asked, Manifest};
use crate::kubectl::validation::{VALIDATE, Validation};
use crate::kubectl::{Args, Failure, Flag, Io, Job};
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
        if !args.has("filename") {
            return Err(Failure::error("must specify one of -f and -k"));
        }
        let dry_run = DryRun::from_args(&args)?;
        if args.is("server-side") && dry_run == DryRun::Client {
            return Err(Failure::error(
                "--dry-run=client doesn't work with --server-side (did you mean \
                 --dry-run=server instead?)",
            ));
        }
        Printer::from_args(&args)?;
        let validation = Validation::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| apply_all(&args, dry_run, validation, io)))
    }
}

/// Applies every manifest; what is wrong with one does not stop the others.
fn apply_all(
    args: &Args,
    dry_run: DryRun,
    validation: Validation,
    io: &mut Io<'_>,
) -> Result<(), Failure> {
    warn_of_record(args, io);
    let (mut failures, mut applied) = (Vec::new(), Vec::new());
    let manifests = resource::manifests(args, io)?;
    if manifests.is_empty() {
        return Err(Failure::error("no objects passed to apply"));
    }
    // What is wrong with the files is reported first.
    let broken: Vec<_> = manifests.iter().filter_map(|m| m.as_ref().err().cloned()).collect();
    failures.extend(Failure::several(&broken).err());
    for mut manifest in manifests.into_iter().flatten() {
        if args.is("record") {
            record(args, &mut manifest);
        }
        let outcome = if args.is("server-side") {
            on_server(args, dry_run, io, &manifest)
        } else {
            apply((dry_run, validation), io, &manifest)
        };
        match outcome {
            Ok((object, verb)) => applied.push((manifest.asked, object, verb)),
            Err(failure) => failures.push(failure),
        }
    }
    print(args, dry_run, io, &applied)?;
    Failure::several(&failures)
}

fn print(
    args: &Args,
    dry_run: DryRun,
    io: &mut Io<'_>,
    applied: &[(Asked, Object, &'static str)],
) -> Result<(), Failure> {
    let printer = Printer::from_args(args)?;
    if printer.is_table() {
        for (asked, object, verb) in applied {
            io.out.push_str(&dry_run.report(args, asked, object, verb, io.now)?);
        }
    } else if !applied.is_empty() {
        let objects: Vec<_> = applied.iter().map(|(asked, object, _)| (*asked, object)).collect();
        io.out.push_str(&printer.print(&objects, applied.len() > 1, io.now)?);
    }
    Ok(())
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
    let text = format!("{bare}\n");
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
                "error when retrieving current configuration of \"{}\": resource name may not be empty",
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
    let reply = io.api.call(request).map_err(|status| {
        if status.is_conflict() {
            return Failure::error(format!("{}{CONFLICTS}", status.message));
        }
        Failure::status(&status)
    })?;
    let object = resource::object_of(reply)?;
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
    let original: Value =
        last.and_then(|text| crate::base::yaml::parse_one(text).ok()).unwrap_or_default();
    // Nobody knows the merge keys of custom resources.
    let (how, patch) = if manifest.asked.kind.is_custom() {
        let patch = patch::three_way::three_way_merge(&original, modified, &live);
        (PatchType::Merge, patch.map_err(Failure::error)?)
    } else {
        let kind = manifest.asked.names().kind;
        let patch = patch::three_way::three_way_strategic(&original, modified, &live, kind);
        (PatchType::Strategic, patch.map_err(Failure::error)?)
    };
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
    let object = resource::object_of(reply)?;
    let verb = if object.revision() == current.revision() && dry_run == DryRun::None {
        "unchanged"
    } else {
        "configured"
    };
    Ok((object, verb))
}
