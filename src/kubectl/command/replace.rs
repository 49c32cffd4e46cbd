//! `kubectl replace`. Mirrors `k8s.io/kubectl/pkg/cmd/replace`.

use super::raw::{self, RAW};
use super::spec::Spec;
use super::{DRY_RUN, FILENAME, KUSTOMIZE, PRINT, RECURSIVE};
use crate::api::{Body, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::Printer;
use crate::kubectl::resource::{self, Manifest};
use crate::kubectl::validation::{VALIDATE, Validation};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};

/// The verb.
pub const REPLACE: Spec = Spec {
    name: "replace",
    aliases: &[],
    shared: &[PRINT],
    flags: &[
        DRY_RUN,
        FILENAME,
        KUSTOMIZE,
        RAW,
        RECURSIVE,
        VALIDATE,
        Flag::optional("cascade", "background", "background"),
        Flag::value("field-manager", "kubectl-replace"),
        Flag::switch("force"),
        Flag::value("grace-period", "-1"),
        Flag::switch("save-config"),
        Flag::value("subresource", ""),
        Flag::value("timeout", "0s"),
        Flag::switch("wait"),
    ],
    usage: "kubectl replace -f FILENAME [options]",
    about: "Replace a resource by file name or stdin.",
    start,
};

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    let dry_run = DryRun::from_args(&args)?;
    Printer::from_args(&args)?;
    let validation = Validation::from_args(&args)?;
    let grace: i64 = args.int("grace-period")?;
    let why = if grace >= 0 && !args.is("force") {
        "--grace-period must have --force specified"
    } else if args.has("timeout") && !args.is("force") {
        "--timeout must have --force specified"
    } else if !args.reads_files() {
        return Err(Failure::error("must specify one of -f and -k"));
    } else if args.is("force") && dry_run != DryRun::None {
        "--dry-run can not be used when --force is set"
    } else if let Some(job) = raw::job(&args, "PUT")? {
        return Ok(job);
    } else {
        let grace = (grace >= 0).then_some(grace);
        return Ok(Box::new(Replace { args, dry_run, validation, grace, gone: None }));
    };
    Err(Failure::error(why))
}

struct Replace {
    args: Args,
    dry_run: DryRun,
    validation: Validation,
    grace: Option<i64>,
    /// With `--force`: the manifests, and the uids of what must be gone before they are created.
    gone: Option<Vec<(Manifest, String)>>,
}

impl Job for Replace {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if !self.args.is("force") {
            let one = |io: &mut Io<'_>, manifest: &Manifest| self.replace(io, manifest);
            return resource::each_manifest(&self.args, io, "replace", one).map(|()| Step::Done(0));
        }
        if self.gone.is_none() {
            self.gone = Some(self.delete(io)?);
        }
        let there = |io: &mut Io<'_>, (manifest, uid): &(Manifest, String)| {
            resource::fetch(io, &manifest.asked, &manifest.namespace, &manifest.name)
                .is_ok_and(|object| object.uid() == uid)
        };
        let manifests = self.gone.take().unwrap_or_default();
        if manifests.iter().any(|manifest| there(io, manifest)) {
            self.gone = Some(manifests);
            return Ok(Step::Wait(None));
        }
        Failure::each(manifests, |(manifest, _)| self.send(io, &manifest, Verb::Create, "creating"))
            .map(|()| Step::Done(0))
    }
}

impl Replace {
    fn replace(&self, io: &mut Io<'_>, manifest: &Manifest) -> Result<(), Failure> {
        self.send(io, manifest, Verb::Update, "replacing")
    }

    fn send(
        &self,
        io: &mut Io<'_>,
        manifest: &Manifest,
        verb: Verb,
        doing: &str,
    ) -> Result<(), Failure> {
        let asked = &manifest.asked;
        let mut value = manifest.value.clone();
        if self.args.is("save-config") {
            value = super::apply::with_last_applied(&value);
        }
        if self.dry_run == DryRun::Client {
            let text = self.dry_run.report_value(&self.args, asked, &value, "replaced")?;
            io.out.push_str(&text);
            return Ok(());
        }
        let name = if verb == Verb::Create { "" } else { &manifest.name };
        let mut request = asked.request(verb, &manifest.namespace, name);
        request.subresource = resource::subresource(&self.args)?;
        request.body = Body::Json(value);
        request.dry_run = self.dry_run == DryRun::Server;
        self.validation.apply(&mut request);
        let reply = io.api.call(request).map_err(|status| {
            Failure::status_while(&format!("error when {doing} {:?}", manifest.file), &status)
        })?;
        if let Some(object) = reply.object() {
            let text = self.dry_run.report(&self.args, asked, &object, "replaced", io.now)?;
            io.out.push_str(&text);
        }
        Ok(())
    }

    /// Asks for the deletion of everything that is to be made anew.
    fn delete(&self, io: &mut Io<'_>) -> Result<Vec<(Manifest, String)>, Failure> {
        let manifests = resource::manifests(&self.args, io)?;
        let manifests = manifests.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut gone = Vec::new();
        for manifest in manifests {
            let place = (&manifest.asked, manifest.namespace.as_str(), manifest.name.as_str());
            let uid = super::delete::delete_now(io, place, self.args.get("cascade"), self.grace)?;
            gone.push((manifest, uid.unwrap_or_default()));
        }
        Ok(gone)
    }
}
