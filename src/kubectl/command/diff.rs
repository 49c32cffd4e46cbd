//! `kubectl diff`: what applying a manifest would change. Mirrors `k8s.io/kubectl/pkg/cmd/diff`.

use serde_json::{Value, json};

use super::apply;
use super::spec::Spec;
use super::{FILENAME, KUSTOMIZE, RECURSIVE, SELECTOR};
use crate::api::{Body, PatchType, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::face;
use crate::kubectl::resource::{self, Manifest};
use crate::kubectl::validation::Validation;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};

/// The verb.
pub const DIFF: Spec = Spec {
    name: "diff",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::value("concurrency", "1"),
        Flag::value("field-manager", "kubectl-client-side-apply"),
        FILENAME,
        Flag::switch("force-conflicts"),
        KUSTOMIZE,
        Flag::switch("prune"),
        Flag::value("prune-allowlist", "[]"),
        RECURSIVE,
        SELECTOR,
        Flag::switch("server-side"),
        Flag::switch("show-managed-fields"),
    ],
    usage: "kubectl diff -f FILENAME [options]",
    about: "Diff configurations specified by file name or stdin between the current online \
            configuration, and the configuration as it would be if applied.",
    start: |args| {
        if !args.positional.is_empty() {
            let words = args.positional.join(" ");
            return Err(severe(Failure::usage("diff", &format!("Unexpected args: [{words}]"))));
        }
        if !args.reads_files() && !args.has("kustomize") {
            return Err(severe(Failure::error("must specify one of -f and -k")));
        }
        Ok(Box::new(Diff { args, program: None }) as Box<dyn Job>)
    },
};

/// 1 means that there are differences; whatever is wrong is more.
fn severe(failure: Failure) -> Failure {
    Failure { code: 2, ..failure }
}

struct Diff {
    args: Args,
    /// The program that compares, once it runs.
    program: Option<String>,
}

impl Job for Diff {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let Some(program) = &self.program else {
            return self.begin(io).map_err(severe);
        };
        match io.script {
            None => Ok(Step::Wait(None)),
            Some(code @ (0 | 1)) => Ok(Step::Done(code)),
            Some(127) => Err(severe(Failure::error(format!(
                "failed to run \"{program}\": executable file not found in $PATH"
            )))),
            Some(code) => Ok(Step::Done(code)),
        }
    }
}

impl Diff {
    /// Writes both sides down and has them compared.
    fn begin(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let number = 1_000_000_000 + io.now.micros() % 1_000_000_000;
        let (live, merged) = (format!("/tmp/LIVE-{number}"), format!("/tmp/MERGED-{number}"));
        io.files.make_folder(&live);
        io.files.make_folder(&merged);
        for manifest in resource::manifests(&self.args, io)? {
            let manifest = manifest?;
            let (old, new) = self.sides(io, &manifest)?;
            let names = manifest.asked.names();
            let parts = [
                names.group,
                manifest.asked.version(),
                names.kind,
                &manifest.namespace,
                &manifest.name,
            ];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let file = parts.join(".");
            let [old, new] = masked(old, new);
            io.files.write(&format!("{live}/{file}"), crate::base::yaml::to_string(&old));
            io.files.write(&format!("{merged}/{file}"), crate::base::yaml::to_string(&new));
        }
        let program = match io.files.variable("KUBECTL_EXTERNAL_DIFF") {
            "" => "diff -u -N",
            program => program,
        };
        let name = program.split(' ').next().unwrap_or_default();
        let script = format!(
            "command -v {name} > /dev/null || exit 127; {program} {live} {merged}; \
             code=$?; rm -r {live} {merged}; exit $code"
        );
        self.program = Some(program.to_owned());
        Ok(Step::Script(script))
    }

    /// An object as it is (null: not there), and as it would be.
    fn sides(&self, io: &mut Io<'_>, manifest: &Manifest) -> Result<(Value, Value), Failure> {
        let asked = &manifest.asked;
        let shown = |object: &crate::object::Object| {
            if self.args.is("show-managed-fields") {
                asked.kind.encode(asked.version, object)
            } else {
                face(asked, object)
            }
        };
        let get = asked.request(Verb::Get, &manifest.namespace, &manifest.name);
        let current = match io.api.call(get) {
            Ok(reply) => Some(resource::object_of(reply)?),
            Err(status) if status.is_not_found() => None,
            Err(status) => return Err(Failure::status(&status)),
        };
        let old = current.as_ref().map_or(Value::Null, shown);
        if self.args.is("server-side") {
            let name = &manifest.name;
            let how = Verb::Patch(PatchType::Apply);
            let mut request = asked.request(how, &manifest.namespace, name);
            let manager = self.args.get("field-manager");
            request.manager =
                if self.args.has("field-manager") { manager } else { "kubectl" }.into();
            request.body = Body::Json(manifest.value.clone());
            request.force = self.args.is("force-conflicts");
            request.dry_run = true;
            let new = resource::object_of(io.api.call(request)?)?;
            return Ok((old, shown(&new)));
        }
        let modified = apply::with_last_applied(&manifest.value);
        let Some(current) = current else {
            let mut request = asked.request(Verb::Create, &manifest.namespace, "");
            request.body = Body::Json(manifest.value.clone());
            request.dry_run = true;
            let new = resource::object_of(io.api.call(request)?)?;
            return Ok((old, shown(&new)));
        };
        let how = (DryRun::Server, Validation::Warn);
        // The annotation itself is left as it is.
        let (how, patch) = (how, apply::patch_of(manifest, &modified, &current)?);
        let mut patch = patch.1;
        if let Some(notes) =
            patch.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        {
            notes.remove(crate::object::meta::LAST_APPLIED);
        }
        let kind = if asked.kind.is_custom() { PatchType::Merge } else { PatchType::Strategic };
        let mut request = asked.request(Verb::Patch(kind), &manifest.namespace, &manifest.name);
        request.body = Body::Json(patch);
        how.1.apply(&mut request);
        request.dry_run = true;
        let new = resource::object_of(io.api.call(request)?)?;
        Ok((old, shown(&new)))
    }
}

/// Nobody reads a secret here. Mirrors `diff.Masker`.
fn masked(mut old: Value, mut new: Value) -> [Value; 2] {
    if new["kind"] != "Secret" {
        return [old, new];
    }
    let mut keys: Vec<String> = Vec::new();
    for side in [&old, &new] {
        keys.extend(side["data"].as_object().into_iter().flatten().map(|(key, _)| key.clone()));
    }
    for key in keys {
        let (before, after) = (old["data"].get(&key).cloned(), new["data"].get(&key).cloned());
        let texts = match (&before, &after) {
            (Some(a), Some(b)) if a != b => ("*** (before)", "*** (after)"),
            _ => ("***", "***"),
        };
        if before.is_some() {
            old["data"][key.as_str()] = json!(texts.0);
        }
        if after.is_some() {
            new["data"][key.as_str()] = json!(texts.1);
        }
    }
    [old, new]
}
